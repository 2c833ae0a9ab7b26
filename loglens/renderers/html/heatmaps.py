"""Heat maps of histograms over steps: a row for each bin of values, darker where there are fewer values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from markupsafe import Markup

from loglens.model.histogram_grid import Distribution
from loglens.model.numbers import number, plural
from loglens.model.report import Diagnosis
from loglens.renderers.html.drawing import RAMP, Heat
from loglens.renderers.html.figures import Figure, marks, resting
from loglens.renderers.shared.summary import say
from loglens.stats.arrays import Floats

#: Heat maps of histograms on a page, over all its runs.
PAGE = 36
#: Rows between two labels of the value axis.
APART = 3.5


def histograms(run: Diagnosis, id: str, start: int, runs: int) -> Iterator[Figure]:
    """The figures of a run's histograms. id: the run's own; start: the number of the first."""
    shown = run.distributions[: PAGE // runs]
    for place, one in enumerate(shown, start):
        yield _figure(one, run, f"{id}f{place}", id)


def _figure(one: Distribution, run: Diagnosis, id: str, group: str) -> Figure:
    cells = np.where(one.share > 0, one.share, np.nan).T[::-1].astype(np.float64)
    grey = cells[np.isfinite(cells)]
    low, high = (float(grey.min()), float(grey.max())) if len(grey) else (1.0, 1.0)
    empty = ~np.isfinite(one.share[:, 0])
    rows = [f"{number(a)} to {number(b)}" for a, b in zip(one.edges[:-1], one.edges[1:], strict=True)][::-1]
    if one.bad.any():
        cells[:, one.bad & empty] = np.inf
        cells = np.vstack([np.where(one.bad, np.inf, np.nan), cells])
        rows.insert(0, "not finite")
    data: dict[str, Any] = {
        "kind": "heat",
        "group": f"{group}step",
        "axis": "step",
        "span": [int(one.first), max(int(np.ceil(one.last)) - 1, int(one.first))],
        "marks": marks({one.tag}, "step", run),
        "rows": rows,
        "first": one.first,
        "last": one.last,
        "low": low,
        "high": high,
        "ramp": ["#" + stop for stop in RAMP],
        "bad": int(one.bad.sum()),
        "percent": True,
        "ticks": [[round(place, 2), text] for place, text in _ticks(one.edges, len(rows))],
        "cells": [[_cell(value, blank) for value, blank in zip(row, empty, strict=True)] for row in cells.tolist()],
    }
    heat = Heat(np.array([one.first, one.last]), cells, low, high)
    tag = say(one.tag, 80)
    found = resting(run, {one.tag})
    return Figure(
        id, "Histogram", (_describe(one),), (tag,), Markup(""), data, bool(found), True, heat.png(), findings=found
    )


def _describe(one: Distribution) -> str:
    """ "12 histograms, step 0 to 450; values from -1e-5 to 2e-5 at first, from -1e-8 to 1e-8 at the end"."""
    said = plural(one.rows, "histogram")
    if np.isfinite(one.share).any():
        said += f"; values from {number(one.low[0])} to {number(one.high[0])} at first"
        said += f", from {number(one.low[1])} to {number(one.high[1])} at the end"
    if one.bad.any():
        said += "; some values are not finite"
    return said + "; the colour is the share of the values in a bin"


def _cell(value: float, blank: bool) -> float | str | None:
    if np.isinf(value):
        return "not finite"
    if value != value:
        return None if blank else 0
    return float(f"{value:.2g}")


def _ticks(edges: Floats, rows: int) -> Iterator[tuple[float, str]]:
    """Labels of the value axis: rounded values, and the row of each, counted from the top."""
    low, high = float(edges[0]), float(edges[-1])
    width = np.diff(edges)
    if width.max() < 2 * width.min():  # equal bins
        unit = 10.0 ** np.floor(np.log10((high - low) / 4))
        unit *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (factor * unit) <= 6)
        wanted = [i * unit for i in range(int(np.ceil(low / unit)), int(np.floor(high / unit)) + 1)]
    else:
        powers = [10.0**i for i in range(300, -301, -1)]
        wanted = [0.0, *(sign * power for power in powers for sign in (1, -1))]
    taken: list[float] = []
    for value in wanted:
        if low <= value <= high:
            place = rows - float(np.interp(value, edges, np.arange(len(edges))))
            if all(abs(place - other) >= APART for other in taken):
                taken.append(place)
                yield place, number(value)
