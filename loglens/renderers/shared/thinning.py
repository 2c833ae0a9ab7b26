"""Thin a curve to the points that a screen can show, without losing a spike, a bad value or an onset.

MinMaxLTTB (Van Der Donckt et al. 2023) picks the points that make the shape; the extremes of every
bucket, the sharpest single-point spikes, all points around each onset, both ends and every stretch of
values that are not finite are added back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxDownsampler, MinMaxLTTBDownsampler

from loglens.model.series import Series
from loglens.renderers.shared.buckets import Scale
from loglens.stats.arrays import Floats, Ints
from loglens.stats.quantiles import row_medians

#: Limit on separate stretches of bad values; beyond it, neighbours closer than a pixel are merged.
MAX_STRETCHES = 2000
#: Shares of the points of a thinned curve that make its shape, hold extremes, hold spikes.
SHAPE, EXTREMES, SPIKES = 0.5, 0.25, 0.08
#: Minimum number of points of a thinned curve.
MIN_POINTS = 64


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of values that are not finite: first and last step, how many, and which (NaN, Inf)."""

    first: int
    last: int
    count: int
    what: str


@dataclass(frozen=True, slots=True)
class Thin:
    """A curve to draw: NaN in `value` is where the line is interrupted."""

    step: Ints
    value: Floats
    bad: tuple[Stretch, ...]


def points_for_screen(curve: Series, max_points: int, onsets: Iterable[int] = ()) -> Thin:
    """Thin a curve to about `max_points` points."""
    finite = np.isfinite(curve.value)
    rows = np.flatnonzero(finite)
    if len(rows) > max(max_points, MIN_POINTS):
        chosen = _chosen(curve.step[rows], curve.value[rows], max(max_points, MIN_POINTS), list(onsets))
        rows = rows[chosen]
    begins, ends = _runs(~finite)
    bad = _stretches(curve, begins, ends)
    shown = np.union1d(rows, begins if len(begins) <= MAX_STRETCHES else _breaks(begins, ends))
    value = np.where(np.isfinite(curve.value[shown]), curve.value[shown], np.nan)
    return Thin(curve.step[shown], value, bad)


def _chosen(step: Ints, value: Floats, max_points: int, onsets: list[int]) -> NDArray[np.intp]:
    """Indices of the points to keep, of finite values."""
    scale = Scale.of(value)
    y = np.ascontiguousarray(scale(value), np.float64)  # as drawn, and without overflow
    pairs = max(int(max_points * EXTREMES) // 2, 4) * 2
    parts = [
        np.array([0, len(value) - 1]),
        MinMaxLTTBDownsampler().downsample(y, n_out=max(int(max_points * SHAPE), 8)),  # type: ignore[no-untyped-call]
        MinMaxDownsampler().downsample(y, n_out=pairs),  # type: ignore[no-untyped-call]
        _spikes(y, int(max_points * SPIKES)),
    ]
    if onsets:
        reach = max(int(max_points * (1 - SHAPE - EXTREMES - 3 * SPIKES)) // (2 * len(onsets)), 2)
        for onset in onsets:
            at = int(np.searchsorted(step, onset))
            parts.append(np.arange(max(at - reach, 0), min(at + reach, len(step))))
    return np.unique(np.concatenate([np.asarray(part, np.intp) for part in parts]))


def _spikes(y: Floats, max_points: int) -> NDArray[np.intp]:
    """The single points that stand out most from both neighbours, measured by the noise around them."""
    move = np.diff(y)
    left, right = move[:-1], -move[1:]
    height = np.where(left * right > 0, np.minimum(np.abs(left), np.abs(right)), 0.0)
    size = max(len(height) // 500, 8)
    whole = height[: len(height) // size * size].reshape(-1, size)
    usual = np.repeat(row_medians(whole), size) if len(whole) else np.zeros(0)
    usual = np.pad(usual, (0, len(height) - len(usual)), mode="edge" if len(usual) else "constant")
    height = height / (usual + 1e-6)
    top = np.argpartition(height, -min(max_points, len(height)))[-min(max_points, len(height)) :] + 1
    return np.concatenate([top - 1, top, top + 1])


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First index of every run of True, and the index after its last."""
    edges = np.diff(mask.astype(np.int8), prepend=0, append=0)
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def _breaks(begins: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """The longest stretches, at which alone the line is interrupted where there are too many."""
    return np.sort(begins[np.argsort(begins - ends, kind="stable")[:MAX_STRETCHES]])


def _stretches(curve: Series, begins: NDArray[np.intp], ends: NDArray[np.intp]) -> tuple[Stretch, ...]:
    """Every run of bad values; where there are very many, those that fall on one pixel are one stretch."""
    if not len(begins):
        return ()
    if len(begins) > MAX_STRETCHES:
        pixel = (float(curve.step[-1]) - float(curve.step[0])) / MAX_STRETCHES
        places = np.floor((curve.step[begins].astype(float) - float(curve.step[0])) / max(pixel, 1e-9))
        heads = np.flatnonzero(np.diff(places, prepend=-1.0))
    else:
        heads = np.arange(len(begins))
    found = []
    for head, after in zip(heads, np.append(heads[1:], len(begins)), strict=True):
        values = curve.value[begins[head] : ends[after - 1]]
        kinds = {"NaN": np.isnan(values), "Inf": values == np.inf, "-Inf": values == -np.inf}
        found.append(
            Stretch(
                int(curve.step[begins[head]]),
                int(curve.step[ends[after - 1] - 1]),
                int(sum(np.count_nonzero(mask) for mask in kinds.values())),
                " and ".join(name for name, mask in kinds.items() if mask.any()),
            )
        )
    return tuple(found)
