"""The levels of a curve: where it started, where it ended, how low it got, and its noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loglens.stats.arrays import Floats
from loglens.stats.blocks import MEDIAN_ERROR, Blocks, blocks, noise
from loglens.stats.onsets import exit_point
from loglens.stats.quantiles import median, row_medians


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels of a curve that should fall, as medians over several points.

    start: of the first points. end: of the last tenth. best: the lowest level (running median of three
    blocks), at index `best_at` of the curve. noise: standard deviation of a block's level. point_noise:
    of a point.
    """

    start: float
    end: float
    best: float
    best_at: int
    noise: float
    point_noise: float
    blocks: Blocks

    @property
    def drop(self) -> float:
        """The fall from the first to the last level, as a share of the size of the first."""
        return (self.start - self.end) / abs(self.start) if self.start else 0.0

    @property
    def lost(self) -> float:
        """Share of the best gain that is gone at the end: 0 none, 1 all, more if worse than the start."""
        gain = self.start - self.best
        return (self.end - self.best) / gain if gain > 0 else 0.0

    @property
    def tail(self) -> Floats:
        """The levels of the last tenth of the blocks: of two at least, where there are so many."""
        return self.blocks.level[-max(2, len(self.blocks) // 10) :]


def _smooth(level: Floats) -> Floats:
    """Running median of three blocks: the lowest of many noisy blocks is low by chance alone."""
    if len(level) < 9:
        return level
    inner = row_medians(np.lib.stride_tricks.sliding_window_view(level, 3))
    return np.concatenate([inner[:1], inner, inner[-1:]])


def sinking(value: Floats, parts: int = 5) -> float:
    """By how much a curve falls from the first to the last of several equal parts (medians), as a share of the first.

    The parts are equally long, so that a few points at an end do not decide it.
    """
    size = max(1, len(value) // parts)
    first, last = float(median(value[:size])), float(median(value[-size:]))
    return (first - last) / abs(first) if first else 0.0


def fell_at_once(value: Floats, errors: float = 6.0) -> bool:
    """Whether the first point lies above every later one by a tenth, and by six deviations of the noise.

    n >= 5 finite points. Such a curve came down before its second point was logged.
    """
    rest = value[1:]
    gap = float(value[0] - rest.max())
    return gap > 0.1 * abs(float(value[0])) and gap > errors * noise(rest)


def levels(value: Floats) -> Levels:
    """Measure the levels of a curve of n >= 5 finite points; steps are taken as evenly spaced.

    The start is the median of the first three points or first hundredth; a descent within the first
    block would otherwise hide it. A block is 2 % of the curve, at least three points.
    """
    n = len(value)
    block = blocks(np.arange(n), value)
    head = max(3, n // 100)
    tail = max(3, n // 10)
    smooth = _smooth(block.level)
    lowest = int(np.lexsort((block.level, smooth))[0])  # a running median has ties: the lowest block of them
    point_noise = noise(value)
    size = n / len(block)
    return Levels(
        start=float(median(value[:head])),
        end=float(median(value[-tail:])),
        best=float(smooth[lowest]),
        best_at=int(block.start[lowest]),
        # a median's error by its points; blocks may be correlated besides
        noise=max(MEDIAN_ERROR * point_noise / float(np.sqrt(size)), noise(block.level)),
        point_noise=point_noise,
        blocks=block,
    )


def rises(value: Floats, *, min_gain: float = 0.1, errors: float = 3.0) -> bool:
    """Whether a curve ends above its start by a share `min_gain` of its size and by `errors` deviations of its level.

    n >= 5 finite points.
    """
    found = levels(-value)
    return found.start - found.end > max(min_gain * abs(found.start), errors * found.noise)


def block_at_best(value: Floats, found: Levels) -> Floats:
    """The values of the block that starts where the lowest level does."""
    starts = found.blocks.start
    after = starts[starts > found.best_at]
    return value[found.best_at : int(after[0]) if len(after) else len(value)]


def onset_of_rise(value: Floats, found: Levels) -> int:
    """The index of the first point above the lowest level's reach, in the first block after the last one near it.

    For a curve that is known to rise for good, so the reach is one deviation, or a tenth of what had been gained:
    the likeliest point, not a sure one.
    """
    level, starts = found.blocks.level, found.blocks.start
    bar = found.best + max(found.noise, 0.1 * (found.start - found.best))
    near = np.flatnonzero(level <= bar)
    begin = int(starts[min(int(near[-1]) + 1, len(starts) - 1)])
    return exit_point(value > bar, begin)
