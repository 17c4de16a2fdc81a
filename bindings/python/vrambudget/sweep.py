"""Budgets over a grid, as columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from typing import Any, Union

from . import _core, html, parquet
from .errors import InvalidArgumentError
from .plots import axes_for

BASES = ("exact", "bound", "fitted", "assumed")
LABELS = ("model", "gpu", "type_k", "type_v", "basis")  # columns of texts
NAMES = ("model", "gpu", "type_k", "type_v", "n_parallel", "n_ctx", "weights", "kv_cache", "recurrent_state",
         "compute_buffer", "driver_context", "pool", "other", "page_rounding", "used", "usable", "spare", "host", "fits",
         "basis", "interpolated")


@dataclass(frozen=True)
class Refusal:
    """Points that the engine refuses. They have no row."""

    model: str
    gpu: str
    type_k: str
    type_v: str
    n_parallel: int
    n_ctx_first: int
    n_ctx_last: int
    why: str


class Sweep:
    """A column for each name. Numbers are NumPy arrays over the memory that C++ filled (memoryviews without NumPy), sizes
    bytes over all devices of a row.

    polars.DataFrame(sweep), pyarrow.table(sweep) and DuckDB's `from sweep` take the rows by Arrow's C stream, as
    they lie in memory, with dictionaries for texts. It has a dict's methods and is none, as these would read it as one."""

    def __init__(self, table: _core.Table):
        self._table = table
        self._columns: dict[str, Any] = {}
        self.refused = refusals_of(table)

    @property
    def n_budgets(self) -> int:
        """That were planned exactly; the rows between them are marked `interpolated`."""
        return self._table.n_budgets

    def __getitem__(self, name: str) -> Any:
        if name not in self._columns:
            self._columns[name] = column_of(self._table, name)
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def keys(self) -> tuple[str, ...]:
        return NAMES

    def values(self) -> list[Any]:
        return [self[name] for name in NAMES]

    def items(self) -> list[tuple[str, Any]]:
        return [(name, self[name]) for name in NAMES]

    def to_dict(self) -> dict[str, Any]:
        return dict(self.items())

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows as a capsule of Arrow's C stream interface."""
        return self._table.__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> Any:
        """A pandas.DataFrame; numbers are not copied, texts are categories."""
        import pandas

        table, words = self._table, {}
        for name in LABELS:
            numbers, names = labels_of(table, name)
            words[name] = pandas.Categorical.from_codes(*unique(numbers, names))
        return pandas.DataFrame({n: words[n] if n in words else self[n] for n in NAMES}, copy=False)

    def to_parquet(self, path: Union[str, "PathLike[str]"]) -> None:
        """Writes the rows as a Parquet file, a fifth of a byte to a few each; whole, or not at all. Takes pyarrow."""
        parquet.write(self, path)

    def __array__(self, *_: Any, **__: Any) -> Any:
        # what pandas.DataFrame() asks of what is no dict
        raise TypeError("a Sweep is columns: take sweep.to_pandas(), or dict(sweep)")

    def __reduce__(self) -> Any:
        return Sweep, (self._table,)

    def __repr__(self) -> str:
        return (
            f"<Sweep of {len(self._table):,} points, {len(self.refused)} refusals, "
            f"{self.n_budgets:,} budgets planned; columns {', '.join(self)}>"
        )

    def plot(self, column: str = "used", ax: Any = None) -> Any:
        """Draws a column over the context, GiB where it is bytes: a line for each model, GPU, cache type and number
        of slots, solid where it fits. Takes matplotlib; gives the axes."""
        ax = axes_for(ax)
        axes = ("model", "gpu", "type_k", "type_v", "n_parallel")
        lines: dict[tuple[Any, ...], list[int]] = {}
        for i in range(len(self["n_ctx"])):
            lines.setdefault(tuple(self[a][i] for a in axes), []).append(i)
        differ = [a for k, a in enumerate(axes) if len({key[k] for key in lines}) > 1]
        scale = 1 if column in ("n_ctx", "n_parallel") else 2**30
        for key, rows in lines.items():
            label = ", ".join(str(v) for a, v in zip(axes, key) if a in differ)
            values = [int(self[column][i]) / scale for i in rows]
            fits = [v if self["fits"][i] else float("nan") for v, i in zip(values, rows)]
            contexts = [int(self["n_ctx"][i]) for i in rows]
            (line,) = ax.plot(contexts, fits, label=label)
            ax.plot(contexts, values, ":", color=line.get_color())
        ax.set_xlabel("n_ctx")
        ax.set_ylabel(column + (", GiB" if scale > 1 else ""))
        if differ:
            ax.legend()
        return ax

    def _repr_html_(self) -> str:
        n = len(self["n_ctx"])
        shown = range(min(n, 10))
        head = ["model", "gpu", "type_k", "n_parallel", "n_ctx", "used", "spare", "fits", "basis"]
        rows = [[_cell(k, self[k][i]) for k in head] for i in shown]
        more = f"<div>{n:,} points</div>" if n > len(rows) else ""
        return html.table(head, rows, "lllrrrrll") + more


def _cell(key: str, value: Any) -> str:
    if key in ("used", "spare"):
        return f"{int(value) / 2**30:.2f} GiB"
    return f"{int(value):,}" if key == "n_ctx" else str(value)


def cache_pairs(given: Any) -> list[tuple[str, str]]:
    pairs = []
    for t in [given] if isinstance(given, str) else list(given):
        pair = (t, t) if isinstance(t, str) else tuple(t)
        if len(pair) != 2 or not all(isinstance(name, str) for name in pair):
            raise InvalidArgumentError(f"cache_types: {t!r} is no type, nor a pair of them")
        pairs.append((pair[0], pair[1]))
    return pairs


def labels_of(table: _core.Table, name: str) -> tuple[Any, list[str]]:
    """The numbers of a column of texts, and what they are called."""
    types = table.cache_types
    of: dict[str, tuple[str, list[str]]] = {
        "model": ("model", table.models),
        "gpu": ("gpu", table.gpus),
        "type_k": ("cache_types", [k for k, _ in types]),
        "type_v": ("cache_types", [v for _, v in types]),
        "basis": ("basis", list(BASES)),
    }
    axis, words = of[name]
    return numbers_of(table, axis), words


def numbers_of(table: _core.Table, name: str) -> Any:
    column: Any = table.columns[name]  # has the buffer protocol, which types do not say before 3.12
    try:
        import numpy as np
    except ImportError:
        return memoryview(column)
    return np.asarray(column)


def column_of(table: _core.Table, name: str) -> Any:
    if name not in LABELS:
        return numbers_of(table, name)
    numbers, words = labels_of(table, name)
    if isinstance(numbers, memoryview):
        return [words[i] for i in numbers]
    import numpy as np

    return np.array(words, dtype=object)[numbers]


def unique(numbers: Any, words: list[str]) -> tuple[Any, list[str]]:
    """The same labels, each word once."""
    once = list(dict.fromkeys(words))
    if len(once) == len(words):
        return numbers, words
    import numpy as np

    return np.array([once.index(w) for w in words])[numbers], once


def refusals_of(table: _core.Table) -> tuple[Refusal, ...]:
    models, gpus, types, slots = table.models, table.gpus, table.cache_types, table.n_parallel
    return tuple(
        Refusal(models[m], gpus[g], types[t][0], types[t][1], slots[p], first, last, why)
        for m, g, t, p, first, last, why in table.refused
    )
