"""Sources -> diagnoses, over as many processes as wished: read, judge, keep what is drawn.

What goes wrong with one source costs that source alone, and is named.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

import numpy as np

from loglens import cluster, registry
from loglens.analyze import Options, judge
from loglens.contract import Reader
from loglens.discover import Unit, open_unit
from loglens.errors import UnreadableError
from loglens.portrait import points_of, portray
from loglens.remote import shown
from loglens.report import Diagnosis, Unread
from loglens.run import Source

if TYPE_CHECKING:
    from loglens.cache import Cache

Judged = Diagnosis | Unread
#: A unit as it travels to a worker: each source with the name of its reader's module.
Task = tuple[tuple[str, Source], ...]

#: From so many units or bytes on, more than one process is worth its start (some 20 ms each).
MANY_UNITS, MANY_BYTES = 8, 16 << 20


def examine(
    units: Sequence[Unit],
    options: Options,
    jobs: int | None = None,
    cache: Cache | None = None,
    scheduler: str | None = None,
) -> Iterator[tuple[int, list[Judged]]]:
    """The place of each unit and what came of it, in the order in which they are done.

    jobs: how many processes; None is one a core where there is enough to do, and 1 is this process.
    scheduler: address of the Dask cluster that does the work instead.
    """
    points = points_of(len(units))
    keys: list[bytes | None] = [None] * len(units)
    if cache is not None:
        logs = frozenset(os.fspath(file) for unit in units for _, source in unit for file in source.files)
        keys = [_key(unit, cache, logs, points) for unit in units]
    fresh = []
    for place, key in enumerate(keys):
        known = cache.recall(key) if cache is not None else None
        if known is None:
            fresh.append(place)
        else:
            yield place, known
    work = partial(diagnose, options=options, points=points)
    tasks = [_task(units[place]) for place in fresh]
    if jobs is None:
        jobs = cores() if worthwhile([units[place] for place in fresh]) else 1
    for turn, result in cluster.each(work, tasks, scheduler) if scheduler else _here(work, tasks, jobs):
        if isinstance(result, str):
            yield fresh[turn], [Unread(shown(source), result) for _, source in units[fresh[turn]]]
            continue
        if cache is not None:
            cache.remember(keys[fresh[turn]], result)
        yield fresh[turn], result


def diagnose(task: Task, options: Options, points: int) -> list[Judged]:
    """Every run of a unit judged, one at a time in memory, with so many points kept of its curves."""
    judged: list[Judged] = []
    unit = tuple((cast(Reader, import_module(name)), source) for name, source in task)
    try:
        for item in open_unit(unit):
            if isinstance(item, UnreadableError):
                judged.append(Unread(item.path, str(item)))
            else:
                judged.append(portray(judge(item, registry.detectors(), options), points))
    except Exception as error:  # a reader that crashes must hide no other run
        path = shown(task[0][1])
        said = "not enough memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"
        judged.append(Unread(path, f"loglens itself failed on it: {said}; please report", traceback.format_exc()))
    return judged


def worthwhile(units: Sequence[Unit]) -> bool:
    """Whether there is so much to read that more processes and a cache are worth their start."""
    return len(units) >= MANY_UNITS or sum(_size(source) for unit in units for _, source in unit) >= MANY_BYTES


def _here(
    work: Callable[[Task], list[Judged]], tasks: Sequence[Task], jobs: int
) -> Iterator[tuple[int, list[Judged] | str]]:
    """The place of each task and what came of it on this machine: a text says how its process died."""
    if min(jobs, len(tasks)) <= 1:
        yield from ((place, work(task)) for place, task in enumerate(tasks))
        return
    from loglens.parallel import Died, each  # slow to load, and not needed for a run or two

    sizes = [sum(_size(source) for _, source in task) for task in tasks]
    order = sorted(range(len(tasks)), key=lambda place: -sizes[place])  # the long ones first: none is left over
    for turn, result in each(work, [tasks[place] for place in order], jobs):
        yield order[turn], f"the process that read it {result}" if isinstance(result, Died) else result


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def salt(options: Options) -> str:
    """What a diagnosis depends on besides the files: the code, its libraries and plugins, the settings."""
    package = Path(__file__).parent
    modules = {cast(ModuleType, reader).__name__ for reader in registry.readers()}
    modules |= {detector.detect.__module__ for detector in registry.detectors().values()}
    files = [*package.rglob("*.py"), *(Path(sys.modules[name].__file__ or "") for name in modules)]
    code = sorted((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in set(files))
    settings = [
        list(options.roles.items()),  # the first glob that fits counts
        sorted((name, sorted(numbers.items())) for name, numbers in options.thresholds.items()),
        sorted(options.ignore),
        sorted(options.reasons.items()),
        options.assertions,
    ]
    return repr([sys.version, np.__version__, code, settings])


def _key(unit: Unit, cache: Cache, logs: frozenset[str], points: int) -> bytes | None:
    if any(source.mirror for _, source in unit):
        return None  # what is fetched anew each time is never met again
    said = [points, *((reader.FORMAT, str(source.path), source.name) for reader, source in unit)]
    files = [os.fspath(file) for _, source in unit for file in source.files]
    return cache.key(repr(said), [source.path for _, source in unit], files, logs)


def _task(unit: Unit) -> Task:
    return tuple((cast(ModuleType, reader).__name__, source) for reader, source in unit)


def _size(source: Source) -> int:
    """Bytes of the files of a source; a file that vanished has none."""
    total = 0
    for file in source.files:
        with suppress(OSError):
            total += file.stat().st_size
    return total
