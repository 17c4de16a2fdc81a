"""The compiled part. The package's functions are what a person calls."""

from typing import Any, Callable, Optional, Sequence

__version__: str

class Model:
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def architecture(self) -> str: ...
    @property
    def n_params(self) -> int: ...
    @property
    def n_layer(self) -> int: ...
    @property
    def n_ctx_train(self) -> int: ...
    @property
    def tensor_bytes(self) -> int: ...
    @property
    def bits_per_weight(self) -> float: ...
    def to_dict(self) -> dict[str, Any]: ...

class Projector:
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...

class Device:
    def __init__(
        self,
        name: str,
        total: int,
        *,
        free: Optional[int] = ...,
        cc: float = ...,
        n_sm: int = ...,
        driver_context: Optional[int] = ...,
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def total(self) -> int: ...
    @property
    def free(self) -> int: ...
    @property
    def cc(self) -> float: ...
    @property
    def n_sm(self) -> int: ...
    @property
    def driver_context(self) -> int: ...
    @property
    def reserved(self) -> Optional[int]: ...
    @property
    def used_by_others(self) -> Optional[int]: ...
    @property
    def granularity(self) -> Optional[int]: ...
    @property
    def context(self) -> Optional[int]: ...

class Column:
    def __len__(self) -> int: ...

def open_model(name: bytes, options: dict[str, Any]) -> Model: ...
def open_projector(path: bytes) -> Projector: ...
def open_devices(options: dict[str, Any]) -> list[Device]: ...
def plan(
    model: Optional[Model],
    draft: Optional[Model],
    mmproj: Optional[Projector],
    devices: Sequence[Device],
    options: dict[str, Any],
) -> str: ...
def emit(
    model: Optional[Model],
    draft: Optional[Model],
    mmproj: Optional[Projector],
    devices: Sequence[Device],
    options: dict[str, Any],
    program: str,
) -> tuple[str, list[str]]: ...
def max_context(
    model: Optional[Model],
    draft: Optional[Model],
    mmproj: Optional[Projector],
    devices: Sequence[Device],
    options: dict[str, Any],
    limit: int,
) -> tuple[int, str]: ...
def rank(
    devices: Sequence[Device], options: dict[str, Any], family: str, min_ctx: int
) -> str: ...
def cards(
    model: Optional[Model],
    draft: Optional[Model],
    mmproj: Optional[Projector],
    devices: Sequence[Device],
    options: dict[str, Any],
) -> str: ...
def best_runs(
    model: Optional[Model],
    draft: Optional[Model],
    mmproj: Optional[Projector],
    devices: Sequence[Device],
    options: dict[str, Any],
) -> str: ...
def trade(
    model: Optional[Model],
    draft: Optional[Model],
    mmproj: Optional[Projector],
    devices: Sequence[Device],
    options: dict[str, Any],
) -> str: ...
def compare(
    models: Sequence[tuple[bytes, Optional[Model]]],
    draft: Optional[Model],
    mmproj: Optional[Projector],
    devices: Sequence[Device],
    options: dict[str, Any],
) -> str: ...
def together(
    models: Sequence[Model],
    draft: Optional[Model],
    mmproj: Optional[Projector],
    devices: Sequence[Device],
    options: dict[str, Any],
) -> str: ...
def recipe(
    name: bytes,
    recipe: str,
    draft: Optional[Model],
    mmproj: Optional[Projector],
    devices: Sequence[Device],
    options: dict[str, Any],
) -> str: ...
def inspect(name: bytes, other: bytes, keys: str, options: dict[str, Any]) -> str: ...
def sweep(
    models: Sequence[Model],
    draft: Optional[Model],
    mmproj: Optional[Projector],
    gpus: Sequence[Sequence[Device]],
    cache_types: Sequence[tuple[str, str]],
    n_parallel: Sequence[int],
    n_ctx: Sequence[int],
    threads: int,
    options: dict[str, Any],
    progress: Optional[Callable[[int, int], object]],
) -> tuple[dict[str, Column], list[Any], int]: ...
def gpus(name: str) -> str: ...
def models(name: str) -> str: ...
def find_runs(text: str) -> str: ...
def template(name: bytes, options: dict[str, Any]) -> str: ...
def options() -> str: ...
def probe() -> tuple[Optional[str], Optional[str], list[Device]]: ...
