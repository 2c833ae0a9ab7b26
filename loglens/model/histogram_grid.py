"""The histograms of a tensor over the steps of a run, on a grid small enough to be drawn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loglens.model.columns import Histogram
from loglens.model.resume import surviving_rows
from loglens.stats.arrays import Floats

#: Tensors of a run, columns of steps and bins of values that are kept: 25 kB a tensor.
MAX_TENSORS, COLUMNS, BINS = 6, 120, 48
#: Above this ratio of the largest value to the smallest typical one the bins grow with the value.
WIDE = 100.0
#: A bin cannot be finer than this share of the largest value; values beyond the second are drawn at it.
FINEST, MAX_VALUE = 1e-12, 1e300


@dataclass(frozen=True, slots=True)
class Distribution:
    """Histograms of one tensor over steps, on one grid.

    first, last: the ends of the grid of steps, whose columns are equally wide. edges: of the bins of
    values, rising, shape (bins + 1,). share: of the finite values of a column's histograms the share in
    each bin, 0 to 1, shape (columns, bins), NaN where none was logged. bad: whether values of a column
    are not finite, shape (columns,). low, high: the extremes of the first and the last histogram that
    has finite values. rows: histograms; of: how many tensors of the run have any.
    """

    tag: str
    first: float
    last: float
    edges: Floats
    share: NDArray[np.float32]
    bad: NDArray[np.bool_]
    low: tuple[float, float]
    high: tuple[float, float]
    rows: int
    of: int


def distributions(histogram_rows: Sequence[Histogram], wanted: Collection[str] = ()) -> tuple[Distribution, ...]:
    """The histograms of at most MAX_TENSORS tensors: those in `wanted` first, then others evenly spaced."""
    groups: dict[str, list[Histogram]] = {}
    for row in histogram_rows:
        groups.setdefault(row.tag, []).append(row)
    first = [tag for tag in groups if tag in wanted][:MAX_TENSORS]
    others = [tag for tag in groups if tag not in first]
    room = min(MAX_TENSORS - len(first), len(others))
    spread = [others[i] for i in np.linspace(0, len(others) - 1, room).round().astype(int)] if room else []
    chosen = set(first) | set(spread)
    return tuple(_over_steps(tag, groups[tag], len(groups)) for tag in groups if tag in chosen)


def _over_steps(tag: str, rows: list[Histogram], of: int) -> Distribution:
    step = np.array([row.step for row in rows], np.int64)
    alive, _ = surviving_rows(step)
    rows, step = [rows[i] for i in alive], step[alive]
    columns = min(COLUMNS, len(rows))
    first = float(step[0])
    last = float(step[-1]) + (float(step[-1]) - first) / max(len(rows) - 1, 1)
    last = max(last, first + 1)
    at = np.minimum(((step - first) / (last - first) * columns + 1e-9).astype(int), columns - 1)
    spans = [_span(row) for row in rows]
    known = [span for span in spans if span is not None]
    edges = _edges(rows, known)
    total, seen = np.zeros((columns, BINS)), np.zeros(columns)
    bad = np.zeros(columns, np.bool_)
    for column, row, span in zip(at, rows, spans, strict=True):
        bad[column] |= row.nonfinite > 0
        if span is not None:
            total[column] += _rebinned(row, span, edges)
            seen[column] += 1
    with np.errstate(invalid="ignore"):
        share = (total / seen[:, None]).astype(np.float32)
    ends = (known[0], known[-1]) if known else ((0.0, 0.0), (0.0, 0.0))
    low, high = (ends[0][0], ends[1][0]), (ends[0][1], ends[1][1])
    return Distribution(tag, first, last, edges, share, bad, low, high, len(rows), of)


def _span(row: Histogram) -> tuple[float, float] | None:
    """The lowest and the highest finite value; None where there is none."""
    filled = np.flatnonzero(row.counts > 0)
    if not len(filled):
        return None
    low = row.min if np.isfinite(row.min) else float(row.edges[filled[0]])
    high = row.max if np.isfinite(row.max) else float(row.edges[filled[-1] + 1])
    low, high = (float(np.clip(end, -MAX_VALUE, MAX_VALUE)) for end in (low, high))
    return min(low, high), max(low, high)


def _edges(rows: list[Histogram], spans: list[tuple[float, float]]) -> Floats:
    """The edges of BINS bins: equally wide, or where values span magnitudes, in arcsinh(3 value / typical value)."""
    if not spans:
        return np.linspace(-1, 1, BINS + 1)
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    if low == high:
        pad = abs(low) * 0.1 or 1.0
        low, high = low - pad, high + pad
    largest = max(abs(low), abs(high))
    with np.errstate(all="ignore"):
        typical = np.array([row.norm / np.sqrt(row.count) for row in rows])
    typical = typical[np.isfinite(typical) & (typical > 0)]
    unit = max(float(typical.min()) / 3, largest * FINEST) if len(typical) else largest
    if largest <= WIDE * unit:
        return np.linspace(low, high, BINS + 1)
    return np.asarray(unit * np.sinh(np.linspace(np.arcsinh(low / unit), np.arcsinh(high / unit), BINS + 1)))


def _rebinned(row: Histogram, span: tuple[float, float], edges: Floats) -> Floats:
    """The share of a histogram's values in each new bin, as if values were uniform within an old bin."""
    # what lies at one value alone must not fall between two edges
    old = np.clip(row.edges, *span)
    below = np.concatenate([[0.0], np.cumsum(row.counts)])
    at = np.interp(edges, old, below)
    at[0], at[-1] = 0.0, below[-1]
    return np.asarray(np.diff(at) / below[-1])
