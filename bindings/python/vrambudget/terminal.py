"""What terminals show of a budget by the package rich: a table of devices and terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import html

if TYPE_CHECKING:
    from .budget import Budget, Term

_BLOCKS = 40  # of a bar


def table_of(budget: Budget) -> Any:
    """A rich.table.Table; rich asks for it when it prints a budget."""
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    answer = "fits" if budget.fits else "does not fit"
    head = f"{budget.model['name']}, {budget.run['n_ctx']:,} tokens, KV {budget.run['type_k']}: {answer}"
    table = Table(title=escape(head), title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    table.add_column("MiB", justify="right")
    table.add_column("")
    for d in budget.devices:
        table.add_row(Text(f"{d.id} {d.gpu}", "bold"), Text(_mib(d.used), "bold"),
                      Text(f"of {_mib(d.usable)}, {'fits' if d.fits else 'does not fit'}", "" if d.fits else "bold red"))
        table.add_row(_bar(Text(), d.terms, max(d.used, d.usable)), "", "")
        for t in d.terms:
            table.add_row(Text("■ ", html.colour(t.name)).append(t.name, "default"), _mib(t.size), t.basis)
    table.add_row(Text("host", "bold"), Text(_mib(budget.host.used), "bold"), "")
    for t in budget.host.terms:
        table.add_row("  " + escape(t.name), _mib(t.size), t.basis)
    return table


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f}"


def _bar(text: Any, terms: tuple[Term, ...], all_bytes: int) -> Any:
    """Blocks of terms, and dots for what is free."""
    at = shown = 0
    for t in terms:
        at += t.size
        n = round(at / max(all_bytes, 1) * _BLOCKS) - shown
        text.append("█" * n, html.colour(t.name))
        shown += n
    return text.append("·" * (_BLOCKS - shown), "dim")
