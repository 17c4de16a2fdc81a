"""Fleets: rows against single plans, and what happens to a run."""

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

try:
    import pyarrow.parquet as pq
except ImportError:
    print("skipped: no pyarrow, pip install 'vrambudget[fleet]'")
    sys.exit(77)

import vrambudget as vb
from fleet_cases import (CARDS, MODELS, N_ROWS, N_TASKS, With, check_kill, die_at, files, full_after, job, leftovers,
                         undisturbed)
from pickle_cases import write_gguf
from vrambudget import fleet
from vrambudget.fleet.executors import processes
from vrambudget.fleet.scan import named, scan
from vrambudget.fleet.task import tasks_of


def rows_of(folder):
    return pq.read_table(os.path.join(folder, "rows")).to_pylist()


def broken_by(by, *first):
    """Makes executors of two processes whose tasks go through `by`."""
    return lambda: With(processes(2)(), by, *first)


class InFolder(unittest.TestCase):
    def setUp(self):
        self.at = tempfile.TemporaryDirectory()
        self.folder = os.path.join(self.at.name, "out")

    def tearDown(self):
        self.at.cleanup()


class Fleet(InFolder):
    def test_every_row_is_a_plan(self):
        r = fleet.run(job(), self.folder, executor=ThreadPoolExecutor(2))
        self.assertEqual((len(r.done), r.n_rows, len(r.failed)), (N_TASKS, N_ROWS, 0))
        rows, models = rows_of(self.folder), pq.read_table(os.path.join(self.folder, "models.parquet")).to_pylist()
        self.assertEqual(len(rows), N_ROWS)
        by_shape = {m[key]: m["path"] for m in models for key in ("shape", "mapped_shape")}
        self.assertEqual(len(by_shape), 2 * len(MODELS))
        gpus = {"3060 + 3060": ["3060", "3060"]}
        seen = set()
        for row in random.Random(1).sample(rows, 60):
            seen.add(row["gpu"])
            b = vb.plan(by_shape[row["shape"]], gpus.get(row["gpu"], row["gpu"]), n_ctx=row["n_ctx"], system="linux",
                        n_parallel=row["n_parallel"], type_k=row["type_k"], type_v=row["type_v"], no_calibration=True)
            self.assertEqual((row["used"], row["host"], row["fits"]), (b.used, b.host.used, b.fits), row)
        self.assertEqual(len(seen), len(CARDS))

    def test_any_workers_and_any_order_give_the_same_files(self):
        want = undisturbed(self.folder)
        other = os.path.join(self.at.name, "other")
        fleet.run(job(reversed(MODELS)), other, workers=2)
        self.assertEqual(files(other), want)

    def test_tasks_are_the_same_everywhere_and_the_dearest_go_first(self):
        code = ("import sys; sys.path.insert(0, sys.argv[1]); from fleet_cases import job; from vrambudget.fleet.scan import "
                "scan; from vrambudget.fleet.task import tasks_of; import os; os.makedirs(sys.argv[2], exist_ok=True); "
                "print([(t.id, t.cost) for t in tasks_of(job(), [scan(m, sys.argv[2], True) for m in job().models])])")
        here = os.path.dirname(os.path.abspath(__file__))
        said = [subprocess.run([sys.executable, "-B", "-c", code, here, self.folder], capture_output=True, check=True,
                               env={**os.environ, "PYTHONHASHSEED": seed}).stdout for seed in ("1", "2")]
        self.assertEqual(said[0], said[1])
        costs = [cost for _, cost in eval(said[0])]
        self.assertEqual(costs, sorted(costs, reverse=True))

    def test_what_is_there_is_not_done_again(self):
        first = fleet.run(job(), self.folder, executor=ThreadPoolExecutor(1))
        want = files(self.folder)
        again = fleet.run(job(), self.folder, executor=ThreadPoolExecutor(1))
        self.assertEqual((len(again.done), len(again.kept), again.n_rows), (0, N_TASKS, first.n_rows))
        gone = first.done[3].task
        os.unlink(os.path.join(self.folder, "rows", gone + ".parquet"))
        with open(os.path.join(self.folder, "journal.jsonl"), "a", encoding="utf-8") as f:
            f.write('{"task": "torn')  # by a process that ended
        third = fleet.run(job(), self.folder, executor=ThreadPoolExecutor(1))
        self.assertEqual([d.task for d in third.done], [gone])
        self.assertEqual(files(self.folder), want)
        os.unlink(os.path.join(self.folder, "journal.jsonl"))  # then the files themselves say what they have
        fourth = fleet.run(job(), self.folder, executor=ThreadPoolExecutor(1))
        self.assertEqual((len(fourth.done), fourth.n_rows), (0, first.n_rows))
        self.assertEqual(files(self.folder), want)

    def test_what_depends_on_a_change_is_done_again(self):
        os.makedirs(self.folder)
        scanned = [scan(m, self.folder, True) for m in MODELS]
        ids = {t.id for t in tasks_of(job(), scanned)}
        for other in (job(n_ctx=[4096]), job(engine="b9829"), job(n_ubatch=256), job(cache_types=["f16"])):
            self.assertFalse(ids & {t.id for t in tasks_of(other, scanned)})
        on_windows = {t.id for t in tasks_of(job(system="windows"), scanned)}
        self.assertEqual(len(ids & on_windows), len(MODELS))  # those on Macs
        fewer = {t.id for t in tasks_of(job(MODELS[:2]), scanned[:2])}
        self.assertEqual(len(fewer & ids), 4)

    def test_models_of_one_shape_are_planned_once(self):
        paths = [os.path.join(self.at.name, f"{n}.gguf") for n in ("one", "two", "three")]
        for i, path in enumerate(paths):
            write_gguf(path, MODELS[0], 151936, padding=(4096 + 32) * i)
        r = fleet.run(job([self.at.name], ["3090", "4090"]), self.folder, executor=ThreadPoolExecutor(1))
        self.assertEqual((len(r.models), len(r.done), r.n_rows), (3, 1, 2 * 16 * 4))
        self.assertEqual([m.path for m in r.models], sorted(paths))
        # where it lies in the file counts on cards that map it
        r = fleet.run(job([self.at.name], ["m4-max-64gb"]), self.folder, executor=ThreadPoolExecutor(1))
        self.assertEqual(len(r.done), 3)
        for m in r.models:
            (task,) = [d for d in r.done if d.shape == m.mapped_shape]
            row = pq.read_table(os.path.join(self.folder, "rows", task.task + ".parquet")).to_pylist()[5]
            b = vb.plan(m.path, "m4-max-64gb", n_ctx=row["n_ctx"], n_parallel=row["n_parallel"], type_k=row["type_k"],
                        type_v=row["type_v"])
            self.assertEqual(row["used"], b.used)

    def test_refusals_and_unreadable_models_keep_their_reasons(self):
        bad = os.path.join(self.at.name, "bad.gguf")
        with open(bad, "wb") as f:
            f.write(b"GGUF\3\0\0\0")
        asked = job([MODELS[0], bad, "no such model"], ["3090"], flash_attn=False)
        r = fleet.run(asked, self.folder, executor=ThreadPoolExecutor(1))
        self.assertEqual({m.path: m.code for m in r.unreadable}, {bad: "truncated", "no such model": "not_found"})
        for _ in range(2):  # also as files kept them
            refused = pq.read_table(os.path.join(self.folder, "refused.parquet")).to_pylist()
            self.assertEqual({(x["type_k"], x["type_v"], x["n_ctx_first"], x["n_ctx_last"]) for x in refused},
                             {("q8_0", "q4_0", 1024, 16384)})
            self.assertIn("flash attention", refused[0]["why"])
            if os.path.exists(os.path.join(self.folder, "journal.jsonl")):
                os.unlink(os.path.join(self.folder, "journal.jsonl"))
            fleet.run(asked, self.folder, executor=ThreadPoolExecutor(1))
        with open(os.path.join(self.folder, "manifest.json"), encoding="utf-8") as f:
            manifest = json.load(f)
        self.assertEqual((manifest["n_refusals"], len(manifest["unreadable"]), manifest["n_rows"]), (2, 2, 16 * 2))

    def test_a_file_that_is_another_is_read_again(self):
        path = os.path.join(self.at.name, "model.gguf")
        for like, n_tokens in ((MODELS[0], 151936), ("Qwen3-0.6B-Q4_K_M", 151936)):
            write_gguf(path, like, n_tokens)
            r = fleet.run(job([path], ["3090"]), self.folder, executor=ThreadPoolExecutor(1))
            self.assertEqual(r.models[0].tensor_bytes, vb.open_model(like).tensor_bytes)
            self.assertEqual(len(r.done), 1)

    def test_links_that_lead_back_are_followed_once(self):
        models = os.path.join(self.folder, "models")
        os.makedirs(os.path.join(models, "inner"))
        wanted = os.path.join(models, "inner", "a.gguf")
        with open(wanted, "wb"):
            pass
        for link in ("one", "two", "three"):  # 3^40 ways, as a name may go through 40 links
            os.symlink(models, os.path.join(models, "inner", link))
        self.assertEqual(named([models]), [wanted])

    def test_two_runs_do_not_write_into_one_folder(self):
        inner = []

        def during(done, n):
            if not inner:
                try:
                    fleet.run(job(), self.folder, workers=1)
                except RuntimeError as e:
                    inner.append(str(e))

        fleet.run(job(), self.folder, executor=ThreadPoolExecutor(1), progress=during)
        self.assertIn("another run", inner[0])


class Disturbed(InFolder):
    """Each of these begins processes anew."""

    def test_a_worker_is_killed(self):
        want = undisturbed(self.folder)
        check_kill(self, broken_by, os.path.join(self.at.name, "killed"), want)

    def test_a_task_that_kills_its_workers_fails_and_the_rest_is_done(self):
        shapes = os.path.join(self.at.name, "shapes")
        os.makedirs(shapes)
        shape = scan(MODELS[1], shapes, False).shape
        r = fleet.run(job(), self.folder, executor=broken_by(die_at, shape))
        self.assertEqual([(d.shape, d.code) for d in r.failed], [(shape, "died")])
        self.assertEqual(len(r.done), N_TASKS - 1)
        with open(os.path.join(self.folder, "manifest.json"), encoding="utf-8") as f:
            (failed,) = json.load(f)["failed"]
        self.assertIn("BrokenProcessPool", failed["why"])
        healed = fleet.run(job(), self.folder, executor=ThreadPoolExecutor(1))
        self.assertEqual((len(healed.done), len(healed.failed)), (1, 0))

    def test_a_disk_is_full(self):
        want = undisturbed(self.folder)
        other = os.path.join(self.at.name, "other")
        r = fleet.run(job(), other, executor=With(ThreadPoolExecutor(1), full_after, other, 3))
        self.assertIn("No space left", r.stopped)
        self.assertEqual((len(r.done), leftovers(other)), (3, []))
        r = fleet.run(job(), other, executor=ThreadPoolExecutor(1))
        self.assertEqual((len(r.done), len(r.kept), r.stopped), (N_TASKS - 3, 3, ""))
        self.assertEqual(files(other), want)

    def test_the_command(self):
        args = [sys.executable, "-m", "vrambudget.fleet", "--models", MODELS[0], "/no/such.gguf", "--gpus", "3090,2x3060",
                "--contexts", "1024:8192:1024,16384", "--cache-types", "f16,q8_0/q4_0", "--out", self.folder, "--workers", "2",
                "--option", "n_ubatch=256", "--quiet"]
        done = subprocess.run(args, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (1, ""))  # as a model is not there
        self.assertIn("2 models, 1 shapes\n1 tasks done, 0 were there, 0 failed\n36 rows in ", done.stdout)
        self.assertIn("not read: /no/such.gguf: ", done.stdout)
        self.assertEqual(len(rows_of(self.folder)), 2 * 9 * 2)
        done = subprocess.run([*args[:-1], "--executor", "threads"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)


class Queries(unittest.TestCase):
    def test_answers_are_of_each_model(self):
        try:
            import duckdb  # noqa: F401
        except ImportError:
            self.skipTest("no duckdb")
        with tempfile.TemporaryDirectory() as folder:
            fleet.run(job(), folder, executor=ThreadPoolExecutor(1))
            c = fleet.connect(folder)
            got = c.sql("select path, gpu, count(*) from answers group by all order by all").fetchall()
            labels = ["3060 + 3060", "3090", "4090", "m4-max-64gb"]
            self.assertEqual(got, [(m, g, 64) for m in sorted(MODELS) for g in labels])


if __name__ == "__main__":
    unittest.main()
