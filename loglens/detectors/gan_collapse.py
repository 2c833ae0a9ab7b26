"""One side of a GAN wins, and the other gets nothing to learn from.

Why it matters. A discriminator that is always right has flat outputs, so the generator's gradient
vanishes; what it makes stays bad or collapses to a few samples (Arjovsky and Bottou 2017). One that is always
wrong, or that has stopped to tell anything, teaches as little.

How it is found. By any of six signs, most of them over the second half of the run. Scores between 0 and 1 for real and
generated samples stay apart by more than 0.6 at the median, where balanced players meet at 0.5 each (Goodfellow et al.
2014). The discriminator's loss stays below half of its value at balance and does not rise, where it is of the original
kind, which is never negative: it starts at its balance of 2 ln 2 = 1.386 (or ln 2 where the mean of both halves is
logged), or the generator's rises, and both are as large as losses of that kind must be (Jensen's inequality): with
scores, at least -ln D(x) - ln(1 - D(G(z))); without, a loss L of the discriminator asks -ln(1 - exp(-L)) of the
generator's. The discriminator's loss is gone, whatever the kind: below 0.01 from a tenth or more, or exactly zero, and
the generator's does not fall. The discriminator's loss, of the original kind, is above twice that of a guess, and the
generator's below a tenth of its start: the generator wins. The discriminator's loss is the same number to four digits,
and that of a guess: it is dead. Either loss ends a thousand times above what was usual in the first two fifths. Or a
logged count of the modes that the generator covers (whole numbers under a tag with the word "modes") has a median of
one or less.

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
from loglens.model.gan_curves import (
    as_probabilities,
    balance_of,
    grows_vast,
    is_dead,
    is_fooled,
    is_gone,
    late_level,
    rises_late,
    score_gap,
    start_level,
)
from loglens.model.run import Run
from loglens.model.series import Series, present
from loglens.remedies import actions as remedies

RULE = Rule("gan-collapse", "adversarial", Severity.ERROR)


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
    d_loss, g_loss = _long(gan_d_loss, min_points), _long(gan_g_loss, min_points)
    judged = as_probabilities(scores, d_loss, min_points)
    balance = balance_of(d_loss, g_loss, judged)
    losses = present(d_loss, g_loss)
    if modes := _one_mode(run):
        yield _dropped(modes)
    elif grown := next((loss for loss in losses if grows_vast(loss, factor)), None):
        yield _won(grown, f"ends {factor:.0f} times or more above its usual size", losses, "training blows up", lr)
    elif d_loss is not None and is_dead(d_loss):
        yield _won(d_loss, f"is {late_level(d_loss):.5g} at every point", losses, "the discriminator only guesses", lr)
    elif d_loss is not None and g_loss is not None and is_gone(d_loss, g_loss, gone, g_high):
        said = f"is {late_level(d_loss):.2g}, and {g_loss.tag} {late_level(g_loss):.3g}"
        yield _won(d_loss, said, losses, "the discriminator wins", lr)
    elif judged and score_gap(judged) > apart:
        yield _apart(*judged, lr)
    elif d_loss is not None and balance and (lost := _out_of_balance(d_loss, g_loss, balance, low_share, lr)):
        yield lost
    elif not judged and not balance:
        raise Skip(_why_not(d_loss, scores, min_points))


def _long(curve: Series | None, min_points: int) -> Series | None:
    return curve.finite if curve is not None and len(curve.finite) >= min_points else None


def _out_of_balance(
    d_loss: Series, g_loss: Series | None, balance: float, low_share: float, lr: Series | None
) -> Finding | None:
    """The finding, where a discriminator of the original kind stays far from its balance."""
    losses, late = present(d_loss, g_loss), late_level(d_loss)
    if late < low_share * balance and not rises_late(d_loss):
        said = f"stays at {late:.3g}, below half of the {balance:.3g} of a balanced discriminator"
        return _won(d_loss, said, losses, "the discriminator wins", lr)
    if g_loss is not None and is_fooled(d_loss, g_loss, balance):
        said = f"is {late:.3g}, above twice the {balance:.3g} of a guess, and {g_loss.tag} {late_level(g_loss):.2g}"
        return _won(d_loss, said, losses, "the generator wins", lr)
    return None


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
        f"{modes.tag} has a median of {late_level(modes):g} in the second half (at most {modes.value.max():g} ever): "
        "the generator makes one kind of sample, whatever its input",
        Severity.ERROR,
        Confidence.HIGH,
        end_step=modes.last_step,
        evidence={"modes": late_level(modes), "most": float(modes.value.max())},
        remedies=[
            remedies.scale_lr(0.25, None, "for the generator only: one that moves too fast jumps from mode to mode"),
            remedies.add_normalization("spectral_norm"),
        ],
        series=(modes,),
    )


def _apart(real: Series, fake: Series, lr: Series | None) -> Finding:
    return Finding(
        f"the discriminator tells real from generated throughout the second half: {real.tag} {late_level(real):.2f}, "
        f"{fake.tag} {late_level(fake):.2f} (balance is 0.5 each)",
        Severity.ERROR,
        Confidence.MEDIUM,
        end_step=real.last_step,
        evidence={"score_gap": score_gap((real, fake))},
        remedies=_advice("discriminator", lr),
        series=(real, fake),
    )


def _won(loss: Series, said: str, curves: tuple[Series, ...], what: str, lr: Series | None) -> Finding:
    return Finding(
        f"{loss.tag} {said} in the second half: {what}",
        Severity.ERROR,
        Confidence.MEDIUM,
        end_step=loss.last_step,
        evidence={"late_loss": late_level(loss), "start": start_level(loss)},
        remedies=_advice("generator" if what == "the generator wins" else "discriminator", lr),
        series=(loss, *(curve for curve in curves if curve is not loss)),
    )


def _advice(side: str, lr: Series | None) -> list[Remedy]:
    return [
        remedies.scale_lr(0.25, lr, f"for the {side} only: two time scales let the other side keep up"),
        remedies.add_normalization("spectral_norm"),
    ]
