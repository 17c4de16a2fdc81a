"""Numbers are those of C in any locale, of the program and of one that has the library in it.

usage: locale_test.py PROGRAM LOCALE_TEST [unittest's arguments]
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from hostile import Outcome

EMBEDDING = sys.argv.pop(1)
LOCALES = ("de_DE", "hi_IN", "ar_SA")


class Locales(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.env, self.names = {"LOCPATH": folder.name}, []
        for name in LOCALES if shutil.which("localedef") else ():
            made = subprocess.run(["localedef", "-i", name, "-f", "UTF-8", os.path.join(folder.name, name)],
                                  capture_output=True, check=False)
            if made.returncode in (0, 1):  # 1: with warnings
                self.names.append(name)

    def test_a_program_under_another_locale_is_told_the_same(self):
        done = subprocess.run([EMBEDDING, *self.names], env={**os.environ, **self.env}, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_program_says_the_same(self):
        for args in (["Qwen3-8B-Q8_0", "--gpu", "2x3090", "-ts", "0.375,1.25", "--reserve", "1.5GiB", "-c", "12k", "--json"],
                     ["trade", "Qwen3-8B-Q8_0", "--gpu", "3090", "--svg"], ["Qwen3-8B-Q8_0", "--gpu", "3090"]):
            plain = Outcome(*args, env={"LC_ALL": "C"})
            self.assertEqual(plain.status, 0, plain.err)
            for name in self.names:
                self.assertEqual(Outcome(*args, env={**self.env, "LC_ALL": name}).out, plain.out, name)


if __name__ == "__main__":
    unittest.main()
