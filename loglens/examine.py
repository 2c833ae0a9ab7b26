"""Sources -> diagnoses, over as many processes as wished: read, judge, keep what the outputs need.

What goes wrong with one source costs that source alone, and is named.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from loglens import cluster, registry
from loglens.analyze import Options, judge
from loglens.contract import Reader
from loglens.discover import Unit, open_unit
from loglens.errors import UnreadableError
from loglens.portrait import outline, points_of, portray
from loglens.remote import shown
from loglens.report import Diagnosis, Unread
from loglens.run import Source

if TYPE_CHECKING:
    from loglens.cache import Cache

Judged = Diagnosis | Unread


class Told(NamedTuple):
    """What came of a unit, and for the cache each form of it as bytes."""

    judged: list[Judged]
    frozen: Mapping[str, bytes]


#: A unit as it travels to a worker: each source with the name of its reader's module.
Task = tuple[tuple[str, Source], ...]

#: The forms in which the cache keeps a unit: to be drawn, or counted and told.
WHOLE, OUTLINE = "whole", "outline"

#: From so many units or bytes on, more than one process is worth its start (some 20 ms each).
MANY_UNITS, MANY_BYTES = 8, 16 << 20


def examine(
    units: Sequence[Unit],
    options: Options,
    jobs: int | None = None,
    scheduler: str | None = None,
    *,
    cache: Cache | None = None,
    keys: Sequence[bytes | None] = (),
    drawn: bool = True,
) -> Iterator[tuple[int, list[Judged]]]:
    """The place of each unit and what came of it, in the order in which they are done.

    jobs: how many processes; None is one a core where there is enough to do, and 1 is this process.
    scheduler: address of the Dask cluster that does the work instead. keys: of each unit in the cache, as
    `keys_of` has them. drawn: whether the curves are wanted; without them a diagnosis is an outline.
    """
    points = points_of(len(units))
    form = WHOLE if drawn else OUTLINE
    fresh = []
    for place, known in enumerate(cache.recall(keys, form) if cache is not None else [None] * len(units)):
        if known is None:
            fresh.append(place)
        else:
            yield place, known
    work = partial(diagnose, options=options, points=points, drawn=drawn, cached=cache is not None)
    tasks = [_task(units[place]) for place in fresh]
    if jobs is None:
        jobs = cores() if worthwhile([units[place] for place in fresh]) else 1
    for turn, result in cluster.each(work, tasks, scheduler) if scheduler else _here(work, tasks, jobs):
        if isinstance(result, str):
            yield fresh[turn], [Unread(shown(source), result) for _, source in units[fresh[turn]]]
            continue
        if cache is not None:
            cache.remember(keys[fresh[turn]], result.frozen)
        yield fresh[turn], result.judged


def diagnose(task: Task, options: Options, points: int, drawn: bool, cached: bool) -> Told:
    """Every run of a unit judged, one at a time in memory, with so many points kept of its curves.

    drawn: whether the curves are wanted. cached: whether the bytes are.
    """
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
        cached = False  # it may not fail again
    if drawn and not cached:
        return Told(judged, {})
    outlines = [item if isinstance(item, Unread) else outline(item) for item in judged]
    if not cached:
        return Told(outlines, {})
    from loglens.freeze import freeze  # slow to load, and for the cache alone

    return Told(judged if drawn else outlines, {WHOLE: freeze(judged), OUTLINE: freeze(outlines)})


def worthwhile(units: Sequence[Unit]) -> bool:
    """Whether there is so much to read that more processes and a cache are worth their start."""
    return len(units) >= MANY_UNITS or sum(_size(source) for unit in units for _, source in unit) >= MANY_BYTES


def _here(work: Callable[[Task], Told], tasks: Sequence[Task], jobs: int) -> Iterator[tuple[int, Told | str]]:
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
    modules = {cast(ModuleType, reader).__name__ for reader in registry.plugged_readers()}
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


def keys_of(units: Sequence[Unit], cache: Cache) -> list[bytes | None]:
    """The key of each unit in the cache; None where what is told of it cannot be kept."""
    logs = frozenset(os.fspath(file) for unit in units for _, source in unit for file in source.files)
    points = points_of(len(units))
    keys: list[bytes | None] = []
    for unit in units:
        said = [points, *((reader.FORMAT, str(source.path), source.name) for reader, source in unit)]
        files = [os.fspath(file) for _, source in unit for file in source.files]
        far = any(source.mirror for _, source in unit)  # fetched anew each time, and never met again
        keys.append(None if far else cache.run_key(repr(said), [source.path for _, source in unit], files, logs))
    return keys


def _task(unit: Unit) -> Task:
    return tuple((cast(ModuleType, reader).__name__, source) for reader, source in unit)


def _size(source: Source) -> int:
    """Bytes of the files of a source; a file that vanished has none."""
    total = 0
    for file in source.files:
        with suppress(OSError):
            total += file.stat().st_size
    return total
