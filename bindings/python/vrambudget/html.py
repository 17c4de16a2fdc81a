"""What notebooks show: a bar for each device and a table of its terms."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Sequence

if TYPE_CHECKING:
    from .budget import Budget, DeviceBudget, TermList

# Okabe and Ito's colours, which people with colour blindness tell apart
COLOURS = {
    "weights": "#0072b2",
    "kv_cache": "#e69f00",
    "recurrent_state": "#cc79a7",
    "compute_buffer": "#009e73",
    "driver_context": "#999999",
    "pool": "#56b4e9",
    "output_buffer": "#f0e442",
}
_OTHER = "#d55e00"

_CELL = "padding:2px 12px 2px 0;text-align:{};border:none;background:none"


def colour(term: str) -> str:
    """The colour of a term in bars and charts; a draft's and a projector's share one."""
    return COLOURS.get(term, _OTHER)


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Cells are text; all but the first column are aligned to the right."""

    def line(tag: str, cells: Sequence[Any]) -> str:
        return "<tr>" + "".join(
            f'<{tag} style="{_CELL.format("right" if i else "left")}">{escape(str(c))}</{tag}>'
            for i, c in enumerate(cells)
        ) + "</tr>"

    return (
        '<table style="border-collapse:collapse;border:none">'
        + line("th", head)
        + "".join(line("td", r) for r in rows)
        + "</table>"
    )


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"


def _bar(d: "DeviceBudget") -> str:
    """Terms side by side, of the larger of what is used and what is usable; the rest stays empty."""
    whole = max(d.usable, d.used, 1)
    parts = "".join(
        f'<span title="{escape(t.name)} {_mib(t.size)}" style="display:inline-block;height:100%;'
        f'width:{100 * t.size / whole:.3f}%;background:{colour(t.name)}"></span>'
        for t in d.terms
    )
    limit = ""
    if d.used > d.usable:
        limit = (
            '<span title="usable" style="position:absolute;top:-3px;bottom:-3px;width:2px;'
            f'background:#c00;left:{100 * d.usable / whole:.3f}%"></span>'
        )
    return (
        '<div style="position:relative;height:18px;max-width:640px;margin:4px 0;font-size:0;'
        f'white-space:nowrap;background:rgba(128,128,128,0.2)">{parts}{limit}</div>'
    )


def _terms(list_: "TermList") -> str:
    rows = "".join(
        f'<tr><td style="{_CELL.format("left")}"><span style="display:inline-block;width:10px;'
        f'height:10px;background:{colour(t.name)};margin-right:6px"></span>{escape(t.name)}</td>'
        f'<td style="{_CELL.format("right")}">{_mib(t.size)}</td>'
        f'<td style="{_CELL.format("left")}">{escape(t.basis)}'
        + (f", from {_mib(t.low)}" if t.low is not None else "")
        + (f"<br><small>{escape(t.note)}</small>" if t.note else "")
        + "</td></tr>"
        for t in list_.terms
    )
    return f'<table style="border-collapse:collapse;border:none">{rows}</table>'


def budget(b: "Budget") -> str:
    """The whole budget."""
    kv = b.run["type_k"]
    if b.run["type_v"] != kv:
        kv += "/" + b.run["type_v"]
    out = [
        f'<div><b>{escape(b.model["name"])}</b>, {b.run["n_ctx"]:,} tokens, KV {escape(kv)}, '
        f'{escape(b.engine)}'
    ]
    for d in b.devices:
        answer = (
            f"{_mib(d.spare)} spare" if d.fits else f"<b>does not fit: lacks {_mib(d.missing)}</b>"
        )
        out.append(
            f'<div style="margin-top:8px">{escape(d.id)} {escape(d.gpu)}: '
            f"{d.used / 2**30:.2f} of {d.usable / 2**30:.2f} GiB, {answer}</div>"
        )
        out.append(_bar(d) + _terms(d))
    out.append(f'<div style="margin-top:8px">host: {b.host.used / 2**30:.2f} GiB</div>')
    out.append(_terms(b.host))
    if b.max_context:
        m = b.max_context
        out.append(f"<div>largest context {m.n_ctx:,}, bound by {escape(m.bound_by)}</div>")
    if b.suggestions:
        out.append('<div style="margin-top:8px">What would fit:</div>')
        out.append(
            table(
                ["change", "gives", "spare"],
                [[s.flags, s.gives, _mib(s.spare)] for s in b.suggestions],
            )
        )
    out += [f"<div><small>{escape(n)}</small></div>" for n in b.notes]
    return "".join(out) + "</div>"
