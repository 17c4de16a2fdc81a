"""A model on some GPUs, kept for many plans."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Optional

from . import _core
from .budget import Budget, ContextLimit
from .errors import InvalidArgumentError
from .gpu_sets import GpuSet
from .inputs import AnyModel, AnyProjector, inputs_of
from .options import FIXED, Options, plain, whole_numbers

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Planner:
    """Plans runs of one model on the same GPUs: models, placements and the memory of graphs are kept from plan to plan.
    Options that are told here hold for all of them, unless a plan tells its own. Any threads may share it."""

    def __init__(
        self,
        model: AnyModel,
        gpu: GpuSet = None,
        *,
        draft: Optional[AnyModel] = None,
        mmproj: Optional[AnyProjector] = None,
        **options: Unpack[Options],
    ):
        self._kept = _core.KeptPlanner(*inputs_of(model, gpu, draft, mmproj, options))
        self._options = {k: v for k, v in options.items() if k not in FIXED}
        self._told = f"{model.name if isinstance(model, _core.Model) else model}, {gpu}"

    def plan(self, **options: Unpack[Options]) -> Budget:
        """As vrambudget.plan()."""
        return Budget(json.loads(self._kept.plan(self._run(options))))

    def max_context(self, *, limit: int = 0, **options: Unpack[Options]) -> ContextLimit:
        """As vrambudget.max_context()."""
        (limit,) = whole_numbers("limit", limit)
        return ContextLimit(*self._kept.max_context(self._run(options), limit))

    def _run(self, options: Any) -> dict[str, Any]:
        for name in options:
            if name in FIXED:
                raise InvalidArgumentError(f"{name}: it is the planner's: make another one with it")
        return plain({**self._options, **options})

    def __repr__(self) -> str:
        return f"<Planner {self._told}>"
