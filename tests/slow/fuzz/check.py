"""One input through its reader, the rules and the renderers; what must not happen is a `Fault`."""

from __future__ import annotations

import resource
import shutil
import signal
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType

from loglens.analysis.judge import judge
from loglens.discovery.find import Found, find
from loglens.errors import UnreadableError
from loglens.model.contract import Reader
from loglens.model.report import Report
from loglens.model.run import Run
from loglens.model.source import Source
from loglens.registry import load as registry
from tests.judged import report_on
from tests.reading import load
from tests.slow.fuzz.seeds import Case, name_of

#: What one input of at most 100 KB may take: seconds of processor time, bytes of memory on top.
SECONDS, MEMORY = 2.0, 300 << 20
#: After so many seconds it is given up.
HANGS = 20.0


class Fault(Exception):  # noqa: N818 - what is found, not an error of the harness
    """An input that breaks a promise; the message says which, with the place in the code."""


class HangError(BaseException):
    """Raised in the midst of an input that takes too long; no `except Exception` swallows it."""


@cache
def reader_of(name: str) -> Reader:
    return next(reader for reader in registry.readers() if name_of(reader) == name)


def check(reader: str, folder: Path, case: Case, judged: bool) -> int:
    """Reads the input and, if `judged`, judges and renders it. Gives the number of runs. Raises Fault."""
    _lay(folder, case)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = time.process_time()
        try:
            with bounds():
                found = _read(reader_of(reader), folder, case)
        except HangError as hang:
            raise Fault(f"hangs: {_place(hang)}") from hang
        except Exception as error:
            raise Fault(f"{type(error).__name__}: {str(error)[:200]}: {_place(error)}") from error
        if (spent := time.process_time() - before) > SECONDS:
            raise Fault(f"takes {spent:.1f} s of processor time")
        for item in found:
            if isinstance(item, UnreadableError) and len(str(item).splitlines()) != 1:
                raise Fault(f"a reason that is not one line: {str(item)[:200]!r}")
        if judged:
            _judge(folder, found)
    return sum(isinstance(item, Run) for item in found)


def _lay(folder: Path, case: Case) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in case.items():
        path = folder / name
        if path.parent != folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _read(reader: Reader, folder: Path, case: Case) -> list[Run | UnreadableError]:
    """As discovery would, except that a file is read even where its beginning is no longer the format's."""
    files = [folder / name for name in case]
    own = [path for path in files if reader.sniff(path)] or files[:1]
    inside = frozenset(own)
    homes: dict[Path, list[Path]] = {}
    for path in own:
        homes.setdefault(reader.home(path, inside), []).append(path)
    sources = tuple((reader, Source(home, tuple(group), home.name)) for home, group in homes.items())
    return list(load(Found(sources, ())))


def _judge(folder: Path, found: list[Run | UnreadableError]) -> None:
    """Every rule on every run, every renderer on the report, and the same by way of discovery."""
    try:
        with bounds():
            for run in found:
                if isinstance(run, Run):
                    _no_crash(judge(run, registry.detectors()).outcomes)
            again = load(find([folder], registry.readers()))
            report: Report = report_on(again, registry.detectors())
            for diagnosis in report.runs:
                _no_crash(diagnosis.outcomes)
            for renderer in registry.renderers().values():
                if renderer.FORMAT != "html":
                    renderer.render(report)
    except HangError as hang:
        raise Fault(f"judging hangs: {_place(hang)}") from hang
    except Fault:
        raise
    except Exception as error:
        raise Fault(f"judging: {type(error).__name__}: {str(error)[:200]}: {_place(error)}") from error


def _no_crash(outcomes: tuple[object, ...]) -> None:
    for outcome in outcomes:
        if getattr(outcome, "outcome", "") == "crashed":
            raise Fault(f"{getattr(outcome, 'condition', '')} crashed: {getattr(outcome, 'why', '')}")


@contextmanager
def bounds() -> Iterator[None]:
    """An end to time and to memory that is written to (a file that is mapped is none), where the system has one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    statm = Path("/proc/self/statm")
    if statm.exists():
        now = int(statm.read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (now + MEMORY, hard))
    before = signal.signal(signal.SIGVTALRM, _hang)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _hang(number: int, frame: FrameType | None) -> None:
    raise HangError


def _place(error: BaseException) -> str:
    """The last lines of loglens on the way to the error."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "loglens/" in frame.filename]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[:-4:-1])
