"""Keyword arguments of plans: llama-server's options, by the names of C++'s `run` or by its flags."""

from __future__ import annotations

import json
from operator import index
from typing import Any, Sequence, TypedDict, Union

from .errors import InvalidArgumentError


class RunOptions(TypedDict, total=False):
    """What a run is, except for what a sweep goes over. Sizes are bytes; absent is llama-server's default."""

    n_batch: int
    n_ubatch: int
    kv_unified: bool
    flash_attn: Union[bool, str]  # "auto", "on", "off"
    n_gpu_layers: Union[int, str]
    split_mode: str
    main_gpu: int
    tensor_split: Sequence[float]
    overrides: Union[str, Sequence[str]]  # "PATTERN=BUFFER"
    cpu_moe: bool
    n_cpu_moe: int
    n_cpu_ffn: int
    offload_kqv: bool
    op_offload: bool
    swa_full: bool
    embeddings: bool
    pooling: str
    spec_types: Union[str, Sequence[str]]
    spec_draft_n_max: int
    draft_type_k: str
    draft_type_v: str
    draft_n_gpu_layers: Union[int, str]
    draft_overrides: Union[str, Sequence[str]]
    draft_cpu_moe: bool
    draft_n_cpu_moe: int
    mmproj_offload: bool
    mmproj_device: str
    image_min_tokens: int
    image_max_tokens: int
    warmup: bool

    # llama-server's flags of the same meaning
    b: int
    ub: int
    kvu: bool
    fa: Union[bool, str]
    ngl: Union[int, str]
    sm: str
    mg: int
    ts: Sequence[float]
    ot: Union[str, Sequence[str]]
    cmoe: bool
    ncmoe: int
    ncffn: int
    nkvo: bool
    ctkd: str
    ctvd: str
    ngld: Union[int, str]
    spec_type: Union[str, Sequence[str]]

    # what it is held against
    free: Union[int, str, Sequence[Union[int, str]]]  # free memory of each GPU
    reserve: Union[int, str]  # kept free on each GPU
    buffers_only: bool  # count the engine's own buffers and nothing else
    system: str  # of named GPUs: "linux", "windows", "wsl2"
    display: bool  # named GPUs draw a desktop
    no_calibration: bool
    engine: str  # whose rules hold: "llama.cpp@2026-08", a build or a day
    explain: bool  # terms get notes

    # models on servers
    offline: bool
    no_cache: bool
    timeout: int
    retries: int


class Options(RunOptions, total=False):
    """All of a run."""

    n_ctx: int  # tokens over all slots
    n_parallel: int  # slots; 0: automatic, four over one cache
    type_k: str  # of cached K: "f16", "q8_0", "q4_0", ...
    type_v: str

    # llama-server's flags of the same meaning
    ctx: int
    ctx_size: int
    c: int
    np: int
    ctk: str
    ctv: str


SWEPT: dict[str, str] = {
    "gpu": "gpus",
    "model": "models",
    **dict.fromkeys(("type_k", "type_v", "ctk", "ctv", "cache_type_k", "cache_type_v"), "cache_types"),
    **dict.fromkeys(("ctx", "ctx_size", "c"), "n_ctx"),
    **dict.fromkeys(("np", "parallel"), "n_parallel"),
    **dict.fromkeys(("model_draft", "md"), "draft"),
}


def only_of_runs(options: Any) -> None:
    """Refuses what a sweep has an axis for, or does not know."""
    for name in options:
        if name in SWEPT:
            raise InvalidArgumentError(f"sweep: '{name}' is given as {SWEPT[name]}")


def as_json(options: Any) -> str:
    """Options for the compiled part. Numbers of NumPy are taken as well."""
    try:
        return json.dumps(options, default=_plain, allow_nan=False)
    except TypeError as e:
        raise InvalidArgumentError(str(e)) from None
    except ValueError:
        raise InvalidArgumentError("a number among the options is not finite") from None


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # a scalar or array of NumPy
        return value.tolist()
    if hasattr(value, "__iter__"):
        return list(value)
    raise TypeError(f"{value!r} is no option's value")


def whole_numbers(name: str, value: Any) -> list[int]:
    """One number or several, as what a context or a number of slots can be."""
    given = [value] if hasattr(value, "__index__") or isinstance(value, str) else value
    try:
        found = [index(n) for n in given]
    except TypeError:
        raise InvalidArgumentError(f"{name}: {value!r} is no whole number, nor a list of them") from None
    for n in (min(found, default=0), max(found, default=0)):
        if not 0 <= n < 2**31:
            raise InvalidArgumentError(f"{name}: {n} is not between 0 and 2,147,483,647")
    return found
