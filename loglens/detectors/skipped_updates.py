"""Many updates are skipped because their gradient was not finite.

Why it matters. A skipped step costs its time and changes nothing; the schedules of learning rate and data
go on as if it had.

How it is found. More than a tenth of the updates after the first twentieth of the run were skipped, or more
than a tenth of the logged points tell of an overflow. PyTorch's GradScaler doubles its scale every 2000
clean steps and skips one when that was too much, one in 2000; AMP's first steps skip several. Counts that
only rise are taken for totals, counts of 0 and 1 for one step each, others for what happened since the
point before.

When it is wrong. Counts of samples, not of steps, have another unit; the share is then not of updates.
Whether the scale recovers is for `loss-scale-collapse` to say; so this is a note.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.series import Series, require
from loglens.remedies import actions as remedies

RULE = Rule("skipped-updates", "precision", Severity.NOTE)


def detect(
    overflow: Series | None,
    samples_skipped: Series | None,
    lr: Series | None,
    *,
    min_points: int = 20,
    share: float = 0.1,
) -> Iterator[Finding]:
    shown = samples_skipped if samples_skipped is not None else overflow
    if shown is None:
        raise Skip("neither skipped updates nor overflows were logged")
    curve = require(shown, min_points, f"points of {shown.tag}")
    late = len(curve) // 20
    part = _share(curve.step[late:].astype(np.float64), curve.value[late:])
    if part is None:
        raise Skip(f"{shown.tag} counts more than there are steps, so not updates")
    if part <= share:
        return
    yield Finding(
        f"{part:.0%} of the updates are skipped after the first twentieth of the run ({shown.tag})",
        Severity.NOTE,
        Confidence.MEDIUM,
        end_step=curve.last_step,
        evidence={"share": part},
        remedies=[
            remedies.use_bf16(),
            remedies.scale_lr(0.5, lr, "smaller updates keep activations within the range of float16"),
        ],
        series=(shown,),
    )


def _share(step: np.ndarray, value: np.ndarray) -> float | None:
    """The share of updates that were skipped; None where the counts exceed the steps."""
    if value.max() <= 1:
        return float(value.mean())
    steps = float(step[-1] - step[0])
    rising = bool((np.diff(value) >= 0).all())
    part = float(value[-1] - value[0]) / steps if rising else float(value[1:].sum()) / steps
    return part if 0 <= part <= 1 else None
