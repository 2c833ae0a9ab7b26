"""Measure the progress of one curve: start, best, end, noise; how much it gained and kept, how it swings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from loglens.analysis.outcome.metric_scale import SHARES, errors_at_most_all, ideal
from loglens.model.series import Series
from loglens.stats.arrays import Floats
from loglens.stats.blocks import blocks, noise
from loglens.stats.isotonic import way_back
from loglens.stats.quantiles import median, percentile, row_medians

#: Roles of curves that measure progress, and whether a lower value is better.
LOWER_IS_BETTER = {
    "loss": True,
    "metric_lower": True,
    "metric_higher": False,
    "rl_reward": False,
    "rl_return": False,
    "rl_success": False,
}
#: Fewer finite points show no change at all.
MIN_POINTS = 2
#: A gain counts where it exceeds this many standard errors of the levels it is the difference of.
BEYOND_NOISE = 4.0
#: A curve is looked at in so many block medians: enough to see swings, few enough to be robust.
BLOCKS = 30


#: A reward that is an average over episodes wanders without learning. Its gain counts where it exceeds `BEYOND_NOISE`
#: times this many standard deviations of its levels from the nearest curve that never falls, 8 in all: of 200 averages
#: of pure noise a cell, of 30 to 1,000 points that span five windows or more, 5 % get 3 to 8.4; the rewards of healthy
#: runs that were looked at get 11 to 1,900.
WANDER = 2.0
#: Where the average begins with a few episodes, its start is as uncertain as these, of which its later points show
#: nothing: of 100 episodes after 4, by five times the standard deviation of what follows. 24 in all.
WANDER_FROM_FEW = 6.0
#: Such an average begins with steps (the first four) that are so many times what they are in its later half.
FIRST_STEPS, SHRINK = 4, 4.0
#: After a blow-up the points scatter by what they blew up to. Of 40 points of one noise, the last 32 seem 30 times as
#: noisy as the first eight in one of 10,000 draws.
CALM_POINTS, WILDER = 8, 30.0
#: Of fewer points, a share that goes up and down may be one bad evaluation; a smaller range may be noise. Chosen.
MIN_SWINGING, WIDE = 10, 0.3
#: Up to so many evaluations, each is a point of its own.
SINGLE = 200
#: Points below which the bend of a curve shows in the second differences of its points: 24 evaluations of a loss that
#: falls exponentially to 5 % have second differences of up to 1.4 % of the fall.
FEW_POINTS = 24


class Progress(NamedTuple):
    """Facts of one progress curve. Levels are in the curve's own units.

    start, end: medians of its first and last points. best: the best of its block medians, at index
    `best_at` of the finite points. last: the last point. noise: standard deviation of a point.
    sureness: the gain in standard errors. gained: share of the way from start to `ideal` (None: no
    ideal is known). kept: share of the gain left at the end. late: gain of the last quarter as a share
    of the whole gain. falls_back: how many times the later half falls back below half of the gain, and
    comes back. lost_at: the step from which it stays below half of its gain. worse: how far the end is
    worse than the start, as a share of the start's size; 0 where that is within the noise. drop_sureness:
    how far the end is from the best, in standard errors.
    comes_back: how many times a share (an accuracy, say) goes from above three quarters to below half of its whole
    range after its first quarter, where the range is 0.3 of what is possible or more; wherever it started.
    swing: how widely the points of the later half spread (from their 10th to their 90th
    percentile) beyond what that half gains, as a share of the gain. error: standard error of a difference of levels.
    """

    curve: Series
    lower: bool
    start: float
    best: float
    best_at: int
    end: float
    last: float
    noise: float
    sureness: float
    ideal: float | None
    gained: float | None
    kept: float
    late: float
    falls_back: int
    comes_back: int
    lost_at: int | None
    worse: float
    drop_sureness: float
    swing: float
    error: float
    wanders: bool

    @property
    def heldout(self) -> bool:
        return self.curve.split in ("val", "test")

    @property
    def last_kept(self) -> float:
        """The share of the gain that is left at the last point, where that fell beyond the noise; else `kept`."""
        gain = self.best - self.start
        if not gain or self.fall_at_last < BEYOND_NOISE:
            return self.kept
        return (self.last - self.start) / gain

    @property
    def fall_at_last(self) -> float:
        """How far the last point is worse than the best level, in standard deviations of a point."""
        fall = (self.last - self.best) * (1.0 if self.lower else -1.0)
        return fall / self.noise if self.noise else float(np.inf) if fall > 0 else 0.0

    @property
    def relative_gain(self) -> float:
        """The gain as a share of the size of the start."""
        return abs(self.best - self.start) / max(abs(self.start), abs(self.best), 1e-300)


def measure(curve: Series, percent_scores: frozenset[str] = frozenset()) -> Progress | None:
    """Measure a curve with a role in LOWER_IS_BETTER; None where it has too few finite points.

    percent_scores: tags of scores in per cent that do not show it (see `metric_scale.percent_scores`).
    """
    lower = LOWER_IS_BETTER[curve.role or ""]
    finite = errors_at_most_all(curve.finite)
    if len(finite) < MIN_POINTS:
        return None
    y = finite.value if lower else -finite.value
    n = len(y)
    block = blocks(np.arange(n), y, max_blocks=BLOCKS, min_points=1 if n <= BLOCKS else 2)
    level = _smooth(block.level) if n > BLOCKS else block.level
    point = _point_noise(y)
    start, head = _start(y, point, heldout=curve.split in ("val", "test"))
    tail = max(1, n // 10) if n < 30 else max(3, n // 10)
    end = float(median(y[-tail:]))
    place = int(np.argmin(level))
    best = min(float(level[place]), end)
    point = _calm_noise(y[: int(block.start[place])], point)
    # a median of k points has 1.2533 / sqrt(k) times their deviation; averages wander, which their points do not show
    reward = (curve.role or "").startswith("rl_")
    wander = noise(level) if n > BLOCKS and reward else 0.0
    error = max(point * 1.2533 * np.sqrt(1 / head + len(block) / n), wander)
    gain = start - best
    sure = gain / error if error > 0 else (np.inf if gain > 0 else 0.0)
    part = (start - level) / gain if gain > 0 else np.zeros(len(level))
    quarter = float(median(y[n // 2 : max(n // 2 + 1, n * 3 // 4)]))
    aim = ideal(finite, percent_scores)
    way = None if aim is None else start - (aim if lower else -aim)
    drop = end - start
    sign = 1.0 if lower else -1.0
    return Progress(
        curve=finite,
        lower=lower,
        start=sign * start,
        best=sign * best,
        best_at=int(block.start[place]),
        end=sign * end,
        last=sign * float(y[-1]),
        noise=point,
        sureness=float(sure),
        ideal=aim,
        gained=float(np.clip(gain / way, 0, 1)) if way and way > 0 else None,
        kept=float((start - end) / gain) if gain > 0 else 0.0,
        late=float((quarter - end) / gain) if gain > 0 else 0.0,
        falls_back=_falls_back(part[len(part) // 2 :]),
        comes_back=_comes_back(level if n > SINGLE else y, aim) if curve.role in SHARES else 0,
        lost_at=_lost_at(part, block.start, finite),
        worse=float(drop / max(abs(start), 1e-300)) if drop > BEYOND_NOISE * error else 0.0,
        drop_sureness=float((end - best) / error) if error > 0 else (np.inf if end > best else 0.0),
        swing=_swing(y[n // 2 :]) / gain if gain > 0 else 0.0,
        error=float(error),
        wanders=reward and gain < BEYOND_NOISE * _wander(y, block.level),
    )


def _wander(y: Floats, level: Floats) -> float:
    """Standard deviation that a level of a reward has by its slow ups and downs. y: its values, better the lower."""
    step = np.abs(np.diff(y))
    later = float(median(step[len(step) // 2 :])) if len(step) else 0.0
    from_few = float(np.sqrt(np.mean(step[:FIRST_STEPS] ** 2))) > SHRINK * later if len(step) else False
    return (WANDER_FROM_FEW if from_few else WANDER) * way_back(-level)


def _point_noise(y: Floats) -> float:
    """Standard deviation of a point. y: finite values, better the lower.

    Second differences of few points measure the bend of the curve as well. Their steps for the worse are then the
    better measure, where it is the smaller: the root mean square of these, over all steps, is the standard deviation
    of pure noise, and 0 of a curve that only gets better.
    """
    point = noise(y)
    if len(y) >= FEW_POINTS:
        return point
    worse = np.diff(y).clip(min=0.0)
    return min(point, float(np.sqrt(np.mean(worse**2))))


def _calm_noise(before: Floats, point: float) -> float:
    """Standard deviation of a point up to the best level, where what follows is so much wilder that it is no noise.

    before: the values up to the best level. point: the deviation of all.
    """
    calm = noise(before) if len(before) >= CALM_POINTS else point
    return calm if 0 < calm < point / WILDER else point


def _start(y: Floats, point: float, *, heldout: bool) -> tuple[float, int]:
    """The level that a curve starts from and of how many points it is the median.

    Evaluations start at the first one, and so does a short curve. A long one of training
    starts at the median of its first hundredth, unless its first point lies far below that: then what
    follows is a burst, and falling from a burst is no gain.
    """
    head = 1 if heldout else max(1, len(y) // 100)
    level = float(median(y[:head]))
    early = float(median(y[: max(3, len(y) // 50)]))
    if head > 1 and y[0] < level - 2 * BEYOND_NOISE * point:
        return float(y[0]), 1
    if not heldout and head == 1 and len(y) >= 100 and y[0] > early and abs(y[0] - early) < BEYOND_NOISE * point:
        return early, 3
    return level, head


def _smooth(level: Floats) -> Floats:
    """Running median of three blocks: the lowest of many noisy blocks is low by chance alone."""
    padded = np.pad(level, 1, mode="edge")
    return row_medians(np.lib.stride_tricks.sliding_window_view(padded, 3))


def _swing(y: Floats) -> float:
    """How widely points spread beyond what they gain from their first third to their last."""
    third = max(1, len(y) // 3)
    gain = max(0.0, float(median(y[:third]) - median(y[-third:])))
    low, high = percentile(y, 10), percentile(y, 90)
    return max(0.0, float(high - low) - gain)


def _falls_back(part: Floats) -> int:
    """How many times a curve of shares of the gain goes below a half after it was above three quarters."""
    state, count = 0, 0
    for share in part:
        if share >= 0.75:
            state = 1
        elif share < 0.5 and state == 1:
            state, count = 0, count + 1
    return count


def _comes_back(level: Floats, ideal: float | None) -> int:
    """How many times a curve falls back as `_falls_back` counts, in shares of its whole range, after its first quarter.

    At least half of them are in the later half.
    """
    best, worst = float(level.min()), float(level.max())
    if ideal is None or len(level) < MIN_SWINGING or worst - best < WIDE * ideal:
        return 0
    share = (worst - level) / (worst - best)
    n = len(share)
    return min(_falls_back(share[n // 4 :]), 2 * _falls_back(share[n // 2 :]))


def _lost_at(part: Floats, start: np.ndarray, curve: Series) -> int | None:
    """The step from which every block is below half of the gain; None where the last block is not."""
    over = np.flatnonzero(part >= 0.5)
    if not len(over) or over[-1] + 1 >= len(part):
        return None
    return int(curve.step[start[over[-1] + 1]])
