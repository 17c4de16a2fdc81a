"""What packaging/wheels packs of a build: names, tags, what a wheel tells of itself, and that two of it are alike."""

import base64
import email
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile
from pathlib import Path

root = Path(__file__).resolve().parents[2]
version = re.search(r'VRAMBUDGET_VERSION\s+"(.+)"', (root / "include/vrambudget/version.hpp").read_text())[1]
when = 1750000000


class Wheels(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, text in {"build/bindings/python/3.9/_core.cpython-39-x86_64-linux-gnu.so": "of 3.9",
                           "build/bindings/python/3.13/_core.cpython-313-x86_64-linux-gnu.so": "of 3.13",
                           "build/vrambudget": "the program", "papers/INSIDE.md": "parts", "papers/README.md": "not meant",
                           "papers/licences/libc++": "a licence"}.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)

    def packed(self, out):
        (self.folder / out).mkdir()
        subprocess.run([sys.executable, root / "packaging/wheels", self.folder / "build", self.folder / "papers",
                        "manylinux_2_31_x86_64", self.folder / out], check=True,
                       env={**os.environ, "SOURCE_DATE_EPOCH": str(when)})
        return {file.name: file for file in (self.folder / out).iterdir()}

    def test_names_and_contents(self):
        wheels = self.packed("out")
        tags = {f"vrambudget-{version}-cp{n}-cp{n}-manylinux_2_31_x86_64.whl": n for n in ("39", "313")}
        self.assertEqual(set(wheels), set(tags))
        sources = subprocess.run(["git", "ls-files", "."], cwd=root / "bindings/python/vrambudget", capture_output=True,
                                 text=True).stdout.split()
        for name, n in tags.items():
            wheel = zipfile.ZipFile(wheels[name])
            about = f"vrambudget-{version}.dist-info"
            program, module = f"vrambudget-{version}.data/scripts/vrambudget", f"vrambudget/_core.cpython-{n}-x86_64-linux-gnu.so"
            self.assertEqual(wheel.read(module).decode(), {"39": "of 3.9", "313": "of 3.13"}[n])
            self.assertEqual(wheel.getinfo(program).external_attr >> 16 & 0o777, 0o755)
            self.assertIn("vrambudget/fleet/__main__.py", wheel.namelist())
            expected = {program, module} | {f"{about}/{part}" for part in (
                "METADATA", "WHEEL", "RECORD", "licenses/INSIDE.md", "licenses/licences/libc++")}
            if sources:  # of a clone; an archive of the sources has no list
                self.assertEqual(set(wheel.namelist()), expected | {f"vrambudget/{source}" for source in sources})
            self.assertIn(f"Tag: cp{n}-cp{n}-manylinux_2_31_x86_64\n", wheel.read(f"{about}/WHEEL").decode())
            self.assertEqual({entry.date_time for entry in wheel.infolist()}, {time.gmtime(when)[:6]})

    def test_what_it_tells_of_itself(self):
        wheel = zipfile.ZipFile(next(iter(self.packed("out").values())))
        about = f"vrambudget-{version}.dist-info"
        told = email.message_from_bytes(wheel.read(f"{about}/METADATA"))
        self.assertEqual((told["Name"], told["Version"], told["Requires-Python"]), ("vrambudget", version, ">=3.9"))
        self.assertIn('dask[distributed]; extra == "dask"', told.get_all("Requires-Dist"))
        self.assertEqual(told.get_all("License-File"), ["INSIDE.md", "licences/libc++"])
        self.assertTrue(wheel.read(f"{about}/METADATA").endswith(b"\n\n" + (root / "README.md").read_bytes()))
        lines = [line.rsplit(",", 2) for line in wheel.read(f"{about}/RECORD").decode().splitlines()]
        self.assertEqual({name for name, _, _ in lines}, set(wheel.namelist()))
        for name, digest, size in lines:
            if name.endswith("/RECORD"):
                continue
            data = wheel.read(name)
            self.assertEqual(int(size), len(data))
            hashed = hashlib.sha256(data).digest()
            self.assertEqual(digest, "sha256=" + base64.urlsafe_b64encode(hashed).decode().rstrip("="))

    def test_two_are_alike(self):
        one, other = self.packed("one"), self.packed("other")
        for name, file in one.items():
            self.assertEqual(file.read_bytes(), other[name].read_bytes())


if __name__ == "__main__":
    if sys.version_info < (3, 11):
        print("packaging/wheels is for Python 3.11 or newer")
        sys.exit(77)
    unittest.main()
