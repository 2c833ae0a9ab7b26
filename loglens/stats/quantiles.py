"""Medians and percentiles as numpy computes them, bit for bit, without the 30 µs that each call takes there.

A run of a few hundred points is judged by hundreds of medians, which would take a sixth of its time. Nor does a
short call wait for numpy.ma, which `numpy.median` and `numpy.percentile` load.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from loglens.stats.arrays import Floats


def median(values: ArrayLike) -> np.float64:
    """Median of all values of an array: NaN where one of them is, and where there are none."""
    flat = np.asarray(values, np.float64).ravel()
    size, half = len(flat), len(flat) // 2
    if not size:
        return np.float64(np.nan)
    flat = np.partition(flat, half)  # at one place: at two it takes ten times as long
    if np.isnan(flat[half:].max()):  # NaN counts as the largest
        return np.float64(np.nan)
    middle = np.float64(flat[half] if size % 2 else (flat[:half].max() + flat[half]) / 2)
    return middle + 0.0  # the median of -0.0 is 0.0


def percentile(values: ArrayLike, percent: float) -> np.float64:
    """Percentile of all values of an array, between two of them by a straight line; NaN as for the median."""
    flat = np.asarray(values, np.float64).ravel()
    if not len(flat):
        return np.float64(np.nan)
    place = percent / 100 * (len(flat) - 1)
    below = int(place)
    flat = np.partition(flat, below)
    if np.isnan(flat[below:].max()):
        return np.float64(np.nan)
    low, share = np.float64(flat[below]), place - below
    high = np.float64(flat[below + 1 :].min()) if below + 1 < len(flat) else low
    return low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share)


def row_medians(rows: ArrayLike) -> Floats:
    """Median of each row of a table with one column or more: NaN where one of its values is."""
    rows = np.asarray(rows, np.float64)
    half = rows.shape[1] // 2
    rows = np.partition(rows, half, axis=1)
    middle = rows[:, half] if rows.shape[1] % 2 else (rows[:, :half].max(axis=1) + rows[:, half]) / 2
    return np.where(np.isnan(rows[:, half:].max(axis=1)), np.nan, middle + 0.0)
