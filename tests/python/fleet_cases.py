"""What tests of fleets share: a small job, and executors whose workers die."""

import concurrent.futures
import errno
import hashlib
import os
import signal
import subprocess
import sys

import vrambudget as vb
from vrambudget import fleet, parquet

MODELS = ["Qwen3-0.6B-Q8_0", "gemma-3-1b-it-Q4_K_M", "Qwen3-1.7B-Q4_K_M", "Llama-3.2-1B-Q8_0"]
CARDS = ["3090", "4090", ["3060", "3060"], "m4-max-64gb"]
GRID = {"n_ctx": range(1024, 16385, 1024), "cache_types": ["f16", ("q8_0", "q4_0")], "n_parallel": [1, 4]}
N_ROWS = len(MODELS) * len(CARDS) * 16 * 2 * 2
N_TASKS = 2 * len(MODELS)  # one on the cards, one on those that map the file


def job(models=tuple(MODELS), gpus=tuple(CARDS), **more):
    return fleet.Job.of(models, gpus, **{**GRID, **more})


def files(folder):
    """The digests of all that a reader of a folder sees."""
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            if name.endswith((".parquet", ".shape")) or name == "manifest.json":
                path = os.path.join(at, name)
                with open(path, "rb") as f:
                    found[os.path.relpath(path, folder)] = hashlib.sha256(f.read()).hexdigest()
    return found


def leftovers(folder):
    return [n for _, _, names in os.walk(folder) for n in names if n.endswith(".part")]


def once(marker):
    """Whether this is the first process that asks."""
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def die():
    if sys.platform == "win32":
        os._exit(9)
    os.kill(os.getpid(), signal.SIGKILL)


def die_while_writing(marker, fn, *args):
    """The first worker that writes rows is killed between its data and their place."""
    real = os.fsync

    def dies(fd):
        if os.readlink(f"/proc/self/fd/{fd}").endswith(".part") and once(marker):
            die()
        return real(fd)

    if fn.__name__ != "do":
        return fn(*args)
    os.fsync = dies
    try:
        return fn(*args)
    finally:
        os.fsync = real


def die_at(shape, fn, *args):
    """Who does a certain shape is killed, always."""
    if fn.__name__ == "do" and args[0].shape == shape:
        die()
    return fn(*args)


def full_after(folder, n, fn, *args):
    """No room for more than `n` files of rows."""
    real = os.fsync

    def refuses(fd):
        if os.readlink(f"/proc/self/fd/{fd}").endswith(".part") and len([f for f in os.listdir(os.path.join(folder, "rows")) if f.endswith(".parquet")]) >= n:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(fd)

    if fn.__name__ != "do":
        return fn(*args)
    os.fsync = refuses
    try:
        return fn(*args)
    finally:
        os.fsync = real


class With(concurrent.futures.Executor):
    """An executor that gives its tasks to `by` first."""

    def __init__(self, inner, by, *first):
        self._inner, self._by, self._first = inner, by, first

    def submit(self, fn, /, *args, **kwargs):
        return self._inner.submit(self._by, *self._first, fn, *args, **kwargs)

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._inner.shutdown(wait=wait, cancel_futures=cancel_futures)


def undisturbed(folder):
    """What one process makes of the job."""
    r = fleet.run(job(), folder, workers=1)
    assert not r.failed and r.n_rows == N_ROWS, r
    return files(folder)


def check_kill(test, executor, folder, want):
    """A worker is killed while it writes: nothing is lost, nothing there twice."""
    marker = os.path.join(folder, "killed")
    out = os.path.join(folder, "out")
    os.makedirs(folder, exist_ok=True)
    r = fleet.run(job(), out, executor=executor(die_while_writing, marker))
    test.assertTrue(os.path.exists(marker), "nobody was killed")
    test.assertEqual((len(r.done), len(r.failed), r.stopped), (N_TASKS, 0, ""))
    test.assertEqual(len(leftovers(out)), 1)  # of who was killed
    test.assertEqual(files(out), want)
    again = fleet.run(job(), out, workers=1)
    test.assertEqual((len(again.done), len(again.kept), len(leftovers(out))), (0, N_TASKS, 0))
    test.assertEqual(files(out), want)


__all__ = ["CARDS", "GRID", "MODELS", "N_ROWS", "N_TASKS", "With", "check_kill", "die_at", "die_while_writing", "files",
           "full_after", "job", "leftovers", "parquet", "subprocess", "undisturbed", "vb"]
