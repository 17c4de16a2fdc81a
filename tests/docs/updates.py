"""The table of what an update of the engine does to ten models on a card of 24 GiB.

usage: updates.py PROGRAM
"""
import json
import subprocess
import sys

PROGRAM = sys.argv[1]
OLD, NEW = "v0.5.0", "2026-11"
RUNS = (
    ("Qwen3.6-27B-UD-Q4_K_XL", ""),
    ("Qwen3.6-35B-A3B-Q4_K_M", ""),
    ("Qwen3-30B-A3B-Q4_K_M", ""),
    ("Qwen3-8B-Q8_0", ""),
    ("Qwen3-VL-8B-Q8_0", ""),
    ("gpt-oss-20b-MXFP4", ""),
    ("Gemma-3-27B-Q4_K_M", ""),
    ("Gemma-4-26B-A4B-Q4_K_M", ""),
    ("Mistral-Small-3.2-24B-Q4_K_M", ""),
    ("GLM-4.5-Air-Q4_K_M", "-cmoe"),
)


def plan(model, flags, engine, *more):
    words = [PROGRAM, model, "--gpu", "3090", "--engine", engine, "--json", *flags.split(), *more]
    done = subprocess.run(words, capture_output=True, text=True)
    if not done.stdout:
        raise SystemExit("%s: %s" % (model, done.stderr.strip()))
    return json.loads(done.stdout)


def compute(p):
    terms = p["devices"][0]["terms"]
    return next(t["bytes"] for t in terms if t["term"] == "compute_buffer") / 2**20


def pair(old, new, text):
    old, new = text(old), text(new)
    return old if old == new else "%s, then %s" % (old, new)


def row(model, flags):
    old, new = (plan(model, flags, engine) for engine in (OLD, NEW))
    at = str(old["run"]["n_ctx"])
    buffers = [compute(plan(model, flags, engine, "-c", at)) for engine in (OLD, NEW)]
    most = [p["max_context"]["n_ctx"] for p in (old, new)]
    fit = [p["fit"]["n_ctx"] for p in (old, new)]
    tokens = "{:,}".format
    cells = (
        "`%s`" % " ".join([model, *flags.split()]),
        pair(*buffers, "{:,.1f}".format),
        pair(*most, tokens),
        pair(*fit, tokens),
    )
    return "| %s |" % " | ".join(cells)


print("| run | compute buffer there, MiB | largest context | by itself (`--fit`) |")
print("|---|---|---|---|")
for model, flags in RUNS:
    print(row(model, flags))
