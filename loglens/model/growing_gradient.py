"""The sign of a gradient norm that grows exponentially: what it did to the loss and to other measures of progress."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.model.finding import Confidence, Severity
from loglens.model.learning import keeping_gain
from loglens.model.numbers import fold, growth, number
from loglens.model.series import Series, present
from loglens.model.sign import Sign
from loglens.stats.explosive_growth import ExplosiveGrowth
from loglens.stats.trend import rising_share

#: Chance of the rising steps under a coin below which growth that the loss answers is certain.
CERTAIN = 1e-3


def growing_gradient(
    grad: Series, found: ExplosiveGrowth, loss: Series | None, better: Sequence[Series], ratio: float, vast: float
) -> Sign:
    """Exponential growth to the end, or up to a peak if it hurt the loss.

    better: curves that show better than any loss whether training goes well: rewards, metrics of held-out data.
    """
    fit, onset = found.fit, int(grad.step[found.onset])
    window = grad.value[fit.start : found.points]
    share, chance = rising_share(window)
    gains = keeping_gain(better, onset)
    proof = gains[0] if gains else loss if loss is not None and found.improved and not found.answered else None
    harmless = fit.factor < vast and proof is not None and not found.recovered
    sure = Confidence.MEDIUM if found.answered or found.recovered or loss is None else Confidence.LOW
    sure = Confidence.HIGH if found.answered and chance < CERTAIN and not harmless else sure
    return Sign(
        f"{grad.tag} {growth(fit.rate, grad.axis)} from {grad.axis} {number(onset)} on, {fold(fit.factor)} in all to "
        f"{number(window[-1])}, and would overflow float32 at {grad.axis} {fit.overflow_step:,.0f}"
        + (f"; {loss.tag} rises with it and recovers" if found.recovered and loss is not None else "")
        + (f"; {proof.tag} is none the worse for it" if harmless and proof is not None else ""),
        Severity.NOTE if harmless else Severity.ERROR if found.answered else Severity.WARNING,
        sure,
        {
            **fit.evidence(),
            "ratio_above_one": share,
            "ratio_above_one_p": chance,
            "share_above_one": float((window > ratio).mean()),
            "loss_reacts": found.answered or found.recovered,
        },
        present(grad, loss),
        onset,
        int(grad.step[found.points - 1]),
    )
