"""Runs a job: scans its models, does what is not done, and writes the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from typing import Any, Optional, Union

from vrambudget.progress import Progress, shown

from .executors import processes
from .folder import Folder
from .job import Job
from .scan import Scanned, named, reusable, scan_all
from .task import ROWS, Done, Task, do, tasks_of

_IN_FLIGHT = 256
_FILES_AT_ONCE = 32


@dataclass(frozen=True)
class Result:
    """What a run found and did."""

    models: tuple[Scanned, ...]
    done: tuple[Done, ...]  # by this run
    kept: tuple[Done, ...]  # that were done before
    failed: tuple[Done, ...]
    stopped: str = ""  # why it did not go on to the end

    @property
    def unreadable(self) -> tuple[Scanned, ...]:
        return tuple(m for m in self.models if m.why)

    @property
    def n_rows(self) -> int:
        return sum(d.n_rows for d in (*self.done, *self.kept))

    @property
    def n_bytes(self) -> int:
        return sum(d.n_bytes for d in (*self.done, *self.kept))

    def __repr__(self) -> str:
        return (f"<Result: {len(self.models):,} models, {len(self.done):,} tasks done, {len(self.kept):,} kept, "
                f"{len(self.failed):,} failed, {self.n_rows:,} rows in {self.n_bytes:,} bytes"
                + (f"; stopped: {self.stopped}" if self.stopped else "") + ">")


def run(
    job: Job,
    out: str,
    *,
    executor: Union[Executor, Callable[[], Executor], None] = None,
    workers: Optional[int] = None,
    rows_per_task: int = ROWS,
    progress: Progress = None,
) -> Result:
    """Does what of a job is not done in the folder `out`.

    `executor`: any of concurrent.futures, or what makes one; without it `workers` processes. One that is made here is made
    anew when a worker dies and breaks it; one that is given is not shut down. `progress`: True for a bar of tqdm, or what
    is called with the tasks done and their number.

    What a worker that dies was at is done again; a task that kills each of its workers fails. A full disk ends the run, with
    what was done kept.
    """
    folder = Folder(out)
    folder.open()
    pool = _Pool(executor, workers)
    try:
        models = _models_of(job, folder, pool)
        tasks = tasks_of(job, models, rows_per_task)
        done = folder.done(tasks)
        kept = tuple(done.values())
        failed: list[Done] = []
        stopped = ""
        left = [t for t in tasks if t.id not in done]
        with shown(progress, len(tasks), "tasks") as tell:
            tell(len(kept), len(tasks))
            for d in pool.all_done(left, job, folder):
                if d.code == "full":  # it is not the task's fault
                    stopped = d.why
                    pool.begin_no_more()
                    continue
                if d.code:
                    failed.append(d)
                else:
                    done[d.task] = d
                if not stopped:
                    folder.note(d)
                tell(len(done) + len(failed), len(tasks))
        if not stopped:
            folder.finish(models, tasks, done, _manifest(job, models, tasks, done, failed))
        mine = tuple(done[t.id] for t in left if t.id in done)
        return Result(tuple(models), mine, kept, tuple(failed), stopped)
    finally:
        pool.close()
        folder.close()


class _Pool:
    """An executor that is made again when it breaks, if it may be."""

    def __init__(self, given: Union[Executor, Callable[[], Executor], None], workers: Optional[int]):
        self._make = None if isinstance(given, Executor) else given or processes(workers)
        self._is: Optional[Executor] = given if isinstance(given, Executor) else None
        self._is_ending = False

    def submit(self, fn: Callable[..., Any], *args: Any) -> "Future[Any]":
        if self._is is None:
            assert self._make is not None
            self._is = self._make()
        return self._is.submit(fn, *args)

    def begin_no_more(self) -> None:
        """What runs goes on to its end."""
        self._is_ending = True

    def mend(self, why: BaseException) -> None:
        """After a break."""
        if self._make is None:
            raise why
        if self._is is not None:
            self._is.shutdown(wait=False, cancel_futures=True)
        self._is = None

    def close(self) -> None:
        if self._make is not None and self._is is not None:
            self._is.shutdown(wait=True, cancel_futures=True)

    def all_done(self, tasks: list[Task], job: Job, folder: Folder) -> Iterator[Done]:
        """Each task's outcome, as they come."""

        def submit(t: Task) -> "Future[Any]":
            return self.submit(do, t, job, folder.rows, folder.shapes)

        for t, d in self.outcomes(tasks, submit):
            yield d if isinstance(d, Done) else Done(t.id, t.shape, 0, 0, 0, code="died", why=f"{type(d).__name__}: {d}")

    def outcomes(self, items: list[Any], submit: Callable[[Any], "Future[Any]"]) -> Iterator[tuple[Any, Any]]:
        """What the futures of all items give, or what they raise. Where an executor breaks, nobody knows by which of the
        items that it had: they are tried again, and those that it breaks with twice one at a time, the last."""
        queue: list[Any] = list(reversed(items))
        suspects: list[Any] = []
        n_breaks: Counter[int] = Counter()
        while (queue or suspects) and not self._is_ending:
            from_all, most = (queue, _IN_FLIGHT) if queue else (suspects, 1)
            running: dict[Future[Any], Any] = {}
            broken: Optional[BaseException] = None
            lost: list[Any] = []
            while (from_all or running) and broken is None:
                if self._is_ending and not running:
                    break
                broken = None if self._is_ending else _fill(running, from_all, most, submit)
                for future in wait(running, return_when=FIRST_COMPLETED if broken is None else ALL_COMPLETED).done:
                    item, raised = running.pop(future), future.exception()
                    if isinstance(raised, BrokenExecutor):
                        broken = raised
                        lost.append(item)
                    else:
                        yield item, raised or future.result()
            if broken is None:
                continue
            for future in wait(running).done:
                item, raised = running.pop(future), future.exception()
                if raised is None:
                    yield item, future.result()
                else:
                    lost.append(item)
            self.mend(broken)
            for item in lost:
                if most == 1:
                    yield item, broken
                    continue
                n_breaks[id(item)] += 1
                (queue if n_breaks[id(item)] < 2 else suspects).append(item)


def _fill(running: dict[Any, Any], waiting: list[Any], most: int, submit: Callable[[Any], Any]) -> Optional[BrokenExecutor]:
    """Submits until so many run; why that is not possible."""
    while waiting and len(running) < most:
        try:
            running[submit(waiting[-1])] = waiting[-1]
        except BrokenExecutor as e:
            return e
        waiting.pop()
    return None


def _models_of(job: Job, folder: Folder, pool: _Pool) -> list[Scanned]:
    """The job's models, those that are as they were not read again."""
    is_mapped = any(c.is_mapped for c in job.cards)
    before, paths = folder.scanned(), named(job.models)
    found = {p: before[p] for p in paths if reusable(before.get(p), is_mapped, folder.shapes)}
    left = [p for p in paths if p not in found]
    parts = [left[i : i + _FILES_AT_ONCE] for i in range(0, len(left), _FILES_AT_ONCE)]

    def submit(part: list[str]) -> "Future[Any]":
        return pool.submit(scan_all, part, folder.shapes, is_mapped)

    for part, got in pool.outcomes(parts, submit):
        if isinstance(got, BaseException):
            got = [Scanned(p, code="died", why=f"{type(got).__name__}: {got}") for p in part]
        found.update((s.path, s) for s in got)
    models = [found[p] for p in paths]
    folder.keep_scanned(models)
    return models


def _manifest(job: Job, models: list[Scanned], tasks: list[Task], done: dict[str, Done], failed: list[Done]) -> dict[str, Any]:
    all_done = [done[t.id] for t in tasks if t.id in done]
    return {
        **job.identity,
        "gpus": [c.label for c in job.cards],
        "n_models": len(models),
        "n_shapes": len({s for m in models for s in (m.shape, m.mapped_shape) if s}),
        "unreadable": [{"path": m.path, "code": m.code, "why": m.why} for m in models if m.why],
        "n_tasks": len(tasks),
        "n_done": len(all_done),
        "failed": [{"task": d.task, "shape": d.shape, "code": d.code, "why": d.why} for d in failed],
        "n_refusals": sum(len(d.refused) for d in all_done),
        "n_rows": sum(d.n_rows for d in all_done),
        "n_bytes": sum(d.n_bytes for d in all_done),
    }
