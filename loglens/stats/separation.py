"""Find where a curve departs from another one, or from the band of several, by more than noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from loglens.stats.arrays import Floats, Ints
from loglens.stats.blocks import blocks, noise
from loglens.stats.quantiles import median, percentile

Curve = tuple[Ints, Floats]

#: Common points that a comparison needs; with fewer, a difference cannot be distinguished from noise.
MIN_COMMON_POINTS = 6
#: Multiple of the noise by which a curve departs from one good run; with several, Student's t takes its place.
TIMES, CONFIDENCE = 4.0, 0.9995
#: Shares of the good curve's span and of its level that a difference must reach to be reported.
OF_SPAN, OF_SPAN_IN_BAND, OF_LEVEL = 0.05, 0.01, 0.01
#: Blocks in a row that make a departure; most blocks into which a curve is cut.
LASTING, MAX_BLOCKS = 3, 60


@dataclass(frozen=True, slots=True)
class Separation:
    """A stretch over which a curve departs from the good ones.

    step: the first step beyond noise. until: the step from which they agree again, None where they
    stay apart. good and bad: the levels where they are farthest apart, at step worst. times:
    that difference as a multiple of the noise.
    """

    step: int
    until: int | None
    good: float
    bad: float
    worst: int
    times: float


def align(goods: Sequence[Curve], bad: Curve) -> tuple[Ints, Floats, Floats]:
    """Align curves on common steps.

    Returns the steps, the good curves' values (one row a curve, NaN beyond its ends) and the bad curve's values.
    goods, bad: steps in rising order, with values; points that are not finite are left out, and of equal steps
    the last counts. The steps are those of the coarsest curve where all overlap; the denser curves are
    interpolated between their neighbours there.
    """
    curves = [_finite(curve) for curve in (*goods, bad)]
    own = curves[-1][0]
    if not len(own) or not any(len(step) for step, _ in curves[:-1]):
        return np.zeros(0, np.int64), np.zeros((len(goods), 0)), np.zeros(0)
    reach = [step for step, _ in curves[:-1] if len(step)]
    low = max(int(own[0]), min(int(step[0]) for step in reach))
    high = min(int(own[-1]), max(int(step[-1]) for step in reach))
    inside = [step[(step >= low) & (step <= high)] for step, _ in curves]
    # a curve that ends early is no coarse one: density is what counts
    grid = min((step for step in inside if len(step)), key=lambda step: _density(step), default=own[:0])
    nowhere = np.full(len(grid), np.nan)
    values: list[Floats] = [
        np.interp(grid, step, value, np.nan, np.nan).astype(np.float64) if len(step) else nowhere
        for step, value in curves
    ]
    return grid, np.array(values[:-1]), values[-1]


def same_until(good: Curve, bad: Curve) -> int | None:
    """The last step up to which two curves hold exactly the same values; None where they differ from the start."""
    common, one, two = np.intersect1d(good[0], bad[0], return_indices=True)
    differ = good[1][one] != bad[1][two]
    differ &= ~(np.isnan(good[1][one]) & np.isnan(bad[1][two]))
    first = int(np.argmax(differ)) if differ.any() else len(common)
    return int(common[first - 1]) if first else None


def separations(goods: Sequence[Curve], bad: Curve) -> list[Separation]:
    """Find each stretch over which the bad curve departs from the good ones. See `align` for the arguments.

    The difference to the median of the good curves is taken in block medians, on a log scale where
    all values are positive and span more than a factor of 3. It counts where it exceeds the noise of a block
    fourfold and 5 % of the good curve's span, three blocks in a row on one side or to the end. The noise
    is that of the points and of the blocks (slow drift) by second differences; with several good runs
    also the spread between them, as the prediction interval of one more run (Student's t), which accounts
    for differences by seed. The step is then the first point of that stretch beyond its own noise.
    """
    step, rows, value = align(goods, bad)
    keep = np.isfinite(value) & np.isfinite(rows).any(axis=0)
    step, rows, value = step[keep], rows[:, keep], value[keep]
    if len(step) < MIN_COMMON_POINTS:
        return []
    log = _in_logs(rows, value)
    f, g = (np.log(rows), np.log(value)) if log else (rows, value)
    centre = np.nanmedian(f, axis=0)
    difference = g - centre
    places = np.arange(len(step))
    cut = blocks(places, difference, max_blocks=MAX_BLOCKS, min_points=1)
    size = len(step) / len(cut)
    point = _point_noise(f, g)
    floor = _floor(centre, log, len(rows))
    between, times = _between(f, centre, cut.start)
    wander = _both(*(noise(blocks(places, curve, max_blocks=MAX_BLOCKS, min_points=1).level) for curve in (centre, g)))
    sigma = np.maximum(max(point * (1.25 / np.sqrt(size) if size >= 2 else 1.0), wander), between)
    beyond = np.sign(cut.level) * (np.abs(cut.level) > np.maximum(times * sigma, floor))
    found: list[Separation] = []
    after = 0
    for first, end in _stretches(beyond):
        begin = _onset(difference, cut.start, first, max(4 * point, floor), float(beyond[first]), after)
        after = stop = int(cut.start[end]) if end < len(cut) else len(step)
        worst = begin + int(np.argmax(np.abs(difference[begin:stop])))
        found.append(
            Separation(
                step=int(step[begin]),
                until=int(step[stop]) if stop < len(step) else None,
                good=float(np.exp(centre[worst]) if log else centre[worst]),
                bad=float(value[worst]),
                worst=int(step[worst]),
                times=float(min(abs(difference[worst]) / max(point, float(median(sigma)), 1e-300), 1e6)),
            )
        )
    return found


def _finite(curve: Curve) -> Curve:
    step, value = curve
    keep = np.isfinite(value)
    keep[:-1] &= (step[:-1] != step[1:]) | ~keep[1:]
    return step[keep], value[keep]


def _density(step: Ints) -> float:
    return len(step) / (float(step[-1] - step[0]) + 1)


def _in_logs(rows: Floats, value: Floats) -> bool:
    low, high = min(np.nanmin(rows), value.min()), max(np.nanmax(rows), value.max())
    return bool(low > 0 and high > 3 * low)


def _point_noise(rows: Floats, value: Floats) -> float:
    """Noise of the difference between a point of the good curves and one of the bad curve."""
    return _both(float(median([noise(row[np.isfinite(row)]) for row in rows])), noise(value))


def _both(good: float, bad: float) -> float:
    """Noise of a difference; the noise of the bad curve counts as at most three times that of the good one."""
    return float(np.hypot(good, min(bad, 3 * good) if good else bad))


def _floor(centre: Floats, log: bool, runs: int) -> float:
    low, high = percentile(centre, 10), percentile(centre, 90)
    level = 1.0 if log else float(median(np.abs(centre)))
    return max((OF_SPAN if runs < 3 else OF_SPAN_IN_BAND) * float(high - low), OF_LEVEL * level)


def _between(rows: Floats, centre: Floats, start: NDArray[np.intp]) -> tuple[Floats | float, float]:
    """The spread between the good runs at each block, pooled over its neighbours, and how many times it counts."""
    runs = len(rows)
    if runs < 2:
        return 0.0, TIMES
    points = np.add.reduceat(np.isfinite(rows).astype(float), start, axis=1)
    off = np.add.reduceat(np.nan_to_num(rows - centre), start, axis=1)
    off = np.divide(off, points, out=np.zeros_like(off), where=points > 0)
    square = (off**2).sum(axis=0) / (runs - 1)
    wide = np.pad(square, 2, mode="edge")
    pooled = np.lib.stride_tricks.sliding_window_view(wide, 5).mean(axis=1)
    return np.sqrt(pooled * (1 + 1 / runs)), float(stdtrit(5.0 * (runs - 1), CONFIDENCE)) if runs > 2 else TIMES


def _stretches(beyond: Floats) -> Iterator[tuple[int, int]]:
    """Stretches of blocks beyond the noise, each ended by three in a row that are not or are on the other side."""
    n, first = len(beyond), 0
    while first < n:
        if not beyond[first]:
            first += 1
            continue
        last = first
        for i in range(first, n):
            if beyond[i] == beyond[first]:
                last = i
            elif i - last >= LASTING:
                break
        inside = int(np.count_nonzero(beyond[first : last + 1] == beyond[first]))
        if inside >= LASTING or (last == n - 1 and inside >= min(LASTING - 1, n)):
            yield first, last + 1 if n - 1 - last >= LASTING else n
        first = last + 1


def _onset(difference: Floats, start: NDArray[np.intp], first: int, limit: float, side: float, after: int) -> int:
    """The first point of the stretch, or of the block before it, from which three in four are beyond.

    after: where the stretch before it ended.
    """
    begin = max(int(start[max(first - 1, 0)]), min(after, int(start[first])))
    stop = int(start[first + 2]) if first + 2 < len(start) else len(difference)
    over = side * difference[begin:] > limit
    for i in range(stop - begin):
        if over[i] and np.mean(over[i : i + 4]) >= 0.75:
            return begin + i
    return int(start[first])
