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
        _, rows = self.rank("--gpu", "3090", "--ctx", "32768", "--family", "qwen3-32b")
        row = next(r for r in rows if r["weights_basis"] == "exact")
        plan = json.loads(self.run_program("Qwen3-32B-Q4_K_M", "--gpu", "3090", "--ctx", "32768", "--json", "--max-context").stdout)
        self.assertEqual(row["used_bytes"], plan["devices"][0]["used_bytes"])
        self.assertEqual(row["fits"], plan["fits"])
        _, rows = self.rank("--gpu", "a100-80gb", "--ctx", "32768", "--family", "qwen3-32b")
        row = next(r for r in rows if r["weights_basis"] == "exact")
        plan = json.loads(self.run_program("Qwen3-32B-Q4_K_M", "--gpu", "a100-80gb", "--ctx", "32768", "--json", "--max-context").stdout)
        self.assertEqual(row["spare_bytes"], plan["devices"][0]["free_bytes"])
        self.assertEqual(row["max_context"], plan["max_context"])

    def test_family_and_least_context_choose(self):
        _, rows = self.rank("--gpu", "a100-80gb", "--family", "Gemma")
        self.assertTrue(rows)
        self.assertTrue(all("gemma" in (r["name"] + r["architecture"]).lower() for r in rows))
        _, rows = self.rank("--gpu", "a100-80gb", "--min-ctx", "200k")
        self.assertTrue(any(r["fits"] for r in rows))
        self.assertTrue(all(r["max_context"]["n_ctx"] >= 200 * 1024 for r in rows if r["fits"]))
        self.assertEqual(self.rank("--gpu", "3090", "--family", "no such family"), (1, []))
        self.assertEqual(self.run_program("Qwen3-32B-Q4_K_M", "--gpu", "3090", "--family", "x").returncode, 2)

    def test_published_files_are_marked_and_as_large_as_they_are(self):
        with open(os.path.join(HERE, "../../data/published.json")) as f:
            published = json.load(f)
        shapes = {}
        for p in published:
            path = os.path.join(HERE, "../../data/models", p["shape"] + ".json")
            with open(path) as f:
                shapes[p["shape"]] = json.load(f)
        _, rows = self.rank("--gpu", "a100-80gb", "--ctx", "2048")
        found = {(r["id"], r["quantization"]): r for r in rows}
        n_scaled = 0
        for p in published:
            row = found.get((p["shape"], p["quantization"]))
            if row is None:
                continue  # trained for less, or refused
            if p["quantization"] == shapes[p["shape"]]["quantization"]:
                self.assertEqual(row["weights_basis"], "exact")
            else:
                n_scaled += 1
                self.assertEqual(row["weights_basis"], "assumed")
                self.assertEqual(row["file_bytes"], p["bytes"])
                self.assertGreaterEqual(row["weights_bytes"], p["bytes"])
                self.assertLess(row["weights_bytes"], p["bytes"] + 4096)
        self.assertGreater(n_scaled, 20)


if __name__ == "__main__":
    unittest.main()
