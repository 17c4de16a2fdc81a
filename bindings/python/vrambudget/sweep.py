"""Budgets over a grid, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from . import _core, html

BASES = ("exact", "bound", "fitted", "assumed")


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


class Sweep(dict):  # type: ignore[type-arg]
    """A column for each name, so that `pandas.DataFrame(sweep)` takes it. Numbers are NumPy arrays over the
    memory that C++ filled (memoryviews without NumPy), sizes bytes over all devices of a row."""

    refused: tuple[Refusal, ...]
    n_budgets: int  # that were planned exactly; the rows between them are marked `interpolated`

    def to_dict(self) -> dict[str, Any]:
        return dict(self)

    def __repr__(self) -> str:
        return (
            f"<Sweep of {len(self['n_ctx']):,} points, {len(self.refused)} refusals, "
            f"{self.n_budgets:,} budgets planned; columns {', '.join(self)}>"
        )

    def plot(self, column: str = "used", ax: Any = None) -> Any:
        """Draws a column over the context, GiB where it is bytes: a line for each model, GPU, cache type and number
        of slots, solid where it fits. Takes matplotlib; gives the axes."""
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
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


def made_of(
    found: tuple[dict[str, _core.Column], list[Any], int],
    models: list[str],
    gpus: list[str],
    types: list[tuple[str, str]],
    n_parallel: list[int],
) -> Sweep:
    """The columns of the compiled part, with names for numbers."""
    columns, refused, n_budgets = found
    np: Optional[Any]
    try:
        import numpy as np
    except ImportError:
        np = None

    def numbers(name: str) -> Any:
        column: Any = columns[name]  # has the buffer protocol, which types do not say before 3.12
        return memoryview(column) if np is None else np.asarray(column)

    def labels(name: str, words: list[str]) -> Any:
        if np is None:
            return [words[i] for i in numbers(name)]
        return np.array(words, dtype=object)[numbers(name)]

    s = Sweep()
    s["model"] = labels("model", models)
    s["gpu"] = labels("gpu", gpus)
    s["type_k"] = labels("cache_types", [k for k, _ in types])
    s["type_v"] = labels("cache_types", [v for _, v in types])
    for name in columns:
        if name == "basis":
            s[name] = labels(name, list(BASES))
        elif name not in ("model", "gpu", "cache_types"):
            s[name] = numbers(name)
    s.refused = tuple(
        Refusal(models[m], gpus[g], types[t][0], types[t][1], n_parallel[p], first, last, why)
        for m, g, t, p, first, last, why in refused
    )
    s.n_budgets = n_budgets
    return s
