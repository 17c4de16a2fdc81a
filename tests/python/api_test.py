"""The package against the program: what Python is told is what the program prints."""

import json
import os
import re
import subprocess
import tempfile
import threading
import time
import unittest
import unittest.mock

import vrambudget as vb

PROGRAM = os.environ.get("VRAMBUDGET_PROGRAM", "")
MODEL = "Qwen3.6-27B-UD-Q4_K_XL"


def printed(*args):
    """What the program prints as JSON."""
    done = subprocess.run([PROGRAM, *args, "--json"], capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


class Plan(unittest.TestCase):
    @unittest.skipUnless(PROGRAM, "the program was not built")
    def test_is_the_programs_json(self):
        cases = [
            (dict(gpu="3090", n_ctx=262144, type_k="q4_0", type_v="q4_0", n_parallel=1),
             "--gpu 3090 -c 262144 -ctk q4_0 -ctv q4_0 -np 1"),
            (dict(gpu="3090", c=262144, ctk="q4_0", ctv="q4_0", np=1),
             "--gpu 3090 -c 262144 -ctk q4_0 -ctv q4_0 -np 1"),
            (dict(gpu="3090"), "--gpu 3090"),
            (dict(gpu="2x3090", ctx=65536, tensor_split=[3, 1], flash_attn=False, kv_unified=False),
             "--gpu 2x3090 -c 65536 -ts 3,1 -fa off --no-kv-unified"),
            (dict(gpu=["3090", "4090"], n_ctx=8192, free=[20 * 2**30, "22GiB"], offload_kqv=False),
             "--gpu 3090 --gpu 4090 -c 8192 --free 20GiB,22GiB -nkvo"),
            (dict(gpu="3090", n_ctx=8192, ngl=20, op_offload=False, swa_full=True, reserve=2**30,
                  overrides=["ffn=CPU", "output=CUDA0"], explain=True),
             "--gpu 3090 -c 8192 -ngl 20 --no-op-offload --swa-full --reserve 1GiB "
             "-ot ffn=CPU,output=CUDA0 --explain"),
            (dict(gpu="3090", n_ctx=4096, buffers_only=True, engine="2026-08"),
             "--gpu 3090 -c 4096 --buffers-only --engine 2026-08"),
        ]
        for options, flags in cases:
            with self.subTest(flags=flags):
                self.assertEqual(vb.plan(MODEL, **options).to_dict(),
                                 printed(MODEL, *flags.split()))

    @unittest.skipUnless(PROGRAM, "the program was not built")
    def test_draft(self):
        b = vb.plan("Qwen3-32B", gpu="5090", draft="Qwen3-0.6B", n_ctx=8192)
        self.assertEqual(b.to_dict(), printed("Qwen3-32B", *"--gpu 5090 -md Qwen3-0.6B -c 8192".split()))
        self.assertGreater(b.devices[0].of("draft_weights"), 0)

    def test_terms(self):
        # 16 layers of 4 heads of 256 values, K and V, q4_0: 18 bytes for 32 values
        b = vb.plan(MODEL, gpu="3090", n_ctx=262144, type_k="q4_0", type_v="q4_0", n_parallel=1)
        d = b.devices[0]
        self.assertEqual(d.of("kv_cache"), 16 * 2 * 262144 * (4 * 256 // 32 * 18))
        self.assertEqual(d.used, sum(t.size for t in d.terms))
        self.assertEqual(d.spare, d.usable - d.used)
        self.assertEqual({t.name: t.basis for t in d.terms}["kv_cache"], "exact")
        self.assertTrue(b.fits and not b.missing)

    def test_what_does_not_fit(self):
        b = vb.plan("gpt-oss-120b", gpu="3090", n_ctx=8192)
        self.assertFalse(b.fits)
        self.assertEqual(b.missing, b.devices[0].used - b.devices[0].usable)
        self.assertEqual(b.devices[0].spare, 0)
        self.assertIn("lacks", repr(b))
        self.assertIn("does not fit", b._repr_html_())

    def test_file_size(self):
        name, size = "Qwen3.6-27B-Q4_K_M", 33 * 2**29
        for model in (name, vb.open_model(name)):
            b = vb.plan(model, "3090", n_ctx=4096, file_size=size)
            weights = b.devices[0].of("weights") + b.host.of("weights")
            self.assertAlmostEqual(weights / size, 1, delta=1e-4)
        with self.assertRaisesRegex(vb.InvalidArgumentError, "file's size"):
            vb.sweep(vb.open_model(name), "3090", 4096, file_size=size)

    def test_device(self):
        card = vb.Device("a card", 24 * 2**30, free=20 * 2**30, cc=8.6, n_sm=82, driver_context=10**8)
        d = vb.plan(MODEL, gpu=card, n_ctx=8192).devices[0]
        self.assertEqual((d.gpu, d.usable, d.of("driver_context")), ("a card", 20 * 2**30, 10**8))
        named = vb.plan(MODEL, gpu="3090", n_ctx=8192).devices[0]
        self.assertEqual(d.of("compute_buffer"), named.of("compute_buffer"))
        self.assertEqual(len(vb.plan(MODEL, gpu=[card, "4090"], n_ctx=8192).devices), 2)

    def test_emit(self):
        line = vb.emit("Qwen3-8B-Q4_K_M", gpu="3090", n_ctx=8192, n_parallel=1)
        self.assertTrue(line.startswith("llama-server -hf "), line)
        self.assertIn(" -c 8192 ", line + " ")
        model = vb.open_model("Qwen3-8B-Q4_K_M")  # its name says where it is published
        self.assertEqual(vb.emit(model, gpu="3090", n_ctx=8192, n_parallel=1), line)
        self.assertIn("num_ctx 8192", vb.emit("Qwen3-8B-Q4_K_M", gpu="3090", program="ollama", n_ctx=8192))
        with self.assertRaisesRegex(vb.UnsupportedError, "does not fit"):
            vb.emit("gpt-oss-120b", gpu="3060", n_ctx=8192)
        with self.assertRaisesRegex(vb.InvalidArgumentError, "koboldcpp"):
            vb.emit("Qwen3-8B", gpu="3090", program="vllm")
        with self.assertWarnsRegex(UserWarning, "stands for the model's file"):
            vb.emit(vb.open_model("Qwen3-8B-Q5_K_M"), gpu="3090", n_ctx=8192)

    def test_only_what_is_ours_is_listed(self):
        self.assertEqual(dir(vb), sorted(vb.__all__))

    def test_max_context(self):
        most = vb.max_context(MODEL, gpu="3090", n_parallel=1)
        b = vb.plan(MODEL, gpu="3090", n_parallel=1)
        self.assertEqual((most.n_ctx, most.bound_by), (b.run["n_ctx"], "CUDA0"))
        self.assertEqual(b.max_context_by_type["f16"], most)
        self.assertEqual(list(b.max_context_by_type), ["f16", "q8_0", "q4_0"])
        self.assertEqual(vb.plan(MODEL, gpu="3090", n_ctx=4096).max_context_by_type, {})
        self.assertTrue(b.fits)
        self.assertNotEqual(
            vb.plan(MODEL, gpu="3090", n_parallel=1, n_ctx=most.n_ctx + 256).verdict, "fits")
        self.assertEqual(vb.max_context(MODEL, gpu="3090", limit=4096).n_ctx, 4096)

    def test_rank(self):
        ranked = vb.rank(gpu="3090", family="qwen3", n_ctx=8192, n_parallel=1)
        fitting = [r["fits"] for r in ranked]
        self.assertEqual(fitting, sorted(fitting, reverse=True))
        self.assertTrue(all("qwen3" in r["architecture"] + r["name"].lower() for r in ranked))
        best = next(r for r in ranked if r["fits"] and r["from"] == "catalogue")
        file = f"{best['name']}-{best['quantization']}"
        self.assertTrue(vb.plan(file, gpu="3090", n_ctx=8192, n_parallel=1).fits)
        card = vb.Device("a card", 24 * 2**30, cc=8.6, n_sm=82)
        self.assertFalse(any(r["fits"] for r in vb.rank(gpu=card, family="gpt-oss-120b")))
        longer = vb.rank(gpu="3090", family="qwen3", n_ctx=8192, n_parallel=1, min_ctx=200000)
        self.assertLess(sum(r["fits"] for r in longer), sum(fitting))
        with self.assertRaisesRegex(vb.InvalidArgumentError, "draft"):
            vb.rank(gpu="3090", md="a")

    def test_rank_with_the_host_and_by_speed(self):
        (row,) = vb.rank(gpu="3090", family="gpt-oss-120b", n_ctx=8192, ram="64GiB")
        self.assertTrue(row["fits"])
        self.assertEqual(row["on_host"]["what"], "feed_forward")
        n = int(row["flags"].removeprefix("-ncmoe "))
        for n_cpu_moe, fits in ((n, True), (n - 1, False)):
            b = vb.plan("gpt-oss-120b-MXFP4", gpu="3090", n_ctx=8192, ram="64GiB", n_cpu_moe=n_cpu_moe)
            self.assertEqual(b.fits, fits)
        fast = vb.rank(gpu="3090", family="qwen3", n_ctx=8192, prefer="speed")
        rates = [r["speed"]["expected"]["median_tokens_per_s"] for r in fast
                 if r["fits"] and r["bits_per_weight"] >= 4 and "speed" in r]
        self.assertEqual(rates, sorted(rates, reverse=True))
        with self.assertRaisesRegex(vb.InvalidArgumentError, "quality, speed, context"):
            vb.rank(gpu="3090", prefer="fast")

    def test_best_runs(self):
        runs = vb.best_runs(MODEL, gpu="3090")
        self.assertEqual([r["prefer"] for r in runs], ["quality", "speed", "context", "balance"])
        for r in runs:
            b = vb.plan(MODEL, gpu="3090", prefer=r["prefer"]).to_dict()
            self.assertEqual(r["best"], b["best"])
            self.assertEqual((r["n_ctx"], r["type_k"]), (b["run"]["n_ctx"], b["run"]["type_k"]))
        self.assertEqual(vb.best_runs(MODEL, gpu="2GiB", ram="1GiB"), [])
        with self.assertRaisesRegex(vb.InvalidArgumentError, "leave it out"):
            vb.best_runs(MODEL, gpu="3090", prefer="speed")

    def test_engines(self):
        alone = vb.engines()
        self.assertNotIn("model", alone)
        self.assertNotIn("differences", alone["changes"][0])
        told = vb.engines(MODEL, gpu="3090", n_ctx=8192, n_parallel=1)
        self.assertEqual([c["change"] for c in told["changes"]], [c["change"] for c in alone["changes"]])
        b = vb.plan(MODEL, gpu="3090", n_ctx=8192, n_parallel=1)
        weights = next(t for t in told["model"]["terms"] if (t["where"], t["term"]) == ("devices", "weights"))
        self.assertEqual(weights["bytes"], next(t.size for t in b.devices[0].terms if t.name == "weights"))
        own = next(e for e in told["engines"] if e["engine"] == told["model"]["engine"])
        self.assertEqual(own["differences"], [])
        with self.assertRaises(vb.Error):
            vb.engines("no-such-model", gpu="3090")

    def test_calibrations(self):
        with tempfile.TemporaryDirectory() as home, unittest.mock.patch.dict(os.environ, {"XDG_CONFIG_HOME": home}):
            run = {"gpu": "3090", "n_ctx": 8192, "n_parallel": 1}
            self.assertEqual(vb.calibrations()["devices"], [])
            before = vb.plan(MODEL, **run).devices[0]
            driver = next(t.size for t in before.terms if t.name == "driver_context")
            took = before.used - driver + 300 * 2**20  # 300 MiB for the driver, told in bytes
            kept = vb.calibrate(MODEL, took, **run)
            (card,) = kept["devices"]
            self.assertEqual(card["driver_context"]["bytes"], 300 * 2**20)
            self.assertEqual(card["before"]["bytes"], driver)
            self.assertEqual(card["measurements"][0]["run"], "-c 8192 -np 1")
            after = next(t for t in vb.plan(MODEL, **run).devices[0].terms if t.name == "driver_context")
            self.assertEqual((after.expected, after.basis), (300 * 2**20, "fitted"))
            # a model that was opened, each size of a list, and before any prompt
            pool = next(t.size for t in before.terms if t.name == "pool")
            vb.calibrate(vb.open_model(MODEL), [f"{took - pool}"], loaded=True, **run)
            self.assertEqual(len(vb.calibrations()["devices"][0]["measurements"]), 2)
            with self.assertRaisesRegex(vb.InvalidArgumentError, "say with which context it ran"):
                vb.calibrate(MODEL, took, gpu="3090")
            with self.assertRaisesRegex(vb.InvalidArgumentError, "has 2 sizes, the run takes 1"):
                vb.calibrate(MODEL, [took, took], **run)
            with self.assertRaisesRegex(vb.InvalidArgumentError, "name it here"):
                vb.calibrate(MODEL, took, gpu=vb.Device("a card", 24 * 2**30), n_ctx=8192)
            with self.assertRaisesRegex(vb.FormatError, "the engine's buffers alone are"):
                vb.calibrate(MODEL, "4GiB", **run)
            with self.assertRaises(vb.IoError):
                vb.calibrations([os.path.join(home, "none.json")])
            with self.assertRaisesRegex(vb.NotFoundError, "is not calibrated"):
                vb.forget_calibrations("4090")
            self.assertEqual(vb.forget_calibrations("3090")["devices"], [])

    def test_trade(self):
        runs = vb.trade(MODEL, gpu="3090", n_ctx=262144)
        self.assertEqual(len(runs), 48)
        row = next(
            r for r in runs if (r["cache_type"], r["n_ubatch"], r["n_parallel"]) == ("q4_0", 512, 1)
        )
        self.assertTrue(row["holds"])
        self.assertEqual(
            row["n_ctx"],
            vb.max_context(MODEL, gpu="3090", n_parallel=1, type_k="q4_0", type_v="q4_0").n_ctx,
        )

    def test_recipe(self):
        made = vb.recipe("Qwen3.6-27B", token_embedding_type="q8_0", output_tensor_type="q8_0")
        self.assertEqual(made["types"], {"F32": 353, "Q4_K": 432, "Q6_K": 64, "Q8_0": 2})
        self.assertEqual(made["data_bytes"], 17480022016)
        self.assertNotIn("runs", made)
        several = vb.recipe("Qwen3-8B", "3090", base="Q4_K_M,Q6_K", n_parallel=1)["recipes"]
        self.assertEqual([r["base"] for r in several], ["Q4_K_M", "Q6_K"])
        self.assertEqual(
            several[1]["runs"]["largest"]["f16"]["n_ctx"],
            vb.max_context("Qwen3-8B-Q6_K", gpu="3090", n_parallel=1).n_ctx,
        )
        card = vb.Device("a card", 8 * 2**30, cc=8.6, n_sm=28)
        found = vb.recipe("Qwen3-8B", card, find=True, n_ctx=16384)
        self.assertTrue(found["runs"]["fits"] and found["command"].startswith("llama-quantize --pure"))
        pruned = vb.recipe("Qwen3-8B", prune_layers=[0, 35], tensor_types=["attn_v=q8_0"], imatrix=True)
        self.assertEqual(pruned["types"]["Q8_0"], 34)
        with self.assertRaisesRegex(vb.InvalidArgumentError, "Q9"):
            vb.recipe("Qwen3-8B", base="Q9")
        with self.assertRaises(vb.NotFoundError):
            vb.recipe("Llama-3.3-70B", card, find=True, n_ctx=16384)

    def test_inspect(self):
        inside = vb.inspect(MODEL)
        self.assertEqual(inside["tensors_by_type"]["f32"]["uses"]["norms"], 161)
        self.assertEqual(inside["tensors_by_type"]["f32"]["uses"]["state space parameters"], 192)
        both = vb.inspect(MODEL, "Granite-4.1-30B")
        self.assertEqual((both["a"]["tensor_count"], both["b"]["tensor_count"]), (851, 578))
        keys = vb.inspect("Qwen3-8B-Q8_0", keys="head_count_kv")["keys"]
        self.assertEqual([k["value"] for k in keys], [8])
        with self.assertRaisesRegex(vb.InvalidArgumentError, "n_ctx"):
            vb.inspect(MODEL, n_ctx=4096)

    def test_cards(self):
        v = vb.cards(MODEL, n_ctx=262144, n_parallel=1, type_k="q4_0", type_v="q4_0")
        row = next(c for c in v["cards"] if c["id"] == "rtx-3090")
        b = vb.plan(MODEL, gpu="3090", n_ctx=262144, n_parallel=1, type_k="q4_0", type_v="q4_0")
        self.assertTrue(v["fits"] and row["fits"])
        self.assertEqual((row["used_bytes"], row["spare_bytes"]), (b.used, b.spare))
        self.assertFalse(next(c for c in v["cards"] if c["id"] == "rtx-3060" and c["count"] == 1)["fits"])
        self.assertEqual(vb.cards(vb.open_model(MODEL))["n_ctx"], 8192)
        with self.assertRaises(vb.InvalidArgumentError):
            vb.cards(MODEL, gpu="3090")

    def test_prefer(self):
        b = vb.plan(MODEL, gpu="3090", prefer="context")
        self.assertEqual(b.to_dict()["run"]["n_ctx"], 262144)
        again = vb.plan(MODEL, gpu="3090", n_ctx=262144, type_k="q4_0", type_v="q4_0")
        self.assertEqual(b.used, again.used)
        best = b.to_dict()["best"]
        self.assertEqual((best["on_host"], best["flags"]), ("nothing", "-ctk q4_0 -ctv q4_0 -c 262144"))
        self.assertNotIn("best", again.to_dict())
        with self.assertRaisesRegex(vb.InvalidArgumentError, "quality"):
            vb.plan(MODEL, gpu="3090", prefer="size")

    def test_together(self):
        pair = ["Qwen3-8B-Q4_K_M", "Gemma-3-4B-Q4_0"]
        v = vb.together(pair, gpu="3060-12gb", n_ctx=8192)
        alone = [vb.plan(m, gpu="3060-12gb", n_ctx=8192).used for m in pair]
        self.assertTrue(v["fits"])
        self.assertEqual(v["devices"][0]["used_bytes"], sum(alone))
        card = vb.Device("a card", 8 * 2**30, cc=8.6, n_sm=82)
        small = vb.together(pair, gpu=card, n_ctx=8192)
        self.assertFalse(small["fits"])
        self.assertEqual([s["models"] for s in small["subsets"]], [[m] for m in pair])
        for wrong in ([], pair[:1]):
            with self.assertRaisesRegex(vb.InvalidArgumentError, "two models"):
                vb.together(wrong, gpu="3060-12gb")

    @unittest.skipUnless(PROGRAM, "the program was not built")
    def test_compare_is_the_programs_json(self):
        both = [MODEL, "Qwen3.6-27B-Q8_0"]
        c = vb.compare(both, gpu="5090", n_parallel=1)
        self.assertEqual(list(c), printed("compare", *both, *"--gpu 5090 -np 1".split())["files"])
        # a name that does not say which file means the best that runs, as for the program
        for name in ("Qwen3-32B", "Qwen3-8B"):
            asked = vb.compare([name, MODEL], gpu="3090", n_ctx=8192)
            shown = printed("compare", name, MODEL, *"--gpu 3090 -c 8192".split())["files"]
            self.assertEqual(list(asked), shown)

    def test_compare(self):
        c = vb.compare([MODEL, "Qwen3.6-27B-Q8_0"], gpu="5090")
        self.assertEqual(len(c), 2)
        self.assertLess(c[0]["bits_per_weight"], c[1]["bits_per_weight"])
        self.assertEqual(c[0]["size_bytes"], vb.open_model(MODEL).tensor_bytes)
        for t, most in c[0]["largest"].items():
            self.assertEqual(
                most["n_ctx"], vb.max_context(MODEL, gpu="5090", type_k=t, type_v=t).n_ctx)
        self.assertIn("<table", c._repr_html_())
        self.assertIn(MODEL, repr(c))
        self.assertEqual(vb.compare(MODEL, gpu="5090")[0], c[0])
        self.assertEqual(vb.compare([vb.open_model(MODEL)], gpu="5090")[0], c[0])
        card = vb.Device("a card", 24 * 2**30, cc=8.6, n_sm=82, driver_context=0)
        self.assertEqual(
            vb.compare(MODEL, gpu=card, n_ctx=4096)[0]["spare_bytes"],
            vb.plan(MODEL, gpu=card, n_ctx=4096).spare)
        alone, drafted = vb.compare("Qwen3-32B", gpu="5090"), vb.compare(
            "Qwen3-32B", gpu="5090", draft=vb.open_model("Qwen3-0.6B"))
        self.assertLess(drafted[0]["largest"]["f16"]["n_ctx"], alone[0]["largest"]["f16"]["n_ctx"])
        self.assertEqual(c.to_dict()["model"], [r["model"] for r in c])
        # of one that nobody measured KLD is estimated, and one that does not fit has no speed
        mixed = vb.compare([MODEL, "gpt-oss-120b"], gpu="3090", n_ctx=4096).to_dict()
        self.assertEqual(mixed["fits"], [True, False])
        self.assertIsNone(mixed["speed"][1])
        self.assertEqual(len(vb.compare([], gpu="5090")), 0)
        with self.assertRaisesRegex(vb.InvalidArgumentError, "all of them as models"):
            vb.compare([MODEL], gpu="5090", model=MODEL)


class Shown(unittest.TestCase):
    def test_bars_have_one_scale(self):
        # a card of 24 GiB and one of 8: the second's grey is a third of the first's
        b = vb.plan("Qwen3-8B", n_ctx=8192, tensor_split=[2, 1],
                    gpu=[vb.Device("large", 24 * 2**30), vb.Device("small", 8 * 2**30)])
        grey = re.findall(r"width:([0-9.]+)%;background:rgba", b._repr_html_())
        self.assertEqual(grey, ["100.000", "33.333"])

    def test_html_says_what_others_hold(self):
        b = vb.plan("Qwen3-8B", gpu="3090", n_ctx=8192, free=20 * 2**30)
        self.assertEqual(b.devices[0].others.size, b.devices[0].total - 20 * 2**30)
        self.assertIn("held by others", b._repr_html_())

    def test_a_draft_has_colours_of_its_own(self):
        text = vb.plan("Qwen3-32B", gpu="5090", draft="Qwen3-0.6B", n_ctx=8192)._repr_html_()
        fills = [re.findall(rf"background:([^\"]+)\"></span>{t}<", text)[0]
                 for t in ("weights", "draft_weights", "draft_kv_cache")]
        self.assertEqual(len(set(fills)), 3)

    def test_html_does_not_leave_looks_to_the_notebook(self):
        # Jupyter puts tables in the middle, right-aligned and with stripes, unless told otherwise
        for shown in (vb.plan("Qwen3-8B", gpu="3090", n_ctx=8192), vb.max_context(MODEL, gpu="3090"),
                      vb.compare(MODEL, gpu="5090"), vb.sweep(MODEL, "3090", 4096)):
            text = shown._repr_html_()
            for tag, wanted in (("table", "margin:0"), ("tr", "background:none"),
                                ("td", "text-align:"), ("th", "text-align:")):
                for style in re.findall(rf"<{tag}\b([^>]*)>", text):
                    self.assertIn(wanted, style)

    def test_html_has_every_term(self):
        b = vb.plan(MODEL, gpu="3090", n_ctx=8192)
        text = b._repr_html_()
        for t in b.devices[0].terms:
            self.assertIn(t.name, text)
            self.assertIn(f"{t.size / 2**20:,.1f} MiB", text)
        self.assertNotIn("<script", text)

    def test_html_is_escaped(self):
        card = vb.Device("<b>card</b>", 24 * 2**30)
        self.assertNotIn("<b>card", vb.plan(MODEL, gpu=card, n_ctx=8192)._repr_html_())

    def test_repr(self):
        b = vb.plan(MODEL, gpu="3090", n_ctx=8192)
        self.assertIn("8,192 tokens", repr(b))
        self.assertNotIn("\n", repr(b))
        self.assertIn("qwen35", repr(vb.open_model(MODEL)))


class Errors(unittest.TestCase):
    def fails(self, kind, code, call):
        with self.assertRaises(kind) as raised:
            call()
        self.assertIsInstance(raised.exception, vb.Error)
        self.assertEqual(raised.exception.code, code)
        self.assertTrue(str(raised.exception))
        return str(raised.exception)

    def test_names(self):
        self.fails(vb.NotFoundError, "not_found", lambda: vb.open_model("no such model"))
        self.fails(LookupError, "not_found", lambda: vb.plan(MODEL, gpu="no such card", n_ctx=8192))
        self.fails(vb.NotFoundError, "not_found", lambda: vb.gpus("no such card"))

    def test_options(self):
        why = self.fails(vb.InvalidArgumentError, "invalid_argument",
                         lambda: vb.plan(MODEL, gpu="3090", n_cxt=8192))
        self.assertIn("n_cxt", why)
        self.fails(ValueError, "invalid_argument",
                   lambda: vb.plan(MODEL, gpu="3090", n_ctx=8192, type_k="q3"))
        self.fails(vb.InvalidArgumentError, "invalid_argument",
                   lambda: vb.plan(MODEL, gpu="3090", n_ctx=8192, type_v="q8_0", flash_attn=False))
        self.fails(vb.InvalidArgumentError, "invalid_argument",
                   lambda: vb.plan(MODEL, gpu="3090", n_ctx=8192, ngl={"a": 1}))

    def test_every_wrong_argument_is_told(self):
        card = vb.Device("card", 2**34)
        for call, told in [
            (lambda: vb.plan(MODEL, "3090", n_cxt=8192), "'n_cxt' is no option of a plan; nearest: n_ctx"),
            (lambda: vb.plan(MODEL, "3090", n_ctx=8192, c=4096), "'n_ctx' and 'c' are the same option"),
            (lambda: vb.plan(MODEL, "3090", n_ctx=-1), "'-1'"),
            (lambda: vb.plan(MODEL, "3090", n_ctx=8192.5), "'8192.5'"),
            (lambda: vb.plan(MODEL, "3090", type_k=""), "type_k"),
            (lambda: vb.plan(MODEL, "3090", tensor_split=[float("nan")]), "finite"),
            (lambda: vb.plan(MODEL, "3090", ngl=object()), "no option's value"),
            (lambda: vb.plan(MODEL, "3090", offload_kqv="yes"), "offload_kqv: true or false"),
            (lambda: vb.plan(MODEL, 3090), "gpu: 3090"),
            (lambda: vb.plan(MODEL, [card, 3090]), "gpu: 3090"),
            (lambda: vb.plan(MODEL, ""), "gpu"),
            (lambda: vb.max_context(MODEL, "3090", limit=-1), "limit: -1"),
            (lambda: vb.sweep(MODEL, "3090", -1), "n_ctx: -1"),
            (lambda: vb.sweep(MODEL, "3090", [4096, 2**33]), f"n_ctx: {2**33}"),
            (lambda: vb.sweep(MODEL, "3090", "4096"), "n_ctx: '4096'"),
            (lambda: vb.sweep(MODEL, "3090", 4096, n_parallel=[1.5]), "n_parallel: [1.5]"),
            (lambda: vb.sweep(MODEL, "3090", 4096, cache_types=[("f16",)]), "cache_types: ('f16',)"),
            (lambda: vb.sweep(MODEL, "3090", 4096, type_k="q8_0"), "'type_k' is given as cache_types"),
            (lambda: vb.sweep(MODEL, "3090", 4096, md=MODEL), "draft"),
            (lambda: vb.Device("card", 0), "total is 0"),
            (lambda: vb.Device("card", 10, free=20), "free is 20 of 10"),
            (lambda: vb.Device("card", 10, cc=-1), "cc is"),
        ]:
            with self.subTest(told=told):
                why = self.fails(vb.InvalidArgumentError, "invalid_argument", call)
                self.assertIn(told, why)
                self.assertNotIn("\n", why)

    def test_flags_are_also_numbers(self):
        def used(**options):
            return vb.plan("gpt-oss-20b", gpu="3090", n_ctx=8192, **options).used

        self.assertEqual(used(cpu_moe=0, offload_kqv=1), used())
        self.assertEqual(used(cpu_moe=1), used(cpu_moe=True))
        self.assertEqual(used(offload_kqv=0), used(nkvo=True))
        self.assertLess(used(cpu_moe=1), used())

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.gguf")
            with open(path, "wb") as f:
                f.write(b"GGUF\3\0\0\0\1")
            self.assertIn(path, self.fails(vb.FormatError, "truncated", lambda: vb.open_model(path)))
            with open(path, "wb") as f:
                f.write(b"no model at all, but long enough for a header")
            self.fails(vb.FormatError, "bad_format", lambda: vb.open_model(path))


class Threads(unittest.TestCase):
    def test_planning_lets_others_run(self):
        # one call that takes long: nothing but its end gives the lock back, were it held; what Python does
        # around it gives it back anyway, so only ticks within count
        models = [vb.open_model(m) for m in ("Qwen3-32B", MODEL)]
        compiled, within, done = vb._core.sweep, threading.Event(), threading.Event()

        def watched(*args):
            within.set()
            try:
                return compiled(*args)
            finally:
                within.clear()

        def work():
            vb.sweep(models, ["3090", "2x3090", "4090"], range(256, 131072, 32),
                     cache_types=["f16", "q8_0", "q4_0"])
            done.set()

        ticks = 0
        with unittest.mock.patch.object(vb._core, "sweep", watched):
            thread = threading.Thread(target=work)
            thread.start()
            while not done.is_set():
                time.sleep(0.001)
                ticks += within.is_set()
            thread.join()
        self.assertGreater(ticks, 10)

    def test_at_once(self):
        found = []
        threads = [threading.Thread(target=lambda n=n: found.append(
            (n, vb.plan(MODEL, gpu="3090", n_ctx=n).run["n_ctx"]))) for n in (4096, 8192, 16384, 32768)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(found), [(n, n) for n in (4096, 8192, 16384, 32768)])


class Catalogues(unittest.TestCase):
    def test_gpus(self):
        self.assertGreater(len(vb.gpus()), 50)
        (card,) = vb.gpus("3090")
        self.assertEqual((card.name, card.compute_capability), ("NVIDIA GeForce RTX 3090", "8.6"))
        self.assertEqual(vb.plan(MODEL, gpu=card, n_ctx=8192).devices[0].gpu, card.name)

    def test_runs_in_a_pasted_text(self):
        runs = vb.find_runs("services:\n  llm:\n    image: ghcr.io/ggml-org/llama.cpp:server-cuda\n"
                            f"    command: -m {MODEL} -c 4096 -ctk q8_0 -nkvo -np 1 --port 80 --rpc x --lora a,b --lora c:0.5\n")
        self.assertEqual([r["name"] for r in runs], ["llm"])
        options = runs[0]["options"]
        self.assertEqual(options, {"model": MODEL, "n_ctx": "4096", "type_k": "q8_0", "offload_kqv": False,
                                   "n_parallel": "1", "loras": "a,b,c:0.5"})
        self.assertIn("--rpc: not modelled is devices of other machines", runs[0]["notes"])
        del options["loras"]
        budget = vb.plan(vb.open_model(options.pop("model")), gpu="3090", **options)
        self.assertEqual(budget.to_dict()["run"]["n_ctx"], 4096)
        self.assertEqual(budget.devices[0].of("kv_cache"), 0)
        with self.assertRaises(vb.NotFoundError):
            vb.find_runs("nothing of this kind")

    def test_template(self):
        def text(b):
            return len(b).to_bytes(8, "little") + b

        def entry(key, value):
            return text(key) + (8).to_bytes(4, "little") + text(value)

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.gguf")
            with open(path, "wb") as f:
                f.write(b"GGUF" + (3).to_bytes(4, "little") + (0).to_bytes(8, "little") + (2).to_bytes(8, "little"))
                f.write(entry(b"general.architecture", b"qwen35"))
                f.write(entry(b"tokenizer.chat_template", b'tools tool_calls <tool_call>{"name"'))
            t = vb.template(path)
            self.assertEqual(t["verdict"], "other dialect")
            self.assertEqual(t["tool_format"], "JSON_NATIVE")
            self.assertEqual(t, printed("template", path))
        with self.assertRaises(vb.NotFoundError):
            vb.template("no such file")

    def test_models(self):
        self.assertIn(MODEL, [m["name"] for m in vb.models()])
        m = vb.open_model(MODEL)
        self.assertEqual(m.to_dict()["n_params"], m.n_params)
        files = {f["quantization"]: f for f in vb.models("Qwen3-8B")}
        self.assertEqual(files["Q8_0"]["n_params"], 8190735360)
        self.assertLess(files["Q4_K_M"]["data_bytes"], files["Q8_0"]["data_bytes"])
        with self.assertRaises(vb.NotFoundError):
            vb.models("no such model")

    def test_other_file_types_of_a_model(self):
        b = vb.plan("Qwen3-8B-Q5_K_M", gpu="3060-12g", n_ctx=8192)
        self.assertEqual({t.basis for t in b.devices[0].terms if t.name == "weights"}, {"assumed"})
        self.assertTrue(any("llama-quantize" in n and "Q5_K_M" in n for n in b.notes))

    def test_probe_without_a_driver(self):
        try:
            machine = vb.probe()
        except vb.IoError as e:
            self.assertEqual(e.code, "io")
        else:
            self.assertTrue(all(d.total > 0 for d in machine.devices))


if __name__ == "__main__":
    unittest.main()
