"""Run tasks on an existing Dask cluster, whose workers must have loglens installed and see the same paths."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from loglens.errors import LoglensError
from loglens.pipeline.interrupts import Lost

#: Seconds between looks for results and at the workers; without a worker or the scheduler so many seconds are waited,
#: and longer where none was lost: some clusters start workers when there is work. CLOSING: for farewells.
PAUSE, EVERY, PATIENCE, BEGINNING, CLOSING = 0.02, 1.0, 8.0, 300.0, 2.0
Task = TypeVar("Task")
Result = TypeVar("Result")

#: The error message where the extra is not installed.
MISSING = "--engine dask needs: pip install 'loglens[dask]'"


def each(work: Callable[[Task], Result], tasks: Sequence[Task], scheduler: str) -> Iterator[tuple[int, Result | str]]:
    """Yield the index and the result of each task as it is done; a text says why a task failed.

    The scheduler gives the tasks of a worker that is lost to the others, three times over
    (`distributed.scheduler.allowed-failures`). Raises LoglensError where there is no scheduler, Lost where
    it or all workers are gone before the end.
    """
    try:
        dask = import_module("distributed")  # an extra, without types
    except ImportError as error:
        raise LoglensError(MISSING) from error
    for name in ("distributed.client", "distributed.core", "distributed.utils", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters is raised
    try:
        client = dask.Client(scheduler)
    except (OSError, ValueError) as error:
        raise LoglensError(f"--scheduler {scheduler}: no Dask scheduler answers; check the address") from error
    try:
        folder = str(Path.cwd())
        futures = {client.submit(_from, folder, work, task, pure=False): place for place, task in enumerate(tasks)}
        watch = _Watch(client)
        for future in watch.done(dask.as_completed(futures)):
            try:
                result: Result | str = watch.result(future)
            except dask.KilledWorker:
                result = "every worker that read it was lost, most often because memory ran out"
            yield futures.pop(future), result
            future.release()
    finally:
        client.close(timeout=CLOSING)


class _Watch:
    """Waits for results as long as there are workers who could bring them. Raises Lost where none will come."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.connected = self.working = time.monotonic()
        self.looked, self.met, self.said = 0.0, False, False
        self.closed = import_module("distributed.comm").CommClosedError  # while the connection is given up

    def done(self, futures: Any) -> Iterator[Any]:
        """Each future as it is done."""
        while not futures.is_empty():
            ready = futures.next_batch(block=False)
            yield from ready
            self.look()
            if not ready:
                time.sleep(PAUSE)

    def result(self, future: Any) -> Any:
        """The result of a future that is done. It may lie with a worker that is gone by now, and be made again."""
        while True:
            try:
                return future.result(timeout=EVERY)
            except (TimeoutError, self.closed):
                self.look()
                time.sleep(PAUSE)
            except CancelledError:
                raise Lost("the Dask scheduler was lost") from None

    def look(self) -> None:
        """Raise Lost where the scheduler or all workers have been gone for too long."""
        now = time.monotonic()
        if self.client.status == "running":
            self.connected = now
            if now - self.looked > EVERY:
                self.looked, alive = now, self._workers()
                self.met = self.met or alive > 0 or self._lost_before()
                self.working = now if alive else self.working
        if now - self.connected > PATIENCE:
            raise Lost("the Dask scheduler was lost")
        if now - self.working > (PATIENCE if self.met else BEGINNING):
            raise Lost("every Dask worker was lost" if self.met else "the Dask scheduler has no worker")
        if now - self.working > PATIENCE and not self.said:
            self.said = True
            logging.getLogger("loglens").warning("loglens: the Dask scheduler has no worker; waiting %.0f s", BEGINNING)

    def _workers(self) -> int:
        try:
            return len(self.client.scheduler_info()["workers"])
        except (OSError, KeyError, TimeoutError):
            return 0

    def _lost_before(self) -> bool:
        """Whether the scheduler lost a worker, none that it had asked to leave, before this client came."""
        try:
            events = self.client.get_events("all")
        except (OSError, TimeoutError):
            return False
        return any(each.get("action") == "remove-worker" and not each.get("expected") for _, each in events)


def _from(folder: str, work: Callable[[Task], Result], task: Task) -> Result:
    """Do the work in the folder of the command, so that relative paths mean the same."""
    os.chdir(folder)
    return work(task)
