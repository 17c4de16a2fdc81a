"""The shared library reads a model on a server and says nothing on the terminal, whatever there is to tell.

usage: library_test.py LIBRARY [unittest's arguments]
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from fault_server import Server
from gguf_file import Model

LIBRARY = sys.argv.pop(1)

# opens a model as the caller of a C library does, and exits with the status it gets
OPEN = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
model, error = ctypes.c_void_p(), ctypes.c_char_p()
options = sys.argv[3].encode()
status = library.vrambudget_open_model(sys.argv[2].encode(), options, ctypes.byref(model), ctypes.byref(error))
sys.exit(status)
"""


class LibraryTest(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="vrambudget-library-")
        self.addCleanup(shutil.rmtree, self.home)
        self.server = Server()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        # several files and a projector: the program tells which one it takes
        names = ["Tiny-Q4_K_M.gguf", "Tiny-Q8_0.gguf", "mmproj-F16.gguf"]
        self.server.repositories["org/Tiny-GGUF"] = [{"type": "file", "path": n, "size": 1} for n in names]
        for name in names:
            self.server.files["org/Tiny-GGUF/resolve/main/" + name] = Model(1000, 2, name=name)

    def open(self, name, options="{}"):
        env = {"HOME": self.home, "PATH": os.environ["PATH"], "no_proxy": "*", "HF_ENDPOINT": self.server.url}
        return subprocess.run([sys.executable, "-c", OPEN, LIBRARY, name, options], env=env, capture_output=True,
                              text=True, timeout=60)

    def test_it_is_silent(self):
        o = self.open("hf:org/Tiny-GGUF")
        self.assertEqual((o.returncode, o.stdout, o.stderr), (0, "", ""))
        self.assertTrue(any(r.path.endswith("Tiny-Q4_K_M.gguf") for r in self.server.requests))

    def test_failures_are_values(self):
        for name, options in (("hf:org/nothing", '{"retries": 0}'), ("hf:org", "{}"),
                              ("hf:org/Tiny-GGUF", '{"offline": true, "no_cache": true}')):
            o = self.open(name, options)
            self.assertEqual((o.stdout, o.stderr), ("", ""))
            self.assertNotIn(o.returncode, (0, 70))

    def test_options_of_sources_hold_for_one_request(self):
        self.assertNotEqual(self.open("hf:org/Tiny-GGUF:Q8_0", '{"offline": true}').returncode, 0)
        self.assertEqual(self.server.requests, [])
        self.assertEqual(self.open("hf:org/Tiny-GGUF:Q8_0", '{"no_cache": true}').returncode, 0)
        self.assertFalse(os.path.exists(os.path.join(self.home, ".cache")))


if __name__ == "__main__":
    unittest.main()
