"""Place the lines that name no step but a rounded fraction of an epoch."""

from __future__ import annotations

import numpy as np

from loglens.readers.text.line_records import Bools, LineRecords
from loglens.stats.arrays import Floats, Ints


def rounded_epochs(records: LineRecords, logs: Bools) -> tuple[Floats, str]:
    """Steps of lines that name a fraction of an epoch: those of their bar, or their order.

    tqdm wipes its bar, writes the line and draws the bar again, as far as it has come by then. The bar above
    may be older: it is drawn ten times a second at most. Where none follows, it is all there is.
    """
    place = np.full(len(logs), np.nan)
    if not logs.any():
        return place, "log"
    order = np.unique(records.epoch[logs])
    main = np.flatnonzero(np.isfinite(bars(records)))
    if len(main):
        lines = np.flatnonzero(logs)
        after = np.searchsorted(main, lines)
        redrawn = after < len(main)
        redrawn[redrawn] = main[after[redrawn]] < np.append(lines[1:], len(logs))[redrawn]
        bar = np.where(redrawn, after, after - 1)
        shown = np.where(bar >= 0, records.step[main[bar]], np.nan)
        # lines that were held back in a buffer come many at a time, apart from their bars
        if 2 * len(np.unique(shown[bar >= 0])) > len(order):
            place[lines] = shown
            return place, "step"
    lines = np.flatnonzero(logs)
    place[lines] = _in_order(np.searchsorted(order, records.epoch[lines]), _kinds(records)[lines])
    return place, "log"


def bars(records: LineRecords) -> Floats:
    """The steps of bare progress bars; the bar of an evaluation is shorter than the one of the training above it."""
    step = np.full(len(records.plan), np.nan)
    drawn = np.flatnonzero(records.has("bar") & np.isfinite(records.total))
    main = drawn[records.total[drawn] == np.maximum.accumulate(records.total[drawn])]
    step[main] = records.step[main]
    return step


def _kinds(records: LineRecords) -> Ints:
    """A number for the names of the values of each record."""
    kinds: dict[frozenset[str], int] = {}
    tags = (frozenset(value.tag for value in plan.values) for plan in records.plans)
    return np.array([kinds.setdefault(each, len(kinds)) for each in tags], np.int64)[records.plan]


def _in_order(epoch: Ints, kind: Ints) -> Ints:
    """Places of lines by the number of their epoch, which is rounded: lines of one kind in one come one by one."""
    run = np.cumsum(np.append(0, epoch[1:] != epoch[:-1]))
    order = np.lexsort((kind, run))
    first = np.append(True, (np.diff(run[order]) != 0) | (np.diff(kind[order]) != 0))
    nth = np.empty(len(epoch), np.int64)
    nth[order] = np.arange(len(epoch)) - np.maximum.accumulate(np.where(first, np.arange(len(epoch)), 0))
    width = np.ones(int(epoch.max()) + 1, np.int64)
    np.maximum.at(width, epoch, nth + 1)
    places: Ints = (np.cumsum(width) - width)[epoch] + nth
    return places
