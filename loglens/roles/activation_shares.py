"""Shares of zero and of saturated activations, from histograms of the outputs of layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from loglens.model.columns import Histogram
from loglens.model.resume import surviving_rows
from loglens.model.series import Series

#: A bin that ends below this share of the root mean square holds zeros: the bins of TensorBoard begin at 1e-12.
SMALL = 1e-3
#: Outputs of tanh end at 1, but for what half precision rounds, and some come as close as this where it is one.
LIMIT, REACHED = 1.001, 0.99
#: A unit is saturated where its slope is below a fifth of the largest. Of inputs that are normal with a standard
#: deviation of 8 the bound below says half; a half of those lies beyond 5, as DeepDiagnosis has it.
FLAT = 0.2


def activation_shares(rows: Iterable[Histogram]) -> Iterator[tuple[str, Series]]:
    """Curves with the tag of their histogram: shares of zeros (none is negative) and of saturated units (bounded).

    rows: histograms of activations. Both are lower bounds. Bins of equal width (TensorFlow 2, W&B) do not separate
    zeros from small values, so that only a layer that is zero throughout shows there.
    """
    layers: dict[str, list[Histogram]] = {}
    for row in rows:
        if row.count > row.nonfinite and np.isfinite(row.sum_squares):
            layers.setdefault(row.tag, []).append(row)
    for tag, layer in layers.items():
        if all(row.min >= 0 for row in layer):
            yield tag, _curve(f"{tag} zero share", layer, [zero_share(row) for row in layer])
        if slope := _bounded(tag, layer):
            yield tag, _curve(f"{tag} saturated share", layer, [max(0.0, 1 - slope(row) / FLAT) for row in layer])


def zero_share(row: Histogram) -> float:
    """At least this share of the values is zero, where none is negative."""
    if row.max == 0:
        return 1.0
    small = SMALL * np.sqrt(row.sum_squares / row.count)
    return float(row.counts[row.edges[1:] <= small].sum() / row.count)


def _bounded(tag: str, layer: list[Histogram]) -> Callable[[Histogram], float] | None:
    """The mean slope of the activation function, relative to its largest, where the values show which one it is.

    tanh' = 1 - a^2 and sigmoid' = a (1 - a), so that the sums of a histogram hold the exact mean. By Markov's
    inequality at most slope / FLAT of the units are steeper than FLAT.
    """
    low, high = min(row.min for row in layer), max(row.max for row in layer)
    if high > LIMIT or low < -LIMIT:
        return None
    if (low < -REACHED and high > REACHED) or (low < 0 and re.search("tanh", tag, re.I)):
        return _slope_of_tanh
    return _slope_of_sigmoid if low >= 0 and re.search("sigmoid", tag, re.I) else None


def _slope_of_tanh(row: Histogram) -> float:
    return 1 - _moments(row)[1]


def _slope_of_sigmoid(row: Histogram) -> float:
    mean, square = _moments(row)
    return 4 * (mean - square)


def _moments(row: Histogram) -> tuple[float, float]:
    """The mean of the values and of their squares. Of bins alone, the outermost are taken to be at the end."""
    if row.exact:
        return row.sum / row.count, row.sum_squares / row.count
    middle = (row.edges[1:] + row.edges[:-1]) / 2
    middle[0], middle[-1] = row.edges[0], row.edges[-1]
    return float(row.counts @ middle / row.count), float(row.counts @ middle**2 / row.count)


def _curve(tag: str, layer: list[Histogram], shares: list[float]) -> Series:
    alive, _ = surviving_rows(np.array([row.step for row in layer], np.int64))
    columns = ([row.step for row in layer], shares, [row.time for row in layer])
    step, value, time = (np.array(column)[alive] for column in columns)
    return Series(tag, step.astype(np.int64), value.astype(float), time.astype(float))
