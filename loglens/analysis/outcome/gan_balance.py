"""Whether the two sides of a GAN are in balance: all that its losses can say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loglens.model.numbers import number
from loglens.model.outcome import RunOutcome
from loglens.model.series import Series
from loglens.roles.from_tags import main_curve
from loglens.stats.blocks import blocks, noise
from loglens.stats.gan_losses import OF_A_GUESS, SAME
from loglens.stats.quantiles import median

#: A loss within this share of a level is at it; one that was below this share of it had learned to tell.
NEAR = 0.2
#: The lowest of twenty levels is this many standard errors below their mean by chance, at one in a hundred.
ERRORS = 3.3


def gan_balance(curves: Sequence[Series]) -> RunOutcome | None:
    """The outcome "learned" where the discriminator learned to tell real from made, and cannot any more.

    None where a run logs no loss of a discriminator, where the loss is not at that level (it may be one
    of another kind), where it never left it beyond its noise, or where it is the same number at every point of the
    end: a discriminator that is dead guesses as well.
    """
    fitting = [curve.finite for curve in curves if curve.role == "gan_d_loss" and len(curve.finite) >= 20]
    if not fitting:
        return None
    loss = main_curve(fitting)
    tail = loss.tail(0.2)
    end, level = float(median(tail)), blocks(loss.step, loss.value, max_blocks=20).level
    learned = float(level.min())
    error = 1.25 * noise(loss.value) * float(np.sqrt(len(level) / len(loss)))
    if abs(end - OF_A_GUESS) > NEAR * OF_A_GUESS or np.ptp(tail) <= SAME * end:
        return None
    if learned > (1 - NEAR / 2) * OF_A_GUESS - ERRORS * error:
        return None
    why = (
        f"{loss.tag} was {number(learned)} and ends at {number(end)}, near the 2 ln 2 of guessing: generated samples "
        "look real to it"
    )
    return RunOutcome("learned", why, (loss.tag,))
