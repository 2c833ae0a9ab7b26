"""Ask a process of its own what is in a Parquet file. It may die of the file; then the next file gets a fresh one."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from loglens.model.budget import budget
from loglens.model.limits import raise_hint
from loglens.readers.files.parquet_worker import PATIENCE

_SCRIPT = Path(__file__).with_name("parquet_worker.py")
#: So long may the line before the blocks be: some 300 bytes for each of the most columns that are read at once.
_LINE = 256 << 20

#: What is told of an answer, and its blocks.
Answer = tuple[dict[str, Any], list[bytes]]


class DiedError(Exception):
    """The process ended, or was silent for too long, in the midst of a file."""

    def __str__(self) -> str:
        return f"pyarrow ended its process or took over {PATIENCE} s: a damaged Parquet file, or too little memory"


class _Worker:
    """A process that reads Parquet files, and the pipes to it."""

    def __init__(self) -> None:
        self.used = False
        self.spent = 0.0
        self._owner = os.getpid()
        self._process = subprocess.Popen(  # noqa: S603 - our own file, run by this Python
            [sys.executable, "-I", "-S", str(_SCRIPT), json.dumps(_module_path())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._stdin, self._stdout = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        _alive.add(self)

    def ask(self, request: Mapping[str, Any]) -> Answer:
        """Send a request, and wait for the first answer. Raises DiedError."""
        try:
            self._stdin.write(json.dumps(request).encode() + b"\n")
            self._stdin.flush()
        except OSError:
            raise DiedError from None
        return self.answer()

    def answer(self) -> Answer:
        """Wait for the next answer. Raises DiedError."""
        try:
            told = json.loads(self._stdout.readline(_LINE))
            sizes = [size for _, _, sizes in told.get("columns", ()) for size in sizes]
            blocks = [self._stdout.read(size) for size in sizes]
        except (OSError, ValueError):
            raise DiedError from None
        if [len(block) for block in blocks] != sizes:
            raise DiedError
        return told, blocks

    def end(self) -> None:
        """End the process and leave no zombie. What belongs to the parent of a forked process is left alone."""
        if os.getpid() != self._owner:
            return
        _alive.discard(self)
        self._process.kill()
        self._process.wait()
        for pipe in (self._stdin, self._stdout):
            with suppress(OSError):
                pipe.close()

    def leave(self, null: int) -> None:
        """In a forked process: give up its copies of the pipes, by which its parent tells that the other end is gone.

        They are not closed, which waits for ever where a thread was reading at the fork.
        """
        self._process.returncode = 0  # it is no child of this process
        for pipe in (self._stdin, self._stdout):
            os.dup2(null, pipe.fileno(), inheritable=False)


_alive: set[_Worker] = set()
_idle: list[_Worker] = []


def answers(request: Mapping[str, Any]) -> Generator[Answer, None, None]:
    """Yield the answers to one request. Raises ValueError for what cannot be read, DiedError, and OSError.

    A process is used again unless its answers are not all taken. One that was used before may have been damaged by
    an earlier file, or killed meanwhile: where it dies at once, a fresh one is asked.
    """
    worker = _idle_one() or _Worker()
    limit, well = budget().limit("seconds"), False
    try:
        try:
            told, blocks = worker.ask(request)
        except DiedError:
            if not worker.used:
                raise
            worker.end()
            worker = _Worker()
            told, blocks = worker.ask(request)
        before, worker.used = worker.spent, True
        while "end" not in told and "error" not in told:
            if told["spent"] - before > limit:
                raise ValueError(f"not done in {limit:,} seconds of processor time; {raise_hint('seconds')}")
            yield told, blocks
            told, blocks = worker.answer()
        worker.spent, well = told["spent"], True
        if "error" in told:
            raise ValueError(told["error"])
    finally:
        if well and not _idle:
            _idle.append(worker)
        else:
            worker.end()


def _idle_one() -> _Worker | None:
    try:
        return _idle.pop()
    except IndexError:
        return None


def _module_path() -> list[str]:
    """The folders in which this process looks for modules, but for the working folder: a log folder may be it."""
    try:
        here = str(Path.cwd())
    except OSError:
        here = ""
    return [folder for folder in sys.path if Path(folder).is_absolute() and folder != here]


def _end_all() -> None:
    _idle.clear()
    for worker in list(_alive):
        worker.end()


def _leave_all() -> None:
    _idle.clear()
    null = os.open(os.devnull, os.O_RDWR)
    for worker in _alive:
        worker.leave(null)
    os.close(null)


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all)
