"""What notebooks show: a bar for each device and a table of its terms, on light and dark backgrounds."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Sequence

if TYPE_CHECKING:
    from .budget import Budget, DeviceBudget, Term, TermList

# Okabe and Ito's colours, which people with colour blindness tell apart
COLOURS = {
    "weights": "#0072b2",
    "kv_cache": "#e69f00",
    "recurrent_state": "#cc79a7",
    "compute_buffer": "#009e73",
    "driver_context": "#999999",
    "pool": "#56b4e9",
    "output_buffer": "#f0e442",
    "page_rounding": "#777777",
}
_OTHER = "#d55e00"
_STRIPES = {  # by the first word of a term: a draft's are its model's colours with stripes
    "draft_": 45,
    "projector_compute": 45,
    "projector_growth": 135,
}
_RED = "#e5484d"  # on white as on black at least 3.9 : 1

_BASES = {
    "exact": "as the engine allocates it, to the byte",
    "bound": "not more than this",
    "fitted": "measured on such cards; the highest that was seen",
    "assumed": "not measured on such cards",
}


def colour(term: str) -> str:
    """The colour of a term in bars and charts; a draft's is that of the same term of its model."""
    return COLOURS.get(term.removeprefix("draft_"), _OTHER)


def _fill(term: str) -> str:
    """The value of `background` for a term."""
    for start, angle in _STRIPES.items():
        if term.startswith(start):
            return (
                f"repeating-linear-gradient({angle}deg,transparent 0 3px,"
                f"rgba(255,255,255,0.55) 3px 5px),{colour(term)}"
            )
    return colour(term)


# every property that the tables of notebooks set in their own way
def _cell(text: str, align: str = "left", tag: str = "td", wraps: bool = False) -> str:
    space = "normal" if wraps else "nowrap"
    return (
        f'<{tag} style="padding:2px 14px 2px 0;text-align:{align};vertical-align:top;'
        f'border:none;background:none;white-space:{space}">{text}</{tag}>'
    )


def _row(cells: str) -> str:
    return f'<tr style="background:none;border:none">{cells}</tr>'


def _table(rows: str) -> str:
    return (
        '<table style="border-collapse:collapse;border:none;margin:0 0 4px 0;table-layout:auto;'
        f'width:auto;font-variant-numeric:tabular-nums">{rows}</table>'
    )


def table(head: Sequence[str], rows: Sequence[Sequence[Any]], align: str = "") -> str:
    """Cells are text. `align`: a letter for each column, l or r; without it the first column is on the
    left, the others are on the right."""
    sides = [
        "left" if side == "l" else "right" for side in align or "l" + "r" * (len(head) - 1)
    ]

    def line(tag: str, cells: Sequence[Any]) -> str:
        return _row("".join(_cell(escape(str(c)), s, tag) for c, s in zip(cells, sides)))

    return scrolled(_table(line("th", head) + "".join(line("td", r) for r in rows)))


def scrolled(inner: str) -> str:
    """What may be wider than the page."""
    return f'<div style="overflow-x:auto">{inner}</div>'


def in_mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"


def _bar(d: "DeviceBudget", scale: int) -> str:
    """Terms side by side, what is usable as the grey behind them, over a width of `scale` bytes."""

    def percent(size: int) -> str:
        return f"{100 * size / scale:.3f}%"

    parts = "".join(
        f'<span title="{escape(t.name)} {in_mib(t.size)}" style="display:inline-block;'
        f'height:100%;width:{percent(t.size)};background:{_fill(t.name)}"></span>'
        for t in d.terms
    )
    usable = (
        '<span style="position:absolute;left:0;top:0;bottom:0;'
        f'width:{percent(d.usable)};background:rgba(128,128,128,0.25)"></span>'
    )
    limit = ""
    if not d.fits:
        limit = (
            f'<span title="usable: {in_mib(d.usable)}" style="position:absolute;top:-4px;'
            f"bottom:-4px;width:3px;margin-left:-1px;background:{_RED};box-shadow:0 0 0 1px #fff;"
            f'left:{percent(d.usable)}"></span>'
        )
    said = f"{d.used / 2**30:.2f} of {d.usable / 2**30:.2f} GiB"
    return (
        f'<div role="img" aria-label="{said}" style="position:relative;height:18px;'
        'max-width:640px;margin:5px 0;font-size:0;white-space:nowrap">'
        f'{usable}<span style="position:absolute;left:0;top:0;width:100%;height:100%">'
        f"{parts}</span>{limit}</div>"
    )


def _basis(t: "Term") -> str:
    text = escape(t.basis) + (f", from {in_mib(t.low)}" if t.low is not None else "")
    said = f'<span title="{escape(_BASES.get(t.basis, ""))}">{text}</span>'
    return said + (f"<br><small>{escape(t.note)}</small>" if t.note else "")


def _terms(list_: "TermList") -> str:
    def row(t: "Term") -> str:
        key = (
            '<span style="display:inline-block;width:10px;height:10px;margin-right:6px;'
            f'background:{_fill(t.name)}"></span>'
        )
        return _row(
            _cell(key + escape(t.name))
            + _cell(in_mib(t.size), "right")
            + _cell(_basis(t), wraps=t.note is not None)
        )

    return scrolled(_table("".join(row(t) for t in list_.terms)))


def _device(d: "DeviceBudget", scale: int) -> str:
    answer = f"{in_mib(d.spare)} spare"
    if not d.fits:
        answer = f'<b style="color:{_RED}">does not fit: lacks {in_mib(d.missing)}</b>'
    others = ""
    if d.others is not None:
        others = f"<div><small>{in_mib(d.others.size)} held by others, {_basis(d.others)}</small></div>"
    return (
        f'<div style="margin-top:8px">{escape(d.id)} {escape(d.gpu)}: '
        f"{d.used / 2**30:.2f} of {d.usable / 2**30:.2f} GiB, {answer}</div>"
        + _bar(d, scale)
        + _terms(d)
        + others
    )


def budget(b: "Budget") -> str:
    """The whole budget."""
    kv = b.run["type_k"]
    if b.run["type_v"] != kv:
        kv += "/" + b.run["type_v"]
    slots = b.run["n_seq_max"]
    out = [
        f'<div><b>{escape(b.model["name"])}</b>, {b.run["n_ctx"]:,} tokens, '
        f'{slots} slot{"s" if slots > 1 else ""}, KV {escape(kv)}, {escape(b.engine)}'
    ]
    # one scale, so that bytes are as long on every card
    scale = max((max(d.usable, d.used) for d in b.devices), default=1) or 1
    out += [_device(d, scale) for d in b.devices]
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
                [[s.flags, s.gives, in_mib(s.spare)] for s in b.suggestions],
                "llr",
            )
        )
    out += [f"<div><small>{escape(n)}</small></div>" for n in b.notes]
    return "".join(out) + "</div>"
