"""Keyword arguments of plans: llama-server's options, by the names of C++'s `run` or by its flags."""

from __future__ import annotations

from math import isfinite
from operator import index
from typing import Any, Sequence, TypedDict, Union

from .errors import InvalidArgumentError


class RunOptions(TypedDict, total=False):
    """What a run is, except for what a sweep goes over. Sizes are bytes; absent is llama-server's default."""

    backend: Union[str, Sequence[str]]  # whose code runs it on them: cuda, vulkan, metal, hip (ROCm), cpu; of ...
    free: Union[int, str, Sequence[Union[int, str]]]  # free memory of each GPU: 23GiB, 22.5GB, or MiB as nvidia- ...
    system: str  # the system of the named GPUs: linux, windows, wsl2 [this one]
    os: str
    display: Union[bool, int, str]  # the first named GPU draws a desktop, which takes a part of it; alone: a ...
    no_calibration: bool  # plan without what `vrambudget calibrate` found of these GPUs
    ram: Union[int, str]  # memory of the host that the server may take, 64GiB [what this machine has available; ...
    working_set: Union[int, str]  # what a Mac's GPU may use of its memory: recommendedMaxWorkingSetSize in the ...
    cpu: str  # the host's CPU, which decides what weights it repacks: x64, haswell, icelake, zen4, m1, ... [this ...
    reserve: Union[int, str]  # memory to keep free on each GPU [0]
    buffers_only: bool  # count the engine's own buffers, no driver context and no pool
    engine: str  # whose rules hold: a release, build or day, as `vrambudget engines` says
    explain: bool  # each term's formula with this model's numbers, and what the words mean
    prefer: str  # with MODEL: plan the best run by that, with all that is not told chosen: context, cache types, ...
    no_mmproj: bool  # count no projector that is not named (Ollama loads one with its models that have one)
    no_mmproj_auto: bool
    loras: Union[str, Sequence[str]]  # LoRA adapters of the model, FILE or FILE:SCALE
    lora: Union[str, Sequence[str]]
    lora_scaled: Union[str, Sequence[str]]  # the same; of scale 0 an adapter is loaded and not applied
    control_vectors: Union[str, Sequence[str]]  # control vectors, added to what the layers give
    control_vector: Union[str, Sequence[str]]
    control_vector_scaled: Union[str, Sequence[str]]  # the same
    offline: bool  # only headers that were kept
    no_cache: bool  # keep no headers, use none that were kept
    timeout: int  # give up on a server that sends nothing for so long [20]
    retries: int  # after 429, 5xx, a cut or stalled transfer [4]
    fit: Union[bool, str]  # plan what llama-server itself makes of the run, which moves layers and shortens the ...
    fit_target: Union[int, str, Sequence[Union[int, str]]]  # what it leaves free on each GPU [1024 on each]
    fitt: Union[int, str, Sequence[Union[int, str]]]
    fit_ctx: int  # the context that it keeps in any case [4096]
    fitc: int
    n_batch: int  # logical batch [2048]
    b: int
    batch_size: int
    n_ubatch: int  # micro-batch [512]
    ub: int
    ubatch_size: int
    kv_unified: bool  # one cache for all slots
    kvu: bool
    no_kv_unified: bool  # a cache for each slot
    no_kvu: bool
    flash_attn: Union[bool, str]  # flash attention [auto]
    fa: Union[bool, str]
    swa_full: bool  # full-size cache for sliding-window layers
    embeddings: bool  # embeddings only
    embedding: bool
    rerank: bool  # scores of a reranker: --embeddings --pooling rank
    reranking: bool
    pooling: str  # none, mean, cls, last or rank [the model's]
    lora_apply: bool  # False: adapters are loaded, and applied only when a request asks for it
    lora_init_without_apply: bool
    n_gpu_layers: Union[int, str]  # layers on GPUs, 'all' or a number [all]
    ngl: Union[int, str]
    gpu_layers: Union[int, str]
    split_mode: str  # none, layer or tensor; row in builds before b9890 [layer]
    sm: str
    main_gpu: int  # the GPU of -sm none [0]
    mg: int
    tensor_split: Sequence[float]  # shares of the layers per GPU [by free memory]
    ts: Sequence[float]
    overrides: Union[str, Sequence[str]]  # tensors that match go to CPU, CUDA0, ...
    ot: Union[str, Sequence[str]]
    override_tensor: Union[str, Sequence[str]]
    cpu_moe: bool  # experts stay on the host
    cmoe: bool
    n_cpu_moe: int  # experts of the first N layers stay on the host
    ncmoe: int
    n_cpu_ffn: int  # dense FFN tensors of the first N layers stay on the host
    ncffn: int
    offload_kqv: bool  # False: the KV cache stays on the host
    nkvo: bool
    no_kv_offload: bool
    op_offload: bool  # False: large batches over host weights stay on the host
    no_op_offload: bool
    mmap: bool  # False: weights on the host are copied, not mapped from the file
    no_mmap: bool
    repack: bool  # False: the CPU does not lay weights out anew for its instructions
    nr: bool
    no_repack: bool
    no_host: bool  # weights on the host lie in the CPU's own buffers, not in those that a GPU reads
    mlock: bool  # mapped weights are held in memory
    cache_ram: int  # memory for saved prompts; -1: no limit; 0: none [8192]
    cram: int
    ctx_checkpoints: int  # states that a slot can return to, where the model's memory can't drop its last tokens [32]
    ctxcp: int
    swa_checkpoints: int
    checkpoint_min_step: int  # tokens between them, but for those near a prompt's end [8192]
    cms: int
    spec_types: Union[str, Sequence[str]]  # speculative decoding: draft-mtp by the model's own NextN layers; ...
    spec_type: Union[str, Sequence[str]]
    spec_draft_n_max: int  # tokens drafted at once [3]
    draft_max: int
    draft_n: int
    draft_type_k: str  # the draft's -ctk [f16]
    ctkd: str
    cache_type_k_draft: str
    spec_draft_type_k: str
    draft_type_v: str  # the draft's -ctv [f16]
    ctvd: str
    cache_type_v_draft: str
    spec_draft_type_v: str
    draft_n_gpu_layers: Union[int, str]  # the draft's -ngl [all]
    ngld: Union[int, str]
    gpu_layers_draft: Union[int, str]
    n_gpu_layers_draft: Union[int, str]
    spec_draft_ngl: Union[int, str]
    draft_overrides: Union[str, Sequence[str]]  # the draft's -ot
    otd: Union[str, Sequence[str]]
    override_tensor_draft: Union[str, Sequence[str]]
    spec_draft_override_tensor: Union[str, Sequence[str]]
    draft_cpu_moe: bool  # the draft's -cmoe
    cmoed: bool
    cpu_moe_draft: bool
    spec_draft_cpu_moe: bool
    draft_n_cpu_moe: int  # the draft's -ncmoe
    ncmoed: int
    n_cpu_moe_draft: int
    spec_draft_n_cpu_moe: int
    spec_draft_ncmoe: int
    mmproj_offload: bool  # False: the projector stays on the host
    no_mmproj_offload: bool
    mmproj_device: str  # the projector's device: CUDA1, Vulkan1, ROCm1, MTL0, or none [the first]
    mmdev: str
    image_min_tokens: int  # tokens of the smallest image [the projector's]
    image_max_tokens: int  # tokens of the largest image [the projector's]
    warmup: bool  # False: no memory for images before the first one
    no_warmup: bool


class Options(RunOptions, total=False):
    """All of a run."""

    file_size: Union[int, str]  # how large the file of a model is that is named only, in bytes or as 17.9GB [as ...
    n_ctx: int  # context in tokens over all slots, 262144 or 256k; 0: the model's own [the largest that fits]
    c: int
    ctx_size: int
    ctx: int
    n_parallel: int  # slots; 0 or not given: 4 over one unified cache
    np: int
    parallel: int
    type_k: str  # type of cached K [f16]
    ctk: str
    cache_type_k: str
    type_v: str  # type of cached V [f16]
    ctv: str
    cache_type_v: str


SWEPT: dict[str, str] = {
    "gpu": "gpus",
    "model": "models",
    **dict.fromkeys(("type_k", "type_v", "ctk", "ctv", "cache_type_k", "cache_type_v"), "cache_types"),
    **dict.fromkeys(("ctx", "ctx_size", "c"), "n_ctx"),
    **dict.fromkeys(("np", "parallel"), "n_parallel"),
    **dict.fromkeys(("model_draft", "md", "spec_draft_model"), "draft"),
}


# What a kept planner has of its own: models, GPUs, and what the GPUs are held against.
FIXED = frozenset(
    ("model", "gpu", "file_size", "backend", "free", "system", "os", "display", "no_calibration", "ram", "working_set", "cpu",
     "reserve", "buffers_only", "no_mmproj", "no_mmproj_auto", "loras", "lora", "lora_scaled", "control_vectors",
     "control_vector", "control_vector_scaled", "offline", "no_cache", "timeout", "retries")
)


def only_of_runs(options: Any) -> None:
    """Refuses what a sweep has an axis for, or does not know."""
    for name in options:
        if name in SWEPT:
            raise InvalidArgumentError(f"sweep: '{name}' is given as {SWEPT[name]}")


def plain(options: Any) -> dict[str, Any]:
    """Options for the compiled part, as Python's own numbers, texts and lists."""
    return {name: _plain(value) for name, value in options.items()}


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # a scalar or array of NumPy
        value = value.tolist()
    if isinstance(value, float) and not isfinite(value):
        raise InvalidArgumentError("a number among the options is not finite")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if hasattr(value, "__index__"):
        return index(value)
    if isinstance(value, dict) or not hasattr(value, "__iter__"):
        raise InvalidArgumentError(f"{value!r} is no option's value")
    return [_plain(v) for v in value]


def whole_numbers(name: str, value: Any) -> list[int]:
    """One number or several, as what a context or a number of slots can be."""
    given: Any = [value] if hasattr(value, "__index__") or isinstance(value, str) else value
    try:
        found = [index(n) for n in given]
    except TypeError:
        raise InvalidArgumentError(f"{name}: {value!r} is no whole number, nor a list of them") from None
    for n in (min(found, default=0), max(found, default=0)):
        if not 0 <= n < 2**31:
            raise InvalidArgumentError(f"{name}: {n} is not between 0 and 2,147,483,647")
    return found
