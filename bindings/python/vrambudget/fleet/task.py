"""A task of a fleet: a shape on some cards, whose rows are one file."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from vrambudget import _core, parquet
from vrambudget.options import plain
from vrambudget.sweep import refusals_of

from .job import Cards, Job, as_json, digest
from .scan import Scanned, open_shape

ROWS = 1 << 20  # of a task, as long as one card has fewer: 170 MB in memory


@dataclass(frozen=True)
class Task:
    """What a worker is given beside the job."""

    id: str
    shape: str
    cards: tuple[int, ...]  # their numbers in the job
    n_points: int
    cost: float  # in seconds, roughly: dear ones go first


@dataclass(frozen=True)
class Done:
    """What became of a task."""

    task: str
    shape: str
    n_rows: int
    n_bytes: int
    n_budgets: int
    refused: tuple[dict[str, Any], ...] = ()
    seconds: float = 0.0  # of the processor
    peak: int = 0  # bytes that the worker took at most so far
    code: str = ""  # with a code it failed
    why: str = ""


def tasks_of(job: Job, scanned: Iterable[Scanned], rows: int = ROWS) -> list[Task]:
    """All tasks, the dearest first, so that none that is long is left when the others are done. The same job over the
    same shapes gives the same tasks, wherever."""
    sizes: dict[tuple[str, bool], int] = {}
    for s in scanned:
        if not s.why:
            sizes[s.shape, False] = s.effort
            if s.mapped_shape:
                sizes[s.mapped_shape, True] = s.effort
    identity, device_digests = as_json(job.identity), [_digest_of(c) for c in job.cards]
    per_card = len(job.n_ctx) * len(job.cache_types) * len(job.n_parallel)
    chunks = {m: list(_chunks(job, m, max(1, rows // per_card))) for m in (False, True)}
    all_tasks = []
    for (shape, is_mapped), effort in sizes.items():
        for cards in chunks[is_mapped]:
            name = digest(shape, identity, *(device_digests[i] for i in cards))
            n = per_card * len(cards)
            all_tasks.append(Task(name, shape, cards, n, _cost(job, cards, effort, n)))
    return sorted(all_tasks, key=lambda t: (-t.cost, t.id))


def _chunks(job: Job, is_mapped: bool, n: int) -> Iterator[tuple[int, ...]]:
    of_kind = [i for i, c in enumerate(job.cards) if c.is_mapped == is_mapped]
    of_kind.sort(key=lambda i: job.cards[i].kin)
    for at in range(0, len(of_kind), n):
        yield tuple(of_kind[at : at + n])


def _digest_of(cards: Cards) -> str:
    """Of all that is known of the cards: a task is done again when one of them is another."""
    devices: list[Any] = list(cards.devices)
    return digest(cards.label, *(as_json(_jsonable(d.__getstate__())) for d in devices))


def _jsonable(state: Any) -> Any:
    if isinstance(state, bytes):
        return state.decode("utf-8", "surrogateescape")
    return [_jsonable(v) for v in state] if isinstance(state, (tuple, list)) else state


def _cost(job: Job, cards: tuple[int, ...], effort: int, n_points: int) -> float:
    """A budget takes 2 us a tensor, for each kind of card, cache type and number of slots; a row, with its writing, 0.3 us."""
    kinds = len({job.cards[i].kin[:-1] for i in cards})
    return 2e-6 * effort * kinds * len(job.cache_types) * len(job.n_parallel) + 3e-7 * n_points


def do(task: Task, job: Job, rows: str, shapes: str) -> Done:
    """Plans a task and writes its file; a failure is told, with its reason. What workers run."""
    before = time.process_time()
    try:
        done = _do(task, job, rows, shapes)
    except Exception as e:  # whatever it is, the other tasks go on
        return Done(task.id, task.shape, 0, 0, 0, code=_code_of(e), why=f"{type(e).__name__}: {e}")
    return replace(done, seconds=time.process_time() - before, peak=peak_bytes())


def _do(task: Task, job: Job, rows: str, shapes: str) -> Done:
    pa = parquet.pyarrow_or_say()
    table = _core.sweep(
        [open_shape(shapes, task.shape)],
        None,
        None,
        [job.cards[i].devices for i in task.cards],
        [job.cards[i].label for i in task.cards],
        job.cache_types,
        job.n_parallel,
        job.n_ctx,
        1,
        plain(job.options),
        None,
    )
    refused = [{k: v for k, v in asdict(r).items() if k != "model"} for r in refusals_of(table)]
    about = {
        "vrambudget.task": as_json({"task": task.id, "shape": task.shape, "n_rows": len(table), "n_budgets": table.n_budgets,
                                    "refused": refused}),
        "vrambudget.job": as_json(job.identity),
    }
    own = pa.table(table)
    shape = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), len(table)), [task.shape])
    own = own.set_column(own.column_names.index("model"), "shape", shape)
    size = parquet.write(own, row_path(rows, task.id), about)
    return Done(task.id, task.shape, len(table), size, table.n_budgets, tuple(refused))


def row_path(folder: str, task: str) -> str:
    return os.path.join(folder, task + ".parquet")


def peak_bytes() -> int:
    """The most memory that this process took; 0 where that is not told."""
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _code_of(e: Exception) -> str:
    if isinstance(e, OSError) and e.errno in (errno.ENOSPC, errno.EDQUOT):
        return "full"
    return str(getattr(e, "code", "") or "failed")
