"""What the losses and scores of a generative adversarial network say: who wins, and what balance would be."""

from __future__ import annotations

import numpy as np

from loglens.model.series import Series
from loglens.stats.trend import trend

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


def late_level(curve: Series) -> float:
    """The median of the second half."""
    return float(np.median(curve.tail(0.5)))


def start_level(curve: Series) -> float:
    """The median of the first three points."""
    return float(np.median(curve.value[:3]))


def as_probabilities(scores: tuple[Series, ...], d_loss: Series | None, least: int) -> tuple[Series, Series] | None:
    """The scores of real and generated samples, where both are long enough and lie between 0 and 1.

    Beside a loss that is negative they are those of a critic, which have no bounds.
    """
    if len(scores) < 2 or min(map(len, scores)) < least or (d_loss is not None and d_loss.value.min() < 0):
        return None
    inside = all(score.value.min() >= 0 and score.value.max() <= 1 for score in scores)
    return (scores[0], scores[1]) if inside else None


def balance_of(d_loss: Series | None, g_loss: Series | None, scores: tuple[Series, Series] | None) -> float | None:
    """The loss of a discriminator that can only guess, where its loss is of the original kind; None elsewhere."""
    if d_loss is None or d_loss.value.min() < 0:
        return None
    if scores is not None:
        real, fake = (float(np.clip(late_level(score), EDGE, 1 - EDGE)) for score in scores)
        least = -float(np.log(real) + np.log(1 - fake))
        kinds = [half for half in (1.0, 0.5) if late_level(d_loss) > (1 - AT_BALANCE) * half * least]
        return 2 * LN2 * kinds[0] if kinds else None
    starts = (float(d_loss.value[0]), start_level(d_loss))
    for half in (0.5, 1.0):
        near = min(abs(start - 2 * LN2 * half) for start in starts) < AT_BALANCE * 2 * LN2 * half
        if near and (g_loss is None or _fits(d_loss, g_loss, half)):
            return 2 * LN2 * half
    rises = g_loss is not None and late_level(g_loss) > start_level(g_loss)
    return 2 * LN2 if rises and g_loss is not None and _fits(d_loss, g_loss, 1.0) else None


def _fits(d_loss: Series, g_loss: Series, half: float) -> bool:
    """Whether the generator's loss is as high as the discriminator's asks, were both of the original kind.

    A loss L of the discriminator (the sum of both halves) leaves generated samples a mean score of 1 - exp(-L) at
    most, and the generator a loss of -ln(1 - exp(-L)) at least (Jensen's inequality, twice). One that falls and is
    near that bound may as well contain other terms.
    """
    loss = max(late_level(d_loss) / half, EDGE)
    least, late = -float(np.log(-np.expm1(-loss))), late_level(g_loss)
    return late >= (1 - AT_BALANCE) * least and late >= min((1 - AT_BALANCE) * start_level(g_loss), 2 * least)


def grows_vast(loss: Series, factor: float) -> bool:
    """Whether the last fiftieth of a loss, two points at least, is so many times its usual size."""
    size = np.abs(loss.value)
    usual = float(np.median(size[: max(3, 2 * len(size) // 5)]))
    return usual > 0 and bool((size[-max(2, len(size) // 50) :] > factor * usual).all())


def is_dead(d_loss: Series) -> bool:
    """Whether the loss of the second half is that of a guess, to four digits."""
    late, middle = d_loss.tail(0.5), late_level(d_loss)
    guess = any(abs(middle - balance) < PRINTED * balance for balance in (LN2, 2 * LN2))
    return guess and float(np.ptp(late)) <= SAME * middle


def is_gone(d_loss: Series, g_loss: Series, gone: float, g_high: float) -> bool:
    """Whether the discriminator's loss has vanished while the generator's is high or does not fall."""
    late, early = late_level(d_loss), float(np.max(d_loss.head(0.1)))
    if not 0 <= late < gone or d_loss.value.min() < 0 or (early < FROM and late > 0):
        return False
    return late_level(g_loss) > min(g_high, start_level(g_loss) - AT_BALANCE * abs(start_level(g_loss)))


def is_fooled(d_loss: Series, g_loss: Series, balance: float) -> bool:
    """Whether the discriminator does worse than twice a guess, and the generator's loss has all but vanished."""
    return late_level(d_loss) > 2 * balance and 0 <= late_level(g_loss) < 0.1 * start_level(g_loss)


def score_gap(scores: tuple[Series, Series]) -> float:
    """How far apart the scores are in the second half."""
    real, fake = scores
    n = min(len(real), len(fake))
    return float(np.median((real.value[:n] - fake.value[:n])[n // 2 :]))


def rises_late(loss: Series) -> bool:
    """Whether the loss rises over the second half of the run."""
    late = loss.tail(0.5)
    step = np.linspace(0, len(late) - 1, min(len(late), TREND_POINTS)).astype(int)
    return trend(step.astype(float), late[step]).low > 0
