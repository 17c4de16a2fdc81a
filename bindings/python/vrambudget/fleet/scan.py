"""The models of a fleet: which files there are, and which of them are planned alike."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Optional

import vrambudget as vb
from vrambudget import _core
from vrambudget.whole_file import whole_file

from .job import ALL, digest

_LATER_PART = re.compile(r"-(\d{5})-of-\d{5}\.gguf$")


@dataclass(frozen=True)
class Scanned:
    """A model as it was asked for, and what it was found to be; with `why` it could not be read."""

    path: str
    size: int = 0  # of the file, as `written`: what tells whether it is another now
    written: int = 0
    name: str = ""
    architecture: str = ""
    n_params: int = 0
    tensor_bytes: int = 0
    n_layer: int = 0
    n_ctx_train: int = 0
    effort: int = 0  # how much work plans of it are: see _effort_of()
    shape: str = ""
    mapped_shape: str = ""  # on cards that map the file; empty: there are none
    code: str = ""
    why: str = ""


def named(models: Iterable[str]) -> list[str]:
    """Files of folders, the first of a split set; all else as it is. Sorted, each once; a folder that links lead to again
    is not walked through again."""
    found: set[str] = set()
    for name in models:
        if name == ALL:
            found.update(str(m["name"]) for m in vb.models())
        elif os.path.isdir(name):
            found.update(_files_in(name))
        else:
            found.add(name)
    return sorted(found)


def _files_in(folder: str) -> Iterator[str]:
    known: set[str] = set()  # links may lead back
    for at, folders, names in os.walk(folder, followlinks=True):
        here = os.path.realpath(at)
        if here in known:
            folders.clear()
            continue
        known.add(here)
        folders.sort()
        for name in names:
            part = _LATER_PART.search(name)
            is_first = part is None or int(part[1]) == 1
            if name.endswith(".gguf") and is_first and not name.startswith("mmproj"):
                yield os.path.join(at, name)


def stamp(path: str) -> tuple[int, int]:
    """Size and time of a file; zeros where it is none."""
    try:
        s = os.stat(path)
    except OSError:
        return 0, 0
    return s.st_size, s.st_mtime_ns


def scan(path: str, shapes: str, is_mapped: bool) -> Scanned:
    """Reads one model, and keeps its shape in the folder `shapes`, by which it is planned from then on."""
    size, written = stamp(path)
    try:
        m = vb.open_model(path)
        shape = _keep(m, shapes, False)
        mapped = _keep(m, shapes, True) if is_mapped else ""
        effort = _effort_of(shapes, shape)
    except vb.Error as e:
        return Scanned(path, size, written, code=e.code, why=str(e))
    return Scanned(path, size, written, m.name, m.architecture, m.n_params, m.tensor_bytes, m.n_layer, m.n_ctx_train, effort,
                   shape, mapped)


def scan_all(paths: list[str], shapes: str, is_mapped: bool) -> list[Scanned]:
    return [scan(p, shapes, is_mapped) for p in paths]


@lru_cache(maxsize=4096)
def _effort_of(shapes: str, shape: str) -> int:
    """Budgets that 64 contexts take on one card, times the tensors of each: 3,000 for most, a hundred times that where what
    a context takes is no line."""
    m = open_shape(shapes, shape)
    card = _core.open_devices({"gpu": ["3090"], "system": "linux", "no_calibration": True})
    table = _core.sweep([m], None, None, [card], ["3090"], [("f16", "f16")], [1], range(2048, 131073, 2048), 1, {}, None)
    return max(1, table.n_budgets) * int(m.to_dict()["tensor_count"])


def _keep(m: _core.Model, folder: str, is_mapped: bool) -> str:
    header = m.shape_bytes(is_mapped)
    name = digest(header)
    path = shape_path(folder, name)
    if not os.path.exists(path):
        with whole_file(path) as f:
            f.write(header)
    return name


def shape_path(folder: str, shape: str) -> str:
    return os.path.join(folder, shape + ".shape")  # a GGUF header; as .gguf it would be a model of a folder that it is in


def open_shape(folder: str, shape: str) -> _core.Model:
    with open(shape_path(folder, shape), "rb") as f:
        return _core.Model.from_bytes(f.read(), shape)


def reusable(before: Optional[Scanned], is_mapped: bool, shapes: str) -> bool:
    """Whether a file need not be read again: it is as it was then, and its shape is kept."""
    if before is None or before.why or before.size == 0:
        return False
    if stamp(before.path) != (before.size, before.written) or (is_mapped and not before.mapped_shape):
        return False
    return all(os.path.exists(shape_path(shapes, s)) for s in (before.shape, before.mapped_shape) if s)
