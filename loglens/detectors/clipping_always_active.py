"""Nearly every update is clipped, and the loss hardly moves.

Why it matters. A clip limit below every norm turns the optimizer into one with a fixed step length: the
size of the gradient, which should shrink near a minimum, no longer counts.

How it is found. At least 90 % of the updates are clipped: by the logged share, or because the norm after
clipping is one and the same number while the norm before it is larger. More than half is a sign of a
learning rate too high or a limit too low (Tuning Playbook), but many healthy runs clip most early
steps; so it is a warning only where a loss gains less than 5 %, or updates are cut to a tenth of their length
or less and no optimizer is named that divides by the size of the gradient. It is a note otherwise, and in
reinforcement learning and GANs, whose losses measure no progress.

When it is wrong. With Adam the length of the gradient cancels out, so that clipping always is harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.run import Run
from loglens.model.series import Series, present
from loglens.remedies import actions as remedies
from loglens.remedies.schedule_and_decay import remove_clip
from loglens.stats.arrays import Floats
from loglens.stats.levels import levels
from loglens.stats.quantiles import median

RULE = Rule("clipping-always-active", "gradient", Severity.WARNING, leads_to=("lr-too-low", "loss-not-decreasing"))

#: Optimizers that divide the gradient by its own size, so that clipping it every time changes nothing.
ADAPTIVE = re.compile(r"adam|adagrad|adafactor|rmsprop|lamb|lion|adan", re.I)
#: Norms after clipping that differ by less are one number, printed; norms before it are larger from a hundredth on.
ROUNDING, ABOVE = 1e-3, 1.01
#: The usual limit (Pascanu et al. 2013 and most recipes). Norms of a net that learns nothing grow once it learns.
USUAL_LIMIT = 1.0


def detect(
    clip_frac_pct: Series | None,
    grad_norm_global: Series | None,
    loss: Series | None,
    val_loss: Series | None,
    rl_reward: Series | None,
    gan_d_loss: Series | None,
    lr: Series | None,
    run: Run,
    *,
    min_points: int = 10,
    share: float = 0.9,
    gain: float = 0.05,
    shortened: float = 10.0,
) -> Iterator[Finding]:
    clipped = _clipped_norm(run, grad_norm_global)
    if clip_frac_pct is None and clipped is None:
        raise Skip("neither the share of clipped updates nor the norm after clipping was logged")
    shown, part = _clipped_share(clip_frac_pct, clipped, grad_norm_global, min_points)
    if part < share:
        return
    progress = present(loss, val_loss) if rl_reward is None and gan_d_loss is None else ()
    losses = [curve.finite for curve in progress if len(curve.finite) >= min_points]
    poor = next((curve for curve in losses if levels(curve.value).drop < gain), None)
    norms = grad_norm_global.finite.value if grad_norm_global is not None else np.zeros(0)
    short = float(median(norms) / median(clipped.finite.value)) if clipped is not None and len(norms) else 1.0
    slow = short > shortened and bool(losses) and not _divides(run)
    pace = f", and {poor.tag} gains less than {gain:.0%}" if poor else ", while the loss goes down" if losses else ""
    length = f", to 1/{short:.0f} of their length" if short > shortened else ""
    usual = float(median(norms)) if len(norms) else None
    yield Finding(
        f"{part:.0%} of the updates are clipped{length}{pace}",
        Severity.WARNING if poor or slow else Severity.NOTE,
        Confidence.MEDIUM,
        end_step=shown.last_step,
        evidence={"clipped_share": part, "shortened": short, "median_norm": usual},
        remedies=_advice(norms, lr, held_back=poor is not None or slow),
        series=present(shown, grad_norm_global),
    )


def _advice(norms: Floats, lr: Series | None, *, held_back: bool) -> list[Remedy]:
    """held_back: the loss falls too slowly, so that smaller steps are the last thing it needs."""
    if held_back:
        return [remedies.set_clip(norms, USUAL_LIMIT), remove_clip()] if len(norms) else [remove_clip()]
    slower = remedies.scale_lr(0.5, lr, "more than half of the updates clipped means steps too large")
    return [remedies.set_clip(norms), slower]


def _divides(run: Run) -> bool:
    """Whether the run's parameters name an optimizer whose steps do not depend on the gradient's length."""
    return any(ADAPTIVE.search(str(value)) for name, value in run.params.items() if "opt" in name.lower())


def _clipped_share(
    logged: Series | None, clipped: Series | None, grad: Series | None, min_points: int
) -> tuple[Series, float]:
    """The curve that shows the share of updates that are clipped, and the share. Raises Skip where it is too short."""
    if logged is not None and len(logged.finite) >= min_points:
        value = logged.finite.value
        return logged, float(median(value)) / (100.0 if value.max() > 1.0 else 1.0)
    if clipped is not None and grad is not None and len(clipped.finite) >= min_points:
        return clipped, _share_at_limit(clipped.finite.value, grad.finite.value)
    raise Skip(f"needs {min_points} shares of clipped updates, or norms before and after clipping")


def _share_at_limit(clipped: Floats, norms: Floats) -> float:
    """The share of norms after clipping that are one and the same number, if the norms before it are larger."""
    limit = float(median(clipped))
    return float(np.isclose(clipped, limit, rtol=ROUNDING).mean()) if median(norms) > ABOVE * limit else 0.0


def _clipped_norm(run: Run, grad: Series | None) -> Series | None:
    """The norm after clipping, logged beside the one before it."""
    if grad is None or "clipped" in grad.tag:
        return None
    tags = [tag for tag in run.curves if "clipped" in tag.lower() and "norm" in tag.lower()]
    return run.curves[tags[0]] if tags else None
