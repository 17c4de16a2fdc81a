"""The package's types as pyright sees them, too."""

import json
import os
import subprocess
import sys
import unittest

try:
    import pyright  # noqa: F401
except ImportError:
    print("skipped: no pyright, pip install pyright")
    sys.exit(77)

import vrambudget

PACKAGE = os.path.dirname(os.path.realpath(vrambudget.__file__))


class Types(unittest.TestCase):
    def test_nothing_is_found(self):
        env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        done = subprocess.run([sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, PACKAGE],
                              capture_output=True, text=True, env=env, cwd=PACKAGE, check=False)
        found = [d for d in json.loads(done.stdout)["generalDiagnostics"]
                 if d["severity"] == "error" and d.get("rule") != "reportMissingImports"]  # what is not installed
        self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main()
