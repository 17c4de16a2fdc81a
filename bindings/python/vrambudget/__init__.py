"""What llama.cpp will allocate for a model, before it is downloaded or loaded.

    import vrambudget as vb
    model = vb.open_model("Qwen3.6-27B-UD-Q4_K_XL")
    vb.plan(model, gpu="3090", n_ctx=262144, type_k="q4_0", type_v="q4_0")

A model is a path, an address, hf:org/repo:QUANT, ollama:name, or a name, as on the command line. A GPU
is a name ("3090", "2x3090"), a `Device`, or a list of these; without one, the GPUs of this machine are
meant. Options are llama-server's, by the names of `Options`. Sizes are bytes. Errors are `Error`.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from os import PathLike, fsencode, fspath
from typing import TYPE_CHECKING, Any, Callable, Iterable, Optional, Sequence, Union

from . import _core
from ._core import Device, Model, Projector, __version__
from .budget import Budget, Comparison, ContextLimit, DeviceBudget, HostBudget, Suggestion, Term, TermList
from .errors import (
    Error,
    FormatError,
    InvalidArgumentError,
    IoError,
    NotFoundError,
    UnsupportedError,
)
from .gpu_sets import OF_NAMED, AnyGpu, Gpu, GpuSet, devices_of, label_of, named, names_of
from .inputs import OF_SOURCES, AnyModel, AnyProjector, inputs_of, open_model, open_projector
from .options import Options, RunOptions, only_of_runs, plain, whole_numbers
from .planner import Planner
from .plots import plot_contexts
from .progress import Progress, shown
from .sweep import Refusal, Sweep, cache_pairs

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "Budget",
    "Comparison",
    "ContextLimit",
    "Device",
    "DeviceBudget",
    "Error",
    "FormatError",
    "Gpu",
    "HostBudget",
    "InvalidArgumentError",
    "IoError",
    "Machine",
    "Model",
    "NotFoundError",
    "Options",
    "Planner",
    "Projector",
    "Refusal",
    "RunOptions",
    "Suggestion",
    "Sweep",
    "Term",
    "TermList",
    "UnsupportedError",
    "__version__",
    "best_runs",
    "calibrate",
    "calibrations",
    "cards",
    "check",
    "compare",
    "emit",
    "engines",
    "find_runs",
    "fit",
    "forget_calibrations",
    "gpus",
    "max_context",
    "models",
    "open_model",
    "open_projector",
    "plan",
    "plot_contexts",
    "probe",
    "rank",
    "solve",
    "sweep",
    "template",
    "together",
    "recipe",
    "inspect",
    "trade",
]



def __dir__() -> list[str]:
    return sorted(__all__)



@dataclass(frozen=True)
class Machine:
    """The GPUs of this machine as they are now. A device can be planned for: plan(..., gpu=device)."""

    driver: Optional[str]
    cuda: Optional[str]
    devices: tuple[Device, ...]


CacheType = Union[str, tuple[str, str]]


def plan(
    model: AnyModel,
    gpu: GpuSet = None,
    *,
    draft: Optional[AnyModel] = None,
    mmproj: Optional[AnyProjector] = None,
    **options: Unpack[Options],
) -> Budget:
    """Every byte of a run, by device and by term. Without `n_ctx` the largest context that fits is planned,
    and the budget's `max_context` says what binds it. Options are llama-server's: `help(vrambudget.Options)`."""
    return Budget(json.loads(_core.plan(*inputs_of(model, gpu, draft, mmproj, options))))


def fit(
    model: AnyModel,
    gpu: GpuSet = None,
    *,
    draft: Optional[AnyModel] = None,
    mmproj: Optional[AnyProjector] = None,
    **options: Unpack[Options],
) -> Budget:
    """The plan of what llama-server itself makes of a run that may not fit: it moves layers to the host and shortens the
    context. The same as plan() with fit=True; `fit_target` is what it leaves free, `fit_ctx` the context that it keeps."""
    told: Any = {"fit": True, **options}
    return plan(model, gpu, draft=draft, mmproj=mmproj, **told)


def solve(
    model: AnyModel,
    gpu: GpuSet = None,
    *,
    draft: Optional[AnyModel] = None,
    mmproj: Optional[AnyProjector] = None,
    **options: Unpack[Options],
) -> Budget:
    """The plan of the best run by `prefer`, "quality", "speed", "context" or, if it is not told, "balance", with all that
    is not told chosen: context, cache types, what goes to the host. best_runs() has all four side by side."""
    told: Any = {"prefer": "balance", **options}
    return plan(model, gpu, draft=draft, mmproj=mmproj, **told)


def check(
    log: Union[str, bytes, "PathLike[str]"],
    model: Optional[AnyModel] = None,
    gpu: GpuSet = None,
    *,
    build: str = "",
    **options: Unpack[RunOptions],
) -> dict[str, Any]:
    """A log of llama.cpp against the plan of its run, with the keys of the program's `check --json`. `log`: its text, or a
    path object. `model`: its model, without it as the log tells of it; `build`: which one wrote it, where it does not say."""
    if isinstance(log, PathLike):
        with open(log, "rb") as f:
            text = f.read()
    else:
        text = log if isinstance(log, bytes) else log.encode("utf-8", "surrogateescape")
    names = names_of(gpu)
    told: Any = dict(options)
    sources: Any = {k: told[k] for k in OF_SOURCES if k in told}
    read = None if model is None else open_model(model, **sources)
    checked: dict[str, Any] = json.loads(
        _core.check(text, read, plain({**told, **({"gpu": names} if names else {})}), build)
    )
    return checked


def emit(
    model: AnyModel,
    gpu: GpuSet = None,
    *,
    program: str = "llama-server",
    draft: Optional[AnyModel] = None,
    mmproj: Optional[AnyProjector] = None,
    **options: Unpack[Options],
) -> str:
    """What starts the plan of the same arguments: a command line for "llama-server", a Modelfile for "ollama", a
    .kcpps file for "koboldcpp", what load() takes for "lmstudio". What a reader of it should know is warned of. A
    plan that does not run there is an `UnsupportedError`."""
    text, notes = _core.emit(*inputs_of(model, gpu, draft, mmproj, options), program)
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return text


def max_context(
    model: AnyModel,
    gpu: GpuSet = None,
    *,
    limit: int = 0,
    draft: Optional[AnyModel] = None,
    mmproj: Optional[AnyProjector] = None,
    **options: Unpack[Options],
) -> ContextLimit:
    """The largest context that fits, and what binds it; `limit`: not more than this, instead of the
    length the model was trained for."""
    inputs = inputs_of(model, gpu, draft, mmproj, options)
    (limit,) = whole_numbers("limit", limit)
    return ContextLimit(*_core.max_context(*inputs, limit))


def compare(
    models: Union[AnyModel, Iterable[AnyModel]],
    gpu: GpuSet = None,
    *,
    draft: Optional[AnyModel] = None,
    mmproj: Optional[AnyProjector] = None,
    **options: Unpack[Options],
) -> Comparison:
    """Files side by side: sizes, the largest contexts by KV type, speed, and how near their words are to the
    whole model's: a row a file, with the keys of the program's `compare --json`. Spare and speed are those at
    `n_ctx`, without it at the largest context."""
    given: list[tuple[bytes, Optional[Model]]] = [
        (m.name.encode(), m) if isinstance(m, Model) else (fsencode(m), None) for m in _models(models)
    ]
    _, beside, projector, devices, rest = inputs_of(None, gpu, draft, mmproj, options)
    answer = json.loads(_core.compare(given, beside, projector, devices, rest))
    return Comparison(answer["files"])


def rank(
    gpu: GpuSet = None,
    *,
    family: str = "",
    min_ctx: int = 0,
    **options: Unpack[Options],
) -> list[dict[str, Any]]:
    """Which known models fit, those on this disk first, the best first, each with its largest file that fits:
    a dict a model, with the keys of the program's --json. `prefer`: "quality", "speed" or "context" decides what is
    best. `ram`: adds those that leave experts or layers to so much of the host's memory, last. `family`: only names
    or architectures with this; `min_ctx`: tokens that a model must take at least."""
    devices, rest = named(gpu, options)
    (least,) = whole_numbers("min_ctx", min_ctx)
    found: list[dict[str, Any]] = json.loads(_core.rank(devices, rest, family, least))["models"]
    return found


def cards(
    model: AnyModel,
    *,
    draft: Optional[AnyModel] = None,
    mmproj: Optional[AnyProjector] = None,
    **options: Unpack[Options],
) -> dict[str, Any]:
    """Which known cards hold a run, alone and in pairs, smallest first, and what the nearest of the others would
    need: a dict with the keys of the program's `cards --json`. Without `n_ctx` it is a run of 8192 tokens."""
    if "gpu" in options:
        raise InvalidArgumentError("gpu: all known cards are looked at")
    inputs = inputs_of(model, None, draft, mmproj, options)
    found: dict[str, Any] = json.loads(_core.cards(*inputs))
    return found


def best_runs(
    model: AnyModel,
    gpu: GpuSet = None,
    *,
    draft: Optional[AnyModel] = None,
    mmproj: Optional[AnyProjector] = None,
    **options: Unpack[Options],
) -> list[dict[str, Any]]:
    """The best run by each thing that may be wanted most, quality, speed, context and balance: a dict each, with the
    keys of the program's `best --json`. Empty: no run fits with what is told."""
    inputs = inputs_of(model, gpu, draft, mmproj, options)
    found: list[dict[str, Any]] = json.loads(_core.best_runs(*inputs))["runs"]
    return found


def engines(
    model: Optional[AnyModel] = None,
    gpu: GpuSet = None,
    *,
    draft: Optional[AnyModel] = None,
    mmproj: Optional[AnyProjector] = None,
    **options: Unpack[Options],
) -> dict[str, Any]:
    """The builds of llama.cpp whose rules are known and what changed between them; with a model also what each does to
    its budget: a dict with the keys of the program's `engines --json`."""
    inputs = inputs_of(model, gpu, draft, mmproj, options)
    found: dict[str, Any] = json.loads(_core.engines(*inputs))
    return found


def trade(
    model: AnyModel,
    gpu: GpuSet = None,
    *,
    draft: Optional[AnyModel] = None,
    mmproj: Optional[AnyProjector] = None,
    **options: Unpack[Options],
) -> list[dict[str, Any]]:
    """The largest context by type of KV cache, micro-batch and slots: a dict a run, with the keys of the program's
    `trade --json`; with `n_ctx` each says whether it holds that."""
    inputs = inputs_of(model, gpu, draft, mmproj, options)
    found: list[dict[str, Any]] = json.loads(_core.trade(*inputs))["runs"]
    return found


def together(
    models: Iterable[AnyModel],
    gpu: GpuSet = None,
    *,
    draft: Optional[AnyModel] = None,
    mmproj: Optional[AnyProjector] = None,
    **options: Unpack[Options],
) -> dict[str, Any]:
    """Several models on the same GPUs at once, each a server of its own: a dict with the keys of the program's
    `together --json`. Without `n_ctx` each gets the largest context that all can have."""
    sources: Any = {k: v for k, v in options.items() if k in OF_SOURCES}
    all_models = [open_model(m, **sources) for m in _models(models)]
    if len(all_models) < 2:
        raise InvalidArgumentError("together: name two models or more")
    _, beside, projector, devices, rest = inputs_of(None, gpu, draft, mmproj, options)
    answer: dict[str, Any] = json.loads(
        _core.together(all_models, beside, projector, devices, rest)
    )
    return answer


def recipe(
    model: Union[str, "PathLike[str]"],
    gpu: GpuSet = None,
    *,
    base: str = "Q4_K_M",
    token_embedding_type: Optional[str] = None,
    output_tensor_type: Optional[str] = None,
    tensor_types: Iterable[str] = (),
    tensor_type_file: Optional[str] = None,
    pure: bool = False,
    leave_output_tensor: bool = False,
    imatrix: Union[bool, str] = False,
    prune_layers: Iterable[int] = (),
    keep_split: bool = False,
    source_type: Optional[str] = None,
    like: Union[str, "PathLike[str]", None] = None,
    find: bool = False,
    draft: Optional[AnyModel] = None,
    mmproj: Optional[AnyProjector] = None,
    **options: Unpack[Options],
) -> dict[str, Any]:
    """The file that llama-quantize would make of a model, by its options: a dict with the keys of the program's
    `recipe --json`; several bases, "Q3_K_M..Q6_K", are in "recipes". With a GPU each has a plan in "runs". `like`: the
    recipe that this file looks like. `find`: the one with the most bits where they help most that fits `n_ctx` there."""
    asked = {
        "base": base,
        "token_embedding_type": token_embedding_type,
        "output_tensor_type": output_tensor_type,
        "tensor_types": list(tensor_types),
        "tensor_type_file": tensor_type_file,
        "pure": pure,
        "leave_output_tensor": leave_output_tensor,
        "imatrix": imatrix,
        "prune_layers": list(prune_layers),
        "keep_split": keep_split,
        "source_type": source_type,
        "like": None if like is None else fspath(like),
        "find": find,
    }
    _, beside, projector, devices, rest = inputs_of(None, gpu, draft, mmproj, options)
    made: dict[str, Any] = json.loads(
        _core.recipe(fsencode(model), json.dumps(asked), beside, projector, devices, rest)
    )
    return made


def inspect(
    file: Union[str, "PathLike[str]"],
    other: Union[str, "PathLike[str]", None] = None,
    *,
    keys: str = "",
    **options: Unpack[Options],
) -> dict[str, Any]:
    """What is inside of a file, a model or another GGUF file, as a dict with the keys of the program's
    `inspect --json`; with `other` how the two differ, tensor by tensor; with `keys` the metadata whose keys have that
    regular expression."""
    wrong = [k for k in options if k not in OF_SOURCES]
    if wrong:
        raise InvalidArgumentError(f"inspect: {wrong[0]!r} is of a run, and nothing runs")
    second = b"" if other is None else fsencode(other)
    inside: dict[str, Any] = json.loads(
        _core.inspect(fsencode(file), second, keys, plain(dict(options)))
    )
    return inside


def _models(models: Union[AnyModel, Iterable[AnyModel]]) -> list[AnyModel]:
    return [models] if isinstance(models, (str, PathLike, Model)) else list(models)


def sweep(
    models: Union[AnyModel, Iterable[AnyModel]],
    gpus: Union[AnyGpu, Iterable[Union[AnyGpu, Sequence[AnyGpu]]], None],
    n_ctx: Union[int, Iterable[int]],
    *,
    cache_types: Union[str, Iterable[CacheType]] = ("f16",),
    n_parallel: Union[int, Iterable[int]] = (0,),
    draft: Optional[AnyModel] = None,
    mmproj: Optional[AnyProjector] = None,
    threads: int = 0,
    progress: Progress = None,
    **options: Unpack[RunOptions],
) -> Sweep:
    """Budgets of every model on every GPU (or set of GPUs, as a list) at every context, cache type (one for
    K and V, or a pair) and number of slots (0: automatic), the last ones fastest, the context innermost.
    A draft or a projector beside every model is in the column `other`. `threads`: 0 for all cores.
    `progress` is called with the points done and their number, and what it raises stops the sweep; True shows a bar, which
    takes tqdm."""
    only_of_runs(options)
    contexts = whole_numbers("n_ctx", n_ctx)
    slots = whole_numbers("n_parallel", n_parallel)
    (n_threads,) = whole_numbers("threads", threads)
    pairs = cache_pairs(cache_types)
    one_set = gpus is None or isinstance(gpus, (str, Gpu, Device))
    sets: list[Any] = [gpus] if one_set else list(gpus)  # type: ignore[arg-type]
    sources: Any = {k: v for k, v in options.items() if k in OF_SOURCES}
    opened = [open_model(m, **sources) for m in _models(models)]
    devices = [devices_of(s, options) for s in sets]
    rest = {k: v for k, v in options.items() if k not in OF_NAMED}
    n_points = len(opened) * len(sets) * len(pairs) * len(slots) * len(contexts)
    with shown(progress, n_points, "points") as tell:
        return Sweep(
            _core.sweep(
                opened,
                None if draft is None else open_model(draft, **sources),
                None if mmproj is None else open_projector(mmproj),
                devices,
                [label_of(s, d) for s, d in zip(sets, devices)],
                pairs,
                slots,
                contexts,
                n_threads,
                plain(rest),
                tell if progress else None,
            )
        )


def gpus(name: str = "") -> list[Gpu]:
    """The GPUs known by name; `name`: only this one."""
    return [
        Gpu(
            g["id"],
            g["name"],
            g["form"],
            g["memory_bytes"],
            g["total_bytes"],
            g.get("compute_capability"),
            g.get("n_sm"),
            tuple(g["aliases"]),
        )
        for g in json.loads(_core.gpus(name))
    ]


def models(name: str = "") -> list[dict[str, Any]]:
    """The models known by name: id, name, architecture, quantization, data_bytes; `name`: the files of this one,
    known ones and what llama-quantize writes, with bits_per_weight, n_params, n_ctx_train and what is published."""
    found: list[dict[str, Any]] = json.loads(_core.models(name))
    return found


def find_runs(text: str) -> list[dict[str, Any]]:
    """The runs in a pasted text, a command line, a compose file, a Modelfile and the like: program, line, args as
    llama-server would take them, notes, and options, which `plan` takes.

        for run in vb.find_runs(open("compose.yml").read()):
            model = vb.open_model(run["options"].pop("model"))
            vb.plan(model, gpu="3090", **run["options"])
    """
    found: list[dict[str, Any]] = json.loads(_core.find_runs(text))
    return found


def template(
    model: Union[str, "PathLike[str]"],
    *,
    offline: bool = False,
    no_cache: bool = False,
    timeout: Optional[int] = None,
    retries: Optional[int] = None,
) -> dict[str, Any]:
    """A file's chat template: how it calls tools, whether the model's family does so, what it lacks, and its text, with
    the keys of the program's `template --json`."""
    options = plain(
        {"offline": offline, "no_cache": no_cache, "timeout": timeout, "retries": retries}
    )
    found: dict[str, Any] = json.loads(_core.template(fsencode(model), options))
    return found


def calibrate(
    model: AnyModel,
    used: Union[int, str, Sequence[Union[int, str]]],
    gpu: GpuSet = None,
    *,
    loaded: bool = False,
    **options: Unpack[Options],
) -> dict[str, Any]:
    """Keeps what a run took on this user's own cards, which later plans of these cards count with: `used` is what
    nvidia-smi shows for the engine's process on each GPU, in bytes or as "21530MiB", after a prompt of a micro-batch or more,
    or `loaded`, before any. The options are those of the run. All that is kept then, as calibrations()."""
    names = names_of(gpu)
    sizes = [str(used)] if isinstance(used, (int, str)) else [str(u) for u in used]
    told: Any = {**options, **({"gpu": names} if names else {})}
    if not isinstance(model, Model):
        told["model"] = fspath(model)
    read = model if isinstance(model, Model) else None
    kept: dict[str, Any] = json.loads(_core.calibrate(read, sizes, loaded, plain(told)))
    return kept


def calibrations(
    recordings: Iterable[Union[str, "PathLike[str]"]] = (),
) -> dict[str, Any]:
    """What was measured of this user's cards, and what plans make of it: a dict with the keys of the program's
    `calibrate --json`. `recordings` of `vrambudget probe` are read first and kept, too."""
    kept: dict[str, Any] = json.loads(_core.calibrations([fspath(r) for r in recordings]))
    return kept


def forget_calibrations(gpu: str = "") -> dict[str, Any]:
    """Forgets what was measured of a GPU, or of all of them. What is kept then, as calibrations()."""
    kept: dict[str, Any] = json.loads(_core.forget_calibrations(gpu))
    return kept


def probe() -> Machine:
    """The GPUs of this machine as they are now: total, free, and what a context takes."""
    driver, cuda, devices = _core.probe()
    return Machine(driver, cuda, tuple(devices))
