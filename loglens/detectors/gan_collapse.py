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
from loglens.model.run import Run
from loglens.model.series import Series, present
from loglens.remedies import actions as remedies
from loglens.stats.trend import trend

RULE = Rule("gan-collapse", "adversarial", Severity.ERROR)

LN2 = float(np.log(2))
#: How far the first losses may be from balance, as a share of it.
AT_BALANCE = 0.15
#: A loss that is gone has come from at least this, unless it is exactly zero: critics of small scale are always small.
FROM = 0.1
#: A loss of a guess that varies by less than this share of itself comes from a discriminator without gradients.
SAME = 1e-4
#: A loss that was printed with four digits is as near to its value as this share of it.
PRINTED = 5e-4
#: Mean scores are kept this far from 0 and 1, where the logarithm ends.
EDGE = 1e-6
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
    factor: float = 1000.0,
) -> Iterator[Finding]:
    if gan_d_loss is None and (gan_score_real is None or gan_score_fake is None):
        raise Skip("no discriminator loss and no discriminator scores were logged")
    scores = tuple(curve.finite for curve in present(gan_score_real, gan_score_fake))
    d_loss = gan_d_loss.finite if gan_d_loss is not None and len(gan_d_loss.finite) >= min_points else None
    g_loss = gan_g_loss.finite if gan_g_loss is not None and len(gan_g_loss.finite) >= min_points else None
    judged = _as_probabilities(scores, d_loss, min_points)
    balance = _balance(d_loss, g_loss, judged)
    losses = present(d_loss, g_loss)
    if modes := _one_mode(run):
        yield _dropped(modes)
    elif grown := next((loss for loss in losses if _grows(loss, factor)), None):
        yield _won(grown, f"ends {factor:.0f} times or more above its usual size", losses, "training blows up", lr)
    elif d_loss is not None and _is_dead(d_loss):
        yield _won(d_loss, f"is {_late(d_loss):.5g} at every point", losses, "the discriminator only guesses", lr)
    elif d_loss is not None and g_loss is not None and _is_gone(d_loss, g_loss, gone, g_high):
        said = f"is {_late(d_loss):.2g}, and {g_loss.tag} {_late(g_loss):.3g}"
        yield _won(d_loss, said, losses, "the discriminator wins", lr)
    elif judged and _gap(judged) > apart:
        yield _apart(*judged, lr)
    elif d_loss is not None and balance and _late(d_loss) < low_share * balance and not _rises(d_loss):
        said = f"stays at {_late(d_loss):.3g}, below half of the {balance:.3g} of a balanced discriminator"
        yield _won(d_loss, said, losses, "the discriminator wins", lr)
    elif d_loss is not None and balance and g_loss is not None and _is_fooled(d_loss, g_loss, balance):
        said = f"is {_late(d_loss):.3g}, above twice the {balance:.3g} of a guess, and {g_loss.tag} {_late(g_loss):.2g}"
        yield _won(d_loss, said, losses, "the generator wins", lr)
    elif not judged and not balance:
        raise Skip(_why_not(d_loss, scores, min_points))


def _late(curve: Series) -> float:
    """The median of the second half."""
    return float(np.median(curve.tail(0.5)))


def _start(curve: Series) -> float:
    return float(np.median(curve.value[:3]))


def _as_probabilities(scores: tuple[Series, ...], d_loss: Series | None, least: int) -> tuple[Series, Series] | None:
    """The scores of real and generated samples, where both are long enough and lie between 0 and 1.

    Beside a loss that is negative they are those of a critic, which have no bounds.
    """
    if len(scores) < 2 or min(map(len, scores)) < least or (d_loss is not None and d_loss.value.min() < 0):
        return None
    inside = all(score.value.min() >= 0 and score.value.max() <= 1 for score in scores)
    return (scores[0], scores[1]) if inside else None


def _balance(d_loss: Series | None, g_loss: Series | None, scores: tuple[Series, Series] | None) -> float | None:
    """The loss of a discriminator that can only guess, where its loss is of the original kind; None elsewhere."""
    if d_loss is None or d_loss.value.min() < 0:
        return None
    if scores is not None:
        real, fake = (float(np.clip(_late(score), EDGE, 1 - EDGE)) for score in scores)
        least = -float(np.log(real) + np.log(1 - fake))
        kinds = [half for half in (1.0, 0.5) if _late(d_loss) > (1 - AT_BALANCE) * half * least]
        return 2 * LN2 * kinds[0] if kinds else None
    starts = (float(d_loss.value[0]), _start(d_loss))
    for half in (0.5, 1.0):
        near = min(abs(start - 2 * LN2 * half) for start in starts) < AT_BALANCE * 2 * LN2 * half
        if near and (g_loss is None or _fits(d_loss, g_loss, half)):
            return 2 * LN2 * half
    rises = g_loss is not None and _late(g_loss) > _start(g_loss)
    return 2 * LN2 if rises and g_loss is not None and _fits(d_loss, g_loss, 1.0) else None


def _fits(d_loss: Series, g_loss: Series, half: float) -> bool:
    """Whether the generator's loss is as high as the discriminator's asks, were both of the original kind.

    A loss L of the discriminator (the sum of both halves) leaves generated samples a mean score of 1 - exp(-L) at
    most, and the generator a loss of -ln(1 - exp(-L)) at least (Jensen's inequality, twice). One that falls and is
    near that bound may as well contain other terms.
    """
    loss = max(_late(d_loss) / half, EDGE)
    least, late = -float(np.log(-np.expm1(-loss))), _late(g_loss)
    return late >= (1 - AT_BALANCE) * least and late >= min((1 - AT_BALANCE) * _start(g_loss), 2 * least)


def _grows(loss: Series, factor: float) -> bool:
    """Whether the last fiftieth of a loss, two points at least, is so many times its usual size."""
    size = np.abs(loss.value)
    usual = float(np.median(size[: max(3, 2 * len(size) // 5)]))
    return usual > 0 and bool((size[-max(2, len(size) // 50) :] > factor * usual).all())


def _is_dead(d_loss: Series) -> bool:
    """Whether the loss of the second half is that of a guess, to four digits."""
    late, middle = d_loss.tail(0.5), _late(d_loss)
    guess = any(abs(middle - balance) < PRINTED * balance for balance in (LN2, 2 * LN2))
    return guess and float(np.ptp(late)) <= SAME * middle


def _is_gone(d_loss: Series, g_loss: Series, gone: float, g_high: float) -> bool:
    """Whether the discriminator's loss has vanished while the generator's is high or does not fall."""
    late, early = _late(d_loss), float(np.max(d_loss.head(0.1)))
    if not 0 <= late < gone or d_loss.value.min() < 0 or (early < FROM and late > 0):
        return False
    return _late(g_loss) > min(g_high, _start(g_loss) - AT_BALANCE * abs(_start(g_loss)))


def _is_fooled(d_loss: Series, g_loss: Series, balance: float) -> bool:
    return _late(d_loss) > 2 * balance and 0 <= _late(g_loss) < 0.1 * _start(g_loss)


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
        remedies=_advice("discriminator", lr),
        series=(real, fake),
    )


def _won(loss: Series, said: str, curves: tuple[Series, ...], what: str, lr: Series | None) -> Finding:
    return Finding(
        f"{loss.tag} {said} in the second half: {what}",
        Severity.ERROR,
        Confidence.MEDIUM,
        end_step=loss.last_step,
        evidence={"late_loss": _late(loss), "start": _start(loss)},
        remedies=_advice("generator" if what == "the generator wins" else "discriminator", lr),
        series=(loss, *(curve for curve in curves if curve is not loss)),
    )


def _advice(side: str, lr: Series | None) -> list[Remedy]:
    return [
        remedies.scale_lr(0.25, lr, f"for the {side} only: two time scales let the other side keep up"),
        remedies.add_normalization("spectral_norm"),
    ]
