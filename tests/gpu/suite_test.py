#!/usr/bin/env python3
"""Runs live.py on the fake driver with the fake engine: each of its steps, and what it says when one fails."""
import argparse
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
MIB = 1 << 20
p = argparse.ArgumentParser()
for name in ("program", "tools", "drivers", "replay"):
    p.add_argument("--" + name, required=True)
o, rest = p.parse_known_args()


class Suite(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.engine = os.path.join(self.folder, "engine")
        os.makedirs(os.path.join(self.engine, "bin"))
        os.symlink(os.path.join(HERE, "fake_server.py"), os.path.join(self.engine, "bin", "llama-server"))
        self.records = os.path.join(self.folder, "records")
        os.mkdir(self.records)
        self.state = os.path.join(self.folder, "state")

    def environment(self, driver="whole", **more):
        e = {k: v for k, v in os.environ.items() if not k.startswith(("FAKE_", "CUDA_", "VRAMBUDGET_"))}
        e.update(LD_LIBRARY_PATH=os.path.join(o.drivers, driver), FAKE_CUDA_STATE=self.state,
                 FAKE_ENGINE_DATA=HERE, XDG_CONFIG_HOME=self.folder, PYTHONDONTWRITEBYTECODE="1", **more)
        return e

    def live(self, *args, **environment):
        done = subprocess.run([sys.executable, os.path.join(HERE, "live.py"), "--program", o.program, "--tools", o.tools,
                               "--record", self.records, *args], capture_output=True, text=True,
                              env=self.environment(**environment))
        self.assertEqual(done.stderr, "")
        return done

    def recording(self):
        files = os.listdir(self.records)
        self.assertEqual(len(files), 1)
        self.assertRegex(files[0], r"^nvidia-geforce-rtx-3090-\d{14}\.json$")
        with open(os.path.join(self.records, files[0])) as f:
            return json.load(f)

    def assert_nothing_left(self):
        with open(self.state, "rb") as f:
            devices = f.read(16 * 32)  # n_context, n_allocation, allocated_bytes, most_bytes of each
        for at in range(0, len(devices), 32):
            self.assertEqual(devices[at:at + 24], bytes(24))

    def test_without_a_gpu_it_is_skipped_and_says_why(self):
        for driver, why in (("none", "file too short"), ("old", "has no cuMemGetInfo_v2")):
            done = self.live(driver=driver)
            self.assertEqual(done.returncode, 77)
            self.assertRegex(done.stdout, f"^skipped, no usable GPU: .*{why}.*\n$")
        self.assertEqual(os.listdir(self.records), [])

    def test_every_step_holds_and_is_recorded(self):
        done = self.live("--llama-cpp", self.engine, "--ballast-model", "qwen3-0.6b", "--leave", "3GiB",
                         "--models", "qwen3-0.6b,qwen3.6-27b-ud-q4kxl,qwen3-30b-a3b")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue(done.stdout.endswith("all held\n"))
        self.assert_nothing_left()
        r = self.recording()
        self.assertEqual([(a["model"], a["n_ctx"]) for a in r["allocations"]],
                         [(m, n) for m in ("qwen3-0.6b", "qwen3.6-27b-ud-q4kxl", "qwen3-30b-a3b")
                          for n in (4096, 32768)])
        plain, fits, beyond = r["engine"]["runs"]
        self.assertEqual(r["engine"]["version"], "0 (recorded)")
        self.assertEqual((plain["outcome"], plain["n_ctx"], plain["prompt_tokens"]), ("ran", 8192, 8191))
        # the fake driver gives pages of 2 MiB: 1137 + 896 + 34.01 -> 36, a context of 250, and 8 in the prompt
        self.assertEqual(plain["free_at_start_bytes"] - plain["free_loaded_bytes"], (1138 + 896 + 36 + 250) * MIB)
        self.assertEqual(plain["free_loaded_bytes"] - plain["free_prompted_bytes"], 8 * MIB)
        kv = next(b for b in plain["devices"][0]["buffers"] if b["term"] == "kv_cache")
        self.assertEqual((kv["engine_mib"], kv["engine_lines"]), (896.0, 1))
        for run in (fits, beyond):  # 3 GiB are whole pages
            self.assertEqual(run["free_at_start_bytes"], 3072 * MIB)
            self.assertEqual(run["ballast_bytes"], (24124 - 100 - 3072) * MIB)
        self.assertEqual((fits["outcome"], beyond["outcome"]), ("ran", "out of memory"))
        self.assertIn("cudaMalloc failed: out of memory", beyond["error"])
        # weights 1138 MiB, context 250, prompt 8, compute buffer 26 and 1 KiB a token, cache 112 KiB a token:
        # 3072 MiB hold 14,951 tokens, and 13,866 with the 117 MiB that a context may grow by
        self.assertTrue(13866 - 256 < fits["n_ctx"] <= 13866, fits["n_ctx"])
        self.assertTrue(14951 < beyond["n_ctx"] <= 14951 + 512, beyond["n_ctx"])

    def test_its_recording_replays(self):
        self.assertEqual(self.live("--llama-cpp", self.engine, "--ballast-model", "qwen3-0.6b", "--leave", "3GiB",
                                   "--models", "qwen3-0.6b").returncode, 0)
        replay = [o.replay, "--test-case=every recording*"]
        e = self.environment(VRAMBUDGET_PROBES=self.records)
        done = subprocess.run(replay, capture_output=True, text=True, env=e)
        self.assertEqual(done.returncode, 0, done.stdout)
        file = glob.glob(self.records + "/*.json")[0]
        r = self.recording()
        r["engine"]["runs"][0]["devices"][0]["buffers"][0]["engine_mib"] += 1
        with open(file, "w") as f:
            json.dump(r, f)
        done = subprocess.run(replay, capture_output=True, text=True, env=e)
        self.assertEqual(done.returncode, 1)
        self.assertIn("runs 0 device 0: the engine has 1138 MiB of weights, predicted 1137.00", done.stdout)

    def fails(self, *args, said, **environment):
        done = self.live("--models", "", *args, **environment)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(said, done.stdout)
        self.assert_nothing_left()
        r = self.recording()
        shutil.rmtree(self.records)
        os.mkdir(self.records)
        return r

    def test_a_missing_engine_is_told(self):
        self.fails("--llama-cpp", self.folder, said="no llama-server and no sources to build it from")

    def test_sources_without_a_compiler_are_told(self):
        open(os.path.join(self.folder, "CMakeLists.txt"), "w").close()
        self.fails("--llama-cpp", self.folder, PATH="/nonexistent",
                   said="has no llama-server, and without nvcc it cannot be built")

    def test_sources_are_built_with_cuda(self):
        sources, tools = os.path.join(self.folder, "sources"), os.path.join(self.folder, "path")
        os.mkdir(sources)
        os.mkdir(tools)
        open(os.path.join(sources, "CMakeLists.txt"), "w").close()
        build = f"{sources}/build-cuda/bin"
        for name, script in (("nvcc", ""), ("cmake", f'echo "$*" >>{tools}/said; mkdir -p {build}; '
                                            f'cp {HERE}/fake_server.py {build}/llama-server')):
            with open(os.path.join(tools, name), "w") as f:
                f.write(f"#!/bin/sh\n{script}\n")
            os.chmod(os.path.join(tools, name), 0o755)
        done = self.live("--llama-cpp", sources, "--models", "", PATH=tools + ":" + os.environ["PATH"],
                         FAKE_CUDA_TOTAL_MIB="6000")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("no ballast: less than 24.00 GiB", done.stdout)
        with open(os.path.join(tools, "said")) as f:
            self.assertIn("-DGGML_CUDA=ON", f.read())

    def test_a_gpu_lost_in_the_prompt_is_told(self):
        r = self.fails("--llama-cpp", self.engine, FAKE_ENGINE="lost", FAKE_CUDA_TOTAL_MIB="6000",
                       said="qwen3-0.6b: the engine: failed in the prompt")
        self.assertEqual(r["engine"]["runs"][0]["error"], "CUDA error: unspecified launch failure (exit status 134)")

    def test_a_gpu_lost_while_buffers_are_taken_is_told(self):
        done = self.live("--models", "qwen3-0.6b", FAKE_CUDA_FAIL="cuMemsetD8_v2:2:999")
        self.assertEqual(done.returncode, 1)
        self.assertIn("probe --allocate exits with 4: ", done.stdout)
        self.assertIn("CUDA_ERROR_UNKNOWN (999)", done.stdout)
        self.assert_nothing_left()

    def test_an_engine_that_takes_less_than_exact_terms_is_told(self):
        self.fails("--llama-cpp", self.engine, FAKE_ENGINE="less", FAKE_CUDA_TOTAL_MIB="6000",
                   said="the engine has 448.0 MiB of kv_cache, predicted 896.00")

    def test_an_engine_that_takes_more_than_the_budget_is_told(self):
        r = self.fails("--llama-cpp", self.engine, "--leave", "3GiB", "--ballast-model", "qwen3-0.6b",
                       FAKE_ENGINE="more", said="tokens were planned to fit, the engine: out of memory")
        self.assertEqual([run["outcome"] for run in r["engine"]["runs"]], ["ran", "out of memory"])
        self.fails("--llama-cpp", self.engine, FAKE_ENGINE="more", FAKE_CUDA_TOTAL_MIB="6000",
                   said=f"took {(2328 + 256) * MIB} bytes, the budget has ")

    def test_a_next_step_that_runs_all_the_same_is_told(self):
        r = self.fails("--llama-cpp", self.engine, "--leave", "3GiB", "--ballast-model", "qwen3-0.6b",
                       FAKE_ENGINE="spills", said="tokens cannot fit, the engine: ran")
        self.assertEqual(r["engine"]["runs"][2]["purpose"], "next step")

    def test_what_the_driver_takes_is_held_against_the_model(self):
        done = self.live("--models", "")
        self.assertEqual(done.returncode, 0, done.stdout)
        # 41.4 + 1.818 x 82 x 1,536 / 1,024; the fake driver has a context of 250 MiB
        self.assertIn("a context takes 250.0 MiB, 265.0 are expected of 125952 resident threads", done.stdout)
        self.assertIn("a stack of 4096 bytes: 1.00 bytes a byte of each resident thread", done.stdout)
        stacks = self.recording()["driver_costs"]["stacks"]
        self.assertEqual(stacks[2]["context_bytes"] - stacks[0]["context_bytes"], 3072 * 125952)

    def test_a_driver_that_takes_something_else_is_told(self):
        self.fails(FAKE_CUDA_CONTEXT_MIB="400", said="a context takes 400.0 MiB, out of the range around 265.0")
        self.fails(FAKE_CUDA_STACKS="10000", said="a stack of 2048 bytes takes 10000 bytes a byte")
        self.fails(FAKE_CUDA_PAGE_KIB="64",
                   said="an allocation of 1048576 bytes takes 1048576, no whole pages of 2 MiB")

    def test_an_unknown_model_is_told(self):
        self.fails("--llama-cpp", self.engine, "--engine-model", "no-such-model", said="sparse_model: ")
        self.fails("--llama-cpp", self.engine, "--model", "/no/such.gguf", said="vrambudget /no/such.gguf")

    def test_ballast_that_cannot_be_held_is_told(self):
        self.fails("--llama-cpp", self.engine, "--leave", "3GiB", "--ballast-model", "qwen3-0.6b",
                   FAKE_ENGINE="", FAKE_CUDA_FAIL="cuMemAlloc_v2:9:999", said="hold: cuMemAlloc: CUDA_ERROR_UNKNOWN")

    def test_a_model_that_memory_does_not_bind_is_told(self):
        self.fails("--llama-cpp", self.engine, "--leave", "12GiB", "--ballast-model", "qwen3-0.6b",
                   said="fits with all 40960 tokens of its training")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *rest])
