"""Diagnose everything under some paths: find, read, judge, and cache what will be the same next time.

The command line and `loglens.diagnose` both call this. It writes no output: each result is passed to a
callback as it is done.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from loglens.config.load import Config
from loglens.discovery.find import Found, Owner, find
from loglens.discovery.units import Reading, units
from loglens.errors import LoglensError
from loglens.model.report import Judged, Outline, Unread
from loglens.pipeline import unchanged
from loglens.pipeline.cache_keys import code_and_settings, keys_of
from loglens.pipeline.diagnose_units import OUTLINE, WHOLE, diagnose_units, is_large
from loglens.pipeline.interrupts import Lost, deferred_signals
from loglens.registry import load as registry

if TYPE_CHECKING:
    from loglens.pipeline.cache import Cache
    from loglens.pipeline.unchanged import Invocation

#: The index of each unit, and its judged runs.
Results = Iterable[tuple[int, list[Judged]]]
#: From so many sources on, the text report is an overview, for which outlines are enough.
OVERVIEW_FROM = 256
#: The outputs for which outlines are enough; "overview" is the text report without --verbose.
OUTLINE_FORMATS = frozenset({"json", "overview"})


class Execution(NamedTuple):
    """How runs are judged.

    jobs: how many processes; None is one a core where there is much to do. scheduler: address of the Dask
    cluster that does the work instead. cached: whether results are kept for the next call. formats: the outputs
    that are written at the end; what none of them needs is not kept.
    """

    jobs: int | None = 1
    scheduler: str | None = None
    cached: bool = False
    formats: Collection[str] = frozenset({"html"})


class SessionResult(NamedTuple):
    """The judged runs, in the order in which they were found, and the interrupt that stopped the session, if any."""

    judged: list[Judged]
    stopped: KeyboardInterrupt | None


def _ignore(_: Sequence[Judged]) -> None:
    """The default of `on_result`: do nothing."""


def _untracked(results: Results, _: int) -> Results:
    return results


def diagnose(
    paths: Sequence[str | Path],
    config: Config,
    execution: Execution = Execution(),
    *,
    on_result: Callable[[Sequence[Judged]], None] = _ignore,
    track: Callable[[Results, int], Results] = _untracked,
) -> SessionResult:
    """Judge every run under the paths.

    config: as `config.flags` gives it. on_result: called with the runs of each unit as they are done. track: wraps
    the iterator of results, to show progress; its second argument is their number. An interrupt ends the session
    with the results so far, or is raised where there are none.
    """
    with contextlib.ExitStack() as stack:

        @functools.cache
        def open_cache() -> Cache:
            from loglens.pipeline.cache import Cache, place  # slow to load, and not needed for a run or two

            cache = Cache(place() / "judged.sqlite", code_and_settings(config))
            return stack.enter_context(contextlib.closing(cache))

        call = unchanged.invocation_of(paths) if execution.cached else None
        if call is not None:
            known_before = _from_cache(call, open_cache(), execution.formats)
            if known_before is not None:
                on_result(known_before)
                return SessionResult(known_before, None)
        owner = (lambda: open_cache().owner) if execution.cached else None
        found = _find(paths, config, owner)
        failures = [Unread.of(failure) for failure in found.failures]
        on_result(failures)
        sources = units(found)
        if execution.scheduler and any(source.mirror for unit in sources for _, source in unit):
            raise LoglensError("--engine dask reads no remote paths: mount them on the workers, or leave --engine out")
        cache = open_cache() if execution.cached and is_large(sources) else None
        keys = keys_of(sources, cache) if cache is not None else []
        whole = _needs_curves(execution.formats, len(sources))
        results = diagnose_units(
            sources, config, execution.jobs, execution.scheduler, cache=cache, keys=keys, drawn=whole
        )
        where = " ".join(map(str, paths))
        collected = _collect(track(results, len(sources)), len(sources), on_result, bool(execution.formats), where)
        if call is not None and cache is not None and collected.stopped is None:
            call.remember(cache, failures, sources, keys)
    return SessionResult([*failures, *collected.judged], collected.stopped)


def _find(paths: Sequence[str | Path], config: Config, memory: Callable[[], Owner] | None = None) -> Found:
    return find(paths, registry.readers(), memory, config.columns, follow=config.follow, limits=config.limits)


def open_paths(paths: Sequence[str | Path], config: Config = Config()) -> Reading:
    """Every run under the paths, read one at a time when it is iterated over."""
    return Reading(_find(paths, config), config.limits)


def _from_cache(call: Invocation, cache: Cache, formats: Collection[str]) -> list[Judged] | None:
    """The cached results of the same call; None where anything has changed since."""
    known = call.recall(cache)
    if known is None:
        return None
    failures, keys = known
    judged: list[Judged] = [*failures]
    for unit in cache.recall(keys, WHOLE if _needs_curves(formats, len(keys)) else OUTLINE):
        if unit is None:
            return None
        judged.extend(unit)
    return judged


def _needs_curves(formats: Collection[str], sources: int) -> bool:
    """Whether any of the outputs needs the curves of the runs, given the number of sources."""
    return not OUTLINE_FORMATS.issuperset(formats) or ("overview" in formats and sources < OVERVIEW_FROM)


def _collect(
    results: Results, total: int, on_result: Callable[[Sequence[Judged]], None], keep: bool, where: str
) -> SessionResult:
    """Collect all results in the order in which they were found, and pass each on as it is done."""
    judged: dict[int, list[Judged]] = {}
    try:
        for place, items in results:
            with deferred_signals():
                on_result(items)
                judged[place] = items if keep else [_without_document(item) for item in items]
    except KeyboardInterrupt as stopped:
        if not judged:
            raise
        cause = f"{stopped}; " if isinstance(stopped, Lost) else ""
        missing = Unread(where, f"interrupted: {cause}{total - len(judged):,} of {total:,} sources were not judged")
        on_result([missing])
        return SessionResult([*_in_order(judged), missing], stopped)
    return SessionResult(list(_in_order(judged)), None)


def _in_order(judged: dict[int, list[Judged]]) -> Iterator[Judged]:
    return (item for place in sorted(judged) for item in judged[place])


def _without_document(item: Judged) -> Judged:
    """An outline without the JSON that is written already: counts, gate and baseline need no more."""
    return replace(item, params={}, document="") if isinstance(item, Outline) else item
