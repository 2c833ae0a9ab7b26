"""One side of a GAN wins, and the other gets nothing to learn from.

Why it matters. A discriminator that is always right has flat outputs, so the generator's gradient
vanishes; what it makes stays bad or collapses to a few samples (Arjovsky and Bottou 2017). One that is always
wrong, or that no longer tells anything apart, teaches as little.

How it is found. By any of seven signs, most of them over the second half of the run. (1) Scores between 0 and 1 for
real and generated samples stay apart by more than 0.6 at nine of ten points, where balanced players meet at 0.5 each
(Goodfellow et al. 2014). (2) The discriminator's loss stays below half of its value at balance at nine of ten points
and does not rise (a DCGAN of faces that goes well, copied into many repositories, has a median of 0.43 to 0.76 by its
last epoch and 0.86 to 3.3 now and then: its generator catches up again and again),
where it is of the original kind, which is never negative: it starts at its balance of 2 ln 2 = 1.386 (or ln 2 where
the mean of both halves is logged), or the generator's rises, and both are as large as losses of that kind must be
(Jensen's inequality): with scores, at least -ln D(x) - ln(1 - D(G(z))); without, a loss L of the discriminator asks
-ln(1 - exp(-L)) of the generator's. (3) The discriminator's loss is gone, whatever the kind: below 0.01 from a tenth
or more, or exactly zero, and the generator's does not fall. (4) The discriminator's loss, of the original kind, is
above twice that of a guess, and the generator's below a tenth of its start: the generator wins. (5) The
discriminator's loss is the same number to four digits, and that of a guess: it is dead. (6) Either loss ends a
thousand times above what was usual in the first two fifths. (7) A logged count of the modes that the generator covers
(whole numbers under a tag with the word "modes") has a median of one or less.

When it is wrong. Least-squares, Wasserstein and hinge losses have other levels: of them, only a loss that is gone or
grows a thousandfold is judged. A generator that learns from other losses as well (pairs of images, spectrograms) can
do without the discriminator. A collapse that keeps the players in balance (a generator that makes one good sample) is
seen only where the modes are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.run import Run
from loglens.model.series import Series, present
from loglens.remedies import actions as remedies
from loglens.stats.arrays import Floats
from loglens.stats.gan_losses import balance, early, grows, is_dead, is_fooled, is_gone, late, most, rises_late
from loglens.stats.quantiles import median

RULE = Rule("gan-collapse", "adversarial", Severity.ERROR)

#: Counts of modes that are judged.
MODE_POINTS = 10


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
    factor: float = 1000.0,
) -> Iterator[Finding]:
    if gan_d_loss is None and (gan_score_real is None or gan_score_fake is None):
        raise Skip("no discriminator loss and no discriminator scores were logged")
    scores = tuple(curve.finite for curve in present(gan_score_real, gan_score_fake))
    d_loss = gan_d_loss.finite if gan_d_loss is not None and len(gan_d_loss.finite) >= min_points else None
    g_loss = gan_g_loss.finite if gan_g_loss is not None and len(gan_g_loss.finite) >= min_points else None
    judged = _as_probabilities(scores, d_loss, min_points)
    d, g = (loss.value if loss is not None else None for loss in (d_loss, g_loss))
    guess = balance(d, g, (judged[0].value, judged[1].value) if judged else None) if d is not None else None
    losses = present(d_loss, g_loss)
    if modes := _one_mode(run):
        yield _dropped(modes)
    elif grown := next((loss for loss in losses if grows(loss.value, factor)), None):
        yield _won(grown, f"ends {number(factor)} times or more above its usual size", losses, "training blows up", lr)
    elif d is not None and d_loss is not None and (said := _one_side_wins(d, g, guess, low_share, gone, g_high)):
        yield _won(d_loss, said[0], losses, said[1], lr)
    elif judged and _gap(judged) > apart:
        yield _apart(*judged, lr)
    elif not judged and not guess:
        raise Skip(_why_not(d_loss, scores, min_points))


def _one_side_wins(
    d: Floats, g: Floats | None, guess: float | None, low_share: float, gone: float, g_high: float
) -> tuple[str, str] | None:
    """What the discriminator's loss is, and what that means, where it or the generator's shows that one side wins."""
    beside = f" and the generator's {number(late(g))}" if g is not None else ""
    if is_dead(d):
        return f"is {number(late(d), 5)} at every point", "the discriminator only guesses"
    if g is not None and is_gone(d, g, gone, g_high):
        return f"is {number(late(d))}{beside}", "the discriminator wins"
    if guess and most(d) < low_share * guess and not rises_late(d):
        return f"stays at {number(late(d))}, below half of the {number(guess)} of a guess", "the discriminator wins"
    if guess and g is not None and is_fooled(d, g, guess):
        return f"is {number(late(d))}, above twice the {number(guess)} of a guess,{beside}", "the generator wins"
    return None


def _as_probabilities(
    scores: tuple[Series, ...], d_loss: Series | None, min_points: int
) -> tuple[Series, Series] | None:
    """The scores of real and generated samples, where both are long enough and lie between 0 and 1.

    Beside a loss that is negative they are those of a critic, which have no bounds.
    """
    if len(scores) < 2 or min(map(len, scores)) < min_points or (d_loss is not None and d_loss.value.min() < 0):
        return None
    inside = all(score.value.min() >= 0 and score.value.max() <= 1 for score in scores)
    return (scores[0], scores[1]) if inside else None


def _gap(scores: tuple[Series, Series]) -> float:
    """What the scores of real and generated samples differ by at nine of ten points of the second half."""
    real, fake = scores
    n = min(len(real), len(fake))
    return -most(fake.value[:n] - real.value[:n])


def _one_mode(run: Run) -> Series | None:
    """A count of covered modes that is one or less for most of the second half."""
    for tag in run.tags:
        value = run.series(tag).finite.value if "modes" in re.split(r"[^a-z]+", tag.lower()) else np.zeros(0)
        if len(value) >= MODE_POINTS and (value == np.round(value)).all() and median(value[len(value) // 2 :]) <= 1:
            return run.series(tag).finite
    return None


def _why_not(d_loss: Series | None, scores: tuple[Series, ...], min_points: int) -> str:
    if d_loss is not None:
        return "the discriminator's loss is not of the kind whose balance is known"
    if scores and min(map(len, scores)) >= min_points:
        return "the discriminator's scores are not probabilities"
    return f"needs {min_points} discriminator losses or scores"


def _dropped(modes: Series) -> Finding:
    return Finding(
        f"{modes.tag} has a median of {number(late(modes.value))} in the second half (at most "
        f"{number(modes.value.max())} ever): "
        "the generator makes one kind of sample whatever its input",
        Severity.ERROR,
        Confidence.HIGH,
        end_step=modes.last_step,
        evidence={"modes": late(modes.value), "most": float(modes.value.max())},
        remedies=[
            remedies.scale_lr(0.25, None, "for the generator only: one that moves too fast jumps from mode to mode"),
            remedies.add_normalization("spectral_norm"),
        ],
        series=(modes,),
    )


def _apart(real: Series, fake: Series, lr: Series | None) -> Finding:
    return Finding(
        f"the discriminator tells real from generated throughout the second half: {real.tag} {late(real.value):.2f}, "
        f"{fake.tag} {late(fake.value):.2f} (balance is 0.5 each)",
        Severity.ERROR,
        Confidence.MEDIUM,
        end_step=real.last_step,
        evidence={"score_gap": _gap((real, fake))},
        remedies=_advice("discriminator", lr),
        series=(real, fake),
    )


def _won(loss: Series, said: str, curves: tuple[Series, ...], what: str, lr: Series | None) -> Finding:
    return Finding(
        f"{loss.tag} {said} in the second half: {what}",
        Severity.ERROR,
        Confidence.MEDIUM,
        end_step=loss.last_step,
        evidence={"late_loss": late(loss.value), "start": early(loss.value)},
        remedies=_advice("generator" if what == "the generator wins" else "discriminator", lr),
        series=(loss, *(curve for curve in curves if curve is not loss)),
    )


def _advice(side: str, lr: Series | None) -> list[Remedy]:
    return [
        remedies.scale_lr(0.25, lr, f"for the {side} only: two time scales let the other side keep up"),
        remedies.add_normalization("spectral_norm"),
    ]
