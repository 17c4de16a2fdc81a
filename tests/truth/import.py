#!/usr/bin/env python3
"""Turns a folder of recordings of llama.cpp's own allocations into the compact form that the tests read.

    import.py RECORDINGS OUT [--arch NAME[,NAME...]] [--skip-tag TAG[,TAG...]] [--catalogue DIR]

RECORDINGS holds cases.jsonl and models/NAME.json.gz. OUT gets devices.json, models/NAME.json and
cases/ARCHITECTURE.jsonl, as README.md beside this script describes them. Models that --catalogue
holds already are left out of OUT/models. Run by hand when there are new recordings; neither the
build nor the tests need Python.
"""
import argparse
import gzip
import json
import pathlib
import re
import shlex

# The cards of the recordings: compute capability x 100, multiprocessors, MiB in total, MiB free.
DEVICES = {
    "a100": ("NVIDIA A100-SXM4-80GB", 800, 108, 81153, 80700),
    "h100": ("NVIDIA H100 80GB HBM3", 900, 132, 81090, 80500),
    "p40": ("Tesla P40", 610, 30, 24438, 24200),
    "rtx2080ti": ("NVIDIA GeForce RTX 2080 Ti", 750, 68, 10822, 10600),
    "rtx3090": ("NVIDIA GeForce RTX 3090", 860, 82, 24124, 23800),
    "rtx4090": ("NVIDIA GeForce RTX 4090", 890, 128, 24080, 23700),
    "rtx5090": ("NVIDIA GeForce RTX 5090", 1200, 170, 32109, 31600),
    "t4": ("Tesla T4", 750, 40, 14912, 14700),
}

# The recordings' own spellings of a few flags, and llama-server's.
RESPELL = {
    "--spec-mtp": ["--spec-type", "draft-mtp"],
    "--draft-max": ["--spec-draft-n-max"],
    "-ncffn": ["--n-cpu-ffn"],
}
LAYER = re.compile(r"^((?:[^.]*\.)*?)(\d+)(\..*)$")
MIB = 1 << 20


def dump(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def ranges(numbers):
    """[0, 1, 2, 5] -> "0-2,5" """
    out = []
    for n in sorted(numbers):
        if out and n == out[-1][1] + 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return ",".join(str(a) if a == b else "%d-%d" % (a, b) for a, b in out)


def fold(tensors):
    """[["blk.0.attn_q.weight", [ne...], "Q4_K"], ...] -> rows of the shape format, layers folded"""
    rows = {}
    for name, ne, type_name in tensors:
        m = LAYER.match(name)
        head, layer, tail = m.groups() if m else (name, None, "")
        rows.setdefault((head, tail, layer is None, type_name, tuple(ne)), []).append(layer)
    return [[head + ("" if single else "{%s}" % ranges(map(int, layers))) + tail, type_name, list(ne)]
            for (head, tail, single, type_name, ne), layers in rows.items()]


def shape_text(source):
    """The text of models/NAME.json: one line a metadata key, one line a tensor row."""
    implied = {"general.architecture": source["arch"], "general.name": source["name"]}
    metadata = {k: v for k, v in source["metadata"].items() if implied.get(k) != v[1]}
    head = {"name": source["name"], "architecture": source["arch"], "quantization": source["ftype_name"]}
    if source.get("source"):
        head["source"] = source["source"]
    head["data_bytes"] = source["data_bytes"]
    lines = ["  %s: %s," % (dump(k), dump(v)) for k, v in head.items()]
    lines.append('  "metadata": {')
    lines.append(",\n".join("    %s: %s" % (dump(k), dump(v)) for k, v in metadata.items()))
    lines.append('  },\n  "tensors": [')
    lines.append(",\n".join("    " + dump(row) for row in fold(source["tensors"])))
    lines.append("  ]")
    return "{\n" + "\n".join(lines) + "\n}\n"


def arguments(flags):
    """llama-server's command line, and the context parameters it has no flag for"""
    args, extra, words = [], {}, iter(shlex.split(flags))
    for word in words:
        if word == "--n-rs-seq":
            extra["n_rs_seq"] = int(next(words))
        else:
            args += RESPELL.get(word, [word])
    return args, extra


def memory(dry, real, n_gpu):
    """One number a device and kind: the real allocation where it was recorded, the host's weights dry.

    A card that is absent, as the others are under -sm none, holds nothing."""
    nothing = {"model": 0, "context": 0, "compute": 0}
    names = ["CUDA%d" % i for i in range(n_gpu)]
    devices = [real.get(n) or dry["devices"].get(n, nothing) for n in names]
    host = dict(real.get("host") or dry["host"], model=dry["host"]["model"])
    return {"devices": [{"weights": d["model"], "context": d["context"], "compute": d["compute"]} for d in devices],
            "host": {"weights": host["model"], "context": host["context"], "compute": host["compute"]}}


def parts(recorded, n_gpu):
    names = ["CUDA%d" % i for i in range(n_gpu)] + ["host"]
    out = []
    for p in recorded:
        p = dict(p)
        if "by_device" in p:
            p["by_device"] = [p["by_device"].get(n, 0) for n in names]
        out.append(p)
    return out


def graph(dry, real):
    """Counts of [prompt, one token]; the real ones, if they differ, are texts like "1592 / 1590", or "1372" for both."""
    if real:
        nodes, splits = ([int(n) for n in text.split("/")] for text in real)
        return {"nodes": [nodes[0], nodes[-1]], "splits": [splits[0], splits[-1]]}
    return {"nodes": [dry["nodes_pp"], dry["nodes_tg"]], "splits": [dry["splits_pp"], dry["splits_tg"]]}


def expected(case):
    n_gpu, dry, alloc, run = len(case["gpus"]), case["expect"], case.get("alloc", {}), case["run"]
    real = alloc.get("by_device", {})
    out = memory(dry, real, n_gpu)
    out["parts"] = parts(dry["parts"], n_gpu)
    out["graph"] = graph(dry["graph"], alloc.get("graph"))
    out["output_mib"] = dry["host_output_mib"]
    if "draft" in dry:
        draft = alloc.get("draft", {})
        real_draft = dict(draft.get("devices", {}), **({"host": draft["host"]} if "host" in draft else {}))
        out["draft"] = memory(dry["draft"], real_draft, n_gpu)
        out["draft"]["parts"] = parts(dry["draft"]["parts"], n_gpu)
    names = ["CUDA%d" % i for i in range(n_gpu)]
    grown = [alloc.get("devices", {}).get(n, {}).get("decode_growth_bytes") for n in names]
    if any(g is not None for g in grown):
        out["decode_growth"] = [g or 0 for g in grown]
    out["run"] = {"n_ctx": run["n_ctx"], "n_ctx_seq": run["n_ctx_seq"], "n_seq_max": run["n_seq_max"],
                  "n_outputs_max": run["n_outputs_max"], "flash_attn": run["fa_used"],
                  "sched_copies": run["sched_copies"]}
    out["basis"] = "real" if alloc else "dry"
    return out


def convert(case):
    args, extra = arguments(case["flags"])
    out = {"id": case["id"], "model": case["model"], "tag": case["tag"], "gpus": case["gpus"], "args": args, **extra}
    if "draft_model" in case:
        out["draft_model"] = case["draft_model"]
    if "error" in case:
        out["refusal"] = case["error"] + (": " + case["detail"] if case.get("detail") else "")
    else:
        out["expected"] = expected(case)
    return out


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("recordings", type=pathlib.Path)
    ap.add_argument("out", type=pathlib.Path)
    ap.add_argument("--arch", default="", help="only these architectures")
    ap.add_argument("--skip-tag", default="", help="not the cases with these tags")
    ap.add_argument("--catalogue", type=pathlib.Path, help="folder of shapes that need no second copy")
    o = ap.parse_args()
    wanted, skipped = set(filter(None, o.arch.split(","))), set(filter(None, o.skip_tag.split(",")))

    by_arch, models = {}, set()
    with open(o.recordings / "cases.jsonl", encoding="utf-8") as f:
        for case in map(json.loads, f):
            if (wanted and case["arch"] not in wanted) or case["tag"] in skipped:
                continue
            by_arch.setdefault(case["arch"], []).append(dump(convert(case)))
            models |= {case["model"], case.get("draft_model", case["model"])}
    (o.out / "cases").mkdir(parents=True, exist_ok=True)
    (o.out / "models").mkdir(parents=True, exist_ok=True)
    for arch, lines in by_arch.items():
        (o.out / "cases" / (arch + ".jsonl")).write_text("\n".join(lines) + "\n", encoding="utf-8")

    for name in sorted(models):
        with gzip.open(o.recordings / "models" / (name + ".json.gz"), "rt", encoding="utf-8") as f:
            source = json.load(f)
        if not (o.catalogue and (o.catalogue / (name + ".json")).exists()):
            (o.out / "models" / (name + ".json")).write_text(shape_text(source), encoding="utf-8")

    rows = ["  %s: %s" % (dump(k), dump({"name": n, "cc": cc, "n_sm": sm, "total_bytes": total * MIB, "free_bytes": free * MIB}))
            for k, (n, cc, sm, total, free) in DEVICES.items()]
    (o.out / "devices.json").write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    print("%d cases of %d architectures, %d models" % (sum(map(len, by_arch.values())), len(by_arch), len(models)))


if __name__ == "__main__":
    main()
