"""Run tasks in worker processes. A worker that dies loses its own task and no other."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import warnings
from collections import deque
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

#: The signals that end a command.
_ENDING = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Died:
    """The result of a task whose worker died. code: the worker's exit code, negative for a signal."""

    code: int

    def __str__(self) -> str:
        if self.code == -signal.SIGKILL:
            return "was killed, most often because memory ran out"
        return f"was killed by signal {-self.code}" if self.code < 0 else f"ended with exit code {self.code}"


#: Tasks that are sent to a worker at a time, and how many per worker have to be left for that: with a second one
#: it does not wait for its result to be fetched, but towards the end no task should wait behind a long one.
AHEAD, PLENTY = 2, 8


@dataclass(slots=True)
class _Worker:
    """A worker process and its pipe. places: indices of its present task and of those that wait in its pipe."""

    process: BaseProcess
    pipe: Connection
    places: deque[int]


def each(work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int) -> Iterator[tuple[int, Result | Died]]:
    """Yield the index and the result of each task as it is done, from at most `jobs` processes.

    A worker holds one task and its result at a time, so that memory is bounded by `jobs`; results are
    pickled. Workers leave Ctrl-C to the caller, and end when this iterator is closed or its process is gone.
    """
    ours = os.getpid()
    ahead = deque(range(len(tasks)))
    workers: list[_Worker] = []

    def send(worker: _Worker) -> None:
        while ahead and len(worker.places) < (AHEAD if len(ahead) > PLENTY * jobs else 1):
            worker.places.append(ahead.popleft())
            worker.pipe.send(worker.places[-1])

    try:
        while ahead or workers:
            while ahead and len(workers) < jobs:
                with _deferred():
                    workers.append(_start(work, tasks, [worker.pipe for worker in workers]))
            for worker in workers:
                with contextlib.suppress(ConnectionError):  # it died; its tasks are handled below
                    send(worker)
            for worker in [worker for worker in workers if not worker.places]:  # no task is left for it
                workers.remove(worker)
                _stop(worker)
            ready = wait([worker.pipe for worker in workers]) if workers else []
            for worker in [worker for worker in workers if worker.pipe in ready]:
                try:
                    result = cast(Result, worker.pipe.recv())
                except (EOFError, ConnectionError):
                    workers.remove(worker)
                    worker.process.join()
                    lost = worker.places.popleft()
                    ahead.extendleft(reversed(worker.places))
                    yield lost, Died(worker.process.exitcode or 0)
                    continue
                yield worker.places.popleft(), result
    finally:
        if os.getpid() == ours:  # a forked process may clear away its copy of this, but not our workers
            for worker in workers:
                _stop(worker)


@contextlib.contextmanager
def _deferred() -> Iterator[None]:
    """Defer the signals that end a command: a worker that is half started would miss one and stay behind.

    What a handler raises in the hooks that Python runs after a fork is swallowed.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(work: Callable[[Task], Result], tasks: Sequence[Task], pipes: list[Connection]) -> _Worker:
    ours, theirs = _CONTEXT.Pipe()
    # a forked worker has our ends of all pipes so far, and while it does none of them ends with us
    copies = [ours, *pipes] if _CONTEXT.get_start_method() == "fork" else []
    process = _CONTEXT.Process(target=_serve, args=(work, tasks, theirs, copies), daemon=True)
    with warnings.catch_warnings():
        # Python 3.12 warns of any thread at fork; the only ones here are numpy's, which has handlers for it,
        # and an idle one of fsspec where paths are remote
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    theirs.close()  # so that a worker's death is the end of its pipe
    return _Worker(process, ours, deque())


def _stop(worker: _Worker) -> None:
    worker.pipe.close()
    worker.process.terminate()
    worker.process.join()


def _serve(
    work: Callable[[Task], Result], tasks: Sequence[Task], pipe: Connection, copies: Sequence[Connection]
) -> None:
    """The loop of a worker: take the index of a task, do it, send the result, until the pipe is closed."""
    for copy in copies:
        copy.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)  # put off until here
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send(work(tasks[pipe.recv()]))
