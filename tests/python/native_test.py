"""What a person in Python meets: kept planners, all of the program's questions, messages, pictures."""

import importlib.util
import os
import pathlib
import re
import sys
import tempfile
import threading
import unittest

import vrambudget as vb
from vrambudget.errors import in_python
from vrambudget.progress import shown

ONE = ("Qwen3-8B-Q8_0", "3090")
LOGS = os.path.join(os.path.dirname(__file__), "..", "log")


def needs(name):
    return unittest.skipIf(importlib.util.find_spec(name) is None, f"no {name}")


class Planner(unittest.TestCase):
    def test_its_plans_are_those_of_plan(self):
        p = vb.Planner(*ONE, n_parallel=1, reserve="1GiB")
        for run in ({"n_ctx": 8192}, {"n_ctx": 40960, "type_k": "q8_0", "type_v": "q8_0"}, {}, {"n_ctx": 8192, "n_ubatch": 2048},
                    {"n_ctx": 8192, "n_gpu_layers": 20}, {"n_ctx": 8192, "n_parallel": 3}, {"n_ctx": 4096, "explain": True}):
            told = {"n_parallel": 1, **run}
            self.assertEqual(p.plan(**run).to_dict(), vb.plan(*ONE, reserve="1GiB", **told).to_dict(), run)
            self.assertEqual(p.plan(**run).to_dict(), p.plan(**run).to_dict())  # whatever was planned before
        self.assertEqual(p.max_context(limit=4096), vb.max_context(*ONE, limit=4096, reserve="1GiB", n_parallel=1))
        self.assertEqual(p.max_context(type_k="q4_0"), vb.max_context(*ONE, reserve="1GiB", n_parallel=1, type_k="q4_0"))

    def test_devices_drafts_and_adapters(self):
        card = vb.Device("mine", 12 * 2**30)
        draft = vb.open_model("Qwen3-0.6B-Q8_0")
        p = vb.Planner("Qwen3-8B-Q8_0", [card, "3060"], draft=draft)
        want = vb.plan("Qwen3-8B-Q8_0", [card, "3060"], draft=draft, n_ctx=4096)
        self.assertEqual(p.plan(n_ctx=4096).to_dict(), want.to_dict())

    def test_what_is_its_own_is_refused(self):
        p = vb.Planner(*ONE)
        for told in ({"gpu": "4090"}, {"reserve": 1}, {"lora": "x.gguf"}, {"ram": "1GiB"}):
            with self.assertRaisesRegex(vb.InvalidArgumentError, f"{next(iter(told))}: it is the planner's"):
                p.plan(**told)
        with self.assertRaises(vb.InvalidArgumentError):
            p.plan(n_cxt=1)

    def test_threads_may_share_it(self):
        p, got = vb.Planner(*ONE), {}

        def work(n):
            for _ in range(5):
                got.setdefault(n, set()).add(p.plan(n_ctx=n).used)

        threads = [threading.Thread(target=work, args=(1024 * (i + 1),)) for i in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(got, {n: {vb.plan(*ONE, n_ctx=n).used} for n in got})
        self.assertEqual(len(got), 4)


class Questions(unittest.TestCase):
    def test_fit(self):
        b = vb.fit("Qwen3-32B-Q8_0", "3090", ram="64GiB", fit_ctx=8192)
        self.assertEqual(b.to_dict(), vb.plan("Qwen3-32B-Q8_0", "3090", ram="64GiB", fit=True, fit_ctx=8192).to_dict())
        self.assertEqual((b.fits, b.run["n_ctx"]), (True, 8192))

    def test_solve(self):
        b = vb.solve(*ONE, prefer="context")
        self.assertEqual(b.to_dict(), vb.plan(*ONE, prefer="context").to_dict())
        self.assertTrue(b.fits)

    def test_check(self):
        path = sorted(pathlib.Path(LOGS).rglob("*.log"))[0]
        by_path, by_text = vb.check(path), vb.check(path.read_bytes())
        self.assertEqual(by_path, by_text)
        self.assertEqual(by_path["schema"], 1)
        with self.assertRaises(vb.FormatError):
            vb.check("no log at all")
        with self.assertRaises(vb.InvalidArgumentError):
            vb.check(path, gpu=vb.Device("mine", 10**10))


class Messages(unittest.TestCase):
    def test_they_speak_of_arguments(self):
        for call in (lambda: vb.plan("Qwen3-8B", ["3090"] * 16), lambda: vb.plan(*ONE, fit=True, prefer="speed"),
                     lambda: vb.plan(*ONE, spec_types="draft-mtp"), lambda: vb.plan(*ONE, free="1 GiB and more"),
                     lambda: vb.plan(*ONE, n_ctx=8192, split_mode="row", engine="b9829", type_k="q3_K")):
            with self.assertRaises(vb.Error) as raised:
                call()
            self.assertIsNone(re.search(r"(^|[ (])--?[a-z]", str(raised.exception)), raised.exception)

    def test_words(self):
        for said, want in (("--gpu b100: at most 15", "gpu b100: at most 15"), ("-ngl and --ctx-size", "n_gpu_layers and n_ctx"),
                           ("leave --no-op-offload out", "leave op_offload=False out"), ("a--gpu /x/--gpu", "a--gpu /x/--gpu"),
                           ("--no-such-option", "--no-such-option"), ("Q4_K-M -1 - x", "Q4_K-M -1 - x")):
            self.assertEqual(in_python(said), want)


    def test_suggestions_are_arguments_too(self):
        n = 0
        for model, gpu, told in (("Qwen3-32B-Q4_K_M", "3060", {"n_ctx": 16384}), ("gpt-oss-120b", "3090", {"n_ctx": 8192}),
                                 ("Qwen3-32B-Q4_K_M", ["3090", "3060"], {"n_ctx": 131072})):
            for s in vb.plan(model, gpu, **told).suggestions:
                self.assertTrue(vb.plan(model, gpu, **{**told, **s.options}).fits, s)
                n += 1
        self.assertGreater(n, 4)
        b = vb.plan("Qwen3-32B-Q6_K", "3090", n_ctx=32768)
        self.assertTrue(vb.plan(b.smaller_file.model, "3090", **{"n_ctx": 32768, **b.smaller_file.options}).fits)


class Pictures(unittest.TestCase):
    @needs("matplotlib")
    def test_a_budget_has_a_bar_for_each_device_and_the_host(self):
        b = vb.plan("Qwen3-8B-Q8_0", ["3090", "3060"], n_ctx=8192)
        ax = b.plot()
        terms = [t for d in b.devices for t in d.terms] + list(b.host.terms)
        self.assertEqual(len(ax.patches), len(terms))
        for bar, term in zip(ax.patches, terms):
            self.assertAlmostEqual(bar.get_width(), term.size / 2**30, 6)
        self.assertEqual([t.get_text() for t in ax.get_yticklabels()][-1], "host")
        self.assertEqual(len(ax.get_legend().get_texts()), len({t.name for t in terms}))

    @needs("matplotlib")
    def test_contexts(self):
        ax = vb.plot_contexts("Qwen3-8B-Q8_0", ["3060", "3090"], range(4096, 40961, 4096))
        self.assertEqual(len(ax.get_legend().get_texts()), 2 * 3)
        self.assertEqual(len(ax.lines), 2 * 2 * 3 + 2)  # and where each card ends
        ax = vb.plot_contexts("Qwen3-8B-Q8_0", "3060")
        self.assertEqual(max(ax.lines[0].get_xdata()), 40960)  # its training length

    @needs("rich")
    def test_rich_prints_every_term(self):
        import io

        from rich.console import Console

        b = vb.plan("Qwen3-8B-Q8_0", ["3090", "3060"], n_ctx=8192)
        to = io.StringIO()
        Console(file=to, width=100).print(b)
        for d in b.devices:
            self.assertIn(d.gpu, to.getvalue())
            for t in d.terms:
                self.assertRegex(to.getvalue(), rf"{t.name} +{re.escape(f'{t.size / 2**20:,.1f}')}")
        self.assertIn("host", to.getvalue())


class Progress(unittest.TestCase):
    def test_a_callback_is_called_with_what_is_done(self):
        seen = []
        vb.sweep(*ONE, range(256, 8193, 256), progress=lambda done, n: seen.append((done, n)))
        self.assertEqual(seen[-1], (32, 32))

    def test_a_bar_or_nothing(self):
        with tempfile.TemporaryFile("w+") as f:
            old, sys.stderr = sys.stderr, f
            try:
                with shown(True, 10, "points") as tell:
                    tell(4, 10)
                    tell(10, 10)
            finally:
                sys.stderr = old
            f.seek(0)
            text = f.read()
        is_there = importlib.util.find_spec("tqdm") is not None
        self.assertEqual("100%" in text, is_there, text)
        with shown(None, 10, "points") as tell:
            tell(10, 10)
        self.assertEqual(len(vb.sweep(*ONE, [4096], progress=True)["used"]), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
