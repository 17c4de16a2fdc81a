"""What a file says never gets to a terminal, a log or a reader of JSON as it is, and what cannot be written is an error.

usage: output_test.py PROGRAM FAKE_DRIVERS [unittest's arguments]
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

from hostile import NASTY, Outcome, PROGRAM, nasty, nasty_tensor, with_keys, with_numbers, write

DRIVERS = sys.argv.pop(1)
RUN = ["--gpu", "3090", "-c", "4096"]
ACTED_ON = [c for c in range(0x20) if c not in (9, 10)] + list(range(0x7F, 0xA0)) + [
    0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)]


class Shown(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vrambudget-hostile-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def check_clean(self, what, data):
        shown = data.decode()  # raises where it is no UTF-8
        found = sorted({hex(ord(c)) for c in shown if ord(c) in ACTED_ON})
        self.assertEqual(found, [], "%s: %r" % (what, shown[:300]))

    def run_clean(self, *args, **how):
        o = Outcome(*args, **how)
        what = " ".join(os.fsdecode(a) for a in args)
        self.assertIn(o.status, (0, 1, 2, 3), "%s: %r" % (what, o.err[:300]))
        self.check_clean(what, o.out)
        self.check_clean(what, o.err)
        if o.status > 1 and not (o.out and args[0] == "check"):  # which tells what it has read all the same
            self.assertEqual(o.err.count(b"\n"), 1, what)
            self.assertLessEqual(len(o.err), 500, what)
            self.assertTrue(o.err.startswith(b"vrambudget: "), what)
        if "--json" in args:
            json.loads(o.out, parse_constant=self.fail)
            self.assertNotIn(b"1e99999", o.out)
        return o

    def commands(self, path):
        for form in ([], ["--json"], ["--svg"], ["--explain"]):
            yield [path, *RUN, *form]
        for program in ("llama-server", "ollama", "koboldcpp", "lmstudio"):
            yield [path, *RUN, "--emit", program]
        for form in ([], ["--json"], ["--keys", "."], ["--keys", ".", "--json"]):
            yield ["inspect", path, *form]
        for form in ([], ["--json"]):
            yield ["inspect", path, "Qwen3-8B-Q8_0", *form]
            yield ["template", path, *form]
            yield ["compare", path, path, *RUN, *form]
            yield ["trade", path, "--gpu", "3090", *form]
            yield ["cards", path, "-c", "4096", *form]
            yield ["best", path, "--gpu", "3090", *form]
            yield ["together", path, path, *RUN, *form]
            yield ["recipe", path, "--base", "Q4_K_M", *RUN, *form]
            yield ["calibrate", "--used", "20000MiB", path, *RUN, *form]
        yield ["models", "--add", path]

    def test_names_and_keys_of_a_file_are_shown_without_what_a_terminal_acts_on(self):
        models = {"name": nasty("general.name"), "architecture": nasty("general.architecture"),
                  "more": with_keys({b"general.type": NASTY, b"tokenizer.chat_template": NASTY * 50,
                                     b"general." + NASTY: NASTY, b"general.finetune": NASTY,
                                     b"general.quantized_by": NASTY, b"general.license": NASTY}),
                  "numbers": with_numbers({b"general.nan": float("nan"), b"general.infinite": float("inf"),
                                           b"llama.rope.scaling.factor": float("nan"), b"llama.rope.freq_base": float("-inf"),
                                           b"llama.attention.max_alibi_bias": float("inf")})}
        for which, m in models.items():
            path = write(self.folder, m)
            for args in self.commands(path):
                with self.subTest(which, args=args):
                    self.run_clean(*args)

    def test_names_of_tensors(self):
        for part in (b"token_embd.weight", b"blk.0.attn_q.weight", b"blk.1.ffn_down.weight"):
            path = write(self.folder, nasty_tensor(part))
            for args in self.commands(path):
                with self.subTest(part, args=args):
                    self.run_clean(*args)

    def test_the_path_of_a_file(self):
        path = write(self.folder, nasty("none"), NASTY.replace(b"\0", b"").replace(b"/", b"") + b".gguf")
        for args in self.commands(path):
            with self.subTest(args=args):
                self.run_clean(*args)

    def test_what_was_typed(self):
        word = NASTY.replace(b"\0", b"")
        for args in ([word], [b"--" + word], ["--gpu", word], ["--json", word], ["Qwen3-8B-Q8_0", "--gpu", word, "--json"],
                     ["Qwen3-8B-Q8_0", *RUN, "-ot", word], ["Qwen3-8B-Q8_0", *RUN, "--emit", word], [b"hf:" + word],
                     [b"http://" + word], [b"ollama:" + word], ["help", word], ["completion", word]):
            with self.subTest(args=args):
                self.assertGreaterEqual(self.run_clean(*args).status, 2)

    def test_what_was_pasted_or_logged(self):
        for command in (["check"], ["paste"]):
            for line in (b"llama-server -m " + NASTY, b"llama_model_loader: - kv 0: general.name str = " + NASTY + b"\n" +
                         b"load_tensors: CUDA0 model buffer size = 4 MiB" + NASTY, NASTY,
                         b"services:\n  a:\n    command: [\"-m\", \"" + NASTY[:20] + b"\"]\n"):
                path = os.path.join(self.folder, "text")
                with open(path, "wb") as f:
                    f.write(line + b"\n")
                for form in ([], ["--json"]):
                    with self.subTest(command, line=line, form=form):
                        self.run_clean(*command, path, "--gpu", "3090", *form)

    def test_an_error_about_a_long_name_is_one_short_line(self):
        path = write(self.folder, nasty("general.architecture", b"x" * 100000))
        for args in (["inspect", path], [path, *RUN], [path, *RUN, "--json"]):
            with self.subTest(args=args):
                self.run_clean(*args)
        o = self.run_clean("y" * 100000, *RUN)
        self.assertEqual(len(o.err), 500)
        self.assertTrue(o.err.endswith(b"...\n"))

    def test_a_template_in_a_pipe_is_as_it_is(self):
        path = write(self.folder, with_keys({b"tokenizer.chat_template": NASTY}))
        self.assertEqual(Outcome("template", path, "--text").out, NASTY)


class Written(unittest.TestCase):
    FORMS = (["Qwen3-8B-Q8_0", *RUN], ["Qwen3-8B-Q8_0", *RUN, "--json"], ["Qwen3-8B-Q8_0", *RUN, "--svg"],
             ["Qwen3-8B-Q8_0", *RUN, "--emit", "ollama"], ["inspect", "Qwen3-8B-Q8_0"], ["models"], ["gpus"],
             ["gpus", "--json"], ["engines"], ["cards", "Qwen3-8B-Q8_0", "-c", "4096"],
             ["trade", "Qwen3-8B-Q8_0", "--gpu", "3090", "--svg"], ["completion", "bash"], ["completion", "man"],
             ["--help"], ["--version"], ["plan", "--help"], ["calibrate"], ["--gpu", "3090", "-c", "4096"])

    def check_refused(self, args, **how):
        o = Outcome(*args, **how)
        self.assertEqual(o.status, 74, "%s: %r" % (args, o.err[:300]))
        self.assertTrue(o.err.splitlines()[-1].startswith(b"vrambudget: the output cannot be written"), o.err)

    def test_a_full_disk_behind_stdout(self):
        for args in self.FORMS:
            with self.subTest(args=args), open("/dev/full", "wb") as full:
                self.check_refused(args, stdout=full)

    def test_a_closed_stdout(self):
        for args in self.FORMS:
            with self.subTest(args=args):
                o = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", PROGRAM, *args],
                                   stderr=subprocess.PIPE, check=False)
                self.assertEqual(o.returncode, 74, o.stderr)
                self.assertIn(b"the output cannot be written: Bad file descriptor\n", o.stderr)

    def test_a_stderr_that_takes_nothing_changes_no_status(self):
        with open("/dev/full", "wb") as full:
            self.assertEqual(Outcome("no such thing", stderr=full).status, 2)
        self.assertEqual(subprocess.run(["sh", "-c", 'exec "$@" 2>&-', "sh", PROGRAM, "no such thing"],
                                        check=False).returncode, 2)

    def test_a_recording_that_cannot_be_written(self):
        driver = {"LD_LIBRARY_PATH": os.path.join(DRIVERS, "whole")}
        with tempfile.TemporaryDirectory() as folder:
            for path in ("/dev/full", folder, folder + "/none/x", "/proc/version"):
                with self.subTest(path):
                    o = Outcome("probe", "--dump", path, env=driver)
                    self.assertEqual(o.status, 3, o.err)
                    self.assertEqual(o.err.count(b"\n"), 1)
                    self.assertIn(path.encode() + b": cannot be written", o.err)
            self.assertTrue(os.path.exists("/dev/full"))
            o = Outcome("probe", "--dump", folder + "/x", env=driver)
            self.assertEqual(o.status, 0, o.err)
            self.assertEqual(os.listdir(folder), ["x"])

    def test_a_measurement_larger_than_the_card_is_refused(self):
        with tempfile.TemporaryDirectory() as config:
            env = {"XDG_CONFIG_HOME": config}
            for used in ("9000GiB", "25GiB"):
                o = Outcome("calibrate", "--used", used, "Qwen3-8B-Q8_0", *RUN, env=env)
                self.assertEqual(o.status, 2, o.err)
                self.assertIn(b"--used " + used.encode() + b": NVIDIA GeForce RTX 3090 has ", o.err)
            self.assertEqual(Outcome("Qwen3-8B-Q8_0", *RUN, env=env).status, 0)

    def test_credentials_of_an_address_are_written_nowhere(self):
        from fault_server import Server
        from gguf_file import Model
        server = Server()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        server.files["m.gguf"] = Model(1000, 2)
        url = server.url.replace("://", "://user:hunter2@") + "/range/m.gguf?token=hunter2"
        with tempfile.TemporaryDirectory() as home:
            env = {"HOME": home, "XDG_CACHE_HOME": home + "/cache", "no_proxy": "*", "HF_TOKEN": "hunter2"}
            for form in ([], ["--json"], ["--svg"], *(["--emit", p] for p in ("llama-server", "ollama", "koboldcpp", "lmstudio"))):
                with self.subTest(form):
                    o = Outcome(url, *RUN, *form, env=env)
                    self.assertIn(o.status, (0, 1), o.err)
                    self.assertNotIn(b"hunter2", o.out + o.err)
            kept = subprocess.run(["grep", "-r", "hunter2", home], capture_output=True, check=False)
            self.assertEqual(kept.stdout, b"")


if __name__ == "__main__":
    unittest.main()
