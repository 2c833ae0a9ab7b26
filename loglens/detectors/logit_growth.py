"""The logits grow without bound.

Why it matters. Softmax saturates once its inputs are large: attention looks at one token only, gradients
vanish or spike, and 16 bits no longer tell the logits apart. In large language models that precedes
divergence by many steps (Wortsman et al. 2023, Small-scale proxies for large-scale Transformer training
instabilities).

How it is found. A curve of attention or output logits (largest, or a norm) or of the z-loss, the squared
log of softmax's normaliser, grows tenfold over the run and keeps growing in its second half: by half of its size,
four of five block medians rising. Logits also have to pass 100, where the qk-clip of Megatron-LM and Kimi
K2 begins to act. It is a note, as many runs end before it does harm.

When it is wrong. Logits at the scale of a low temperature are large by design.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import fold, number
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.remedies.schedule_and_decay import fix_weight_decay
from loglens.remedies.steady_growth import grows_steadily
from loglens.stats.blocks import blocks
from loglens.stats.quantiles import median

RULE = Rule("logit-growth", "activations", Severity.NOTE)

_LOGITS = re.compile(
    r"(max|qk|attn|attention|output|out|lm_?head)\w*[ ./_-]*logits?|logits?[ ./_-]*(max|norm|rms|abs)", re.I
)
_Z_LOSS = re.compile(r"(^|[./_-])z[_-]?loss", re.I)

#: Share of the points that shows the level at the start.
START = 0.1
#: Block medians, the share of the later ones that has to rise, and by how much they have to grow in all.
BLOCKS, RISING, LATE_GROWTH = 20, 0.8, 1.5


def detect(
    lr: Series | None,
    run: Run,
    *,
    min_points: int = 20,
    factor: float = 10.0,
    min_logit: float = 100.0,
) -> Iterator[Finding]:
    named = [curve for tag, curve in run.curves.items() if _LOGITS.search(tag) or _Z_LOSS.search(tag)]
    curves = [replace(curve.finite, value=np.abs(curve.finite.value)) for curve in named]
    if not curves:
        raise Skip("neither logits nor a z-loss were logged")
    judged = [curve for curve in curves if len(curve) >= min_points]
    if not judged:
        raise Skip(f"needs {min_points} points, has {max(map(len, curves))}")
    grown = [(times, curve) for curve in judged if (times := _grows(curve, factor, min_logit))]
    if not grown:
        return
    times, curve = max(grown, key=lambda pair: pair[0])
    end = float(median(curve.value[-3:]))
    yield Finding(
        f"{curve.tag} grows {fold(times)} to {number(end)} and still grows at the end"
        + (f" ({len(grown):,} of {len(judged):,} of these curves do)" if len(judged) > 1 else ""),
        Severity.NOTE,
        Confidence.MEDIUM,
        end_step=curve.last_step,
        evidence={"factor": times, "end": end, "curves": [grew.tag for _, grew in grown]},
        remedies=[
            *([fix_weight_decay()] if grows_steadily(curve, None, factor) else []),
            remedies.add_normalization(),
            remedies.weight_decay(),
            remedies.scale_lr(0.5, lr, "smaller updates give smaller logits"),
        ],
        series=(run.curves[curve.tag],),
    )


def _grows(curve: Series, factor: float, min_logit: float) -> float | None:
    """By which factor the curve grows, if it does so to the end and to a size that matters."""
    start, end = float(median(curve.head(START))), float(median(curve.value[-3:]))
    if start <= 0 or end < factor * start or (end < min_logit and not _Z_LOSS.search(curve.tag)):
        return None
    level = blocks(curve.step, curve.value, max_blocks=BLOCKS, min_points=1).level
    late = level[len(level) // 2 :]
    return end / start if late[-1] >= LATE_GROWTH * late[0] and np.mean(np.diff(late) > 0) >= RISING else None
