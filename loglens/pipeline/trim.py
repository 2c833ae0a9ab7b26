"""Trim the curves of a judged run to a number of points that is enough to draw them.

This bounds memory, with numpy alone; the HTML page thins the curves once more, to what a screen can show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loglens.model.report import Diagnosis
from loglens.model.series import Series
from loglens.stats.arrays import Floats

#: Points of all curves of a report together, and the minimum for one run.
MAX_POINTS, MIN_RUN_POINTS = 600_000, 500
#: Minimum for one curve; a run with more curves than its points allow keeps the first ones.
MIN_CURVE_POINTS = 64
#: The histograms of one tensor count as so many points.
HISTOGRAM_POINTS = 16_384


def point_budget(runs: int) -> int:
    """The number of points of one run in a report on `runs` runs: a power of two, so that it seldom changes."""
    return (
        max(1 << ((MAX_POINTS // max(runs, 1)).bit_length() - 1), MIN_RUN_POINTS)
        if runs <= MAX_POINTS
        else MIN_RUN_POINTS
    )


def trim(run: Diagnosis, points: int) -> Diagnosis:
    """Thin the curves of a diagnosis to so many points in all.

    The curves of the findings come first. A curve for which no points are left keeps only its name.
    """
    lead = () if run.lead is None else (run.lead,)
    whole = {id(curve): curve for curve in (*(c for f in run.findings for c in f.series), *lead, *run.curves)}
    onsets = [finding.onset_step for finding in run.findings if finding.onset_step is not None]
    share = max(points // max(len(whole), 1), MIN_CURVE_POINTS)
    kept = {
        key: thin(curve, share if place < points // share else 0, onsets)
        for place, (key, curve) in enumerate(whole.items())
    }
    return replace(
        run,
        findings=tuple(
            replace(found, finding=replace(found.finding, series=tuple(kept[id(curve)] for curve in found.series)))
            for found in run.findings
        ),
        lead=None if run.lead is None else kept[id(run.lead)],
        curves=tuple(kept[id(curve)] for curve in run.curves if len(kept[id(curve)]) or not len(curve)),
        distributions=run.distributions[: points // HISTOGRAM_POINTS],
    )


def thin(curve: Series, max_points: int, onsets: Iterable[int] = ()) -> Series:
    """Thin a curve to about `max_points` of its points.

    Kept are both ends, the lowest and highest value of every bucket, the points around each onset, and
    the first and last of every stretch of values that are not finite.
    """
    if len(curve) <= max_points:
        return curve
    rows = _chosen(curve.value, max_points)
    if max_points:
        around = [at + reach for at in curve.step.searchsorted(list(onsets)) for reach in (-2, -1, 0, 1)]
        rows = np.union1d(rows, np.clip(np.array(around, np.intp), 0, len(curve) - 1))
    return replace(curve, step=curve.step[rows], value=curve.value[rows], time=curve.time[rows])


def _chosen(value: Floats, max_points: int) -> NDArray[np.intp]:
    if not max_points:
        return np.zeros(0, np.intp)
    finite = np.isfinite(value)
    edges = np.diff(~finite, prepend=False, append=False)
    firsts, after = np.flatnonzero(edges).reshape(-1, 2).T  # of each stretch of bad values
    if len(firsts) > max_points // 8:  # good and bad values by turns: as many stretches as fit
        some = np.linspace(0, len(firsts) - 1, max_points // 8).astype(np.intp)
        firsts, after = firsts[some], after[some]
    turns = np.concatenate([firsts, after - 1])
    rows = np.flatnonzero(finite)
    size = max(-(-2 * len(rows) // max(max_points - len(turns), 2)), 1)
    starts = np.arange(0, len(rows), size)
    extremes = []
    if len(rows):
        padded = np.pad(value[rows], (0, len(starts) * size - len(rows)), mode="edge").reshape(-1, size)
        extremes = [np.minimum(starts + pick(padded, axis=1), len(rows) - 1) for pick in (np.argmin, np.argmax)]
    ends = np.array([0, len(value) - 1])
    return np.unique(np.concatenate([ends, turns, *(rows[place] for place in extremes)]))
