"""What a plan is about: models, projectors and GPUs, by whatever they are given."""

from __future__ import annotations

from os import PathLike, fsencode, fspath
from typing import Any, Optional, Union

from . import _core
from ._core import Device, Model, Projector
from .gpu_sets import GpuSet, named
from .options import plain

OF_SOURCES = ("offline", "no_cache", "timeout", "retries")

AnyModel = Union[str, "PathLike[str]", Model]
AnyProjector = Union[str, "PathLike[str]", Projector]


def open_model(
    name: Union[AnyModel, bytes],
    *,
    offline: bool = False,
    no_cache: bool = False,
    timeout: Optional[int] = None,
    retries: Optional[int] = None,
) -> Model:
    """Reads a model's header: of a file, from a server (only the header travels), or by name. A name that does
    not say which file means the catalogue's; plan() and max_context() take the best that runs instead.
    Bytes are those of Model.to_bytes(), or a GGUF file's beginning with its whole header."""
    if isinstance(name, Model):
        return name
    if isinstance(name, bytes) and name.startswith(b"GGUF"):  # other bytes are a path
        return Model.from_bytes(name, "the model of these bytes")
    options = plain(
        {"offline": offline, "no_cache": no_cache, "timeout": timeout, "retries": retries}
    )
    return _core.open_model(fsencode(name), options)


def open_projector(path: AnyProjector) -> Projector:
    """Reads a projector's header (mmproj)."""
    return path if isinstance(path, Projector) else _core.open_projector(fsencode(path))


def inputs_of(
    model: Optional[AnyModel],
    gpu: GpuSet,
    draft: Optional[AnyModel],
    mmproj: Optional[AnyProjector],
    options: Any,
) -> tuple[Optional[Model], Optional[Model], Optional[Projector], list[Device], dict[str, Any]]:
    """A model's name stays one: which of its files is best depends on the devices. None: several are meant."""
    sources = {k: options[k] for k in OF_SOURCES if k in options}
    devices, rest = named(gpu, options)
    if model is not None and not isinstance(model, Model):
        rest["model"] = fspath(model)
    return (
        model if isinstance(model, Model) else None,
        None if draft is None else open_model(draft, **sources),
        None if mmproj is None else open_projector(mmproj),
        devices,
        rest,
    )
