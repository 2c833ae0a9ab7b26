"""The discriminator wins, and the generator gets nothing to learn from.

Why it matters. A discriminator that is always right has flat outputs, so the generator's gradient
vanishes; what it makes stays bad or collapses to a few samples.

How it is found. By any of four signs over the second half of the run. Scores between 0 and 1 for real and generated
samples stay apart by more than 0.6 at the median, where balanced players meet at 0.5 each (Goodfellow et al. 2014).
The discriminator's loss stays below half of its value at balance and does not rise, where both losses are of the
original kind: neither is ever negative, and the discriminator's starts at its balance of 2 ln 2 = 1.386 (or ln 2
where the mean of both halves is logged), or scores of that kind were logged, or the generator's is above 1, which
least squares cannot reach. The discriminator's loss is below 0.01 and the generator's above 2, whatever the kind and
the scores. Or a logged count of the modes that the generator covers (whole numbers under a tag with the word
"modes") has a median of one or less.

When it is wrong. Least-squares, Wasserstein and hinge losses have other levels: of them, only a loss that is gone is
judged. A collapse that keeps the players in balance (a generator that makes one good sample) is seen only where the
modes are counted.
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
from loglens.stats.trend import trend

RULE = Rule("gan-collapse", "adversarial", Severity.ERROR)

LN2 = float(np.log(2))
#: How far the first losses may be from balance, as a share of it.
AT_BALANCE = 0.15
#: Least squares to a target of 1 from scores of 0 to 1 cannot exceed this.
ABOVE_LEAST_SQUARES = 1.0
#: A trend is taken through at most so many points.
TREND_POINTS = 40


def detect(
    gan_score_real: Series | None,
    gan_score_fake: Series | None,
    gan_d_loss: Series | None,
    gan_g_loss: Series | None,
    lr: Series | None,
    run: Run,
    *,
    min_points: int = 20,
    apart: float = 0.6,
    low_share: float = 0.5,
    gone: float = 0.01,
    g_high: float = 2.0,
) -> Iterator[Finding]:
    if gan_d_loss is None and (gan_score_real is None or gan_score_fake is None):
        raise Skip("no discriminator loss and no discriminator scores were logged")
    scores = tuple(curve.finite for curve in present(gan_score_real, gan_score_fake))
    judged = _as_probabilities(scores, min_points)
    d_loss = gan_d_loss.finite if gan_d_loss is not None and len(gan_d_loss.finite) >= min_points else None
    g_loss = gan_g_loss.finite if gan_g_loss is not None and len(gan_g_loss.finite) >= min_points else None
    balance = _balance(d_loss, g_loss, judged)
    if modes := _one_mode(run):
        yield _dropped(modes)
    elif d_loss is not None and g_loss is not None and 0 <= _late(d_loss) < gone and _late(g_loss) > g_high:
        yield _won(d_loss, f"is {_late(d_loss):.2g}, and {g_loss.tag} {_late(g_loss):.3g}", (d_loss, g_loss), lr)
    elif judged and _gap(judged) > apart:
        yield _apart(*judged, lr)
    elif d_loss is not None and balance and _late(d_loss) < low_share * balance and not _rises(d_loss):
        said = f"stays at {_late(d_loss):.3g}, below half of the {balance:.3g} of a balanced discriminator"
        yield _won(d_loss, said, (d_loss, *present(g_loss)), lr)
    elif not judged and not balance:
        raise Skip(_why_not(d_loss, scores, min_points))


def _late(curve: Series) -> float:
    """The median of the second half."""
    return float(np.median(curve.tail(0.5)))


def _as_probabilities(scores: tuple[Series, ...], min_points: int) -> tuple[Series, Series] | None:
    """The scores of real and generated samples, where both are long enough and lie between 0 and 1."""
    if len(scores) < 2 or min(map(len, scores)) < min_points:
        return None
    inside = all(score.value.min() >= 0 and score.value.max() <= 1 for score in scores)
    return (scores[0], scores[1]) if inside else None


def _balance(d_loss: Series | None, g_loss: Series | None, scores: tuple[Series, Series] | None) -> float | None:
    """The loss of a discriminator that can only guess, where its loss is of the original kind; None elsewhere."""
    if d_loss is None or d_loss.value.min() < 0 or (g_loss is not None and g_loss.value.min() < 0):
        return None
    start = float(np.median(d_loss.value[:3]))
    if abs(start - LN2) < AT_BALANCE * LN2:
        return LN2
    original = abs(start - 2 * LN2) < AT_BALANCE * 2 * LN2 or scores is not None
    high = g_loss is not None and _late(g_loss) > ABOVE_LEAST_SQUARES
    return 2 * LN2 if original or high else None


def _gap(scores: tuple[Series, Series]) -> float:
    """How far apart the scores are in the second half."""
    real, fake = scores
    n = min(len(real), len(fake))
    return float(np.median((real.value[:n] - fake.value[:n])[n // 2 :]))


def _rises(loss: Series) -> bool:
    """Whether the loss rises over the second half of the run."""
    late = loss.tail(0.5)
    step = np.linspace(0, len(late) - 1, min(len(late), TREND_POINTS)).astype(int)
    return trend(step.astype(float), late[step]).low > 0


def _one_mode(run: Run) -> Series | None:
    """A count of covered modes that is one or less for most of the second half."""
    for tag in run.tags:
        value = run.series(tag).finite.value if "modes" in re.split(r"[^a-z]+", tag.lower()) else np.zeros(0)
        if len(value) >= 10 and (value == np.round(value)).all() and np.median(value[len(value) // 2 :]) <= 1:
            return run.series(tag).finite
    return None


def _why_not(d_loss: Series | None, scores: tuple[Series, ...], min_points: int) -> str:
    if d_loss is not None:
        return "the discriminator's loss is not of the kind whose balance is known"
    if scores and min(map(len, scores)) >= min_points:
        return "the discriminator's scores are no probabilities"
    return f"needs {min_points} discriminator losses or scores"


def _dropped(modes: Series) -> Finding:
    return Finding(
        f"{modes.tag} has a median of {_late(modes):g} in the second half (at most {modes.value.max():g} ever): "
        "the generator makes one kind of sample, whatever its input",
        Severity.ERROR,
        Confidence.HIGH,
        end_step=modes.last_step,
        evidence={"modes": _late(modes), "most": float(modes.value.max())},
        remedies=[
            remedies.scale_lr(0.25, None, "for the generator only: one that moves too fast jumps from mode to mode"),
            remedies.add_normalization("spectral_norm"),
        ],
        series=(modes,),
    )


def _apart(real: Series, fake: Series, lr: Series | None) -> Finding:
    return Finding(
        f"the discriminator tells real from generated throughout the second half: {real.tag} {_late(real):.2f}, "
        f"{fake.tag} {_late(fake):.2f} (balance is 0.5 each)",
        Severity.ERROR,
        Confidence.MEDIUM,
        end_step=real.last_step,
        evidence={"score_gap": _gap((real, fake))},
        remedies=_advice(lr),
        series=(real, fake),
    )


def _won(d_loss: Series, said: str, curves: tuple[Series, ...], lr: Series | None) -> Finding:
    return Finding(
        f"{d_loss.tag} {said} in the second half: the discriminator wins",
        Severity.ERROR,
        Confidence.MEDIUM,
        end_step=d_loss.last_step,
        evidence={"late_loss": _late(d_loss), "start": float(np.median(d_loss.value[:3]))},
        remedies=_advice(lr),
        series=curves,
    )


def _advice(lr: Series | None) -> list[Remedy]:
    return [
        remedies.scale_lr(0.25, lr, "for the discriminator only: two time scales let the generator keep up"),
        remedies.add_normalization("spectral_norm"),
    ]
