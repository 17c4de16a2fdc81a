"""Types: the stubs say what the compiled module has, and the package keeps to its own types."""

import ast
import inspect
import os
import re
import subprocess
import sys
import tempfile
import unittest

import vrambudget

try:
    import mypy.api
    import mypy.stubtest  # noqa: F401
except ImportError:
    print("skipped: no mypy, apt-get install python3-mypy mypy")
    sys.exit(77)

PACKAGE = os.path.dirname(vrambudget.__file__)
UNPACK = ["--enable-incomplete-feature=Unpack"]  # mypy before 1.7


class Types(unittest.TestCase):
    def test_the_package_is_marked_as_typed(self):
        self.assertTrue(os.path.exists(os.path.join(PACKAGE, "py.typed")))

    def test_stubs_are_the_modules(self):
        # mypy finds an installed package by itself, and refuses to be led to it
        env = dict(os.environ)
        if "site-packages" not in PACKAGE:
            env["MYPYPATH"] = os.path.dirname(PACKAGE)
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-m", "mypy.stubtest", "vrambudget._core",
                 "--ignore-missing-stub", "--mypy-config-file", config(folder),
                 "--allowlist", allowlist(folder)],
                capture_output=True, text=True, cwd=folder,
                env=env, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_arguments_are_the_modules(self):
        # stubtest sees no signatures of compiled functions; pybind11 writes them in the first line
        with open(os.path.join(PACKAGE, "_core.pyi"), encoding="utf-8") as f:
            tree = ast.parse(f.read())
        stubs = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
        functions = {k: v for k, v in vars(vrambudget._core).items() if inspect.isbuiltin(v)}
        self.assertEqual(set(stubs), set(functions))
        for name, function in functions.items():
            line = function.__doc__.splitlines()[0]
            named = re.findall(r"(?:\(|, )(\w+): ", line)
            self.assertEqual([a.arg for a in stubs[name].args.args], named, line)
            simple = re.search(r"-> (str|[Ll]ist\[.*Device\]|tuple|.*Model|.*Projector|.*Table)$", line)
            self.assertIsNotNone(simple, line)
            self.assertEqual(ast.unparse(stubs[name].returns).split("[")[0].lower(),
                             simple[1].split(".")[-1].lower() if "[" not in simple[1] else "list")

    def test_the_package_keeps_to_its_types(self):
        out, err, status = mypy.api.run(["--strict", "--ignore-missing-imports", *UNPACK,
                                         "--cache-dir", os.devnull, "-p", "vrambudget"])
        self.assertEqual(status, 0, out + err)

    def test_a_wrong_option_is_found_before_it_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "wrong.py")
            with open(path, "w", encoding="utf-8") as f:
                f.write("import vrambudget as vb\nvb.plan('m', gpu='3090', n_cxt=8192)\n")
            out, _, status = mypy.api.run([*UNPACK, "--cache-dir", os.devnull, path])
        self.assertEqual(status, 1)
        self.assertIn("n_cxt", out)


def allowlist(folder):
    """pybind11's classes have a metaclass of their own, and an __init__ that refuses where there is none."""
    path = os.path.join(folder, "allowed")
    with open(path, "w", encoding="utf-8") as f:
        f.write("vrambudget._core.(Column|Device|KeptPlanner|Model|Projector|Table)\n"
                "vrambudget._core.(Column|Model|Projector|Table).__init__\n")
    return path


def config(folder):
    path = os.path.join(folder, "mypy.ini")
    with open(path, "w", encoding="utf-8") as f:
        f.write("[mypy]\nenable_incomplete_feature = Unpack\nignore_missing_imports = True\n")
    return path


if __name__ == "__main__":
    unittest.main()
