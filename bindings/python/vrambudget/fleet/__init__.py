"""Every file on every card at every context: plans of many models as Parquet files, by any number of processes.

    from vrambudget import fleet
    job = fleet.Job.of("/models", gpus="all", n_ctx=range(1024, 262145, 1024), cache_types=["f16", "q8_0"])
    fleet.run(job, "answers", workers=8)
    fleet.connect("answers").sql("select path, gpu, max(n_ctx) from answers where fits group by all")

A job is cut into tasks, a shape of model on some cards each, and a task is one file in the end. What is there is not done
again, so that a run that was ended goes on where it was, and a run after an engine's update does what it changes.
"""

from __future__ import annotations

from .executors import dask_executor, ray_executor
from .folder import Folder, connect
from .job import ALL, Job
from .run import Result, run
from .scan import Scanned, scan
from .task import Done, Task

__all__ = ["ALL", "Done", "Folder", "Job", "Result", "Scanned", "Task", "connect", "dask_executor", "ray_executor", "run",
           "scan"]
