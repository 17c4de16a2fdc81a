"""What a fleet is asked: models, cards, contexts, cache types, slots, and the options of all runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import Any, Union

import vrambudget as vb
from vrambudget import _core
from vrambudget.gpu_sets import devices_of, label_of
from vrambudget.options import only_of_runs, plain, whole_numbers
from vrambudget.sweep import cache_pairs

ALL = "all"  # the cards, or the models, of the catalogue
_OF_CARDS = ("system", "os", "display", "free")  # what decides the cards themselves, and nothing else


@dataclass(frozen=True)
class Cards:
    """A card, or a set of them that a run uses together."""

    label: str
    devices: tuple[vb.Device, ...]

    @property
    def is_mapped(self) -> bool:
        """Whether weights are read in place from the mapped file, so that it counts where in it they lie."""
        return any(d.backend == "metal" for d in self.devices)

    @property
    def kin(self) -> tuple[Any, ...]:
        """What cards have in common on which the same graphs run, more or less: those are planned together."""
        return (self.is_mapped, tuple((d.backend, d.cc) for d in self.devices), len(self.devices), self.label)


@dataclass(frozen=True)
class Job:
    """A grid. What it is does not depend on the machine: cards are the catalogue's, without what was calibrated here."""

    models: tuple[str, ...]
    cards: tuple[Cards, ...]
    n_ctx: tuple[int, ...]
    cache_types: tuple[tuple[str, str], ...]
    n_parallel: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(
        models: Union[str, "PathLike[str]", Iterable[Union[str, "PathLike[str]"]]],
        gpus: Union[str, vb.Device, Iterable[Any]] = ALL,
        n_ctx: Union[int, Iterable[int]] = tuple(range(1024, 262145, 1024)),
        *,
        cache_types: Union[str, Iterable[Any]] = ("f16",),
        n_parallel: Union[int, Iterable[int]] = (1,),
        **options: Any,
    ) -> Job:
        """`models`: files, folders that are walked through, names, or "all" for the catalogue's. `gpus`: "all", or as
        `sweep` takes them. Options are those of runs; cards are Linux's unless `system` says otherwise."""
        only_of_runs(options)
        contexts, slots = whole_numbers("n_ctx", n_ctx), whole_numbers("n_parallel", n_parallel)
        given: list[Any] = [models] if isinstance(models, (str, PathLike)) else list(models)
        told = plain(options)
        return Job(
            tuple(fspath(m) for m in given),
            _cards_of(gpus, told),
            tuple(dict.fromkeys(contexts)),
            tuple(dict.fromkeys(cache_pairs(cache_types))),
            tuple(dict.fromkeys(slots)),
            {k: v for k, v in told.items() if k not in _OF_CARDS},
        )

    @property
    def identity(self) -> dict[str, Any]:
        """What all of its rows depend on, models and cards aside."""
        return {
            "vrambudget": vb.__version__,
            "engine": self.options.get("engine", _core.engine),
            "catalogue": _core.catalogue_version(),
            "n_ctx": _axis(self.n_ctx),
            "cache_types": [list(pair) for pair in self.cache_types],
            "n_parallel": list(self.n_parallel),
            "options": {k: self.options[k] for k in sorted(self.options)},
        }


def digest(*parts: Union[bytes, str]) -> str:
    """The beginning of a SHA-256 over parts, none of which can be taken for a piece of another."""
    h = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        h.update(len(data).to_bytes(8, "little") + data)
    return h.hexdigest()[:32]


def as_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _axis(given: tuple[int, ...]) -> Any:
    """Numbers at equal steps by their first, last and step."""
    numbers = list(given)
    step = numbers[1] - numbers[0] if len(numbers) > 2 else 0
    if step < 1 or list(range(numbers[0], numbers[-1] + 1, step)) != numbers:
        return numbers
    return {"first": numbers[0], "last": numbers[-1], "step": step}


def _cards_of(gpus: Any, options: dict[str, Any]) -> tuple[Cards, ...]:
    if gpus == ALL:
        gpus = [g.id for g in vb.gpus()]
    one = isinstance(gpus, (str, vb.Gpu, vb.Device))
    told = {"system": "linux", **options, "no_calibration": True}
    if "os" in options:
        del told["system"]
    sets: Sequence[Any] = [gpus] if one else list(gpus)
    cards = tuple(Cards(label_of(s, found), tuple(found)) for s in sets for found in [devices_of(s, told)])
    labels = [c.label for c in cards]
    for label in labels:
        if labels.count(label) > 1:
            raise vb.InvalidArgumentError(f"gpus: '{label}' is named twice")
    if not cards:
        raise vb.InvalidArgumentError("gpus: none is named")
    return cards
