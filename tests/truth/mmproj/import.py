#!/usr/bin/env python3
"""Turns a folder of recordings of llama.cpp's projector memory into the compact form that the tests read.

    import.py RECORDINGS OUT [--type NAME[,NAME...]]

RECORDINGS holds cases.jsonl and models/NAME.json.gz. OUT gets models/NAME.json and cases/TYPE.jsonl, as
README.md beside this script describes them. Run by hand when there are new recordings; neither the
build nor the tests need Python.
"""
import argparse
import gzip
import importlib.util
import json
import pathlib

spec = importlib.util.spec_from_file_location("models", pathlib.Path(__file__).parent.parent / "import.py")
models = importlib.util.module_from_spec(spec)
spec.loader.exec_module(models)


def encoder(case, name):
    """What one encoder took."""
    # a file with one encoder may have its numbers only in the sum
    memory = case["expect"].get("contexts", {name: case["expect"]})[name]
    run = case["run"][name]
    out = {"weights": memory["weights_bytes"], "n_tensors": run["n_tensors"],
           "warmup_side": run["warmup_size"], "batches": run["support_batch"]}
    if "weights_nbytes" in memory:
        out["reported"] = memory["weights_nbytes"]
    if name == "vision":
        out["pixels"] = [run["min_pixels"], run["max_pixels"]]
    out["device"], out["host"] = memory["compute_bytes_device"], memory["compute_bytes_host"]
    if "nodes" in run:
        out["graph"] = {"nodes": run["nodes"], "splits": run["splits"], "flash_attn": run["fa"],
                        "output": [run["n_embd_out"], run["n_tokens"]]}
        out["input"] = run["img"] + [run["batch"]]
    if case["kind"] == "warmup-then-image":
        before = case["expect"]["before"]
        out["device"], out["host"] = case["expect"]["compute_bytes_device"], case["expect"]["compute_bytes_host"]
        out["before"] = {"device": before["compute_bytes_device"], "host": before["compute_bytes_host"]}
        out["then"] = run["then_img"] + [1]
        if run["encode_ok"]:
            out["encode"] = sum(n for kind, n in case["alloc"]["events"] if kind == "v")
    first = case.get("alloc", {}).get("first_encode", {}).get(name, {})
    if first.get("ok"):
        out["encode"] = first["pool_vmm_bytes"]
    return out


def convert(case):
    out = {"id": case["id"], "model": case["file"], "gpu": case["gpu"], "args": case["flags"].split(), "kind": case["kind"]}
    if case["id"].endswith("v") and case["id"].split("/")[1].startswith(("img", "warmup-then-")):
        out["overview"] = True
    if "error" in case:
        out["refusal"] = case["error"] + ": " + case["detail"].strip().split("\n")[-1]
        return out
    out["expected"] = {name: encoder(case, name) for name in case["run"]}
    if case["kind"] == "warmup" and "mtmd_estimate_bytes" in case["expect"]:
        out["estimate"] = case["expect"]["mtmd_estimate_bytes"]
    return out


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("recordings", type=pathlib.Path)
    ap.add_argument("out", type=pathlib.Path)
    ap.add_argument("--type", default="", help="only these projector types")
    o = ap.parse_args()
    wanted = set(filter(None, o.type.split(",")))
    by_type, names = {}, set()
    with open(o.recordings / "cases.jsonl", encoding="utf-8") as f:
        for case in map(json.loads, f):
            if wanted and case["projector"] not in wanted:
                continue
            by_type.setdefault(case["projector"], []).append(models.dump(convert(case)))
            names.add(case["file"])
    for folder in ("cases", "models"):
        (o.out / folder).mkdir(parents=True, exist_ok=True)
    for name, lines in by_type.items():
        (o.out / "cases" / (name + ".jsonl")).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in sorted(names):
        with gzip.open(o.recordings / "models" / (name + ".json.gz"), "rt", encoding="utf-8") as f:
            source = json.load(f)
        source["tensors"] = [t[:3] for t in source["tensors"]]
        (o.out / "models" / (name + ".json")).write_text(models.shape_text(source), encoding="utf-8")
    print("%d cases of %d types, %d projectors" % (sum(map(len, by_type.values())), len(by_type), len(names)))


if __name__ == "__main__":
    main()
