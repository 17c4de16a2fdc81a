#!/usr/bin/env python3
"""Holds plans against a real GPU: what buffers take, what the engine takes, and where memory ends.

Exit status: 0 all held, 1 something differs, 2 usage, 77 skipped: no GPU here.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

import engine
from tools import Tools, ToolFailed

GIB, MIB, STEP = 1 << 30, 1 << 20, 256
PAGE = 2 * MIB
BASE_MIB, SLOPE_MIB = 41.4, 1.818  # data/overheads.json, driver_context
DENSE_HYBRID_EXPERTS = "qwen3-0.6b,llama-3.1-8b,qwen3.5-4b,qwen3.6-27b-ud-q4kxl,qwen3-30b-a3b"


class PlanFailed(Exception):
    pass


class Suite:
    def __init__(self, options):
        self.o, self.failures, self.recording = options, [], {}
        self.scratch, self.tools = options.scratch, Tools(options.tools)

    def program(self, *args):
        done = subprocess.run([self.o.program, *args], capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr.strip()

    def say(self, text):
        print(text, flush=True)

    def fail(self, text):
        self.failures.append(text)
        self.say("  DIFFERS " + text)

    def probe(self):
        """The machine as it is; ends the suite where there is none."""
        dump = os.path.join(self.scratch, "probe.json")
        status, _, why = self.program("probe", "--dump", dump)
        if status == 4:
            self.say(f"skipped, no usable GPU: {why}")
            sys.exit(77)
        if status != 0:
            sys.exit(f"probe exits with {status}: {why}")
        with open(dump) as f:
            self.recording = json.load(f)
        self.recording["allocations"] = []
        for d in self.recording["devices"]:
            self.say(f"{d['id']} {d['gpu']}: {d['free_bytes'] / MIB:.1f} of {d['total_bytes'] / MIB:.1f} MiB free")

    def driver(self):
        """The context is what the model of docs/accuracy.md says, for the reason that it gives: a local memory
        for each resident thread. An allocation takes whole pages."""
        try:
            costs = self.tools.driver_costs()
        except ToolFailed as e:
            return self.fail(str(e))
        self.recording["driver_costs"] = costs
        threads = costs["sm_count"] * costs["threads_per_sm"]
        bare = BASE_MIB + SLOPE_MIB * threads / 1024
        first, *larger = costs["stacks"] or [None]
        if first:
            context = first["context_bytes"] / MIB
            self.say(f"  a context takes {context:.1f} MiB, {bare:.1f} are expected of {threads} resident threads")
            if not 0.90 * bare - 5 <= context <= 1.10 * bare + 10:
                self.fail(f"a context takes {context:.1f} MiB, out of the range around {bare:.1f}")
        for s in larger:
            more = (s["context_bytes"] - first["context_bytes"]) / (s["stack_bytes"] - first["stack_bytes"])
            self.say(f"  a stack of {s['stack_bytes']} bytes: {more / threads:.2f} bytes a byte of each resident thread")
            if not 0.9 <= more / threads <= 1.1:
                self.fail(f"a stack of {s['stack_bytes']} bytes takes {more:.0f} bytes a byte, "
                          f"the card keeps {threads} threads")
        for a in costs["allocations"]:
            if a["taken_bytes"] != -(-a["size_bytes"] // PAGE) * PAGE:
                self.fail(f"an allocation of {a['size_bytes']} bytes takes {a['taken_bytes']}, no whole pages of 2 MiB")

    def is_gone(self):
        status, _, why = self.program("probe")
        if status == 4:
            self.fail(f"the GPU is gone: {why}")
        return status == 4

    def allocate(self, model, n_ctx):
        """Takes the buffers of a plan; those that do not fit here are left out."""
        dump = os.path.join(self.scratch, "allocation.json")
        status, _, why = self.program("probe", "--allocate", model, "-c", str(n_ctx), "-np", "1", "--dump", dump)
        if status == 1:
            return self.say(f"  {model} with {n_ctx} tokens does not fit here")
        if status != 0:
            return self.fail(f"{model} with {n_ctx} tokens: probe --allocate exits with {status}: {why}")
        with open(dump) as f:
            taken = json.load(f)["allocations"][0]
        self.recording["allocations"].append(taken)
        before = len(self.failures)
        for device in taken["devices"]:
            page = next(d for d in self.recording["devices"] if d["id"] == device["id"]).get("granularity_bytes")
            for b in device["buffers"]:
                if page and b["term"] != "driver_context" and "taken_bytes" in b and \
                        abs(b["taken_bytes"] - b["predicted_bytes"]) >= page:
                    self.fail(f"{model}: {b['term']} took {b['taken_bytes']}, predicted {b['predicted_bytes']}")
        if len(self.failures) == before:
            self.say(f"  {model} with {n_ctx} tokens: each buffer took what was predicted")

    def plan(self, model, run, *more):
        status, out, why = self.program(model, *run.split(), "--json", *more)
        if status not in (0, 1):
            raise PlanFailed(f"vrambudget {model} {run}: {why}")
        return json.loads(out)

    def run_engine(self, purpose, model, path, n_ctx, ballast=0):
        """One run of the engine, recorded beside the plan; gives the record."""
        run = f"-c {n_ctx} -np 1"
        planned = self.plan(path, run)
        facts, printed = engine.measure(self.server, path, run, n_ctx - 1, self.tools.free_memory,
                                        os.path.join(self.scratch, "engine.log"))
        record = {"purpose": purpose, "model": os.path.basename(model), "run": run, "n_ctx": n_ctx, **facts}
        if ballast:
            record["ballast_bytes"] = ballast
        record["devices"] = []
        for d in planned["devices"]:
            buffers = []
            for t in d["terms"]:
                b = {"term": t["term"], "basis": t["basis"], "predicted_bytes": t["bytes"]}
                if t["term"] in printed.get(d["id"], {}):
                    b["engine_mib"], b["engine_lines"] = printed[d["id"]][t["term"]]
                    if facts["outcome"] == "ran" and t["basis"] == "exact" and \
                            abs(b["engine_mib"] - t["bytes"] / MIB) > 0.005 * b["engine_lines"] + 1e-9:
                        self.fail(f"{model}: the engine has {b['engine_mib']} MiB of {t['term']}, "
                                  f"predicted {t['bytes'] / MIB:.2f}")
                elif facts["outcome"] == "ran" and t["term"] in engine.TERM_OF.values():
                    self.fail(f"{model}: the engine prints nothing of {t['term']}")
                buffers.append(b)
            record["devices"].append({"id": d["id"], "gpu": d["gpu"], "buffers": buffers})
        self.recording["engine"]["runs"].append(record)
        self.say(f"  {purpose}: {os.path.basename(model)} with {n_ctx} tokens: {facts['outcome']}"
                 + (f": {facts['error']}" if "error" in facts else ""))
        return record

    def compare_memory(self, record):
        """Free memory fell by no more than the budget, and by no less than its exact terms."""
        if "free_prompted_bytes" not in record:
            return
        terms = [b for d in record["devices"] for b in d["buffers"]]
        budget = sum(b["predicted_bytes"] for b in terms)
        exact = sum(b["predicted_bytes"] for b in terms if b["basis"] == "exact")
        loaded = record["free_at_start_bytes"] - record["free_loaded_bytes"]
        taken = record["free_at_start_bytes"] - record["free_prompted_bytes"]
        self.say(f"    took {loaded / MIB:.1f} MiB loaded, {taken / MIB:.1f} after the prompt; budget "
                 f"{budget / MIB:.1f}, of which exact {exact / MIB:.1f}")
        if taken < exact:
            self.fail(f"{record['model']}: took {taken} bytes, less than the exact terms' {exact}")
        if taken > budget + 2 * MIB * len(terms):  # each buffer fills up a page
            self.fail(f"{record['model']}: took {taken} bytes, the budget has {budget}")

    def models(self):
        """What the engine runs: the files given, or a small model of zeros."""
        for path in self.o.model:
            yield path, path
        if not self.o.model:
            yield self.o.engine_model, self.tools.sparse_model(self.o.engine_model, self.scratch)

    def experiment(self, model, path):
        """With ballast the largest planned context runs with a full-length prompt, and the next does not."""
        with self.tools.ballast(self.o.leave) as free:
            ballast = self.recording["devices"][0]["free_bytes"] - free
            self.say(f"  {free} bytes left free ({self.o.leave} wanted)")
            most = self.plan(path, "-np 1", "--free", str(free))["max_context"]
            if most["bound_by"] == "n_ctx_train":
                return self.fail(f"{model} fits with all {most['n_ctx']} tokens of its training: "
                                 "take a larger --ballast-model or a smaller --leave")
            fits = self.run_engine("largest that fits", model, path, most["n_ctx"], ballast)
            self.compare_memory(fits)
            if fits["outcome"] != "ran":
                return self.fail(f"{model}: {most['n_ctx']} tokens were planned to fit, the engine: {fits['outcome']}")
            if "free_prompted_bytes" not in fits:
                return self.fail("NVML does not tell free memory, so the next step is not known")
            buffers = sum(b["predicted_bytes"] for b in fits["devices"][0]["buffers"]
                          if b["term"] not in ("driver_context", "pool"))
            beside = fits["free_at_start_bytes"] - fits["free_prompted_bytes"] - buffers
            # the first step whose buffers leave too little for what was just taken beside them; the pages
            # that buffers fill up differ by less than one each
            room = free - beside + 4 * 2 * MIB
            tight = self.plan(path, "-np 1", "--buffers-only", "--free", str(room))["max_context"]
            if tight["bound_by"] == "n_ctx_train":
                return self.fail(f"{model} fits with all tokens of its training by what was measured")
            beyond = self.run_engine("next step", model, path, tight["n_ctx"] + STEP, ballast)
            if beyond["outcome"] != "out of memory":
                self.fail(f"{model}: {beyond['n_ctx']} tokens cannot fit, the engine: {beyond['outcome']}")

    def run_all(self):
        self.probe()
        self.say("the driver")
        self.driver()
        self.say("buffers of plans")
        for model in filter(None, self.o.models.split(",")):
            for n_ctx in (4096, 32768):
                self.allocate(model, n_ctx)
        if self.o.llama_cpp:
            self.run_engines()
        else:
            self.say("the engine was not run: no --llama-cpp")

    def run_engines(self):
        self.say("the engine")
        self.server = engine.find(self.o.llama_cpp)
        self.recording["engine"] = {"program": os.path.basename(self.server), "runs": []}
        if version := engine.version(self.server):
            self.recording["engine"]["version"] = version
        for model, path in self.models():
            record = self.run_engine("engine", model, path, 8192)
            self.compare_memory(record)
            if record["outcome"] != "ran":
                self.fail(f"{os.path.basename(model)}: the engine: {record['outcome']}")
                if self.is_gone():
                    return
        if self.recording["devices"][0]["free_bytes"] < self.o.leave + GIB // 4:
            return self.say(f"no ballast: less than {self.o.leave / GIB:.2f} GiB and a context are free")
        self.say("the experiment with ballast")
        model = self.o.ballast_model
        path = model if os.path.exists(model) else self.tools.sparse_model(model, self.scratch)
        self.experiment(model, path)

    def write(self):
        """One file for this run, whole or not at all."""
        gpu = re.sub(r"[^a-z0-9]+", "-", self.recording["devices"][0]["gpu"].lower()).strip("-")
        name = f"{gpu}-{re.sub('[^0-9]', '', self.recording['date'])}.json"
        path = os.path.join(self.o.record, name)
        with open(path + ".part", "w") as f:
            json.dump(self.recording, f, indent=1)
            f.write("\n")
        os.replace(path + ".part", path)
        self.say(f"recorded in {path}")


def size(text):
    match = re.fullmatch(r"([0-9.]+)(MiB|GiB|)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text}: bytes, or a number with MiB or GiB")
    return int(float(match.group(1)) * {"MiB": MIB, "GiB": GIB, "": 1}[match.group(2)])


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--program", required=True, help="vrambudget")
    p.add_argument("--tools", required=True, help="the folder of driver_costs, hold, free_memory and sparse_model")
    p.add_argument("--record", default=os.path.join(here, "../../data/probes"), help="where the recording goes")
    p.add_argument("--scratch", help="a folder for models of zeros and logs [a temporary one]")
    p.add_argument("--models", default=DENSE_HYBRID_EXPERTS, help="catalogued models whose buffers are taken")
    p.add_argument("--llama-cpp", default=os.environ.get("VRAMBUDGET_LLAMA_CPP"),
                   help="llama.cpp's sources, built with CUDA where they are not, or a folder with llama-server")
    p.add_argument("--model", action="append", default=[], help="a GGUF file for the engine, several times "
                   "[--engine-model with weights of zeros]")
    p.add_argument("--engine-model", default="qwen3-0.6b")
    p.add_argument("--ballast-model", default="qwen3.6-27b-ud-q4kxl", help="a file or a catalogued model")
    p.add_argument("--leave", type=size, default=24 * GIB, help="what the ballast leaves free [24GiB]")
    options = p.parse_args()
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    with tempfile.TemporaryDirectory() as scratch:
        options.scratch = options.scratch or scratch
        suite = Suite(options)
        try:
            suite.run_all()
        except (engine.EngineMissing, PlanFailed, ToolFailed) as e:
            suite.fail(str(e))
        suite.write()
    print(f"{len(suite.failures)} differences" if suite.failures else "all held", flush=True)
    return 1 if suite.failures else 0


if __name__ == "__main__":
    sys.exit(main())
