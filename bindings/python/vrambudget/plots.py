"""Pictures by matplotlib: the bars of a budget, and what contexts take."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import TYPE_CHECKING, Any, Optional, Union

from . import html

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .budget import Budget, Term
    from .options import RunOptions

_GIB = 2**30


def axes_for(ax: Any, **size: Any) -> Any:
    """Axes of a figure of their own, if none are given."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as e:
        raise ImportError("pictures are drawn by matplotlib: pip install matplotlib") from e
    return plt.subplots(**size)[1]


def plot_budget(budget: Budget, ax: Any = None) -> Any:
    """A bar for each device and for the host, of terms in the colours of notebooks, GiB; a mark where a device ends."""
    places: list[tuple[str, tuple[Term, ...], Optional[int]]] = [
        (f"{d.id} {d.gpu}", d.terms, d.usable) for d in budget.devices
    ]
    places.append(("host", budget.host.terms, budget.host.ram))
    ax = axes_for(ax, figsize=(8, 0.9 + 0.55 * len(places)))
    named: set[str] = set()
    for y, (_, terms, usable) in enumerate(places):
        at = 0.0
        for t in terms:
            size = t.size / _GIB
            is_drafts = t.name.startswith("draft_")
            ax.barh(y, size, left=at, color=html.colour(t.name), hatch="///" if is_drafts else None, edgecolor="white",
                    linewidth=0.5, label=None if t.name in named else t.name)
            named.add(t.name)
            at += size
        if usable:
            ax.plot([usable / _GIB] * 2, [y - 0.45, y + 0.45], color="black", linewidth=1.5)
    ax.set_yticks(range(len(places)), [name for name, _, _ in places])
    ax.invert_yaxis()
    ax.set_xlabel("GiB; a line where the device is full")
    ax.set_title(f"{budget.model['name']}, {budget.run['n_ctx']:,} tokens: {budget.verdict.replace('_', ' ')}")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return ax


def plot_contexts(
    models: Any,
    gpus: Any,
    n_ctx: Union[int, Iterable[int], None] = None,
    *,
    column: str = "used",
    ax: Any = None,
    cache_types: Any = ("f16", "q8_0", "q4_0"),
    n_parallel: Union[int, Iterable[int]] = (1,),
    **options: Unpack[RunOptions],
) -> Any:
    """What contexts take: a line for each model, GPU, cache type and number of slots, solid where it fits, and where the
    memory of the GPUs ends. `n_ctx`: at 64 contexts up to the training length; else as sweep(). Takes matplotlib; gives the
    axes."""
    from . import open_model, sweep
    from ._core import Model

    given: list[Any] = [models] if isinstance(models, (str, PathLike, Model)) else list(models)
    opened = [open_model(m) for m in given]
    if n_ctx is None:
        step = max(256, max(m.n_ctx_train for m in opened) // 64 // 256 * 256)
        n_ctx = range(step, max(m.n_ctx_train for m in opened) + 1, step)
    table = sweep(opened, gpus, n_ctx, cache_types=cache_types, n_parallel=n_parallel, **options)
    ax = table.plot(column, axes_for(ax))
    if column == "used":
        for usable in sorted({int(u) for u in table["usable"]}):
            ax.axhline(usable / _GIB, color="black", linewidth=0.8, linestyle="--")
    return ax
