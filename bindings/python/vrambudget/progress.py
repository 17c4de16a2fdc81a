"""How far long work is: a bar where tqdm is installed, or whatever is to be called."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable, Union

Progress = Union[bool, Callable[[int, int], object], None]


@contextmanager
def shown(progress: Progress, total: int, unit: str) -> Iterator[Callable[[int, int], object]]:
    """What is called with what is done and all: nothing, what was given, or a bar. True asks for one, which takes tqdm;
    without tqdm it is a line on standard error, where that is a terminal."""
    if callable(progress):
        yield progress
    elif not progress:
        yield lambda done, n: None
    else:
        with _bar(total, unit) as tell:
            yield tell


@contextmanager
def _bar(total: int, unit: str) -> Iterator[Callable[[int, int], object]]:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        yield _line(unit)
        if sys.stderr.isatty():
            print(file=sys.stderr)
        return
    with tqdm(total=total, unit=" " + unit, unit_scale=True) as bar:

        def tell(done: int, n: int) -> Any:
            bar.total = n
            return bar.update(done - bar.n)

        yield tell


def _line(unit: str) -> Callable[[int, int], object]:
    def tell(done: int, n: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done:,} of {n:,} {unit}", end="", file=sys.stderr, flush=True)

    return tell
