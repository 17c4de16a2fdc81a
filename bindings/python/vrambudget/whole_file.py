"""Files that are there whole or as they were, whatever happens while they are written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

_LEFT = re.compile(r"^\..*\.\d+\.part$")


@contextmanager
def whole_file(path: str) -> Iterator[BinaryIO]:
    """A file to write into: it lies beside its place, is flushed to the disk, and moved there."""
    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{name}.{os.getpid()}.part")
    try:
        with open(beside, "wb") as f:
            yield f
            f.flush()
            os.fsync(f.fileno())
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise
    _flush_folder(folder)


def is_left_over(name: str) -> bool:
    """Whether a file is what a process that died had half written."""
    return _LEFT.match(name) is not None


def _flush_folder(folder: str) -> None:
    """A move is on the disk once its folder is."""
    if os.name != "posix":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
