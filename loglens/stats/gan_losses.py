"""What the losses of a GAN can be: at balance, of which kind, gone, dead, or without bound."""

from __future__ import annotations

import numpy as np

from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median, percentile
from loglens.stats.trend import trend

LN2 = float(np.log(2))
#: Loss of a discriminator that cannot tell real from made, both halves summed (Goodfellow et al. 2014).
OF_A_GUESS = 2 * LN2
#: How far a loss may be from where it should be, as a share of it.
AT_BALANCE = 0.15
#: A loss that is gone has come from at least this, unless it is exactly zero: critics of small scale are always small.
FROM = 0.1
#: A loss of a guess that varies by less than this share of itself comes from a discriminator without gradients.
SAME = 1e-4
#: A loss that was printed with four digits is as near to its value as this share of it.
PRINTED = 5e-4
#: Mean scores and losses are kept this far from 0 and 1, where the logarithm ends.
EDGE = 1e-6
#: A trend is taken through at most so many points.
TREND_POINTS = 40


def late(value: Floats) -> float:
    """The median of the second half."""
    return float(median(value[len(value) // 2 :]))


def most(value: Floats) -> float:
    """What nine tenths of the second half are at most."""
    return float(percentile(value[len(value) // 2 :], 90))


def early(value: Floats) -> float:
    """The median of the first three points."""
    return float(median(value[:3]))


def balance(d_loss: Floats, g_loss: Floats | None, scores: tuple[Floats, Floats] | None) -> float | None:
    """The loss of a discriminator that can only guess, where its loss is of the original kind; None elsewhere.

    2 ln 2, or ln 2 where the mean of both halves was logged. scores: of real and of generated samples, from 0 to 1:
    with them the loss is at least -ln D(x) - ln(1 - D(G(z))) of the mean scores, by Jensen's inequality.
    """
    if d_loss.min() < 0:
        return None
    if scores is not None:
        real, fake = (float(np.clip(late(score), EDGE, 1 - EDGE)) for score in scores)
        lowest = -float(np.log(real) + np.log(1 - fake))
        kinds = [half for half in (1.0, 0.5) if late(d_loss) > (1 - AT_BALANCE) * half * lowest]
        return OF_A_GUESS * kinds[0] if kinds else None
    starts = (float(d_loss[0]), early(d_loss))
    for guess in (LN2, OF_A_GUESS):
        near = min(abs(start - guess) for start in starts) < AT_BALANCE * guess
        if near and (g_loss is None or _fits(d_loss * OF_A_GUESS / guess, g_loss)):
            return guess
    rises = g_loss is not None and late(g_loss) > early(g_loss)
    return OF_A_GUESS if rises and g_loss is not None and _fits(d_loss, g_loss) else None


def _fits(d_loss: Floats, g_loss: Floats) -> bool:
    """Whether the generator's loss is as high as the discriminator's asks, were both of the original kind.

    A loss L of the discriminator (the sum of both halves) leaves generated samples a mean score of 1 - exp(-L) at
    most, and the generator a loss of -ln(1 - exp(-L)) at least (Jensen's inequality, twice). One that falls and is
    near that bound may as well contain other terms.
    """
    lowest = -float(np.log(-np.expm1(-max(late(d_loss), EDGE))))
    return late(g_loss) >= max((1 - AT_BALANCE) * lowest, min((1 - AT_BALANCE) * early(g_loss), 2 * lowest))


def is_dead(d_loss: Floats) -> bool:
    """Whether the loss of the second half is that of a guess, to four digits."""
    middle = late(d_loss)
    guess = any(abs(middle - known) < PRINTED * known for known in (LN2, OF_A_GUESS))
    return guess and float(np.ptp(d_loss[len(d_loss) // 2 :])) <= SAME * middle


def is_gone(d_loss: Floats, g_loss: Floats, gone: float, high: float) -> bool:
    """Whether the discriminator's loss has vanished while the generator's is high or does not fall."""
    level, from_level = late(d_loss), float(d_loss[: max(3, len(d_loss) // 10)].max())
    if not 0 <= level < gone or d_loss.min() < 0 or (from_level < FROM and level > 0):
        return False
    return late(g_loss) > min(high, early(g_loss) - AT_BALANCE * abs(early(g_loss)))


def is_fooled(d_loss: Floats, g_loss: Floats, guess: float) -> bool:
    """Whether the discriminator is worse than a guess by far, and the generator's loss is gone."""
    return late(d_loss) > 2 * guess and 0 <= late(g_loss) < 0.1 * early(g_loss)


def grows(loss: Floats, factor: float) -> bool:
    """Whether the last fiftieth of a loss, two points at least, is so many times its size in the first two fifths."""
    size = np.abs(loss)
    usual = float(median(size[: max(3, 2 * len(size) // 5)]))
    return usual > 0 and bool((size[-max(2, len(size) // 50) :] > factor * usual).all())


def rises_late(loss: Floats) -> bool:
    """Whether the loss rises over the second half of the run."""
    half = loss[len(loss) // 2 :]
    step = np.linspace(0, len(half) - 1, min(len(half), TREND_POINTS)).astype(int)
    return trend(step.astype(float), half[step]).low > 0
