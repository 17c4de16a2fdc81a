#!/usr/bin/env python3
"""Turns a list of numbers read from logs of real runs into small logs that the test reads.

    import.py NUMBERS OUT

NUMBERS is a file of JSON lines, one run each: what the log said of its model, parameters, GPUs and
buffers. OUT gets logs/ID.log, in the lines of the engine of that age and with nothing in them but
these numbers, and records.jsonl, described in README.md beside this script. Run by hand when there
are new numbers; neither the build nor the tests need Python.
"""
import argparse
import json
import pathlib

# The shape that a record's model has: in tests/log/shapes/, else in data/models/.
SHAPES = {
    "gemma-2-2b": "gemma-2-2b", "gemma-3-1b": "gemma-3-1b", "gemma-4-12b": "gemma-4-12b",
    "gemma-4-26b-a4b": "gemma-4-26b-a4b-q4", "gemma-4-31b": "gemma-4-31b",
    "gemma-4-e2b": "gemma-4-e2b", "gemma-4-e4b": "gemma-4-e4b", "glm-4-32b-0414": "glm-4-32b-0414",
    "glm-4.5-air": "glm-4.5-air", "glm-4.6": "glm-4.6", "glm-5 (+indexer types of 5.2)": "glm-5",
    "gpt-oss-120b": "gpt-oss-120b", "gpt-oss-20b": "gpt-oss-20b",
    "granite-4.1-30b": "granite-4.1-30b-q8", "granite-4.1-8b": "granite-4.1-8b-q8",
    "llama-3.1-8b": "llama-3.1-8b", "llama-3.2-3b": "llama-3.2-3b", "minimax-m2": "minimax-m2",
    "deepseek-v3": "deepseek-v3", "qwen2.5-1.5b": "qwen2.5-1.5b", "qwen2.5-7b": "qwen2.5-7b",
    "qwen3-235b-a22b": "qwen3-235b-a22b", "qwen3-30b-a3b": "qwen3-30b-a3b", "qwen3-4b": "qwen3-4b",
    "qwen3-8b": "qwen3-8b", "qwen3.5-0.8b": "qwen3.5-0.8b",
    "qwen3.5-122b-a10b": "qwen3.5-122b-a10b-p100", "qwen3.5-2b": "qwen3.5-2b",
    "qwen3.5-4b": "qwen3.5-4b", "qwen3.5-9b": "qwen3.5-9b-q8",
    "qwen3.6-27b": "qwen3.6-27b-ud-q4kxl", "qwen3.6-35b-a3b": "qwen3.6-35b-a3b",
    "qwen3.8-27b": "qwen3.6-27b-ud-q4kxl",  # of the same dimensions
}
WITH_NEXTN = {"qwen3.6-27b": "qwen3.6-27b-mtp-ud-q4kxl", "qwen3.8-27b": "qwen3.6-27b-mtp-ud-q4kxl",
              "qwen3.6-35b-a3b": "qwen3.6-35b-a3b-mtp"}
# Sums over both kinds of cache, which the numbers do not tell apart.
SUMMED_KV = {"L173"}
INFO = ["n_embd", "n_layer", "n_head", "n_head_kv", "n_rot", "n_swa", "n_embd_head_k", "n_embd_head_v",
        "n_ff", "n_expert", "n_expert_used", "n_ff_exp", "ssm_d_conv", "ssm_d_inner", "ssm_d_state",
        "ssm_dt_rank", "ssm_n_group", "n_vocab"]
CONTEXT = ["n_seq_max", "n_ctx", "n_batch", "n_ubatch", "flash_attn", "kv_unified", "n_rs_seq",
           "n_outputs_max"]
NAMES = {"weights": "weights", "kv": "kv_cache", "rs": "recurrent_state", "compute": "compute_buffer",
         "output": "output_buffer", "swa_kv": "kv_cache", "indexer_kv": "kv_cache",
         "draft_kv": "draft_kv_cache", "draft_compute": "draft_compute_buffer",
         "table_context": "table_context", "table_compute": "table_compute", "kv_cells": "kv_cells",
         "kv_layers": "kv_layers", "swa_cells": "kv_cells", "swa_layers": "kv_layers",
         "rs_cells": "recurrent_cells"}


def functions(record):
    """The names under which the engine of that age writes"""
    build, age = record.get("build", 0), record["age"]
    if age == "<=2025H1" and build < 4400:
        return {"info": "llm_load_print_meta", "tensors": "llm_load_tensors", "model": "",
                "context": "llama_new_context_with_model", "reserve": "llama_new_context_with_model",
                "kv": "llama_kv_cache_init", "rs": "llama_kv_cache_recurrent"}
    if age == "<=2025H1":
        return {"info": "print_info", "tensors": "load_tensors", "model": "model ", "context": "llama_context",
                "reserve": "llama_context", "kv": "llama_kv_cache_unified", "rs": "llama_kv_cache_recurrent"}
    if age == "2025H2":
        return {"info": "print_info", "tensors": "load_tensors", "model": "model ", "context": "llama_context",
                "reserve": "llama_context", "kv": "llama_kv_cache", "rs": "llama_memory_recurrent"}
    return {"info": "print_info", "tensors": "load_tensors", "model": "model ", "context": "llama_context",
            "reserve": "sched_reserve", "kv": "llama_kv_cache", "rs": "llama_memory_recurrent"}


def mib(term):
    """A number with as many digits as were known of it"""
    exact = term["tol_mib"] < 0.1 or term["mib"] != int(term["mib"])
    return "%.2f MiB" % term["mib"] if exact else "%d MiB" % term["mib"]


class Log:
    def __init__(self, record):
        self.r, self.f, self.lines, self.expected = record, functions(record), [], []
        self.terms = record["terms"]

    def write(self, function, text):
        self.lines.append("%s: %s" % (self.f[function], text))

    def of(self, name):
        return [t for t in self.terms if t["term"] == name]

    def expect(self, term, **more):
        if term["comparable"] == "yes":
            self.expected.append({"term": NAMES[term["term"]], **more})

    def head(self):
        r, run = self.r, self.r["run"]
        if r.get("build"):
            self.lines.append("build: %d (unknown)" % r["build"])
        elif r["profile"] == "transition_may2026":
            self.lines.append("2026-05-31T00:00:00Z log begins")
        elif len(r.get("date", "")) == 7:
            self.lines.append("%s-15T00:00:00Z log begins" % r["date"])
        elif r["age"] in ("<=2025H1", "2025H2"):
            self.lines.append("%s-15T00:00:00Z log begins" % ("2025-03" if r["age"] == "<=2025H1" else "2025-09"))
        words = []
        for key, option in (("split_mode", "-sm"), ("n_cpu_moe", "-ncmoe")):
            if key in run:
                words += [option, str(run[key])]
        if run.get("ngl", 999) < 99:
            words += ["-ngl", str(run["ngl"])]
        if run.get("cpu_moe"):
            words.append("-cmoe")
        if run.get("swa_full"):
            words.append("--swa-full")
        for key, option in (("type_k", "-ctk"), ("type_v", "-ctv")):
            if key in run:
                words += [option, run[key]]
        if words:
            self.lines.append("llama-server " + " ".join(words))
        for i, g in enumerate(r["gpus"]):
            backend = r["backend"] if r["backend"] in ("CUDA", "ROCm", "Vulkan", "MTL") else "CUDA"
            free = " - %d MiB free" % g["free_mib"] if "free_mib" in g else ""
            if "cc" in g:
                self.lines.append("  Device %d: %s, compute capability %s, VMM: yes" % (i, g["name"], g["cc"]))
            if g.get("name", "").startswith("RPC"):
                continue
            self.lines.append("llama_prepare_model_devices: using device %s%d (%s)%s" % (backend, i, g["name"], free))

    def model(self):
        m, run = self.r["model"], self.r["run"]
        arch = m["arch"].split(" ")[0].split("/")[0]
        for name, n in m.get("type_counts", {}).items():
            self.lines.append("llama_model_loader: - type %4s: %4d tensors" % (name, n))
        self.write("info", "arch = %s" % arch)
        for key in INFO:
            if key in m.get("hparams", {}) and not (key == "n_ff" and m["hparams"][key] == 0):
                self.write("info", "%s = %d" % (key, m["hparams"][key]))
        if "file_gib" in m:
            self.write("info", "file size = %.3f GiB" % m["file_gib"])
        if "offloaded" in run:
            self.write("tensors", "offloaded %s layers to GPU" % run["offloaded"])
        for t in self.of("weights"):
            if t["device"] in ("gpu_total", "total"):
                self.expect(t, total_mib=t["mib"], tol_mib=t["tol_mib"])
            else:
                self.write("tensors", "%12s %sbuffer size = %s" % (t["device"], self.f["model"], mib(t)))
                self.expect(t, device=t["device"])

    def context(self):
        run = self.r["run"]
        for key in CONTEXT:
            if key in run:
                v = run[key]
                self.write("context", "%s = %s" % (key, str(v).lower() if isinstance(v, bool) else v))
        for t in self.of("output"):
            self.write("context", "%10s output buffer size = %s" % ("CUDA_Host", mib(t)))
            self.expect(t, device="CUDA_Host")

    def cache(self, kind, cells, layers, cache):
        """One cache's buffers, and its size line where its number of cells or its whole size is known"""
        terms = [t for t in self.of(kind) if not (kind == "kv" and self.r["id"] in SUMMED_KV)]
        for t in terms:
            if t["device"] == "total":
                continue
            if t["device"] == "gpu_total":
                self.expect(t, total_mib=t["mib"], tol_mib=t["tol_mib"])
                continue
            self.write("kv", "%10s KV buffer size = %s" % (t["device"], mib(t)))
            self.expect(t, device=t["device"], cache=cache)
        total = [t for t in terms if t["device"] == "total"]
        n_cell, n_layer = self.of(cells), self.of(layers)
        if total:
            run = self.r["run"]
            text = "size = %s (" % mib(total[0])
            text += "%6d cells, " % n_cell[0]["value"] if n_cell else ""
            text += "%3d layers, " % n_layer[0]["value"] if n_layer else ""
            text += "%2d seqs)" % run["n_seq_max"] if "n_seq_max" in run else ")"
            text += ", K (%s)" % run["type_k"] if "type_k" in run else ""
            text += ", V (%s)" % run["type_v"] if "type_v" in run else ""
            self.write("kv", text)
            self.expect(total[0], cache=cache, device="")
            for t in n_cell[:1] + n_layer[:1]:
                self.expect(t, cache=cache)

    def caches(self):
        window, index = self.of("swa_kv"), self.of("indexer_kv")
        if (window or self.of("swa_cells")) and not self.r["id"] in SUMMED_KV:
            self.lines.append("llama_kv_cache_iswa: creating non-SWA KV cache")
        if index:
            self.lines.append("llama_kv_cache_dsa: creating main KV cache")
        if self.r["id"] not in ("L205",):
            self.cache("kv", "kv_cells", "kv_layers", "base" if window or index or self.of("swa_cells") else "")
        if window:
            self.lines.append("llama_kv_cache_iswa: creating     SWA KV cache")
            self.cache("swa_kv", "swa_cells", "swa_layers", "swa")
        if index:
            self.lines.append("llama_kv_cache_dsa: creating indexer KV cache")
            self.cache("indexer_kv", "", "", "idx")
        for t in self.of("rs"):
            if t["device"] == "gpu_total":
                self.expect(t, total_mib=t["mib"], tol_mib=t["tol_mib"])
            elif t["device"] == "total":
                n = self.of("rs_cells")
                self.write("rs", "size = %s (%s), R (f32), S (f32)"
                           % (mib(t), "%6d cells" % n[0]["value"] if n else ""))
                self.expect(t, device="")
                for c in n:
                    self.expect(c)
            else:
                self.write("rs", "%10s RS buffer size = %s" % (t["device"], mib(t)))
                self.expect(t, device=t["device"])

    def compute(self, name, function="reserve"):
        for t in self.of(name):
            if t["device"] in ("gpu_total", "total"):
                self.expect(t, total_mib=t["mib"], tol_mib=t["tol_mib"])
            elif t["device"] == "per_device":
                self.expect(t, each_mib=t["mib"], tol_mib=t["tol_mib"])
            else:
                self.write(function, "%10s compute buffer size = %s" % (t["device"], mib(t)))
                self.expect(t, device=t["device"])

    def draft(self):
        if not self.of("draft_kv") and not self.of("draft_compute"):
            return
        self.write("context", "constructing llama_context")
        self.write("context", "n_ctx = %d" % self.r["run"].get("n_ctx", 0))
        for t in self.of("draft_kv"):
            self.write("kv", "%10s KV buffer size = %s" % (t["device"], mib(t)))
            self.expect(t, device=t["device"])
        self.compute("draft_compute")

    def table(self):
        rows = {}
        for t in self.terms:
            if t["term"].startswith("table_") and "mib" in t:
                rows.setdefault(t["device"], {})[t["term"]] = t
        if not rows:
            return
        self.lines.append("| memory breakdown [MiB] | total   free    self   model   context   compute    unaccounted |")
        for i, (device, row) in enumerate(rows.items()):
            value = lambda k: int(row[k]["mib"]) if k in row else 0
            parts = [value("table_model"), value("table_context"), value("table_compute")]
            text = "%d = %d + %d + %d" % (sum(parts), *parts)
            if device == "Host":
                self.lines.append("|   - Host | %s |" % text)
            else:
                gpus = self.r["gpus"]
                g = gpus[i] if i < len(gpus) else {}
                self.lines.append("|   - %s (GPU) | %d = %d + (%s) + %d |"
                                  % (device, g.get("total_mib", 0), g.get("free_mib", 0), text,
                                     value("table_unaccounted")))
            for k in ("table_context", "table_compute"):
                if k in row:
                    self.expect(row[k], device=device)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("numbers", type=pathlib.Path)
    p.add_argument("out", type=pathlib.Path)
    args = p.parse_args()
    (args.out / "logs").mkdir(parents=True, exist_ok=True)
    index = []
    for text in args.numbers.read_text().splitlines():
        r = json.loads(text)
        log = Log(r)
        log.head()
        log.model()
        log.context()
        log.caches()
        log.compute("compute")
        log.draft()
        log.table()
        (args.out / "logs" / (r["id"] + ".log")).write_text("\n".join(log.lines) + "\n")
        m = r["model"]
        mtp = r["run"].get("spec") == "mtp" or m.get("hparams", {}).get("nextn")
        shape = WITH_NEXTN.get(m.get("facts_id")) if mtp else None
        if m.get("facts_id") == "qwen3-235b-a22b" and m.get("ftype") == "Q8_0":
            shape = "qwen3-235b-a22b-q8"
        row = {"id": r["id"], "age": r["age"], "year": 2025 if r["age"] in ("<=2025H1", "2025H2") else 2026}
        if r["age"] == "undated":
            del row["year"]
        shape = shape or SHAPES.get(m.get("facts_id"))
        if shape:
            row["shape"] = shape
        row["expect"] = log.expected
        index.append(json.dumps(row, separators=(",", ":")))
    (args.out / "records.jsonl").write_text("\n".join(index) + "\n")


if __name__ == "__main__":
    main()
