"""Detect whether a curve is periodic, by its autocorrelation."""

from __future__ import annotations

import numpy as np

from loglens.stats.arrays import Floats
from loglens.stats.quantiles import percentile


def periodicity(value: Floats) -> tuple[float, int]:
    """The highest peak of the autocorrelation after its first minimum, and its lag in points.

    value: n points around zero, evenly spaced. Lags of 4 to n/4 points count, so that at least four
    periods are in sight. Values beyond the 2nd and 98th percentile are clipped, since one outlier
    would outweigh the rest. Returns (0, 0) where there is no such peak. Computed by FFT in O(n log n).
    """
    n = len(value)
    if n < 32:
        return 0.0, 0
    centred = np.clip(value, percentile(value, 2), percentile(value, 98))
    centred = centred - centred.mean()
    power = np.abs(np.fft.rfft(centred, 2 * n)) ** 2
    correlation = np.fft.irfft(power)[: n // 4]
    if correlation[0] <= 0:
        return 0.0, 0
    correlation = correlation / correlation[0]
    rising = np.flatnonzero((correlation[1:-1] < correlation[2:]) & (correlation[1:-1] < 0.1)) + 1
    if not len(rising):
        return 0.0, 0
    begin = max(4, int(rising[0]))
    lag = begin + int(np.argmax(correlation[begin:])) if begin < len(correlation) else 0
    return (float(correlation[lag]), lag) if lag else (0.0, 0)
