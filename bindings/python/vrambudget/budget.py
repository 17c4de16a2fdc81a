"""Budgets as they are planned: every byte by device and by term."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Optional

from . import _core, html, plots, terminal


def options_of(flags: str) -> dict[str, Any]:
    """Flags of llama-server as arguments of plans; numbers as numbers."""
    (found,) = json.loads(_core.find_runs("llama-server -m model.gguf " + flags))
    told = {k: v for k, v in found["options"].items() if k != "model"}
    return {k: int(v) if isinstance(v, str) and v.isdigit() else v for k, v in told.items()}


def in_gib(size: int) -> str:
    return f"{size / 2**30:.2f} GiB"


@dataclass(frozen=True)
class Term:
    """One named amount of memory, in bytes."""

    name: str
    size: int
    basis: str  # "exact", "bound", "fitted" or "assumed"
    low: Optional[int] = None  # of a measured amount: what it may be instead, at least
    note: Optional[str] = None  # with explain=True: how it comes about
    expected: Optional[int] = None  # of a measured amount: what is likely
    held: Optional[str] = None  # on the host: "mapped", "locked", "pinned" or "anonymous"


class TermList:
    """The terms of a device or of the host."""

    def __init__(self, data: dict[str, Any]):
        self._data = data
        self.terms = tuple(
            Term(t["term"], t["bytes"], t["basis"], t.get("low_bytes"), t.get("note"),
                 t.get("expected_bytes"), t.get("held"))
            for t in data["terms"]
        )
        self.used: int = data["used_bytes"]

    def of(self, name: str) -> int:
        """The size of a term; 0 if there is none of that name."""
        return sum(t.size for t in self.terms if t.name == name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {in_gib(self.used)} used>"


class DeviceBudget(TermList):
    """What one device must hold, and what it has."""

    def __init__(self, data: dict[str, Any]):
        super().__init__(data)
        self.id: str = data["id"]
        self.gpu: str = data["gpu"]
        self.total: int = data["total_bytes"]
        self.usable: int = data["usable_bytes"]
        self.used_low: int = data.get("used_low_bytes", self.used)
        self.fits: bool = data["fits"]
        held = data.get("others")  # what a desktop or other processes hold of `total`
        self.others = (
            Term("others", held["bytes"], held["basis"], held.get("low_bytes"), held.get("note"))
            if held
            else None
        )

    @property
    def spare(self) -> int:
        """What is left of `usable`; 0 where it does not fit."""
        return max(0, self.usable - self.used)

    @property
    def missing(self) -> int:
        """What `usable` lacks; 0 where it fits."""
        return max(0, self.used - self.usable)

    def __repr__(self) -> str:
        fits = "fits" if self.fits else "does not fit"
        return f"<{self.id} {self.gpu}: {in_gib(self.used)} of {in_gib(self.usable)}, {fits}>"


class HostBudget(TermList):
    """What the host must hold at the start, and what a server adds to it over hours."""

    def __init__(self, data: dict[str, Any]):
        super().__init__(data)
        self.ram: Optional[int] = data.get("ram_bytes")  # None: unknown, there is no verdict
        self.resident: int = data["resident_bytes"]  # must stay; the server's own part included
        self.mapped: int = data["mapped_bytes"]  # weights that can be read from their file again
        self.grows_to: Optional[int] = data.get("grows_to_bytes")  # None: without end
        self.fits: bool = data.get("fits", True)
        self.reads_from_disk: bool = data.get("reads_from_disk", False)
        self.short: int = data.get("short_bytes", 0)
        self.prompt_cache: Optional[dict[str, Any]] = data.get("prompt_cache")
        self.checkpoint: Optional[dict[str, Any]] = data.get("checkpoint")


@dataclass(frozen=True)
class ContextLimit:
    """The largest context, and why it is not larger."""

    n_ctx: int  # tokens over all slots; 0: not even the smallest context fits
    bound_by: str  # "n_ctx_train", "limit", "host", or the id of the device that is full
    n_ctx_loads: int = 0  # the same, but memory may run out as the context fills

    def to_dict(self) -> dict[str, Any]:
        return {"n_ctx": self.n_ctx, "n_ctx_loads": self.n_ctx_loads, "bound_by": self.bound_by}

    def _repr_html_(self) -> str:
        return html.table(
            ["largest context", "bound by"], [[f"{self.n_ctx:,}", self.bound_by]], "rl"
        )


@dataclass(frozen=True)
class Refusal:
    """An allocation that the engine would see refused."""

    stage: str  # a term's name
    device: str
    size: int
    short: int  # what is missing


@dataclass(frozen=True)
class Suggestion:
    """A change to a run that makes it fit."""

    flags: str
    gives: str
    spare: int
    host: int  # bytes that the host needs then
    # of a slot whose context is full: "expected", "tokens_per_s_at_most", as in to_dict(); None: not known
    decode: dict[str, Any] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The same as arguments: plan(model, gpu, **{**told, **suggestion.options})."""
        return options_of(self.flags)


@dataclass(frozen=True)
class SmallerFile:
    """A smaller file of the same model that fits, with the flags that it takes."""

    model: str
    flags: str
    gives: str
    bits_per_weight: float
    spare: int
    host: int
    decode: dict[str, Any] | None = None  # as a suggestion's

    @property
    def options(self) -> dict[str, Any]:
        """The flags as arguments, for a plan of `model`."""
        return options_of(self.flags)


class Budget:
    """Everything about one run of one model on some devices. `to_dict()` is JSON's schema 1."""

    def __init__(self, data: dict[str, Any]):
        self._data = data
        self.model: dict[str, Any] = data["model"]
        self.run: dict[str, Any] = data["run"]
        self.engine: str = data["engine"]
        self.devices = tuple(DeviceBudget(d) for d in data["devices"])
        self.host = HostBudget(data["host"])
        self.fits: bool = data["fits"]
        self.verdict: str = data["verdict"]  # one of docs/verdicts.md: "fits", "tight", ...
        at = data.get("fails_at")
        self.fails_at = (
            Refusal(at["stage"], at["device"], at["bytes"], at["short_bytes"]) if at else None
        )
        self.notes: tuple[str, ...] = tuple(data.get("notes", ()))
        self.suggestions = tuple(
            Suggestion(s["flags"], s["gives"], s["free_bytes"], s["host_bytes"],
                       s.get("decode"))
            for s in data.get("suggestions", ())
        )
        f = data.get("smaller_file")
        self.smaller_file = (
            SmallerFile(f["model"], f["flags"], f["gives"], f["bits_per_weight"],
                        f["free_bytes"], f["host_bytes"], f.get("decode")) if f else None
        )
        limit = data.get("max_context")
        self.max_context = (
            ContextLimit(limit["n_ctx"], limit["bound_by"], limit["n_ctx_loads"]) if limit else None
        )
        self.max_context_by_type = {
            of: ContextLimit(most["n_ctx"], most["bound_by"], most["n_ctx_loads"])
            for of, most in data.get("max_context_by_type", {}).items()
        }

    @property
    def used(self) -> int:
        """Bytes on all devices."""
        return sum(d.used for d in self.devices)

    @property
    def missing(self) -> int:
        """Bytes that do not fit, over all devices."""
        return sum(d.missing for d in self.devices)

    @property
    def spare(self) -> int:
        """Bytes left on the fullest device."""
        return min((d.spare for d in self.devices), default=0)

    def to_dict(self) -> dict[str, Any]:
        return self._data

    def __repr__(self) -> str:
        head = f"{self.model['name']}, {self.run['n_ctx']:,} tokens, KV {self.run['type_k']}"
        if self.run["type_v"] != self.run["type_k"]:
            head += f"/{self.run['type_v']}"
        devices = "; ".join(
            f"{d.id} {in_gib(d.used)} of {in_gib(d.usable)}" for d in self.devices
        )
        answer = "fits" if self.fits else f"lacks {in_gib(self.missing)}"
        return f"<Budget {head}: {devices or 'no GPU'}; {answer}>"

    def _repr_html_(self) -> str:
        return html.budget(self)

    def __rich__(self) -> Any:
        return terminal.table_of(self)

    def plot(self, ax: Any = None) -> Any:
        """Draws a bar for each device and the host, GiB by term. Takes matplotlib; gives the axes."""
        return plots.plot_budget(self, ax)


class Comparison:
    """Files side by side on the same devices. A sequence of rows, which are dicts."""

    def __init__(self, rows: list[dict[str, Any]]):
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, i: int) -> dict[str, Any]:
        return self._rows[i]

    def to_dict(self) -> dict[str, list[Any]]:
        """Columns, as pandas.DataFrame takes them; None where a row has no such key."""
        keys = {k: None for r in self._rows for k in r}
        return {k: [r.get(k) for r in self._rows] for k in keys}

    def __repr__(self) -> str:
        lines = [
            f"{r['model']}: {in_gib(r['size_bytes'])}, {r['bits_per_weight']:.2f} bits a weight, "
            f"up to {_tokens(r)}"
            for r in self._rows
        ]
        return "<Comparison\n  " + "\n  ".join(lines) + ">"

    def _repr_html_(self) -> str:
        types = list(self._rows[0]["largest"]) if self._rows else []
        return html.table(
            ["model", "size", "bits a weight", *(f"tokens, KV in {t}" for t in types), "spare", "KLD"],
            [
                [
                    r["model"],
                    in_gib(r["size_bytes"]),
                    f"{r['bits_per_weight']:.2f}",
                    *(f"{r['largest'][t]['n_ctx']:,}" for t in types),
                    html.in_mib(r["spare_bytes"]) if r["fits"] else "does not fit",
                    _kld(r.get("kld", {})),
                ]
                for r in self._rows
            ],
        )


def _tokens(row: dict[str, Any]) -> str:
    return ", ".join(f"{most['n_ctx']:,} tokens in {t}" for t, most in row["largest"].items())


def _kld(kld: dict[str, Any]) -> str:
    if "mean" in kld:
        return f"{kld['mean']:.5f}"
    return f"{kld['low']:.2g} to {kld['high']:.2g}" if kld else ""
