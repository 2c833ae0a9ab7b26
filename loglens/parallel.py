"""Tasks over worker processes. A worker that dies takes its task with it and no other."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TypeVar, cast

Task = TypeVar("Task")
Result = TypeVar("Result")

#: Workers are forked where that is safe, so that they start at once with everything loaded. They only
#: compute, and no other thread of Python runs when the first ones start.
if sys.platform == "linux":
    _CONTEXT = multiprocessing.get_context("fork")
else:
    _CONTEXT = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Died:
    """What came of a task whose worker did not survive it; code: its exit code, negative for a signal."""

    code: int

    def __str__(self) -> str:
        if self.code == -signal.SIGKILL:
            return "was killed, most often for want of memory"
        return f"died of signal {-self.code}" if self.code < 0 else f"ended with exit code {self.code}"


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    place: int


def each(work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int) -> Iterator[tuple[int, Result | Died]]:
    """The place and the result of each task, as they come, from at most `jobs` processes.

    A worker takes one task at a time, so that memory is bounded by `jobs`; results are pickled. Workers
    leave Ctrl-C to the caller, and end when this iterator is closed or its process is gone.
    """
    ahead = iter(range(len(tasks)))
    workers: list[_Worker] = []

    def begin() -> None:
        place = next(ahead, None)
        if place is not None:
            workers.append(_start(work, place, [worker.pipe for worker in workers]))
            workers[-1].pipe.send(tasks[place])

    try:
        for _ in range(min(jobs, len(tasks))):
            begin()
        while workers:
            ready = wait([worker.pipe for worker in workers])
            for worker in [worker for worker in workers if worker.pipe in ready]:
                place = worker.place
                try:
                    result = cast(Result, worker.pipe.recv())
                    following = next(ahead, None)
                    if following is None:
                        workers.remove(worker)
                        _stop(worker)
                    else:
                        worker.place = following
                        worker.pipe.send(tasks[following])
                except (EOFError, ConnectionError):
                    workers.remove(worker)
                    worker.process.join()
                    begin()
                    yield place, Died(worker.process.exitcode or 0)
                else:
                    yield place, result
    finally:
        for worker in workers:
            _stop(worker)


def _start(work: Callable[[Task], Result], place: int, pipes: list[Connection]) -> _Worker:
    ours, theirs = _CONTEXT.Pipe()
    # a forked worker has our ends of all pipes so far, and while it does none of them ends with us
    copies = [ours, *pipes] if _CONTEXT.get_start_method() == "fork" else []
    process = _CONTEXT.Process(target=_serve, args=(work, theirs, copies), daemon=True)
    with warnings.catch_warnings():
        # Python 3.12 warns of any thread at fork; the only ones here are numpy's, which has handlers for it
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    theirs.close()  # so that a worker's death is the end of its pipe
    return _Worker(process, ours, place)


def _stop(worker: _Worker) -> None:
    worker.pipe.close()
    worker.process.terminate()
    worker.process.join()


def _serve(work: Callable[[Task], Result], pipe: Connection, copies: Sequence[Connection]) -> None:
    """A worker's life: one task after another until nobody asks any more."""
    for copy in copies:
        copy.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send(work(pipe.recv()))
