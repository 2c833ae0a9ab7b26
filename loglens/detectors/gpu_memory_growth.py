"""The memory of the GPU grows all through the run.

Why it matters. Memory that is never given back (a list of losses with their graphs, most often) ends the
run with "out of memory", hours in.

How it is found. The curve ends 50 % above its level after the first tenth, a fifth of which came in its
second half, where the slope is positive beyond its 99 % confidence interval and four of five block medians
rise. An allocator's peak that creeps up does so ever more rarely, and a cache fills at the start, so
neither grows at one pace. SageMaker Debugger warns at a growth of 5 to 10 points in 500 samples; as a
warning that is too little for a curve that wanders.

When it is wrong. Sequences or batches that grow by schedule, and an evaluation set kept in memory, take
more memory by design.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import fold, number
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.blocks import blocks
from loglens.stats.quantiles import median
from loglens.stats.trend import trend

RULE = Rule("gpu-memory-growth", "system", Severity.WARNING, leads_to=("crashed",))

#: Curves about the memory that are not how much of it is in use.
OTHER = re.compile(r"clock|error|free|temp|bandwidth|access", re.I)
#: Blocks after the first tenth, and the share of the later ones that has to rise.
BLOCKS, RISING = 20, 0.8
#: Share of the first points that is left out: there buffers and caches fill.
WARMUP = 0.1


def detect(
    gpu_memory: tuple[Series, ...],
    *,
    min_points: int = 20,
    factor: float = 1.5,
    late_share: float = 0.2,
) -> Iterator[Finding]:
    curves = [curve.finite for curve in gpu_memory if not OTHER.search(curve.tag)]
    if not curves:
        raise Skip("no curve has the role gpu_memory")
    judged = [curve for curve in curves if len(curve) >= min_points]
    if not judged:
        raise Skip(f"needs {min_points} values of the memory in use, has {max(map(len, curves))}")
    grown = [(ratio, curve) for curve in judged if (ratio := _grows(curve, factor, late_share))]
    if not grown:
        return
    ratio, curve = max(grown, key=lambda pair: pair[0])
    begin = int(WARMUP * len(curve))
    start, end = float(median(curve.value[begin:][:3])), float(median(curve.value[-3:]))
    yield Finding(
        f"{curve.tag} grows from {number(start)} to {number(end)} at an even pace, {fold(ratio)} since the first "
        "tenth of "
        "the run: something is kept at every step",
        Severity.WARNING,
        Confidence.MEDIUM if ratio >= 3 else Confidence.LOW,
        onset_step=int(curve.step[begin]),
        end_step=curve.last_step,
        evidence={"start": start, "end": end, "factor": ratio, "curves": [grew.tag for _, grew in grown]},
        remedies=[remedies.release_memory()],
        series=(curve,),
    )


def _grows(curve: Series, factor: float, late_share: float) -> float | None:
    """By which factor the curve grows after its first tenth, if it does so evenly to the end."""
    begin = int(WARMUP * len(curve))
    block = blocks(curve.step[begin:], curve.value[begin:], max_blocks=BLOCKS, min_points=1)
    level, half = block.level, len(block) // 2
    if level[0] <= 0 or level[-1] < factor * level[0] or level[-1] - level[half] < late_share * (level[-1] - level[0]):
        return None
    rising = np.mean(np.diff(level[half:]) > 0) >= RISING
    return float(level[-1] / level[0]) if rising and trend(block.x[half:], level[half:]).low > 0 else None
