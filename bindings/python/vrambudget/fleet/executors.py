"""Who does the tasks: executors of concurrent.futures, by those that distribute work."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any, Callable, Optional


def processes(n: Optional[int]) -> Callable[[], Executor]:
    """Processes of this machine that are begun anew, as threads of the core do not survive a fork."""
    return lambda: ProcessPoolExecutor(n, mp_context=multiprocessing.get_context("spawn"))


def dask_executor(address: Optional[str] = None, workers: Optional[int] = None) -> Executor:
    """Dask's, of a cluster at an address, else of one on this machine. Dask gives the task of a worker that died to
    another one."""
    try:
        from dask import distributed
    except ImportError as e:
        raise ImportError("pip install 'dask[distributed]'") from e
    make: Any = distributed.Client  # which has no types
    client = make(address) if address else make(n_workers=workers, threads_per_worker=1, dashboard_address=None)
    executor: Executor = client.get_executor(pure=False)
    return executor


class _RayExecutor(Executor):
    """Ray has futures of concurrent.futures and no executor: this is one, and does nothing itself."""

    def __init__(self, ray: Any):
        self._call = ray.remote(max_retries=3)(lambda fn, args, kwargs: fn(*args, **kwargs))

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = self._call.remote(fn, args, kwargs).future()
        return future


def ray_executor(address: Optional[str] = None, workers: Optional[int] = None) -> Executor:
    """Ray's, of a cluster at an address, else of one on this machine. Ray gives the task of a worker that died to another
    one, three times."""
    try:
        import ray
    except ImportError as e:
        raise ImportError("pip install ray") from e
    if not ray.is_initialized():
        ray.init(address=address, num_cpus=None if address else workers, include_dashboard=False, log_to_driver=False)
    return _RayExecutor(ray)
