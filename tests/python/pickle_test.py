"""Models and devices in other processes: the same plans, from bytes."""

import json
import os
import pickle
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "http"))
import gguf_file  # noqa: E402

import vrambudget as vb
from pickle_cases import write_gguf
from vrambudget import _core

FILES = ["Qwen3-8B-Q8_0", "gemma-3-4b-it-Q4_K_M", "Qwen3.6-27B-UD-Q4_K_XL", "DeepSeek-V2-Lite-Q4_K_M", "gpt-oss-20b",
         "Falcon-Mamba-7B-Q8_0", "granite-4.0-h-small-Q4_K_M"]


def said(model, gpu="3090", **options):
    """All that is said of a plan."""
    return vb.plan(model, gpu, n_ctx=8192, explain=True, **options).to_dict()


class Models(unittest.TestCase):
    def test_a_model_is_planned_the_same_elsewhere(self):
        for name in FILES:
            with self.subTest(name):
                model = vb.open_model(name)
                for other in (pickle.loads(pickle.dumps(model)), vb.open_model(model.to_bytes())):
                    self.assertEqual(other.to_dict(), model.to_dict())
                    self.assertEqual(said(other), said(model))
                    self.assertEqual(said(other, "m4-max-64gb"), said(model, "m4-max-64gb"))
                    self.assertEqual(other.to_bytes(), model.to_bytes())

    def test_every_model_of_the_catalogue_has_the_same_tensors_and_numbers(self):
        # a few of each: all of them take minutes
        for row in vb.models()[::7]:
            with self.subTest(row["name"]):
                model = vb.open_model(row["name"])
                other = vb.open_model(model.to_bytes())
                self.assertEqual(other.to_dict(), model.to_dict())
                self.assertEqual(other.shape_bytes(True), model.shape_bytes(True))
                run = {"n_ctx": 1024, "n_parallel": 1}
                self.assertEqual(vb.plan(other, "rtx pro 6000", **run).to_dict(), vb.plan(model, "rtx pro 6000", **run).to_dict())

    def test_another_process_takes_it(self):
        model = vb.open_model(FILES[0])
        code = ("import sys, pickle, vrambudget as vb; model, device = pickle.load(sys.stdin.buffer);"
                "print(vb.plan(model, device, n_ctx=8192).used)")
        device = _core.open_devices({"gpu": ["3090"]})[0]
        done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps((model, device)), capture_output=True,
                              check=True)
        self.assertEqual(int(done.stdout), vb.plan(model, device, n_ctx=8192).used)

    def test_a_file_is_planned_the_same_elsewhere(self):
        with tempfile.TemporaryDirectory() as folder:
            path, longer = os.path.join(folder, "own.gguf"), os.path.join(folder, "longer.gguf")
            n_header = write_gguf(path, FILES[0], 151936)  # as many words as the embedding has rows
            write_gguf(longer, FILES[0], 151936, padding=4096 + 32)
            model, further = vb.open_model(path), vb.open_model(longer)
            with open(path, "rb") as f:
                beginning = vb.open_model(f.read(n_header))
            self.assertGreater(n_header, 8 * 151936)
            self.assertEqual(beginning.tensor_bytes, model.tensor_bytes)
            self.assertLess(len(model.to_bytes()), 100000)
            other = vb.open_model(model.to_bytes())
            self.assertEqual(other.path, path)
            for gpu in ("3090", "m4-max-64gb"):  # which maps the file from a page on
                self.assertEqual(said(other, gpu), said(model, gpu))
            # what lies before the data counts where the file is mapped, and nowhere else
            self.assertEqual(further.shape_bytes(False), model.shape_bytes(False))
            self.assertNotEqual(further.shape_bytes(True), model.shape_bytes(True))

    def test_a_set_of_files_and_a_shape_are_planned_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, f"m-0000{i + 1}-of-00002.gguf") for i in range(2)]
            for i, path in enumerate(paths):
                part = gguf_file.Model(32000, 8, split=(i, 2))
                with open(path, "wb") as f:
                    f.write(part.header)
                    f.truncate(part.size)
            model = vb.open_model(paths[0])
            other, shape = vb.open_model(model.to_bytes()), vb.open_model(model.shape_bytes(True))
            for gpu in ("3090", "m4-max-64gb"):
                for run in ({}, {"n_gpu_layers": 3}):
                    want = said(model, gpu, **run)
                    self.assertEqual(said(other, gpu, **run), want)
                    got = said(shape, gpu, **run)  # which has no name
                    self.assertEqual((got["devices"], got["host"]), (want["devices"], want["host"]))

    def test_bytes_that_are_no_model_are_refused(self):
        kept = vb.open_model(FILES[0]).to_bytes()
        for data in (b"GGUF", b"GGUF\3\0\0\0", kept[:1000]):
            with self.assertRaises(vb.FormatError):
                vb.open_model(data)
        for key in (b"vrambudget.tensor.sizes", b"vrambudget.tensor.files"):  # 399 tensors: one that says 398
            at = kept.index(key) + len(key) + 8
            broken = kept[:at] + (398).to_bytes(8, "little") + kept[at + 8:]
            with self.assertRaises(vb.FormatError):
                vb.open_model(broken)

    def test_a_shape_is_that_of_models_trained_further(self):
        one = vb.open_model(FILES[0])
        kept = one.to_bytes()
        name = one.name.encode()
        at = kept.index(b"vrambudget.name") + len(b"vrambudget.name") + 4
        other = vb.open_model(kept[:at] + kept[at:].replace(name, name[::-1], 1))
        self.assertEqual(other.name, one.name[::-1])
        self.assertEqual(other.shape_bytes(False), one.shape_bytes(False))
        self.assertNotEqual(vb.open_model("Qwen3-8B-Q4_K_M").shape_bytes(False), one.shape_bytes(False))


class Devices(unittest.TestCase):
    def test_a_device_is_planned_the_same_elsewhere(self):
        own = vb.Device("mine", 10**10, free=9 * 10**9, cc=9.0, n_sm=80, driver_context=3 * 10**8)
        for name, backend in (("3090", None), ("7900xtx", None), ("7900xtx", "hip"), ("m4-max-64gb", None), ("b580", None)):
            options = {"gpu": [name], **({"backend": backend} if backend else {}), "display": True, "os": "windows"}
            if name.startswith("m4"):
                options = {"gpu": [name]}
            (device,) = _core.open_devices(options)
            self.assert_same(device)
        self.assert_same(own)

    def assert_same(self, device):
        other = pickle.loads(pickle.dumps(device))
        self.assertEqual(repr(other), repr(device))
        self.assertEqual(json.dumps(said(FILES[0], other)), json.dumps(said(FILES[0], device)))


if __name__ == "__main__":
    unittest.main()
