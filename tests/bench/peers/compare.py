#!/usr/bin/env python3
"""Ten recorded runs of the engine, estimated by vrambudget, gguf-parser-go and node-llama-cpp: prints a
table of bytes, errors and times. Needs the targets of `peers` (preset bench), go, node and npm; the two
others are downloaded to SCRATCH in the versions pinned beside this file."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TRUTH = os.path.join(HERE, "..", "..", "truth")
MIB = 1 << 20
# Of llama-server's options those that the runs use, with the request's names and llama-server's defaults.
OPTIONS = {"-c": "n_ctx", "-b": "n_batch", "-ub": "n_ubatch", "-np": "n_seq_max", "-ctk": "type_k",
           "-ctv": "type_v", "-ngl": "n_gpu_layers"}
DEFAULTS = {"n_ctx": 0, "n_batch": 2048, "n_ubatch": 512, "n_seq_max": 4, "type_k": "f16", "type_v": "f16"}


def recorded(wanted):
    """The cases of these ids."""
    found = {}
    folder = os.path.join(TRUTH, "cases")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as lines:
            for line in lines:
                if any(line.startswith('{"id":"%s"' % case) for case in wanted):
                    case = json.loads(line)
                    found[case["id"]] = case
    return found


def settings(args):
    """llama-server's arguments as the peers' programs read them."""
    run, rest = dict(DEFAULTS), list(args)
    while rest:
        option, value = rest.pop(0), rest.pop(0)
        if option == "-fa" and value == "on":
            continue
        run[OPTIONS[option]] = int(value) if value.lstrip("-").isdigit() else value
    return run


def engine_bytes(case):
    device, = case["expected"]["devices"]
    return device["weights"] + device["context"] + device["compute"]


def call(command, **options):
    try:
        done = subprocess.run(command, **{"stdout": subprocess.PIPE, "text": True, **options})
    except FileNotFoundError:
        sys.exit("compare.py: there is no %s" % command[0])
    if done.returncode != 0:
        sys.exit("%s: exit status %d" % (command[0], done.returncode))
    return done.stdout


def build_peers(scratch, card):
    """The commands that run the two, built from their pinned versions."""
    go = os.path.join(scratch, "gguf-parser-go")
    call(["go", "build", "-o", go, "."], cwd=os.path.join(HERE, "gguf-parser-go"))
    js = os.path.join(scratch, "node-llama-cpp")
    shutil.copytree(os.path.join(HERE, "node-llama-cpp"), js, dirs_exist_ok=True)
    # not `npm ci`: it refuses a lock without the packages for other systems, which are not needed
    install = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]
    call(install if card else install + ["--omit=optional"], cwd=js, stdout=sys.stderr)
    node = ["node", os.path.join(js, "main.js")]
    commands = {"gguf-parser-go": [go], "node-llama-cpp": node}
    if card:
        commands["node-llama-cpp, card"] = node + ["card"]
    return commands


def error(answer, truth):
    if "refusal" in answer:
        return "refuses"
    difference = answer["bytes"] - truth
    return "exact" if difference == 0 else "%+.1f %%" % (100 * difference / truth)


def spread(answers, runs):
    """Mean and largest size of the errors."""
    errors = [100 * abs(a["bytes"] / run["truth"] - 1) for a, run in zip(answers, runs) if "bytes" in a]
    return "%.1f %%; %.1f %%" % (statistics.mean(errors), max(errors)) if errors else ""


def milliseconds(t):
    return "%.2f ms" % t if t < 10 else "{:,.0f} ms".format(t)


def table(runs, answers):
    names = list(answers)
    rows = [["run", "engine, MiB"] + names, ["---"] * (2 + len(names))]
    for i, run in enumerate(runs):
        row = ["%s (%s) `%s`" % (run["model"], run["kind"], " ".join(run["args"])),
               "{:,.1f}".format(run["truth"] / MIB)]
        for name in names:
            answer = answers[name][i]
            row.append(error(answer, run["truth"]))
            if "refusal" in answer:
                print("%s, %s: %s" % (name, run["model"], answer["refusal"]), file=sys.stderr)
        rows.append(row)
    rows.append(["size of the error, mean; largest", ""] + [spread(answers[n], runs) for n in names])
    plain = [run["type_k"] == run["type_v"] == "f16" for run in runs]
    rows.append(["the same, the %d with an F16 cache" % sum(plain), ""] +
                [spread([a for a, p in zip(answers[n], plain) if p],
                        [r for r, p in zip(runs, plain) if p]) for n in names])
    for what, key in (("header read", "parse_ms"), ("estimated", "estimate_ms")):
        rows.append(["%s, median of the runs; slowest run" % what, ""])
        for name in names:
            times = [a[key] for a in answers[name] if "bytes" in a]
            rows[-1].append("%s; %s" % (milliseconds(statistics.median(times)), milliseconds(max(times)))
                            if times else "")
    return "\n".join("| %s |" % " | ".join(row) for row in rows)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("tools", metavar="TOOLS", help="the folder of plan_runs and sparse_model")
    p.add_argument("scratch", metavar="SCRATCH", help="a folder for downloads and headers, 200 MB")
    p.add_argument("--repeat", type=int, default=9, help="how often each run is estimated (9)")
    p.add_argument("--card", action="store_true",
                   help="also what node-llama-cpp says of this machine's NVIDIA card (700 MB more)")
    p.add_argument("--json", metavar="FILE", help="also writes every answer there")
    o = p.parse_args()
    os.makedirs(o.scratch, exist_ok=True)
    scratch = os.path.abspath(o.scratch)

    with open(os.path.join(HERE, "runs.json")) as f:
        runs = json.load(f)
    cases = recorded([run["case"] for run in runs])
    for run in runs:
        case = cases[run["case"]]
        run.update(settings(case["args"]), model=case["model"], args=case["args"], gpu=case["gpus"][0],
                   truth=engine_bytes(case), file=os.path.join(scratch, case["model"] + ".gguf"))
        call([os.path.join(o.tools, "sparse_model"), run["model"], run["file"]])

    estimators = {"vrambudget": [os.path.join(o.tools, "plan_runs")], **build_peers(scratch, o.card)}
    request = json.dumps({"repeat": o.repeat, "devices": os.path.join(TRUTH, "devices.json"), "runs": runs})
    answers = {name: json.loads(call(command, input=request)) for name, command in estimators.items()}
    if o.json:
        with open(o.json, "w") as f:
            json.dump({"runs": runs, "answers": answers}, f, indent=1)
    print(table(runs, answers))


if __name__ == "__main__":
    main()
