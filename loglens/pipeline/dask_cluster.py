"""Run tasks on an existing Dask cluster, whose workers must have loglens installed and see the same paths."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from loglens.errors import LoglensError

Task = TypeVar("Task")
Result = TypeVar("Result")

#: The error message where the extra is not installed.
MISSING = "--engine dask needs: pip install 'loglens[dask]'"


def each(work: Callable[[Task], Result], tasks: Sequence[Task], scheduler: str) -> Iterator[tuple[int, Result | str]]:
    """Yield the index and the result of each task as it is done; a text says why a task failed.

    The scheduler gives the tasks of a worker that is lost to the others, three times over
    (`distributed.scheduler.allowed-failures`). Raises LoglensError where there is no scheduler.
    """
    try:
        dask = import_module("distributed")  # an extra, without types
    except ImportError as error:
        raise LoglensError(MISSING) from error
    try:
        client = dask.Client(scheduler)
    except (OSError, ValueError) as error:
        raise LoglensError(f"--scheduler {scheduler}: no Dask scheduler answers; check the address") from error
    with client:
        futures = {
            client.submit(_from, str(Path.cwd()), work, task, pure=False): place for place, task in enumerate(tasks)
        }
        for future in dask.as_completed(futures):
            try:
                result: Result | str = future.result()
            except dask.KilledWorker:
                result = "every worker that read it was lost, most often for want of memory"
            yield futures.pop(future), result
            future.release()


def _from(folder: str, work: Callable[[Task], Result], task: Task) -> Result:
    """Do the work in the folder of the command, so that relative paths mean the same."""
    os.chdir(folder)
    return work(task)
