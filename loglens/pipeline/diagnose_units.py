"""Read and judge units of sources, in one process or several, and keep what the outputs need.

An error in one source affects that source alone, and is reported."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple, cast

from loglens.analysis.judge import judge
from loglens.config.load import Config
from loglens.discovery.units import Unit, open_unit
from loglens.errors import UnreadableError
from loglens.model.contract import Reader
from loglens.model.limits import limit_of, raise_hint
from loglens.model.report import Diagnosis, Judged, Outline, Unread
from loglens.model.source import Source
from loglens.pipeline.processor_time import OutOfTime, processor_time
from loglens.pipeline.trim import point_budget, trim
from loglens.registry import load as registry
from loglens.remote.mirror import display_path

if TYPE_CHECKING:
    from loglens.pipeline.cache import Cache


class UnitResult(NamedTuple):
    """The judged runs of a unit, and for the cache each form of them as bytes."""

    judged: list[Judged]
    frozen: Mapping[str, bytes]


#: A unit as it travels to a worker: each source with the name of its reader's module.
Task = tuple[tuple[str, Source], ...]

#: The forms in which the cache keeps a unit: with curves, or as outlines.
WHOLE, OUTLINE = "whole", "outline"

#: From so many units or bytes on, more than one process is worth its start (some 20 ms each).
MANY_UNITS, MANY_BYTES = 8, 16 << 20


def diagnose_units(
    units: Sequence[Unit],
    config: Config,
    jobs: int | None = None,
    scheduler: str | None = None,
    *,
    cache: Cache | None = None,
    keys: Sequence[bytes | None] = (),
    drawn: bool = True,
) -> Iterator[tuple[int, list[Judged]]]:
    """Yield the index of each unit and its judged runs, in the order in which they are done.

    jobs: how many processes; None is one a core where there is enough to do, and 1 is this process.
    scheduler: address of the Dask cluster that does the work instead. keys: of the units in the cache, from
    `keys_of`. drawn: whether curves are needed; without them a diagnosis is an outline.
    """
    points = point_budget(len(units))
    form = WHOLE if drawn else OUTLINE
    fresh = []
    for place, known in enumerate(cache.recall(keys, form) if cache is not None else [None] * len(units)):
        if known is None:
            fresh.append(place)
        else:
            yield place, known
    work = partial(diagnose_unit, config=config, points=points, drawn=drawn, cached=cache is not None)
    tasks = [_task(units[place]) for place in fresh]
    if jobs is None:
        jobs = cores() if is_large([units[place] for place in fresh]) else 1
    for turn, result in _on_cluster(work, tasks, scheduler) if scheduler else _on_this_machine(work, tasks, jobs):
        if isinstance(result, str):
            yield fresh[turn], [Unread(display_path(source), result) for _, source in units[fresh[turn]]]
            continue
        if cache is not None:
            cache.remember(keys[fresh[turn]], result.frozen)
        yield fresh[turn], result.judged


def diagnose_unit(task: Task, config: Config, points: int, drawn: bool, cached: bool) -> UnitResult:
    """Judge every run of a unit, one at a time in memory.

    points: how many points are kept of a run's curves. drawn: whether curves are needed. cached: whether the
    bytes for the cache are.
    """
    judged: list[Diagnosis | Unread] = []
    unit = tuple((cast(Reader, import_module(name)), source) for name, source in task)
    try:
        with processor_time(limit_of(config.limits, "seconds")):
            for item in open_unit(unit, config.limits):
                if isinstance(item, UnreadableError):
                    judged.append(Unread.of(item))
                else:
                    judged.append(trim(judge(item, registry.detectors(), config), points))
    except OutOfTime as error:
        judged.append(Unread(display_path(task[0][1]), f"{error}; {raise_hint('seconds')}"))
        cached = False  # it may go faster the next time
    except Exception as error:  # a reader that crashes must hide no other run
        path = display_path(task[0][1])
        why = "not enough memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"
        judged.append(Unread(path, f"loglens itself failed on it: {why}; please report", traceback.format_exc()))
        cached = False  # it may not fail again
    if drawn and not cached:
        return UnitResult([*judged], {})
    outlines: list[Judged] = [item if isinstance(item, Unread) else Outline.of(item) for item in judged]
    if not cached:
        return UnitResult(outlines, {})
    from loglens.pipeline.serialise import dumps  # slow to load, and for the cache alone

    return UnitResult([*judged] if drawn else outlines, {WHOLE: dumps(judged), OUTLINE: dumps(outlines)})


def is_large(units: Sequence[Unit]) -> bool:
    """Whether there is so much to read that more processes and a cache pay off."""
    return len(units) >= MANY_UNITS or sum(_size(source) for unit in units for _, source in unit) >= MANY_BYTES


def _on_cluster(
    work: Callable[[Task], UnitResult], tasks: Sequence[Task], scheduler: str
) -> Iterator[tuple[int, UnitResult | str]]:
    from loglens.pipeline import dask_cluster  # slow to load

    return dask_cluster.each(work, tasks, scheduler)


def _on_this_machine(
    work: Callable[[Task], UnitResult], tasks: Sequence[Task], jobs: int
) -> Iterator[tuple[int, UnitResult | str]]:
    """Yield the index and the result of each task, done on this machine; a text says how its process died."""
    if min(jobs, len(tasks)) <= 1:
        yield from ((place, work(task)) for place, task in enumerate(tasks))
        return
    from loglens.pipeline.workers import Died, each  # slow to load, and not needed for a run or two

    sizes = [sum(_size(source) for _, source in task) for task in tasks]
    order = sorted(range(len(tasks)), key=lambda place: -sizes[place])  # the long ones first: none is left over
    for turn, result in each(work, [tasks[place] for place in order], jobs):
        yield order[turn], f"the process that read it {result}" if isinstance(result, Died) else result


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _task(unit: Unit) -> Task:
    return tuple((cast(ModuleType, reader).__name__, source) for reader, source in unit)


def _size(source: Source) -> int:
    """Bytes of the files of a source; a file that vanished has none."""
    total = 0
    for file in source.files:
        with suppress(OSError):
            total += file.stat().st_size
    return total
