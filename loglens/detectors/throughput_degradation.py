"""Steps take longer and longer, or suddenly much longer.

Why it matters. A run at a third of its speed costs three times as much; a step time that grows without
end is a leak that will stop it.

How it is found. By one of three signs. (1) The median step time of the last fifth is at least twice that of the
first half (its first twentieth, where caches fill, left out), and all of that fifth's blocks are 1.5 times above
it. (2) It grows steadily to 1.5 times its level in the first fifth: each fifth is slower than the one before, as
are seven in ten of 10 block medians (runwise warns at a fall of 40 %). (3) A stretch of at least a fifth of the points
is over three times as slow (where trainproof fails), and costs half of all the time. Throughput is judged by its
inverse. Where time and throughput were both logged, both have to show it, and where a point of the log covers ever
more steps or samples, it is the time for each of them that counts: an iteration that holds more takes longer.

When it is wrong. Longer sequences by schedule take longer by nature; machines shared with others are slow at times.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import estimate, number
from loglens.model.series import Series, present, require
from loglens.remedies import actions as remedies
from loglens.stats.arrays import Floats
from loglens.stats.blocks import blocks
from loglens.stats.quantiles import median, percentile

RULE = Rule("throughput-degradation", "system", Severity.WARNING)


#: Share of the first points, where caches fill and code is compiled, that is left out.
START = 0.05
#: Least multiple of the normal step time of all blocks of a slow end; up to `CALM` of it a block is not slow.
LASTING, CALM = 1.5, 1.3
#: Share of rising block medians of a steady growth, and how much slower each fifth is than the one before.
RISING, EACH_FIFTH = 0.7, 1.03
#: A slow stretch: so many times the normal step time, over this share of the points, at this share of all time.
STRETCH, STRETCH_POINTS, STRETCH_COST = 3.0, 0.2, 0.5
#: Parts of the run that are compared, and block medians of a part in which each has to be slow or to rise.
FIFTHS, BLOCKS = 5, 10
#: The normal step time of a run that is slow for a long stretch: the quarter of its blocks below it.
QUARTER = 25
#: Points of the first half that show the normal step time.
NORMAL_POINTS = 5


class Slowdown(NamedTuple):
    """A slower part of a run: from which point to which, how many times slower, and the two levels in seconds."""

    first: int
    last: int
    factor: float
    normal: float
    slow: float
    how: str


def detect(
    step_time: Series | None,
    throughput: Series | None,
    data_time: Series | None,
    samples: Series | None,
    *,
    min_points: int = 20,
    slower: float = 2.0,
    steady: float = 1.5,
) -> Iterator[Finding]:
    timed = step_time if step_time is not None else throughput
    if timed is None:
        raise Skip("neither step time nor throughput was logged")
    curve = _positive(timed, min_points)
    seconds = curve.value if timed is step_time else 1.0 / curve.value
    found = _slowdown(seconds, slower, steady)
    if found is None or _holds_more(curve, seconds, samples, slower, steady):
        return
    rate = throughput.finite if timed is step_time and throughput is not None else None
    if (
        rate is not None
        and len(rate) >= min_points
        and median(rate.tail(1 / FIFTHS)) > median(rate.head(1 / FIFTHS)) / CALM
    ):
        return  # as many samples a second as ever: the steps hold more of them
    waits = data_time is not None and len(data_time.finite) >= min_points and _grows(data_time.finite)
    onset = int(curve.step[found.first])
    yield Finding(
        f"a step takes {estimate(found.factor)} times as long {found.how} ({timed.tag}), from {timed.axis} "
        f"{number(onset)} on" + ("; the time waiting for data grows as well" if waits else ""),
        Severity.WARNING,
        Confidence.HIGH if found.factor >= STRETCH else Confidence.MEDIUM,
        onset_step=onset,
        end_step=int(curve.step[found.last]),
        evidence={"factor": found.factor, "normal": found.normal, "end": found.slow, "data_time_grows": waits},
        remedies=[remedies.fix_input_pipeline()],
        series=present(timed, data_time if waits else None),
    )


def _positive(timed: Series, min_points: int) -> Series:
    """The positive points. Raises Skip where they are few, or where the curve is a clock that adds up."""
    curve = timed.finite
    keep = curve.value > 0
    curve = replace(curve, step=curve.step[keep], value=curve.value[keep], time=curve.time[keep])
    require(curve, min_points, "step times")
    if (np.diff(curve.value) > 0).all() and curve.value[-1] > len(curve) / 2 * curve.value[0]:
        raise Skip(f"{timed.tag} adds up the time since the start")
    return curve


def _slowdown(seconds: Floats, slower: float, steady: float) -> Slowdown | None:
    return _slow_end(seconds, slower) or _steady_growth(seconds, steady) or _slow_stretch(seconds)


def _slow_end(seconds: Floats, slower: float) -> Slowdown | None:
    normal = float(median(seconds[int(START * len(seconds)) : max(len(seconds) // 2, NORMAL_POINTS)]))
    tail = seconds[-max(3, len(seconds) // FIFTHS) :]
    block = blocks(np.arange(len(tail)), tail, max_blocks=BLOCKS)
    end = float(median(tail))
    if end < slower * normal or not (block.level > LASTING * normal).all():
        return None
    whole = blocks(np.arange(len(seconds)), seconds)
    calm = np.flatnonzero(whole.level <= CALM * normal)
    first = int(whole.start[min(int(calm[-1]) + 1, len(whole) - 1)]) if len(calm) else 0
    return Slowdown(first, len(seconds) - 1, end / normal, normal, end, "at the end as in the first half")


def _steady_growth(seconds: Floats, steady: float) -> Slowdown | None:
    begin = int(START * len(seconds))
    fifths = [float(median(part)) for part in np.array_split(seconds[begin:], FIFTHS)]
    block = blocks(np.arange(len(seconds) - begin), seconds[begin:], max_blocks=BLOCKS, min_points=1)
    rises = float(np.mean(np.diff(block.level) > 0)) >= RISING
    each = all(late > EACH_FIFTH * early for early, late in itertools.pairwise(fifths))
    if fifths[-1] < steady * fifths[0] or not each or not rises:
        return None
    return Slowdown(
        begin,
        len(seconds) - 1,
        fifths[-1] / fifths[0],
        fifths[0],
        fifths[-1],
        "at the end as at the start, ever slower",
    )


def _slow_stretch(seconds: Floats) -> Slowdown | None:
    block = blocks(np.arange(len(seconds)), seconds)
    normal = float(percentile(block.level, QUARTER))
    slow = np.flatnonzero(block.level > STRETCH * normal)
    runs = np.split(slow, np.flatnonzero(np.diff(slow) > 1) + 1)
    longest = max(runs, key=len)
    if len(longest) < max(3, STRETCH_POINTS * len(block)):
        return None
    first = int(block.start[longest[0]])
    last = int(block.start[longest[-1] + 1]) - 1 if longest[-1] + 1 < len(block) else len(seconds) - 1
    part = seconds[first : last + 1]
    if float((part - normal).sum()) < STRETCH_COST * float(seconds.sum()):
        return None
    level = float(median(part))
    return Slowdown(first, last, level / normal, normal, level, "over a long stretch")


def _holds_more(curve: Series, seconds: Floats, samples: Series | None, slower: float, steady: float) -> bool:
    """Whether each point covers ever more steps or samples, and the time for one of them does not grow."""
    counts = [curve.step.astype(np.float64)]
    if samples is not None and len(samples.finite) >= 2:
        counts.append(np.interp(curve.step, samples.finite.step, samples.finite.value))
    for count in counts:
        work = np.diff(count)
        if (
            (work > 0).all()
            and work.max() > LASTING * work.min()
            and _slowdown(seconds[1:] / work, slower, steady) is None
        ):
            return True
    return False


def _grows(curve: Series) -> bool:
    half = len(curve) // 2
    return bool(median(curve.value[half:]) > 2 * median(curve.value[:half]))
