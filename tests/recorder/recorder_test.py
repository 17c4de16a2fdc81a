#!/usr/bin/env python3
"""What the recorder makes of the engine's numbers, without an engine: shapes, cases, graphs side by side."""
import json
import pathlib
import random
import struct
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import case
import edits
import engine
import graphs
import grid
import projector
import shape

TESTS = pathlib.Path(__file__).resolve().parent.parent
ROOT = TESTS.parent


# Two of ggml's types, by ggml.h: F32 is type 0; Q4_K is type 12, 256 elements in 144 bytes.
TYPES = shape.TensorTypes([["F32", 0, 1, 4], ["Q4_K", 12, 256, 144]])


class Shapes(unittest.TestCase):
    def test_every_shape_is_written_as_it_is(self):
        folders = (TESTS / "truth/models", TESTS / "truth/mmproj/models", ROOT / "data/models", ROOT / "data/projectors")
        files = [f for folder in folders for f in folder.glob("*.json")]
        self.assertGreater(len(files), 300)
        for file in files:
            text = file.read_text(encoding="utf-8")
            self.assertEqual(shape.text(json.loads(text)), text, file)

    def test_layers_are_folded_and_unfolded(self):
        tensors = [["output.weight", "Q4_K", [256, 8]], ["blk.0.a.weight", "F32", [4]], ["blk.1.a.weight", "F32", [4]],
                   ["blk.3.a.weight", "F32", [4]], ["blk.2.a.weight", "Q4_K", [256]]]
        rows = [["output.weight", "Q4_K", [256, 8]], ["blk.{0-1,3}.a.weight", "F32", [4]],
                ["blk.{2}.a.weight", "Q4_K", [256]]]
        self.assertEqual(shape.fold(tensors), rows)
        self.assertEqual(shape.unfold(rows), tensors)

    def test_files_for_the_engine_are_gguf(self):
        read = {"name": "n", "architecture": "a", "metadata": {"a.x": ["arr:u32", [7]]},
                "tensors": [["t", "Q4_K", [256, 3]], ["u", "F32", [1]]]}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.gguf"
            data = shape.write_gguf(read, path, TYPES)
            written = path.read_bytes()
        # 3 * 144 = 432, padded to 32: 448; one f32, padded: 32
        self.assertEqual(data, 448 + 32)
        pairs = [("general.architecture", 8, struct.pack("<Q", 1) + b"a"), ("general.name", 8, struct.pack("<Q", 1) + b"n"),
                 ("a.x", 9, struct.pack("<IQI", 4, 1, 7))]
        want = b"GGUF" + struct.pack("<IQQ", 3, 2, 3)
        for key, kind, value in pairs:
            want += struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", kind) + value
        want += struct.pack("<Q", 1) + b"t" + struct.pack("<IQQIQ", 2, 256, 3, 12, 0)
        want += struct.pack("<Q", 1) + b"u" + struct.pack("<IQIQ", 1, 1, 0, 448)
        want += bytes(-len(want) % 32)
        self.assertEqual(written, want + bytes(data))


def numbers(weights, context, compute):
    return {"weights": weights, "context": context, "compute": compute}


class FakeRecorder(case.Recorder):
    """Says the same of every run."""

    def __init__(self, projected, allocated=None):
        self.projected, self.real, self.engine = projected, allocated, FakeEngine()

    def run(self, case, allocate=False, decode=False, graph=None):
        return self.real if allocate else self.projected


class FakeEngine:
    def environment(self, cards):
        return {}


class Cases(unittest.TestCase):
    projected = {"devices": [numbers(10, 20, 30)], "host": numbers(5, 0, 6), "parts": [], "output_mib": 0.5,
                 "graph": {"nodes": [9, 9], "splits": [2, 2]}, "run": {"n_ctx": 256}}

    def test_what_was_allocated_counts(self):
        allocated = {"devices": [numbers(10, 20, 33)], "host": numbers(4096, 0, 7), "decode_growth": [2],
                     "graph": {"nodes": [9, 8], "splits": [2, 2]}}
        merged = case.merge(self.projected, allocated)
        self.assertEqual(merged["devices"], [numbers(10, 20, 33)])
        # a mapped file counts as a range of it: the host's weights are the projection's
        self.assertEqual(merged["host"], numbers(5, 0, 7))
        self.assertEqual((merged["graph"]["nodes"], merged["decode_growth"], merged["basis"]), ([9, 8], [2], "real"))
        order = ["devices", "host", "parts", "graph", "output_mib", "decode_growth", "run", "basis"]
        self.assertEqual(list(merged), order)

    def test_without_an_allocation_the_projection_counts(self):
        merged = case.merge(self.projected, None)
        self.assertEqual({k: merged[k] for k in self.projected}, self.projected)
        self.assertEqual(merged["basis"], "dry")

    def test_a_run_that_fell_back_to_the_cpu_does_not_count(self):
        asked = {"id": "x", "args": [], "gpus": ["t4"], "model": "m"}
        on_card = {**self.projected, "devices": [numbers(10, 20, 33)]}
        on_cpu = {**self.projected, "devices": [numbers(0, 0, 0)], "host": numbers(15, 20, 6)}
        self.assertEqual(FakeRecorder(self.projected, on_cpu).record(asked)["expected"], {**self.projected, "basis": "dry"})
        self.assertEqual(FakeRecorder(self.projected, on_card).record(asked)["expected"], {**on_card, "basis": "real"})
        # a card that is not to be used, of two
        idle = {**self.projected, "devices": [numbers(10, 20, 30), numbers(0, 0, 0)]}
        self.assertEqual(FakeRecorder(idle, idle).record(asked)["expected"]["basis"], "real")

    def test_caches_on_the_host_are_allocated_or_not_compared(self):
        on_host = {**self.projected, "host": numbers(5, case.MOST_ON_HOST + 1, 6)}
        asked = {"id": "x", "args": [], "gpus": ["t4"], "model": "m"}
        recorder = FakeRecorder(on_host, on_host)
        self.assertEqual(recorder.record(asked)["expected"]["basis"], "dry")
        self.assertEqual(recorder.record({**asked, "expected": {"basis": "dry"}})["expected"]["basis"], "dry")
        with self.assertRaises(case.Unanswered):
            recorder.record({**asked, "expected": {"basis": "real"}})

    def test_only_what_the_engine_says_is_a_refusal(self):
        recorder = FakeRecorder(self.projected)
        with tempfile.TemporaryDirectory() as folder:
            recorder.engine.folder, program = pathlib.Path(folder), pathlib.Path(folder) / "run"

            def says(script):
                program.write_text("#!/bin/sh\n" + script)
                program.chmod(0o755)
                return recorder.program("run", [])
            self.assertEqual(says('echo loading; echo \'{"graph": 1}\''), {"graph": 1})
            with self.assertRaisesRegex(case.Refused, "^src/x.cpp:7: GGML_ASSERT"):
                says("echo 'src/x.cpp:7: GGML_ASSERT(a) failed' >&2; kill -ABRT $$")
            with self.assertRaisesRegex(case.Refused, "^arguments"):
                says('echo \'{"refusal": "arguments"}\'')
            with self.assertRaisesRegex(engine.EngineFailed, "shared libraries"):
                says("echo 'error while loading shared libraries' >&2; exit 127")
            with self.assertRaises(case.Unanswered):
                says("kill -KILL $$")

    def test_an_abort_is_a_refusal_in_its_words(self):
        said = "x\n/home/of/the/builder/llama.cpp/ggml/src/ggml.c:4005: GGML_ASSERT(a == b) failed\n30\twait4.c: No such file\n"
        self.assertEqual(case.last_assertion(said), "ggml/src/ggml.c:4005: GGML_ASSERT(a == b) failed")

    def test_the_runs_of_a_shape_follow_what_it_has(self):
        read = {"name": "n", "architecture": "a", "metadata": {"a.block_count": ["u32", 9]},
                "tensors": [["blk.{0-8}.ffn_up_exps.weight", "F32", [4]]]}
        runs = {c["tag"]: c for c in grid.runs("n", read)}
        self.assertEqual(runs["partial"]["args"], ["-c", "8192", "-np", "2", "-ngl", "4"])
        self.assertIn("moecpu", runs)
        self.assertNotIn("swafull", runs)
        self.assertEqual(len(runs), len({c["id"] for c in runs.values()}))


class Projectors(unittest.TestCase):
    def test_a_recorded_case_tells_what_it_was_asked(self):
        numbers = {"weights": 1, "input": [560, 336, 1]}
        self.assertEqual(projector.asked({"kind": "image", "expected": {"vision": numbers}}),
                         {"input": [560, 336, 1], "then": None, "encode": False})
        self.assertEqual(projector.asked({"kind": "warmup", "expected": {"vision": {**numbers, "encode": 7}}}),
                         {"input": None, "then": None, "encode": True})
        later = {**numbers, "then": [896, 1792, 1], "encode": 7}
        self.assertEqual(projector.asked({"kind": "warmup-then-image", "expected": {"vision": later}})["then"],
                         [896, 1792, 1])
        refused = {"kind": "image", "refusal": "x", "encoder": "vision", "input": [64, 64, 1]}
        self.assertEqual(projector.asked(refused)["input"], [64, 64, 1])


class Graphs(unittest.TestCase):
    # phase, operation, layer, name, type, dimensions, bytes, backend, place, sources
    ours = ("generation\tadd\t0\tx\tf32\t4,1,1,1\t16\t0\tB0+0\n"
            "prompt\tnone\t-1\tpos\ti32\t2,1,1,1\t8\t1\tB1+0\nprompt\tadd\t0\tx\tf32\t4,2,1,1\t32\t0\tB0+0\n"
            "prompt\tview\t0\t\tf32\t2,4,1,1\t32\t0\tview\nprompt\tnone\t-1\t\tq4_K\t4,2,1,1\t32\t0\town:1\n")
    engines = ("generation\tadd\t-\tl_out-0\tf32\t4,1,1,1\t16\t0\tB0+0\ta, b\n"
               "prompt\tnone\t-\tinp_pos\ti32\t2,1,1,1\t8\t1\tB1+0\t\n"
               "prompt\tnone\t-\tCPU#inp_pos#1\ti32\t2,1,1,1\t8\t1\tB1+32\t\n"
               "prompt\tadd\t-\tl_out-0\tf32\t4,2,1,1\t32\t0\tB0+0\ta, b\n"
               "prompt\tview\t-\tl_out-0 (view)\tf32\t8,1,1,1\t32\t0\tview\tl_out-0\n"
               "prompt\tnone\t-\tcache\tq4_K\t4,2,1,1\t32\t0\town\t\n")

    def test_names_layers_and_the_layout_of_views_do_not_count(self):
        self.assertIsNone(graphs.first_difference(self.ours, self.engines))

    def test_the_first_node_that_differs_is_told(self):
        told = graphs.first_difference(self.ours.replace("16\t0\tB0+0", "16\t0\tB0+64"), self.engines)
        self.assertIn("generation, node 0 of 1", told)
        self.assertIn("B0+64", told)

    def test_a_graph_that_ends_early_differs(self):
        told = graphs.first_difference(self.ours.rsplit("prompt", 1)[0], self.engines)
        self.assertIn("prompt, node 2 of 3", told)
        self.assertIn("ours   ends here", told)

    def test_an_input_of_another_size_differs(self):
        told = graphs.first_difference(self.ours.replace("2,1,1,1\t8", "3,1,1,1\t12"), self.engines)
        self.assertIn("prompt, an input", told)
        self.assertIn("inp_pos", told)


class Edits(unittest.TestCase):
    READ = {"name": "n", "architecture": "a", "metadata": {"a.x": ["u32", 8], "general.y": ["u32", 1]},
            "tensors": [["blk.{0-1}.t.weight", "F32", [256, 4]]]}

    def test_numbers_are_others(self):
        told = [edit["set"]["ARCH.x"] for _, edit in edits.edits_of_key("ARCH.x", "u32", 8)]
        self.assertEqual(told[0], None)
        self.assertEqual([n for _, n in told[1:]], [0, 1, 3, 4, 9, 16, 1 << 16, 1 << 24, (1 << 32) - 1])

    def test_edits_are_made(self):
        after = edits.edited(self.READ, {"set": {"ARCH.x": None}, "shape": {"blk.1.t.weight": [256, 2]}})
        self.assertEqual(after["metadata"], {"general.y": ["u32", 1]})
        self.assertEqual(after["tensors"], [["blk.0.t.weight", "F32", [256, 4]], ["blk.1.t.weight", "F32", [256, 2]]])
        self.assertEqual(edits.edited(self.READ, {"remove": ["blk.0.t.weight"]})["tensors"], [["blk.1.t.weight", "F32", [256, 4]]])

    def test_as_many_are_drawn_as_there_are(self):
        all_of_them = edits.drawn(self.READ, 3000, random.Random(1))
        self.assertEqual(len(all_of_them), 10 + 7)
        self.assertIn(("all of a kind are missing", {"remove": ["blk.0.t.weight", "blk.1.t.weight"]}), all_of_them)

    def test_recorded_edits_are_of_shapes(self):
        rows = case.read_cases(TESTS / "truth/edited.jsonl").values()
        self.assertGreater(len(rows), 1500)
        self.assertEqual({row["result"] for row in rows}, {"loads", "refused", "aborts"})
        for name in {row["model"] for row in rows}:
            case.find_shape(name)


if __name__ == "__main__":
    unittest.main()
