"""What the program keeps is there whole or as it was before, however its run ends.

usage: writes_test.py PROGRAM FAKE_DRIVERS [unittest's arguments]
"""
import json
import os
import random
import resource
import signal
import stat
import sys
import tempfile
import time
import unittest
from subprocess import DEVNULL, Popen

from hostile import PROGRAM, Outcome
from fault_server import Server
from gguf_file import Model

DRIVERS = sys.argv.pop(1)
RUN = ["Qwen3-8B-Q8_0", "--gpu", "3090", "-c", "4096"]


class Writes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vrambudget-hostile-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.env = {"XDG_CONFIG_HOME": self.folder + "/config", "XDG_CACHE_HOME": self.folder + "/cache",
                    "HOME": self.folder, "no_proxy": "*", "LD_LIBRARY_PATH": os.path.join(DRIVERS, "whole")}

    def run_program(self, *args, **how):
        return Outcome(*args, env=self.env, **how)

    def kill_during(self, *args, within):
        """Ends the program at any time of its run."""
        p = Popen([PROGRAM, *args], env={**os.environ, **self.env}, stdout=DEVNULL, stderr=DEVNULL)
        time.sleep(random.uniform(0, within))
        p.send_signal(signal.SIGKILL)
        p.wait()

    def files(self, folder):
        return sorted(os.path.join(at, n) for at, _, names in os.walk(os.path.join(self.folder, folder)) for n in names)

    def check_private(self, path):
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600, path)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode), 0o700, path)


class Calibration(Writes):
    def calibrate(self, used, **how):
        return self.run_program("calibrate", "--used", "%dMiB" % used, *RUN, **how)

    def kept(self):
        o = self.run_program("calibrate", "--json")
        self.assertEqual(o.status, 0, o.err)
        return [m["used_bytes"] >> 20 for d in json.loads(o.out)["devices"] for m in d["measurements"]]

    def test_it_is_this_users_alone(self):
        self.assertEqual(self.calibrate(11000).status, 0)
        for path in self.files("config"):
            self.check_private(path)

    def test_a_run_that_is_killed_loses_nothing_and_leaves_nothing(self):
        self.assertEqual(self.calibrate(11000).status, 0)
        for i in range(40):
            self.kill_during("calibrate", "--used", "%dMiB" % (11001 + i), *RUN, within=0.04)
            kept = self.kept()
            self.assertEqual(kept[0], 11000)
        self.assertEqual(self.calibrate(12000).status, 0)
        self.assertEqual({os.path.basename(p) for p in self.files("config")}, {"calibration.json", "calibration.json.lock"})

    def test_a_disk_that_is_full_keeps_what_was_there(self):
        self.assertEqual(self.calibrate(11000).status, 0)
        for most in (0, 1, 100, 300):
            o = self.calibrate(11500, limits=[(resource.RLIMIT_FSIZE, most)])
            self.assertEqual(o.status, 3, o.err)
            self.assertIn(b"calibration.json: cannot be written: File too large", o.err)
            self.assertEqual(o.err.count(b"\n"), 1)
            self.assertEqual(self.kept(), [11000])
        self.assertEqual(len(self.files("config")), 2)

    def test_what_another_process_left_half_written_is_taken_over(self):
        self.assertEqual(self.calibrate(11000).status, 0)
        with open(self.folder + "/config/vrambudget/calibration.json.new", "w") as f:
            f.write("{\"half" * 10000)
        self.assertEqual(self.calibrate(11500).status, 0)
        self.assertEqual(self.kept(), [11000, 11500])
        self.assertEqual(len(self.files("config")), 2)

    def test_a_link_in_its_place_is_not_written_through(self):
        self.assertEqual(self.calibrate(11000).status, 0)
        victim = os.path.join(self.folder, "victim")
        with open(victim, "w") as f:
            f.write("mine")
        os.symlink(victim, self.folder + "/config/vrambudget/calibration.json.new")
        self.assertEqual(self.calibrate(11500).status, 0)
        with open(victim) as f:
            self.assertEqual(f.read(), "mine")


class Headers(Writes):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.files["m.gguf"] = Model(100_000, 2)
        cls.url = cls.server.url + "/range/m.gguf"

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def inspect(self, *args, **how):
        o = self.run_program("inspect", self.url, "--json", *args, **how)
        self.assertEqual(o.status, 0, o.err)
        return json.loads(o.out)["transfer"]["bytes"]

    def test_they_are_this_users_alone_also_where_the_folder_was_not(self):
        os.makedirs(self.folder + "/cache/vrambudget/headers", mode=0o755)
        self.inspect()
        self.assertEqual(len(self.files("cache")), 1)
        self.check_private(self.files("cache")[0])

    def test_a_bit_that_turned_is_noticed_and_the_header_fetched_again(self):
        sent = self.inspect()
        self.assertEqual(self.inspect(), 0)
        path, = self.files("cache")
        with open(path, "rb") as f:
            whole = f.read()
        for at in [0, 25, 40, 90, 130] + random.sample(range(len(whole)), 25):
            turned = bytearray(whole)
            turned[at] ^= 1 << random.randrange(8)
            with open(path, "wb") as f:
                f.write(turned)
            self.assertEqual(self.run_program("inspect", self.url, "--offline").status, 3, "byte %d" % at)
            self.assertEqual(self.inspect(), sent, "byte %d" % at)

    def test_a_run_that_is_killed_leaves_nothing_that_the_next_one_believes(self):
        for _ in range(25):
            self.kill_during("inspect", self.url, within=0.06)
        os.makedirs(self.folder + "/cache/vrambudget/headers", exist_ok=True)
        with open(self.folder + "/cache/vrambudget/headers/0123456789abcdef.header.new", "w") as f:
            f.write("half")
        self.inspect("--no-cache")
        for path in self.files("cache"):
            if path.endswith(".header"):
                os.unlink(path)
        self.inspect()
        self.assertEqual([p[-7:] for p in self.files("cache")], [".header"])
        self.assertEqual(self.inspect(), 0)

    def test_a_disk_that_is_full_costs_the_kept_header_alone(self):
        for most in (0, 1000, 100_000):
            self.inspect(limits=[(resource.RLIMIT_FSIZE, most)])
            self.assertEqual(self.files("cache"), [])


class Recordings(Writes):
    def test_a_run_that_is_killed_leaves_the_old_recording_or_the_new_one(self):
        path = self.folder + "/recording.json"
        self.assertEqual(self.run_program("probe", "--dump", path).status, 0)
        for _ in range(25):
            self.kill_during("probe", "--dump", path, within=0.03)
            with open(path) as f:
                self.assertIn("devices", json.load(f))
        self.assertEqual(self.run_program("probe", "--dump", path).status, 0)
        self.assertEqual(os.listdir(self.folder), ["recording.json"])

    def test_a_disk_that_is_full_keeps_the_old_recording(self):
        path = self.folder + "/recording.json"
        self.assertEqual(self.run_program("probe", "--dump", path).status, 0)
        with open(path) as f:
            before = f.read()
        o = self.run_program("probe", "--dump", path, limits=[(resource.RLIMIT_FSIZE, 100)])
        self.assertEqual(o.status, 3)
        self.assertIn(b"File too large", o.err)
        with open(path) as f:
            self.assertEqual(f.read(), before)
        self.assertEqual(os.listdir(self.folder), ["recording.json"])


class Templates(Writes):
    def write_model(self):
        m = Model(1000, 2)
        with open(self.folder + "/m.gguf", "wb") as f:
            f.write(m.header)
            f.truncate(m.size)
        with open(self.folder + "/t", "w") as f:
            f.write("{{ messages }}" * 1000)
        return self.folder + "/m.gguf"

    def test_closed_standard_files_are_never_the_model(self):
        path = self.write_model()
        p = Popen(["sh", "-c", 'exec "$@" >&- 2>&- <&-', "sh", PROGRAM, "template", path, "--set", self.folder + "/t"],
                  env={**os.environ, **self.env})
        self.assertEqual(p.wait(), 74)  # it is done, and cannot be told
        o = self.run_program("template", path, "--text")
        self.assertEqual(o.out.decode(), "{{ messages }}" * 1000)

    def test_a_disk_that_is_full_leaves_the_model_as_it_was(self):
        path = self.write_model()
        with open(path, "rb") as f:
            before = f.read(1 << 20)
        for most in (0, 100, 20_000):
            o = self.run_program("template", path, "--set", self.folder + "/t", limits=[(resource.RLIMIT_FSIZE, most)])
            self.assertEqual(o.status, 3, o.err)
            with open(path, "rb") as f:
                self.assertEqual(f.read(1 << 20), before)
        self.assertEqual(sorted(os.listdir(self.folder)), ["m.gguf", "t"])


if __name__ == "__main__":
    unittest.main()
