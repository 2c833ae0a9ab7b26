"""Most samples of the policy update lie outside of the clip range.

Why it matters. PPO's clipped objective has no gradient where the probability ratio has left the clip range:
those samples cost time and teach nothing, and the policy moves farther per update than it was meant to.

How it is found. The median share of clipped samples after the first fifth of the run is above one half:
then most of each batch is without effect. That bound follows from the objective (Schulman et al. 2017, eq.
7); 0.05 to 0.3 is usual. It is a note, as PPO may still learn. A constant is the clip range's
setting, not a share.

When it is wrong. The share that is clipped on either side adds up differently from one framework to
another.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, as_share, require
from loglens.remedies import actions as remedies
from loglens.stats.quantiles import median

RULE = Rule("high-clip-fraction", "RL", Severity.NOTE)


def detect(
    rl_clip_frac: Series,
    lr: Series | None,
    *,
    min_points: int = 20,
    share: float = 0.5,
    settles: float = 0.2,
) -> Iterator[Finding]:
    curve = as_share(require(rl_clip_frac, min_points, "shares of clipped samples"))
    late = curve.tail(1 - settles)
    part = float(median(late))
    if part > share and np.ptp(late) == 0:
        raise Skip(f"{rl_clip_frac.tag} is {number(part)} at every point: a setting, and no share of samples")
    if part > 1:
        raise Skip(f"{rl_clip_frac.tag} is not a share: its median is {number(part)}")
    if part <= share:
        return
    yield Finding(
        f"{part:.0%} of the samples are outside the clip range (median of {rl_clip_frac.tag}) and have no "
        "effect on the policy",
        Severity.NOTE,
        Confidence.MEDIUM,
        end_step=curve.last_step,
        evidence={"median": part, "largest": float(late.max())},
        remedies=[remedies.slower_policy(lr)],
        series=(rl_clip_frac,),
    )
