"""TODO: say in one line what this is."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from loglens.cli import progress
from loglens.cli.json_lines import JsonLines, _name
from loglens.config.options import Options
from loglens.discovery.find import find
from loglens.discovery.units import units
from loglens.errors import LoglensError
from loglens.model.report import Unread
from loglens.pipeline import unchanged as again
from loglens.pipeline.cache_keys import code_and_settings, keys_of
from loglens.pipeline.diagnose_units import OUTLINE, WHOLE, Judged, diagnose_units, is_large
from loglens.pipeline.interrupts import deferred_signals
from loglens.registry import load as registry

if TYPE_CHECKING:
    from loglens.pipeline.cache import Cache
    from loglens.pipeline.unchanged import Invocation

#: Sources from which on text is an overview, for which outlines are enough.
MANY = 256
#: The outputs for which outlines are enough; an overview is text of which nobody asked more.
TOLD = frozenset({"json", "overview"})


class Gathered(NamedTuple):
    """What was judged, in the order in which it was found, and what stopped it before the end, if anything."""

    judged: list[Judged]
    stopped: KeyboardInterrupt | None


def gather(
    paths: Sequence[str],
    options: Options,
    lines: JsonLines,
    *,
    jobs: int | None,
    scheduler: str | None,
    cached: bool,
    formats: Collection[str],
    quiet: bool,
) -> Gathered:
    """Every run under the paths judged; `lines` are given each as it is done.

    formats: of the outputs that are written at the end; what none of them needs is not kept. An interrupt
    ends it with what there is, once there is anything.
    """
    with contextlib.ExitStack() as stack:

        @functools.cache
        def memory() -> Cache:
            from loglens.pipeline.cache import Cache, place  # slow to load, and not needed for a run or two

            return stack.enter_context(contextlib.closing(Cache(place() / "judged.sqlite", code_and_settings(options))))

        call = again.invocation_of(paths) if cached else None
        if call is not None:
            told = _told_before(call, memory(), formats, lines)
            if told is not None:
                return told
        found = find(paths, registry.readers(), (lambda: memory().owner) if cached else None)
        failures = [Unread(failure.path, str(failure)) for failure in found.failures]
        lines.write(failures)
        sources = units(found)
        if scheduler and any(source.mirror for unit in sources for _, source in unit):
            raise LoglensError("--engine dask reads no remote paths: mount them on the workers, or leave --engine out")
        known = memory() if cached and is_large(sources) else None
        keys = keys_of(sources, known) if known is not None else []
        drawn = _drawn(formats, len(sources))
        with progress.progress_bar(len(sources), quiet) as watch:
            results = watch(
                diagnose_units(sources, options, jobs, scheduler, cache=known, keys=keys, drawn=drawn), _name
            )
            judged, stopped = _listen(results, len(sources), lines, bool(formats), " ".join(paths))
        if call is not None and known is not None and stopped is None:
            call.remember(known, failures, sources, keys)
    return Gathered([*failures, *judged], stopped)


def _told_before(call: Invocation, cache: Cache, formats: Collection[str], lines: JsonLines) -> Gathered | None:
    """What came of this call when it was made before; None where anything has changed since."""
    known = call.recall(cache)
    if known is None:
        return None
    failures, keys = known
    units = list(cache.recall(keys, WHOLE if _drawn(formats, len(keys)) else OUTLINE))
    judged: list[Judged] = [*failures, *(item for unit in units for item in unit or ())]
    if None in units:
        return None
    lines.write(judged)
    return Gathered(judged, None)


def _drawn(formats: Collection[str], sources: int) -> bool:
    """Whether any of the outputs on so many sources shows more of a run than its outline."""
    return not TOLD.issuperset(formats) or ("overview" in formats and sources < MANY)


def _listen(
    results: Iterable[tuple[int, list[Judged]]], total: int, lines: JsonLines, keep: bool, where: str
) -> Gathered:
    judged: dict[int, list[Judged]] = {}
    try:
        for place, items in results:
            with deferred_signals():
                lines.write(items)
                judged[place] = items if keep else list(map(_counted, items))
    except KeyboardInterrupt as stopped:
        if not judged:
            raise
        missing = Unread(where, f"interrupted: {total - len(judged):,} of {total:,} sources were not judged")
        lines.write([missing])
        return Gathered([*_flat(judged), missing], stopped)
    return Gathered(_flat(judged), None)


def _flat(judged: dict[int, list[Judged]]) -> list[Judged]:
    return [item for place in sorted(judged) for item in judged[place]]


def _counted(item: Judged) -> Judged:
    """What the counts, the gate and a baseline need of an outline that is written already."""
    return item if isinstance(item, Unread) else replace(item, params={}, document="")
