"""Models found on this disk by name, and the ranking of what fits.

usage: ranking_test.py PROGRAM [unittest's arguments]
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from gguf_file import Model

PROGRAM = sys.argv.pop(1)
HERE = os.path.dirname(os.path.abspath(__file__))
SMALL = Model(1000, 2, name="Small")


class RankingTest(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="vrambudget-ranking-")
        self.addCleanup(shutil.rmtree, self.home)

    def write(self, path, model=SMALL):
        path = os.path.join(self.home, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(model.header)
            f.truncate(model.size)
        return path

    def run_program(self, *args, **env):
        environment = {"HOME": self.home}
        for name in ("LD_LIBRARY_PATH", "ASAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        environment.update(env)
        return subprocess.run([PROGRAM] + list(args), env=environment, capture_output=True, text=True, timeout=120)

    def rank(self, *args, **env):
        o = self.run_program("--json", *args, **env)
        return o.returncode, json.loads(o.stdout)["models"]

    def inspect(self, name, **env):
        return self.run_program("inspect", name, "--json", **env)

    def test_what_a_smaller_cache_would_add_is_told(self):
        asked = ("--gpu", "3090", "--ctx", "262144", "--family", "qwen")
        smaller = asked + ("-ctk", "q8_0", "-ctv", "q8_0")
        names = [{m["name"] for m in self.rank(*a)[1] if m["fits"]} for a in (asked, smaller)]
        more = len(names[1] - names[0])
        self.assertGreater(more, 1)
        self.assertIn("%d more fit with the KV cache in q8_0: -ctk q8_0 -ctv q8_0" % more,
                      self.run_program(*asked).stdout)
        self.assertNotIn("more fit", self.run_program(*smaller).stdout)

    def test_names_lead_to_the_stores_of_other_programs(self):
        hub = self.write(".cache/huggingface/hub/models--org--Repo-GGUF/snapshots/c0/Hub-Q8_0.gguf")
        llama = self.write(".cache/llama.cpp/org_repo_Cached-Q8_0.gguf")
        studio = self.write(".lmstudio/models/org/repo/Studio-Q4_K_M.gguf")
        self.write(".lmstudio/models/org/repo/Studio-Q6_K.gguf", Model(2000, 2))
        blob = self.write(".ollama/models/blobs/sha256-" + "0" * 64)
        manifest = os.path.join(self.home, ".ollama/models/manifests/registry.ollama.ai/library/tiny/1b")
        os.makedirs(os.path.dirname(manifest))
        with open(manifest, "w") as f:
            json.dump({"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:" + "0" * 64}]}, f)
        for name, path in (("hub-q8_0", hub), ("org/Repo-GGUF/Hub-Q8_0.gguf", hub), ("Cached", None),
                           ("org_repo_cached", llama), ("studio-q4_k_m", studio), ("ollama:tiny:1b", blob)):
            o = self.inspect(name)
            if path:
                self.assertEqual(o.returncode, 0, o.stderr)
                self.assertEqual(json.loads(o.stdout)["path"], path)
            else:
                self.assertEqual(o.returncode, 3)
        o = self.inspect("studio")
        self.assertEqual(o.returncode, 3)
        self.assertIn("Studio-Q4_K_M", o.stderr)
        self.assertIn("Studio-Q6_K", o.stderr)
        o = self.inspect("ollama:../../../etc/passwd")
        self.assertEqual(o.returncode, 3)
        self.assertEqual(self.inspect("ollama:other").returncode, 3)
        elsewhere = os.path.join(self.home, "elsewhere")
        shutil.move(os.path.join(self.home, ".ollama/models"), elsewhere)
        self.assertEqual(self.inspect("ollama:tiny:1b", OLLAMA_MODELS=elsewhere).returncode, 0)

    def test_models_on_this_disk_come_first(self):
        path = self.write(".lmstudio/models/org/repo/Mine-F16.gguf")
        with open(os.path.join(os.path.dirname(path), "broken-F16.gguf"), "w") as f:
            f.write("no model")
        status, rows = self.rank("--gpu", "3090", "--ctx", "32768")
        self.assertEqual(status, 0)
        self.assertEqual([(r["name"], r["quantization"], r["path"]) for r in rows[:1]], [("Mine", "F16", path)])
        self.assertEqual([r["from"] for r in rows].count("disk"), 1)
        text = self.run_program("--gpu", "3090", "--ctx", "32768").stdout
        self.assertLess(text.index("On this disk"), text.index("In the catalogue"))
        self.assertTrue(all(len(line) <= 82 for line in text.splitlines()), text)

    def test_the_order_is_the_one_it_states(self):
        _, rows = self.rank("--gpu", "3090", "--ctx", "32768")
        self.assertGreater(len({r["name"] for r in rows}), 40)
        fitting = [r for r in rows if r["fits"]]
        self.assertEqual(rows[:len(fitting)], fitting)
        keys = [(r["bits_per_weight"] >= 4, r["n_params"], r["bits_per_weight"]) for r in fitting]
        self.assertEqual(keys, sorted(keys, reverse=True))
        for r in fitting:
            self.assertGreaterEqual(r["n_ctx_train"], 32768)
            self.assertGreaterEqual(r["max_context"]["n_ctx"], 32768)

    def test_a_row_is_what_the_plan_of_that_model_says(self):
        for gpu in ("3090", "a100-80gb"):
            _, rows = self.rank("--gpu", gpu, "--ctx", "32768", "--family", "qwen3-32b")
            (row,) = rows
            name = row["name"] + "-" + row["quantization"]
            plan = json.loads(self.run_program(name, "--gpu", gpu, "--ctx", "32768", "--json", "--max-context").stdout)
            self.assertEqual(row["used_bytes"], plan["devices"][0]["used_bytes"])
            self.assertEqual(row["fits"], plan["fits"])
            self.assertEqual(row["fits"], True)
            self.assertEqual(row["spare_bytes"], plan["devices"][0]["free_bytes"])
            self.assertEqual(row["max_context"], plan["max_context"])

    def test_each_model_has_its_largest_file_that_fits(self):
        # RTX 3060, 12 GiB: Qwen3-14B's Q4_K_M takes 8.38 GiB, 8,192 tokens of 40 layers 1.25 GiB; Q5_K_M
        # would take 1.4 GiB more, Q8_0 alone is too large
        _, rows = self.rank("--gpu", "3060-12g", "--ctx", "8192", "--family", "qwen3-14b")
        (row,) = rows
        self.assertTrue(row["fits"])
        status = {}
        for q in ("Q8_0", "Q6_K", row["quantization"], "Q4_K_M", "IQ4_XS", "Q3_K_M", "Q2_K"):
            status[q] = self.run_program("Qwen3-14B-" + q, "--gpu", "3060-12g", "--ctx", "8192").returncode
        self.assertEqual(list(status.values()), [1, 1] + [0] * (len(status) - 2))
        self.assertIn(row["quantization"].removeprefix("UD-")[:2], ("Q4", "Q5"))
        # two of them: the largest of all
        _, rows = self.rank("--gpu", "2x3060-12g", "--ctx", "8192", "--family", "qwen3-14b")
        self.assertEqual([(r["quantization"], r["fits"]) for r in rows], [("UD-Q8_K_XL", True)])
        # none fits: the smallest is told
        _, rows = self.rank("--gpu", "3060-12g", "--ctx", "8192", "--family", "qwen3-235b")
        self.assertEqual([(r["quantization"], r["fits"]) for r in rows], [("Q2_K", False)])

    def test_family_and_least_context_choose(self):
        _, rows = self.rank("--gpu", "a100-80gb", "--family", "Gemma")
        self.assertTrue(rows)
        self.assertTrue(all("gemma" in (r["name"] + r["architecture"]).lower() for r in rows))
        _, rows = self.rank("--gpu", "a100-80gb", "--min-ctx", "200k")
        self.assertTrue(any(r["fits"] for r in rows))
        self.assertTrue(all(r["max_context"]["n_ctx"] >= 200 * 1024 for r in rows if r["fits"]))
        self.assertEqual(self.rank("--gpu", "3090", "--family", "no such family"), (1, []))
        self.assertEqual(self.run_program("Qwen3-32B-Q4_K_M", "--gpu", "3090", "--family", "x").returncode, 2)

    def test_published_files_are_named_and_as_large_as_they_are(self):
        with open(os.path.join(HERE, "../../data/published.json")) as f:
            published = json.load(f)
        n_scaled = n_agreeing = 0
        for p in published:
            with open(os.path.join(HERE, "../../data/models", p["shape"] + ".json")) as f:
                shape = json.load(f)
            if p["quantization"] == shape["quantization"]:
                continue
            name = shape["name"].removesuffix(shape["quantization"]) + p["quantization"]
            plan = json.loads(self.run_program(name, "--gpu", "2xa100-80gb", "--ctx", "512", "--json").stdout)
            (note,) = (n for n in plan["notes"] if p["file"] in n)
            data = plan["model"]["bits_per_weight"] * plan["model"]["n_params"] / 8
            if "scaled" in note:
                n_scaled += 1
                self.assertGreaterEqual(data, p["bytes"])
                self.assertLess(data, p["bytes"] + 4096)
            else:
                n_agreeing += 1
                self.assertLess(data, p["bytes"])
                self.assertGreater(data, p["bytes"] - 65 * 262144)
            terms = [t for d in plan["devices"] for t in d["terms"] if t["term"] == "weights"]
            self.assertEqual({t["basis"] for t in terms}, {"assumed"})
        self.assertGreater(n_scaled, 5)
        self.assertGreater(n_agreeing, 10)

    def test_known_files_are_told_from_others(self):
        _, rows = self.rank("--gpu", "3090", "--ctx", "8192")
        with open(os.path.join(HERE, "../../data/published.json")) as f:
            files = {p["file"]: p["bytes"] for p in json.load(f)}
        known = [r for r in rows if "file" in r]
        self.assertTrue(known)
        self.assertLess(len(known), len(rows))
        self.assertTrue(all(files[r["file"]] == r["file_bytes"] for r in known))
        text = self.run_program("--gpu", "3090", "--ctx", "8192").stdout
        self.assertEqual(text.count(" * "), sum(r["fits"] for r in known))


if __name__ == "__main__":
    unittest.main()
