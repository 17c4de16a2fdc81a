"""Sweeps against plans of single points."""

import random
import unittest

import vrambudget as vb

# dense, sliding windows, hybrid with recurrent states, MLA, Mamba only, experts
MODELS = ["Qwen3-8B", "gemma-3-4b", "Qwen3.6-27B-UD-Q4_K_XL", "DeepSeek-V2-Lite", "gpt-oss-20b",
          "Falcon-Mamba-7B", "granite-4.0-h-small"]
GPUS = ["3090", "1080 ti", "2x4090"]
TERMS = ["weights", "kv_cache", "recurrent_state", "compute_buffer", "driver_context", "pool"]


class Exact(unittest.TestCase):
    def test_every_value_is_the_plans(self):
        models = [vb.open_model(m) for m in MODELS]
        names = {m.name: m for m in models}
        contexts = [1, 300, 1000, 2048, 3000, *range(4096, 131073, 1024), 777777]
        s = vb.sweep(models, GPUS, contexts, cache_types=["f16", ("q8_0", "q8_0")], n_parallel=[0, 3])
        n = len(s["n_ctx"])
        refused = sum(contexts.index(r.n_ctx_last) - contexts.index(r.n_ctx_first) + 1
                      for r in s.refused)
        self.assertEqual(n + refused, len(MODELS) * len(GPUS) * len(contexts) * 2 * 2)
        self.assertGreater(sum(map(int, s["interpolated"])), n // 2)
        self.assertLess(s.n_budgets, n // 4)
        for i in random.Random(1).sample(range(n), 300):
            point = {k: s[k][i] for k in ("model", "gpu", "type_k", "type_v", "n_parallel", "n_ctx")}
            with self.subTest(**point, interpolated=bool(s["interpolated"][i])):
                b = vb.plan(names[point["model"]], point["gpu"], n_ctx=int(point["n_ctx"]),
                            n_parallel=int(point["n_parallel"]), type_k=point["type_k"],
                            type_v=point["type_v"])
                for term in TERMS:
                    self.assertEqual(s[term][i], sum(d.of(term) for d in b.devices), term)
                self.assertEqual(s["used"][i], b.used)
                self.assertEqual(s["host"][i], b.host.used)
                self.assertEqual(s["spare"][i], min(d.usable - d.used for d in b.devices))
                self.assertEqual(bool(s["fits"][i]), b.fits)

    def test_a_plot_has_a_line_for_each_run(self):
        s = vb.sweep("Qwen3-8B", ["3090", "3060"], range(4096, 131073, 4096), cache_types=["f16", "q8_0"])
        try:
            ax = s.plot("spare")
        except ImportError:
            self.skipTest("no matplotlib")
        self.assertEqual(len(ax.lines), 2 * 4)  # what fits, and all of it
        self.assertEqual(ax.get_ylabel(), "spare, GiB")
        self.assertEqual(len(ax.get_legend().get_texts()), 4)

    def test_a_draft_beside_it_is_counted(self):
        draft, contexts = vb.open_model("Qwen3-0.6B"), range(4096, 32769, 2048)
        s = vb.sweep("Qwen3-8B", "3090", contexts, draft=draft, threads=1)
        self.assertEqual(len(s["n_ctx"]), len(contexts))
        for i in (0, 5, len(contexts) - 1):
            b = vb.plan("Qwen3-8B", "3090", draft=draft, n_ctx=int(s["n_ctx"][i]))
            drafts = sum(t.size for t in b.devices[0].terms if t.name.startswith("draft_"))
            self.assertGreater(drafts, 0)
            self.assertEqual(s["other"][i], drafts)
            self.assertEqual(s["used"][i], b.used)

    def test_one_fits_where_max_context_says(self):
        most = vb.max_context(MODELS[0], gpu="3060", n_parallel=1).n_ctx
        s = vb.sweep(MODELS[0], "3060", range(256, 40961, 256), n_parallel=1)
        fitting = [int(n) for n, spare in zip(s["n_ctx"], s["spare"]) if spare >= 0]
        self.assertEqual(max(fitting), min(most, 40960))

    def test_the_system_has_two_names(self):
        on = [vb.sweep("Qwen3-8B", "3090", 4096, **of)["usable"][0] for of in ({"os": "windows"}, {"system": "windows"},
                                                                         {"system": "linux"})]
        self.assertEqual(on[0], on[1])
        self.assertLess(on[0], on[2])

    def test_refusals_have_no_row(self):
        s = vb.sweep(MODELS[0], "3090", [4096, 8192], cache_types=["f16", "q8_0"], flash_attn=False)
        self.assertEqual(set(s["type_k"]), {"f16"})
        (r,) = s.refused
        self.assertEqual((r.type_v, r.n_ctx_first, r.n_ctx_last), ("q8_0", 4096, 8192))
        self.assertIn("flash attention", r.why)


class Columns(unittest.TestCase):
    def test_numpy_sees_the_memory_itself(self):
        try:
            import numpy as np
        except ImportError:
            self.skipTest("no NumPy")
        s = vb.sweep(MODELS[0], "3090", range(4096, 32769, 256))
        self.assertEqual(s["used"].dtype, np.int64)
        self.assertEqual(s["fits"].dtype, np.bool_)
        self.assertFalse(s["used"].flags.owndata)
        self.assertFalse(s["used"].flags.writeable)
        used = s["used"]
        copy = used.copy()
        del s  # the array keeps the memory
        self.assertTrue((used == copy).all())

    def test_pandas_takes_it(self):
        try:
            import pandas
        except ImportError:
            self.skipTest("no pandas")
        s = vb.sweep(MODELS[:2], GPUS, range(4096, 32769, 4096))
        frame = s.to_pandas()
        self.assertEqual(len(frame), 2 * 3 * 8)
        self.assertEqual(list(frame.columns), list(s))
        self.assertEqual(frame["used"].dtype, "int64")
        self.assertTrue((frame[TERMS + ["other", "page_rounding"]].sum(axis=1) == frame["used"]).all())


class Progress(unittest.TestCase):
    def test_ends_with_all(self):
        seen = []
        vb.sweep(MODELS[:2], GPUS, [4096, 8192], progress=lambda done, n: seen.append((done, n)))
        self.assertEqual(seen[-1], (12, 12))
        self.assertEqual(seen, sorted(seen))

    def test_what_it_raises_stops_the_sweep(self):
        class Enough(Exception):
            pass

        def stop(done, n):
            raise Enough

        with self.assertRaises(Enough):
            vb.sweep(MODELS, GPUS, range(256, 131073, 256), progress=stop)


if __name__ == "__main__":
    unittest.main()
