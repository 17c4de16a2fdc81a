"""Which GPUs are meant: by name, by a row of the catalogue, or as devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional, Union

from . import _core
from ._core import Device
from .errors import InvalidArgumentError
from .options import plain

OF_NAMED = ("free", "system", "os", "display")
_OF_DEVICES = (*OF_NAMED, "no_calibration", "buffers_only", "backend", "working_set")


@dataclass(frozen=True)
class Gpu:
    """A row of the catalogue."""

    id: str
    name: str  # as the driver spells it
    form: str  # "desktop", "laptop", "workstation", "datacenter", "unified"
    memory: int  # nominal
    total: int  # as the driver reports it, where that is known
    compute_capability: Optional[str]
    n_sm: Optional[int]
    aliases: tuple[str, ...]


AnyGpu = Union[str, Gpu, Device]
GpuSet = Union[AnyGpu, Sequence[AnyGpu], None]


def _items(gpu: GpuSet) -> list[AnyGpu]:
    if gpu is None:
        return []
    one = isinstance(gpu, (str, Gpu, Device))
    items: list[Any] = [gpu] if one or not hasattr(gpu, "__iter__") else list(gpu)
    for item in items:
        if not isinstance(item, (str, Gpu, Device)):
            raise InvalidArgumentError(f"gpu: {item!r} is no name, Gpu or Device")
    return items


def _names(items: list[AnyGpu]) -> Optional[list[str]]:
    """The names of GPUs, if all are named."""
    names = [i.id if isinstance(i, Gpu) else i for i in items if not isinstance(i, Device)]
    return names if len(names) == len(items) else None


def names_of(gpu: GpuSet) -> list[str]:
    """Their names; a Device has none that could be looked up."""
    names = _names(_items(gpu))
    if names is None:
        raise InvalidArgumentError("gpu: name it here, a Device is not enough to know it again")
    return names


def devices_of(gpu: GpuSet, options: Any) -> list[Device]:
    """The devices that are meant; those that are given whole stay as they are."""
    items = _items(gpu)
    names = _names(items)
    known = {k: options[k] for k in _OF_DEVICES if k in options}
    if names is not None:
        return _core.open_devices(plain({"gpu": names, **known}))
    if known.get("free") is not None:
        raise InvalidArgumentError("free: a Device says itself what is free on it")
    return [d for i in items for d in ([i] if isinstance(i, Device) else devices_of(i, options))]


def named(gpu: GpuSet, options: Any) -> tuple[list[Device], dict[str, Any]]:
    """The devices that are given whole, and options that name all others."""
    names = _names(_items(gpu))
    rest = dict(options)
    if names is not None:
        return [], plain({**rest, "gpu": names})
    rest = {k: v for k, v in rest.items() if k not in OF_NAMED}
    return devices_of(gpu, options), plain(rest)


def label_of(gpu: Any, devices: list[Device]) -> str:
    """What a set of GPUs is called in a sweep."""
    items = _items(gpu) or list(devices)
    return " + ".join(i if isinstance(i, str) else i.name for i in items)
