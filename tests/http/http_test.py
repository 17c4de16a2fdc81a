"""The program against a real HTTP server on loopback, with what goes wrong on servers.

usage: http_test.py PROGRAM [unittest's arguments]
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from fault_server import Server
from gguf_file import Model

PROGRAM = sys.argv.pop(1)
MIB = 1 << 20
FILE = "model.gguf"
BIG = Model()  # 250,000 tokens, 18 GB


class Outcome:
    def __init__(self, args, env):
        start = time.monotonic()
        done = subprocess.run([PROGRAM] + args, env=env, capture_output=True, text=True, timeout=60)
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.seconds = time.monotonic() - start

    @property
    def transfer(self):
        return json.loads(self.out)["transfer"]


class HttpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server, cls.other = Server(), Server()
        cls.server.files[FILE] = cls.other.files[FILE] = BIG
        cls.server.files["small.gguf"] = Model(1000, 2, name="Small")
        for no in range(3):
            cls.server.files["s-%05d-of-00003.gguf" % (no + 1)] = Model(1000, 2, (no, 3))

    @classmethod
    def tearDownClass(cls):
        for s in (cls.server, cls.other):
            s.shutdown()
            s.server_close()

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="vrambudget-http-")
        self.addCleanup(shutil.rmtree, self.home)
        self.server.reset()
        self.other.reset()

    def run_program(self, *args, **env):
        environment = {"HOME": self.home, "PATH": os.environ["PATH"], "no_proxy": "*"}
        for name in ("LD_LIBRARY_PATH", "ASAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        environment.update(env)
        return Outcome(list(args), environment)

    def inspect(self, path, *args, **env):
        return self.run_program("inspect", self.server.url + "/" + path, "--json", *args, **env)

    def assert_fails(self, outcome, *parts):
        self.assertEqual(outcome.status, 3, outcome.err)
        if outcome.out:  # with --json
            self.assertEqual(set(json.loads(outcome.out)), {"schema", "vrambudget", "error"})
        self.assertEqual(outcome.err.count("\n"), 1, outcome.err)
        self.assertTrue(outcome.err.startswith("vrambudget: "), outcome.err)
        for part in parts:
            self.assertIn(part, outcome.err)

    def sent(self):
        time.sleep(0.05)
        return sum(r.sent for r in self.server.requests)


class Ranges(HttpTest):
    def test_only_the_header_travels(self):
        o = self.inspect("range/" + FILE)
        self.assertEqual(o.status, 0, o.err)
        self.assertEqual(json.loads(o.out)["file_bytes"], BIG.size)
        self.assertLess(o.transfer["bytes"], 1.5 * len(BIG.header))
        self.assertEqual(o.transfer["bytes"], self.sent())
        self.assertEqual(o.transfer["requests"], len(self.server.requests))
        self.assertLessEqual(o.transfer["requests"], 6)
        ends = [r.range for r in self.server.requests]
        self.assertEqual(ends[0][0], 0)
        for before, after in zip(ends, ends[1:]):  # no byte twice
            self.assertEqual(after[0], before[1] + 1)

    def test_a_plan_by_address_is_that_of_the_file(self):
        local = os.path.join(self.home, FILE)
        with open(local, "wb") as f:
            f.write(BIG.header)
            f.truncate(BIG.size)
        flags = ["--gpu", "3090", "--ctx", "8192", "--json"]
        here = json.loads(self.run_program(local, *flags).out)
        there = json.loads(self.run_program(self.server.url + "/range/" + FILE, *flags).out)
        self.assertEqual(there["model"].pop("path"), self.server.url + "/range/" + FILE)
        self.assertEqual(here["model"].pop("path"), local)
        self.assertEqual(here, there)

    def test_a_server_without_ranges_is_stopped_after_the_header(self):
        o = self.inspect("whole/" + FILE)
        self.assertEqual(o.status, 0, o.err)
        self.assertEqual(o.transfer["requests"], 1)
        self.assertLess(o.transfer["bytes"], 1.6 * len(BIG.header))
        self.assertLess(self.sent(), 32 * MIB)  # of 18 GB; the rest was on its way

    def test_a_split_set_is_read_by_the_address_of_any_of_its_files(self):
        for no in (1, 3):
            o = self.inspect("range/s-%05d-of-00003.gguf?download=true" % no, "--no-cache")
            self.assertEqual(o.status, 0, o.err)
            self.assertEqual(json.loads(o.out)["tensor_count"], 3 + 2 * 9)
            self.assertTrue(all(r.path.endswith("?download=true") for r in self.server.requests))
        del self.server.files["s-00002-of-00003.gguf"]
        self.addCleanup(self.server.files.__setitem__, "s-00002-of-00003.gguf", Model(1000, 2, (1, 3)))
        self.assert_fails(self.inspect("range/s-00001-of-00003.gguf"), "file 2 of 3", "00002-of-00003.gguf", "HTTP 404")


class Faults(HttpTest):
    def test_a_stalled_transfer_is_given_up(self):
        for path in ("slow/", "silent/"):
            o = self.inspect(path + FILE, "--timeout", "1", "--retries", "0")
            self.assert_fails(o, self.server.url + "/" + path + FILE, "nothing came for 1 s")
            self.assertLess(o.seconds, 3.5)
        self.assertLessEqual(self.sent(), 100000)

    def test_libcurl_is_wanted_by_models_on_servers_only(self):
        for name in ("libcurl.so.4", "libcurl-gnutls.so.4"):
            open(os.path.join(self.home, name), "w").close()  # which is no library
        o = self.inspect("range/" + FILE + "?token=1", LD_LIBRARY_PATH=self.home)
        self.assert_fails(o, self.server.url.split("//")[1] + "/range/" + FILE + ": ", "apt-get install libcurl4", "libcurl.so.4")
        self.assertNotIn("token", o.err)
        self.assertEqual(self.server.requests, [])
        self.assertEqual(self.run_program("inspect", "Qwen3-8B-Q8_0", LD_LIBRARY_PATH=self.home).status, 0)

    def test_a_cut_transfer_goes_on_where_it_ended(self):
        o = self.inspect("cut/" + FILE)
        self.assertEqual(o.status, 0, o.err)
        resumed = self.server.requests[1]
        self.assertEqual(resumed.range[0], 700000)
        self.assertEqual(resumed.headers["If-Range"], '"1"')
        self.assertLess(o.transfer["bytes"], 1.5 * len(BIG.header))

    def test_a_transfer_that_is_always_cut_fails_and_the_next_run_goes_on_from_there(self):
        o = self.inspect("cutall/" + FILE, "--retries", "1")
        self.assert_fails(o, "tried 2 times", "byte")
        self.assertEqual([r.range[0] for r in self.server.requests], [0, 700000])
        self.assertLessEqual(self.sent(), 1400000)
        self.assert_fails(self.inspect("cutall/" + FILE, "--retries", "0"))
        self.assertEqual(self.server.requests[2].range[0], 1400000)

    def test_a_file_smaller_than_its_tensors(self):
        self.assert_fails(self.inspect("short/" + FILE), "tensor", "found the end of the file at byte %d" % (BIG.size - 1000000))
        self.assertLess(self.sent(), 1.5 * len(BIG.header))

    def test_a_file_that_ends_within_its_header(self):
        self.assert_fails(self.inspect("stump/" + FILE), "found a file of 1000000 bytes")
        self.assertLessEqual(self.sent(), 1000000)

    def test_another_range_than_asked_for(self):
        self.assert_fails(self.inspect("shifted/" + FILE), "found the range 'bytes 16-", "expected bytes 0-2097151")
        self.assertEqual(len(self.server.requests), 1)

    def test_refusals_are_not_repeated(self):
        for status, what in ((401, "HF_TOKEN"), (403, "HF_TOKEN"), (404, "no such file"), (410, "gone")):
            self.server.reset()
            self.assert_fails(self.inspect("status/%d/%s?secret=1" % (status, FILE)), "HTTP %d" % status, what,
                              self.server.url + "/status/%d/%s: " % (status, FILE))
            self.assertEqual(len(self.server.requests), 1)

    def test_too_many_requests_wait_as_long_as_the_server_asks(self):
        o = self.inspect("busy/" + FILE)
        self.assertEqual(o.status, 0, o.err)
        self.assertGreaterEqual(o.seconds, 1)
        self.assertEqual([r.status for r in self.server.requests[:3]], [429, 429, 206])

    def test_a_server_that_asks_to_wait_an_hour_is_left(self):
        o = self.inspect("later/" + FILE)
        self.assert_fails(o, "HTTP 429", "3600 s")
        self.assertLess(o.seconds, 2)
        self.assertEqual(len(self.server.requests), 1)

    def test_a_server_error_is_tried_again(self):
        self.assertEqual(self.inspect("broken/" + FILE).status, 0)
        self.server.reset()
        o = self.inspect("status/503/" + FILE, "--retries", "1")
        self.assert_fails(o, "HTTP 503", "tried 2 times")
        self.assertEqual(len(self.server.requests), 2)

    def test_redirects_in_circles_end(self):
        self.assert_fails(self.inspect("loop/" + FILE), "more than 10 redirects")
        self.assertEqual(len(self.server.requests), 11)

    def test_redirects_lead_to_http_only(self):
        for target in ("file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"):
            self.assert_fails(self.inspect("to/" + target), "rotocol")

    def test_names_are_wrong_use_and_what_a_server_says_is_bad_input(self):
        for name, status in (("hf:nobody", 2), ("http://", 3), (self.server.url + "/to/ftp://127.0.0.1/x", 3)):
            self.assertEqual(self.run_program("inspect", name, "--retries", "0").status, status, name)
        model = self.server.url + "/range/" + FILE
        self.assertEqual(self.run_program(model, "--offline", "--no-cache", "--gpu", "3090").status, 2)
        done = self.run_program(model, "--gpu", "3090", "-c", "4096", "--mmproj", "Qwen3-8B-Q8_0")
        self.assertEqual(done.status, 3, done.err)

    def test_a_page_instead_of_a_model(self):
        self.assert_fails(self.inspect("html/" + FILE), "found '<!DO', expected 'GGUF'")

    def test_a_file_that_changes_with_every_answer(self):
        self.assert_fails(self.inspect("changing/" + FILE), "changes while it is read")
        self.assertLess(self.sent(), 16 * MIB)

    def test_an_announced_length_that_no_header_has(self):
        monster = Model(1000, 2)
        at = monster.header.index(b"tokenizer.ggml.tokens") + len("tokenizer.ggml.tokens") + 8
        monster.header = monster.header[:at] + (1 << 29).to_bytes(8, "little") + monster.header[at + 8:]
        monster.size = 1 << 40
        self.server.files["monster.gguf"] = monster
        self.assert_fails(self.inspect("range/monster.gguf"), "expected at most 134217728")
        self.assertLessEqual(self.sent(), 2 * MIB)

    def test_no_server_at_all(self):
        self.assert_fails(self.run_program("inspect", "http://127.0.0.1:9/x.gguf", "--retries", "0"), "127.0.0.1")


class Endless(HttpTest):
    """Whatever a server does, the program ends by itself and says why."""

    def test_a_server_that_sends_too_slowly_is_left(self):
        o = self.inspect("drip/" + FILE, "--timeout", "2", "--retries", "1")
        self.assert_fails(o, "too slow: below 4096 bytes a second for 2 s", "tried 2 times")
        self.assertLess(o.seconds, 15)

    def test_a_server_that_is_just_fast_enough_ends_with_the_time_for_a_model(self):
        o = self.inspect("trickle/" + FILE, "--timeout", "1")
        self.assert_fails(o, "/trickle/" + FILE, "given up after 15 s in all")
        self.assertLess(o.seconds, 18)
        self.server.reset()  # what came is kept
        self.inspect("trickle/" + FILE, "--timeout", "1", "--retries", "0")
        self.assertGreater(self.server.requests[0].range[0], 50000)

    def test_a_server_that_answers_with_a_byte_at_a_time_is_asked_64_times(self):
        o = self.inspect("single/" + FILE)
        self.assert_fails(o, "64 answers brought 64 bytes of its header, and not all")
        self.assertEqual(len(self.server.requests), 64)
        self.assertLess(o.seconds, 5)

    def test_a_server_that_never_gets_to_its_answer_is_left(self):
        o = self.inspect("preface/" + FILE, "--timeout", "1", "--retries", "0")
        self.assert_fails(o, "/preface/" + FILE)
        self.assertLess(o.seconds, 18)

    def test_a_list_of_files_without_end_ends(self):
        o = self.run_program("inspect", "hf:org/endless:Q8_0", HF_ENDPOINT=self.server.url)
        self.assert_fails(o, "over 50 pages of files")
        self.assertEqual(len(self.server.requests), 50)

    def test_a_set_of_more_files_than_are_asked_for_ends(self):
        self.server.files["set-00001-of-65535.gguf"] = Model(10, 2, (0, 65535))
        for no in range(2, 8):
            self.server.files["set-%05d-of-65535.gguf" % no] = Model(10, 2, (no - 1, 65535))
        o = self.inspect("range/set-00001-of-65535.gguf", "--no-cache")
        self.assert_fails(o, "file 8 of 65535", "HTTP 404")


class Trust(HttpTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.mkdtemp(prefix="vrambudget-tls-")
        cls.certificate, key = (os.path.join(cls.folder, n) for n in ("cert.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cls.certificate],
                       check=True, capture_output=True)
        cls.secure = Server((cls.certificate, key))
        cls.secure.files[FILE] = BIG

    @classmethod
    def tearDownClass(cls):
        cls.secure.shutdown()
        cls.secure.server_close()
        shutil.rmtree(cls.folder)
        super().tearDownClass()

    def test_an_untrusted_certificate(self):
        self.secure.reset()
        url = self.secure.url + "/range/" + FILE
        self.assert_fails(self.run_program("inspect", url), url, "certificate")
        self.assertEqual(self.secure.requests, [])
        self.assertEqual(self.run_program("inspect", url, SSL_CERT_FILE=self.certificate).status, 0)

    def test_https_does_not_lead_to_http(self):
        url = self.secure.url + "/to/" + self.server.url + "/range/" + FILE
        self.assert_fails(self.run_program("inspect", url, SSL_CERT_FILE=self.certificate), "rotocol")
        self.assertEqual(self.server.requests, [])

    def test_the_token_goes_to_its_endpoint_and_no_further(self):
        target = self.other.url + "/range/" + FILE
        o = self.inspect("to/" + target, HF_TOKEN="hf_secret", HF_ENDPOINT=self.server.url)
        self.assertEqual(o.status, 0, o.err)
        self.assertEqual({r.headers.get("Authorization") for r in self.server.requests}, {"Bearer hf_secret"})
        self.assertTrue(self.other.requests)
        self.assertEqual({r.headers.get("Authorization") for r in self.other.requests}, {None})
        o = self.run_program("inspect", target, HF_TOKEN="hf_secret", HF_ENDPOINT=self.server.url)
        self.assertEqual(o.status, 0, o.err)
        self.assertEqual({r.headers.get("Authorization") for r in self.other.requests}, {None})


class Cache(HttpTest):
    def kept(self):
        folder = os.path.join(self.home, ".cache/vrambudget/headers")
        return [os.path.join(folder, n) for n in os.listdir(folder)] if os.path.isdir(folder) else []

    def test_a_header_is_sent_once(self):
        self.assertEqual(self.inspect("range/" + FILE).status, 0)
        self.server.reset()
        o = self.inspect("range/" + FILE)
        self.assertEqual(o.transfer["bytes"], 0)
        self.assertEqual([(r.status, r.headers["If-None-Match"]) for r in self.server.requests], [(304, '"1"')])
        self.server.reset()
        o = self.inspect("range/" + FILE, "--offline")
        self.assertEqual(o.status, 0, o.err)
        self.assertEqual(self.server.requests, [])
        self.assert_fails(self.inspect("range/small.gguf", "--offline"), "offline")
        self.server.etags["range/" + FILE] = "2"
        self.server.etags[FILE] = "2"
        self.assertGreater(self.inspect("range/" + FILE).transfer["bytes"], MIB)
        self.assertEqual(len(self.kept()), 1)

    def test_without_a_cache_nothing_is_kept(self):
        self.assertEqual(self.inspect("range/small.gguf", "--no-cache").status, 0)
        self.assertEqual(self.kept(), [])

    def test_an_address_that_may_hold_secrets_is_kept_nowhere(self):
        self.assertEqual(self.inspect("range/small.gguf?token=hunter2").status, 0)
        url = self.server.url.replace("://", "://me:hunter2@") + "/range/small.gguf"
        self.assertEqual(self.run_program("inspect", url).status, 0)
        self.assertEqual(self.kept(), [])

    def test_a_damaged_entry_is_fetched_again(self):
        self.assertEqual(self.inspect("range/small.gguf").status, 0)
        for path in self.kept():
            with open(path, "r+b") as f:
                f.truncate(os.path.getsize(path) - 7)
        self.server.reset()
        o = self.inspect("range/small.gguf")
        self.assertEqual(o.status, 0, o.err)
        self.assertEqual([r.status for r in self.server.requests], [206])

    def test_the_cache_is_under_the_users_cache_folder(self):
        elsewhere = os.path.join(self.home, "elsewhere")
        self.assertEqual(self.inspect("range/small.gguf", XDG_CACHE_HOME=elsewhere).status, 0)
        self.assertEqual(self.kept(), [])
        self.assertTrue(os.listdir(os.path.join(elsewhere, "vrambudget/headers")))


class Hub(HttpTest):
    def setUp(self):
        super().setUp()
        names = ["README.md", "mmproj-F16.gguf", "imatrix-Q4_K_M.gguf", "Tiny-Q2_K.gguf", "Tiny-Q4_K_M.gguf", "Tiny-Q8_0.gguf",
                 "UD-Q6_K_XL/Tiny-UD-Q6_K_XL-00002-of-00002.gguf", "UD-Q6_K_XL/Tiny-UD-Q6_K_XL-00001-of-00002.gguf"]
        self.server.repositories["org/Tiny-GGUF"] = [{"type": "file", "path": n, "size": 1, "oid": "0"} for n in names]
        self.server.repositories["org/empty"] = [{"type": "file", "path": "README.md", "size": 1}]
        root = "org/Tiny-GGUF/resolve/main/"
        for n in names[3:6]:
            self.server.files[root + n] = Model(1000, 2, name=n)
        for no in range(2):
            self.server.files[root + "UD-Q6_K_XL/Tiny-UD-Q6_K_XL-%05d-of-00002.gguf" % (no + 1)] = Model(1000, 2, (no, 2))

    def hub(self, name, *args, **env):
        return self.run_program("inspect", name, "--json", *args, HF_ENDPOINT=self.server.url + "/", **env)

    def test_a_file_is_chosen_by_its_quantization(self):
        for tag, name in (("Q8_0", "Tiny-Q8_0.gguf"), ("q4_k_m", "Tiny-Q4_K_M.gguf"), ("Q2_K", "Tiny-Q2_K.gguf")):
            o = self.hub("hf:org/Tiny-GGUF:" + tag)
            self.assertEqual(o.status, 0, o.err)
            self.assertEqual(json.loads(o.out)["name"], name)
            self.assertEqual(o.err, "")

    def test_a_split_set_in_a_folder(self):
        o = self.hub("hf:org/Tiny-GGUF:Q6_K_XL")
        self.assertEqual(o.status, 0, o.err)
        self.assertEqual(json.loads(o.out)["tensor_count"], 3 + 2 * 9)

    def test_without_one_it_is_q4_k_m_and_says_what_else_there_is(self):
        o = self.hub("hf:org/Tiny-GGUF")
        self.assertEqual(json.loads(o.out)["name"], "Tiny-Q4_K_M.gguf")
        for part in ("Q2_K", "Q8_0", "UD-Q6_K_XL", "mmproj-F16.gguf"):
            self.assertIn(part, o.err)

    def test_what_is_not_there(self):
        self.assert_fails(self.hub("hf:org/Tiny-GGUF:Q5_K_M"), "has no Q5_K_M", "Q2_K, Q4_K_M, Q8_0 or UD-Q6_K_XL")
        self.assert_fails(self.hub("hf:org/nothing:Q8_0"), "HTTP 404")
        self.assert_fails(self.hub("hf:org/empty"), "no GGUF model")
        self.assertEqual(self.hub("hf:org").status, 2)
        self.assertEqual(self.hub("hf:../etc").status, 2)

    def test_a_file_by_its_path(self):
        o = self.hub("hf:org/Tiny-GGUF/Tiny-Q8_0.gguf")
        self.assertEqual(json.loads(o.out)["name"], "Tiny-Q8_0.gguf")
        self.assertEqual(len(self.server.requests), 1)

    def test_offline_it_is_found_among_what_was_kept(self):
        self.assertEqual(self.hub("hf:org/Tiny-GGUF:Q8_0").status, 0)
        self.server.reset()
        self.assertEqual(self.hub("hf:org/Tiny-GGUF:Q8_0", "--offline").status, 0)
        self.assert_fails(self.hub("hf:org/Tiny-GGUF:Q2_K", "--offline"), "has no Q2_K")
        self.assertEqual(self.server.requests, [])


if __name__ == "__main__":
    unittest.main()
