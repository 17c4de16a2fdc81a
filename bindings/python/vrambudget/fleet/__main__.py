"""python -m vrambudget.fleet: every model on every card, as Parquet files."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Optional

import vrambudget as vb

from .executors import dask_executor, ray_executor
from .job import ALL, Job
from .run import Result, run


def contexts_of(text: str) -> list[int]:
    """"8192,65536" or "1024:262144:1024", first, last and step."""
    found: list[int] = []
    for part in text.split(","):
        numbers = [int(n) for n in part.split(":")]
        if len(numbers) not in (1, 3) or (len(numbers) == 3 and numbers[2] < 1):
            raise argparse.ArgumentTypeError(f"{part!r} is no number of tokens, and no first:last:step")
        found += numbers if len(numbers) == 1 else range(numbers[0], numbers[1] + 1, numbers[2])
    return found


def words_of(text: str) -> list[str]:
    return [w for w in text.split(",") if w]


def types_of(text: str) -> list[Any]:
    """"f16,q8_0/q4_0": of K and V alike, or of each."""
    return [tuple(w.split("/")) if "/" in w else w for w in words_of(text)]


def option_of(text: str) -> tuple[str, Any]:
    name, is_told, value = text.partition("=")
    if not is_told:
        return name, True
    if value.lstrip("-").isdigit():
        return name, int(value)
    return name, value == "true" if value in ("true", "false") else value


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser("python -m vrambudget.fleet", description=__doc__)
    p.add_argument("--models", nargs="+", required=True, metavar="MODEL",
                   help="files, folders that are walked through, names; all: the catalogue's")
    p.add_argument("--gpus", type=words_of, default=ALL, help="cards by name, with commas between, 2x3090 too [all]")
    p.add_argument("--out", required=True, metavar="FOLDER", help="where rows, models and the manifest go")
    p.add_argument("--contexts", type=contexts_of, default=contexts_of("1024:262144:1024"),
                   help="8192,65536 or first:last:step [1024:262144:1024]")
    p.add_argument("--cache-types", type=types_of, default=["f16"], help="f16,q8_0,q8_0/q4_0 [f16]")
    p.add_argument("--parallel", type=contexts_of, default=[1], help="slots [1]")
    p.add_argument("--option", type=option_of, action="append", default=[], metavar="NAME=VALUE",
                   help="of all runs, as Python has it: n_ubatch=1024, engine=b9829, cpu_moe=true")
    p.add_argument("--workers", type=int, help="processes [as many as there are cores]")
    p.add_argument("--executor", default="processes",
                   help="processes, dask, dask:ADDRESS, ray, ray:ADDRESS [processes]")
    p.add_argument("--quiet", action="store_true", help="no progress")
    return p


def told(r: Result) -> str:
    lines = [f"{len(r.models):,} models, {len({m.shape for m in r.models if m.shape}):,} shapes",
             f"{len(r.done):,} tasks done, {len(r.kept):,} were there, {len(r.failed):,} failed",
             f"{r.n_rows:,} rows in {r.n_bytes:,} bytes"]
    lines += [f"not read: {m.path}: {m.why}" for m in r.unreadable]
    lines += [f"failed: {d.task}: {d.why}" for d in r.failed]
    return "\n".join(lines)


def main(args: Optional[list[str]] = None) -> int:
    a = parser().parse_args(args)
    kind, _, address = a.executor.partition(":")
    if kind not in ("processes", "dask", "ray"):
        print(f"vrambudget.fleet: --executor {kind}: processes, dask or ray", file=sys.stderr)
        return 2
    try:
        gpus = ALL if a.gpus == [ALL] else a.gpus
        job = Job.of(a.models, gpus, a.contexts, cache_types=a.cache_types, n_parallel=a.parallel, **dict(a.option))
        made = {"dask": dask_executor, "ray": ray_executor}
        executor = made[kind](address or None, a.workers) if kind in made else None
        r = run(job, a.out, executor=executor, workers=a.workers, progress=not a.quiet)
    except (vb.Error, ImportError, OSError, RuntimeError) as e:
        print(f"vrambudget.fleet: {e}", file=sys.stderr)
        return 3
    print(told(r))
    if r.stopped:
        print(f"vrambudget.fleet: {r.stopped}: free some and run it again", file=sys.stderr)
        return 74
    return 1 if r.failed or r.unreadable else 0


if __name__ == "__main__":
    sys.exit(main())
