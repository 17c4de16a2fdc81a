"""Questions as lines: each has its answer, in order, at once, whatever the others are."""
import json
import os
import subprocess
import tempfile
import threading
import time
import unittest

import hostile
from gguf_file import Model
from hostile import PROGRAM, Outcome, write

RUN = {"model": "Qwen3-8B-Q8_0", "gpu": "3090", "ctx_size": 8192}


def answers(*lines, **how):
    """What each line is answered; those that are no bytes are JSON."""
    text = b"".join((x if isinstance(x, bytes) else json.dumps(x).encode()) + b"\n" for x in lines)
    with tempfile.TemporaryFile() as f:
        f.write(text)
        f.seek(0)
        o = Outcome("batch", stdin=f, **how)
    assert o.status == 0, o.err
    return [json.loads(x) for x in o.out.splitlines()]


def started(*args):
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    return subprocess.Popen([PROGRAM, "batch", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)


def resident(process):
    """MiB that a process takes."""
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


class Batch(unittest.TestCase):
    def test_an_answer_is_what_the_program_prints(self):
        (one,) = answers({"id": 1, **RUN})
        printed = json.loads(Outcome(RUN["model"], "--gpu", "3090", "-c", "8192", "--json").out)
        self.assertEqual(one, {"id": 1, "answer": printed})
        for what, command in (("cards", ["cards", RUN["model"], "-c", "8192"]),
                              ("trade", ["trade", RUN["model"], "--gpu", "3090", "-c", "8192"]),
                              ("best", ["best", RUN["model"], "--gpu", "3090", "-c", "8192"])):
            asked = {k: v for k, v in RUN.items() if what != "cards" or k != "gpu"}
            (one,) = answers({"do": what, **asked})
            self.assertEqual(one["answer"], json.loads(Outcome(*command, "--json").out), what)

    def test_every_deed_is_done(self):
        one = {"model": "Qwen3-0.6B-Q8_0", "gpu": "3090", "ctx_size": 4096}
        two = {"models": ["Qwen3-0.6B-Q8_0", "Qwen3-1.7B-Q8_0"], "gpu": "3090", "ctx_size": 4096}
        asked = [{"do": "max_context", "limit": 2048, **{k: one[k] for k in ("model", "gpu")}},
                 {"do": "emit", "program": "ollama", **one}, {"do": "rank", "gpu": "3090", "family": "qwen3"},
                 {"do": "compare", **two}, {"do": "together", **two},
                 {"do": "recipe", "model": "Qwen3-0.6B", "recipe": {"base": "Q4_K_M"}, "gpu": "3090"},
                 {"do": "gpus", "name": "3090"}, {"do": "models", "name": "Qwen3-8B"},
                 {"do": "paste", "text": "llama-server -m Qwen3-8B-Q8_0.gguf -c 4096"},
                 {"do": "sweep", "models": two["models"], "grid": {"gpus": ["3090"], "n_ctx": [4096, 8192]}}]
        for line, got in zip(asked, answers(*asked)):
            self.assertIn("answer", got, line["do"])
        got = answers(*asked)
        self.assertEqual(got[0]["answer"], {"n_ctx": 2048, "n_ctx_loads": 2048, "bound_by": "limit"})
        self.assertEqual(len(got[9]["answer"]["columns"]["used"]), 4)

    def test_answers_come_in_order_with_what_their_questions_are_called(self):
        ids = [7, "seven", None, [1, {"a": 2}], 0.5, {"of": "many"}]
        got = answers(*({"id": i, **RUN, "ctx_size": 1024 * (n + 1)} for n, i in enumerate(ids)))
        self.assertEqual([g["id"] for g in got], ids)
        self.assertEqual([g["answer"]["run"]["n_ctx"] for g in got], [1024 * (n + 1) for n in range(6)])

    def test_a_bad_line_is_answered_and_the_rest_goes_on(self):
        bad = [b"nonsense", b"[]", b"3", b'{"id": 1', b"\xff\xfe", b"\0", b"[" * 100000, b'{"do": 1}', b'{"do": "dance"}',
               b'{"id": 2, "gpus": "3090"}', b'{"do": "compare", "models": [1]}', b'{"do": "together", "models": []}',
               b'{"id": "x", "model": "/no/such/file.gguf", "gpu": "3090"}', b'{"model": "Qwen3-8B-Q8_0", "gpu": "no such card"}',
               b'{"do": "max_context", "limit": -1}', b'{"do": "recipe", "recipe": 3}', b'{"do": "check", "text": ""}',
               b'{"do": "rank", "min_ctx": 1e300}', b'{"do": "inspect", "keys": "("}',
               b'{"do": "sweep", "models": "Qwen3-8B-Q8_0", "grid": {"gpus": ["3090"], "n_ctx": '
               b'{"first": 1, "last": 2000000, "step": 1}}}']
        lines = [x for b in bad for x in (b, {"id": "good", **RUN})]
        got = answers(*lines)
        self.assertEqual(len(got), len(lines))
        for line, wrong, right in zip(bad, got[::2], got[1::2]):
            self.assertEqual(right["id"], "good")
            self.assertEqual(set(wrong["error"]), {"code", "message"}, line)
            self.assertNotEqual(wrong["error"]["code"], "bug", line)
            self.assertIn("answer", right)
        self.assertEqual(got[0], {"line": 1, "error": {"code": "bad_format", "message": "no JSON: syntax error"}})
        self.assertEqual(got[24], {"id": "x", "error": got[24]["error"]})
        self.assertEqual(got[24]["error"]["code"], "io")

    def test_blank_lines_and_a_last_one_without_an_end(self):
        got = answers(b"", b"  \r", {"id": 1, **RUN})
        self.assertEqual([g.get("id") for g in got], [1])
        p = started()
        out, _ = p.communicate(json.dumps({"id": 2, **RUN}).encode(), timeout=60)
        self.assertEqual([json.loads(x)["id"] for x in out.splitlines()], [2])

    def test_an_answer_is_there_before_the_next_question(self):
        p = started()
        for i in range(20):
            p.stdin.write(json.dumps({"id": i, **RUN}).encode() + b"\n")
            p.stdin.flush()
            self.assertEqual(json.loads(p.stdout.readline())["id"], i)
        p.stdin.close()
        self.assertEqual(p.wait(10), 0)
        p.stdout.close()

    def test_a_line_without_an_end_takes_no_memory(self):
        p = started()
        piece = b"x" * hostile.MIB
        for _ in range(300):
            p.stdin.write(piece)
        p.stdin.write(b"\n" + json.dumps({"id": 1, **RUN}).encode() + b"\n")
        p.stdin.flush()
        long = json.loads(p.stdout.readline())
        self.assertEqual((long["line"], long["error"]["code"]), (1, "limit"))
        self.assertIn("answer", json.loads(p.stdout.readline()))
        self.assertLess(resident(p), 100)  # a third of the line
        p.communicate(timeout=60)

    def test_who_does_not_read_is_not_asked_more(self):
        p = started()
        n_lines, written = 3000, []

        def ask():
            for i in range(n_lines):
                p.stdin.write(json.dumps({"id": i, **RUN}).encode() + b"\n")
                written.append(i)
            p.stdin.close()

        asks = threading.Thread(target=ask)
        asks.start()
        time.sleep(1)
        self.assertLess(len(written), n_lines)  # pipes of 64 KiB hold a few hundred questions
        self.assertLess(resident(p), 100)
        got = [json.loads(x)["id"] for x in p.stdout]
        asks.join()
        self.assertEqual(got, list(range(n_lines)))
        p.stdout.close()
        self.assertEqual(p.wait(10), 0)

    def test_a_file_that_is_another_is_read_again(self):
        with tempfile.TemporaryDirectory() as folder:
            for keep in ("64", "1", "0"):
                path = write(folder, Model(1000, 2)).decode()
                line = json.dumps({"model": path, "gpu": "3090", "ctx_size": 512}).encode() + b"\n"
                p = started("--keep", keep)

                def n_layer():
                    p.stdin.write(line)
                    p.stdin.flush()
                    return json.loads(p.stdout.readline())["answer"]["model"]["n_layer"]

                self.assertEqual([n_layer(), n_layer()], [2, 2])
                write(folder, Model(1000, 3), "other.gguf")
                os.replace(os.path.join(folder, "other.gguf"), path)
                self.assertEqual([n_layer(), n_layer()], [3, 3])
                p.communicate(timeout=10)

    def test_an_output_that_takes_nothing_ends_it(self):
        with tempfile.TemporaryFile() as f, open("/dev/full", "wb") as full:
            f.write(json.dumps(RUN).encode() + b"\n")
            f.seek(0)
            self.assertEqual(Outcome("batch", stdin=f, stdout=full).status, 74)


if __name__ == "__main__":
    unittest.main()
