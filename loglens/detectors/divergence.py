"""The loss falls and then rises for good, or rises from the start.

Why it matters. From the lowest point on, every step makes the model worse; the last checkpoint is not
the one to keep.

How it is found. On block medians of the curve, so that no single batch decides. Training loss: the
level of the last tenth lies above the lowest block by half or more of all that was gained, and by
half of that lowest level, the whole last tenth lies there, and both exceed six standard errors of a
block. A curve that never gained and ends above its start by the same measures rises from the start.
Validation loss: only where no training loss was logged, or where training loss rises as well;
otherwise it is overfitting. Losing half of the gain is how the AlgoPerf benchmark's collapsed runs
were told from the others; 1.5 times the lowest level is trainproof's threshold, which on single raw
points fires on 11 % of successful runs and on block medians on almost none.

When it is wrong. A curriculum, a growing regularisation term or a new data set raises the loss on
purpose. In reinforcement learning and GANs a loss is no measure of progress, so it is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens import remedies
from loglens.errors import Skip
from loglens.report import Confidence, Finding, Rule, Severity
from loglens.run import Series
from loglens.stats.level import Levels, levels

RULE = Rule("divergence", "loss", Severity.ERROR, leads_to=("nan-loss", "loss-not-decreasing"))


def detect(
    loss: Series | None,
    val_loss: Series | None,
    lr: Series | None,
    grad_norm_global: Series | None,
    rl_reward: Series | None,
    gan_d_loss: Series | None,
    *,
    min_points: int = 10,
    lost_share: float = 0.5,
    rise: float = 0.5,
    errors: float = 6.0,
) -> Iterator[Finding]:
    if rl_reward is not None or gan_d_loss is not None:
        raise Skip("a loss is no measure of progress in reinforcement learning or of a GAN")
    curves = [curve.finite for curve in (loss, val_loss) if curve is not None]
    if not curves:
        raise Skip("no curve plays loss")
    judged = [curve for curve in curves if len(curve) >= min_points]
    if not judged:
        raise Skip(f"needs {min_points} losses, has {max(map(len, curves))}")
    main = judged[0]
    found = levels(main.value)
    if not _diverged(found, lost_share, rise, errors):
        return
    onset = _onset(main, found, errors)
    grad = grad_norm_global.before(onset) if grad_norm_global is not None else None
    length = int(main.step[-1] - main.step[0])
    early = onset - int(main.step[0]) <= 0.1 * length
    factor = 0.1 if found.lost > 1 else 0.3
    advice = [
        remedies.scale_lr(factor, lr, "the updates overshoot: a smaller step stays in the valley"),
        remedies.clip_grad_norm(grad),
    ]
    if early:
        advice.insert(0, remedies.add_warmup(length, onset - int(main.step[0])))
    best = float(found.best)
    yield Finding(
        f"{main.tag} falls to {best:.4g} at {main.axis} {int(main.step[found.best_at])} and rises to "
        f"{found.end:.4g} for good"
        if found.start - best > 0.05 * abs(found.start)
        else f"{main.tag} rises from {found.start:.4g} to {found.end:.4g} and never falls below its start",
        Severity.ERROR,
        Confidence.HIGH if found.lost > 1 or abs(found.end) > 2 * abs(best) else Confidence.MEDIUM,
        onset_step=onset,
        end_step=int(main.step[-1]),
        evidence={
            "start": found.start,
            "lowest": best,
            "lowest_step": int(main.step[found.best_at]),
            "end": found.end,
            "gain_lost": min(found.lost, 1e9),
            "block_noise": found.noise,
        },
        remedies=advice,
        series=(main, *((lr,) if lr is not None else ())),
    )


def _diverged(found: Levels, lost_share: float, rise: float, errors: float) -> bool:
    risen = found.end - found.best
    tail = found.blocks.level[-max(1, len(found.blocks) // 10) :]
    bar = found.best + max(errors * found.noise, lost_share * (found.start - found.best))
    return bool(
        risen >= rise * abs(found.best)
        and risen > errors * found.noise
        and found.lost >= lost_share
        and (tail > bar).all()
        and found.best_at < 0.9 * (found.blocks.start[-1] + 1)
    )


def _onset(curve: Series, found: Levels, errors: float) -> int:
    """The first step after the curve was last near its lowest level."""
    bar = found.best + max(errors / 2 * found.point_noise, 0.1 * (found.start - found.best))
    near = np.flatnonzero(curve.value <= bar)
    last = max(int(near[-1]), found.best_at) if len(near) else found.best_at
    return int(curve.step[min(last + 1, len(curve) - 1)])
