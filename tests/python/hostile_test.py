"""Files whose texts are no text: what Python is given is str, and what fails is an Error."""

import os
import sys
import tempfile
import unittest

import vrambudget as vb

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../hostile"))
from hostile import NASTY, nasty, nasty_tensor, with_keys, write  # noqa: E402


class Hostile(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def check_text(self, *texts):
        for text in texts:
            text.encode()
            self.assertFalse(set(text) & set(map(chr, [*range(9), 0x1B, 0x7F, 0x9B, 0x202E])), ascii(text))

    def test_names_of_a_file(self):
        path = write(self.folder, nasty("general.name"))
        model = vb.open_model(path)
        budget = vb.plan(model, gpu="3090", n_ctx=4096)
        self.check_text(model.name, repr(model), model.to_dict()["name"], budget.to_dict()["model"]["name"])
        self.check_text(vb.max_context(model, gpu="3090").__class__.__name__)

    def test_other_texts_of_a_file(self):
        for m in (with_keys({b"general.type": NASTY, b"tokenizer.chat_template": NASTY}), nasty_tensor(b"blk.0.attn_q.weight")):
            path = write(self.folder, m)
            try:
                vb.plan(vb.open_model(path), gpu="3090", n_ctx=4096).to_dict()
            except vb.Error as e:
                self.check_text(str(e))

    def test_an_error_has_one_short_line(self):
        for value in (NASTY, b"x" * 100000):
            with self.assertRaises(vb.Error) as raised:
                vb.plan(vb.open_model(write(self.folder, nasty("general.architecture", value))), gpu="3090", n_ctx=4096)
            self.check_text(str(raised.exception))
            self.assertLessEqual(len(str(raised.exception).encode()), 500)

    def test_a_path_that_is_no_text_keeps_its_bytes(self):
        path = write(self.folder, nasty("none"), b"\xff\xfe.gguf")
        model = vb.open_model(os.fsdecode(path))
        self.assertEqual(os.fsencode(model.path), path)
        vb.plan(model, gpu="3090", n_ctx=4096).to_dict()
        with self.assertRaises(vb.Error):
            vb.open_model(os.fsdecode(path) + "none")


if __name__ == "__main__":
    unittest.main()
