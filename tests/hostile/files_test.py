"""Files that end, change or announce what nobody has: an error each, in little time and memory.

usage: files_test.py PROGRAM [unittest's arguments]
"""
import collections
import os
import random
import resource
import struct
import tempfile
import time
import unittest
from subprocess import DEVNULL, Popen

from hostile import MIB, PROGRAM, Outcome, measured, text_of, write
from gguf_file import ARRAY, STRING, U32, Model

RUN = ["--gpu", "3090", "-c", "4096"]
ONE_TIB = 1 << 40


class Files(unittest.TestCase):
    def setUp(self):
        shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
        folder = tempfile.TemporaryDirectory(prefix="vrambudget-hostile-", dir=shared)
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "m.gguf")

    def write(self, data, size=None):
        with open(self.path, "wb") as f:
            f.write(data)
            if size:
                f.truncate(size)


def keys(n):
    return b"".join(text_of(b"k%d" % i) + struct.pack("<II", U32, i) for i in range(n))


def head(n_tensors, n_keys):
    return b"GGUF" + struct.pack("<IQQ", 3, n_tensors, n_keys)


class Changing(Files):
    def test_a_file_that_gets_shorter_while_it_is_read_is_an_error(self):
        n = 700_000
        tokens = b"".join(text_of(b"token%07d" % i) for i in range(n))
        whole = head(0, 1) + text_of(b"tokenizer.ggml.tokens") + struct.pack("<IIQ", ARRAY, STRING, n) + tokens
        ends = collections.Counter()
        for _ in range(40):
            self.write(whole)
            p = Popen([PROGRAM, "inspect", self.path], stdout=DEVNULL, stderr=DEVNULL)
            time.sleep(random.uniform(0, 0.02))
            os.truncate(self.path, 4096)
            ends[p.wait()] += 1
        self.assertEqual(set(ends) - {0, 3}, set(), "statuses %s; negative: a signal" % dict(ends))

    def test_a_file_that_is_written_to_while_it_is_read_is_an_error(self):
        m = Model()
        self.write(m.header, m.size)
        statuses = set()
        for _ in range(30):
            p = Popen([PROGRAM, self.path, *RUN], stdout=DEVNULL, stderr=DEVNULL)
            end = time.monotonic() + random.uniform(0, 0.03)
            while time.monotonic() < end:
                os.utime(self.path)
            statuses.add(p.wait())
        self.assertLessEqual(statuses, {0, 1, 3})


class Huge(Files):
    def test_a_huge_file_is_planned_in_little_address_space(self):
        m = Model()
        self.write(m.header, ONE_TIB)
        o = Outcome(self.path, *RUN, limits=[(resource.RLIMIT_AS, 400_000 * 1024)])
        self.assertIn(o.status, (0, 1), o.err)

    COMMANDS = ("inspect",), ("plan", *RUN, "--json"), ("template",)

    def check_refused(self, header, *says, size=ONE_TIB, commands=COMMANDS):
        self.write(header, size)
        for command, *options in commands:
            o = measured(command, self.path, *options)
            self.assertEqual(o.status, 3, o.err)
            self.assertEqual(o.err.count(b"\n"), 1)
            for part in says:
                self.assertIn(part, o.err)
            self.assertLess(o.peak, 200)
            self.assertLess(o.seconds, 1)

    def test_counts_that_no_model_has(self):
        self.check_refused(head(1 << 20, 1), b"tensor count at byte 8: found 1048576, expected at most 262144")
        self.check_refused(head(1, 1 << 20), b"key count at byte 16: found 1048576, expected at most 65536")
        self.check_refused(head(1 << 62, 1 << 62), b"expected at most 262144")

    def test_arrays_and_texts_that_no_header_holds(self):
        limit = b"expected at most 134217728"
        for kind, n in ((U32, 1 << 29), (STRING, 1 << 29), (U32, 1 << 26)):
            self.check_refused(head(0, 1) + text_of(b"k") + struct.pack("<IIQ", ARRAY, kind, n), limit)
        self.check_refused(head(0, 1) + text_of(b"k") + struct.pack("<IQ", STRING, 1 << 29), limit)
        self.check_refused(head(0, 1) + struct.pack("<Q", 1 << 29), limit)

    def test_many_strings_of_no_letters(self):
        n = 20 * MIB  # of 8 bytes each: over 128 MiB
        self.check_refused(head(0, 1) + text_of(b"k") + struct.pack("<IIQ", ARRAY, STRING, n), b"expected at most 134217728")

    def test_the_largest_header_that_is_read(self):
        n = 15 * MIB  # 120 MiB of strings without letters, and then no model
        self.write(head(0, 1) + text_of(b"k") + struct.pack("<IIQ", ARRAY, STRING, n), ONE_TIB)
        o = measured(self.path, *RUN)
        self.assertEqual(o.status, 3, o.err)
        self.assertLess(o.peak, 200)
        self.assertLess(o.seconds, 1)

    def test_as_many_keys_and_tensors_as_are_read(self):
        tensors = b"".join(text_of(b"t%d" % i) + struct.pack("<IQIQ", 1, 8, 0, 32 * i) for i in range(1 << 18))
        self.check_refused(head(1 << 18, 1 << 16) + keys(1 << 16) + tensors, b"general.architecture",
                           commands=self.COMMANDS[1:2])

    def test_no_memory_is_no_bug(self):
        self.write(head(0, 1) + text_of(b"k") + struct.pack("<IIQ", ARRAY, STRING, 15 * MIB), ONE_TIB)
        o = Outcome(self.path, *RUN, limits=[(resource.RLIMIT_AS, 90 * MIB)])
        self.assertEqual(o.status, 3, o.err)
        self.assertEqual(o.err.count(b"\n"), 1)


if __name__ == "__main__":
    unittest.main()
