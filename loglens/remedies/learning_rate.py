"""How large a learning rate should be, as a run tells: what is usual, where it jumped, how the loss falls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from loglens.model.series import Series
from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median

#: Adam and its kin scale each step to the size of the rate.
ADAPTIVE = "adam"
PLAIN = "sgd"
_KINDS = (
    (
        ADAPTIVE,
        re.compile(
            r"(?<![a-z])[nr]?adam(w|ax)?(?![a-z])|(?<![a-z])(lamb|lion)(?![a-z])|adafactor|rmsprop|adagrad", re.I
        ),
    ),
    (PLAIN, re.compile(r"(?<![a-z])sgd(?![a-z])|nesterov", re.I)),
)


class Usual(NamedTuple):
    """What is usual for a kind of optimizer: from `low` to `high`, and what one begins with."""

    low: float
    start: float
    high: float


#: Adam: 0.001 (Kingma and Ba 2015); above 0.01 UMLAUT calls it too high, and fine-tuning begins at 1e-5 (BERT).
#: Gradient descent: 0.1 on normalised nets (He et al. 2016), 1e-6 to 1 in all (Bengio 2012, section 3.1.1).
#: Where the optimizer is not known: 0.01, the default that "typically works" (Bengio 2012) and lies between the two.
USUAL: Mapping[str, Usual] = {
    ADAPTIVE: Usual(1e-4, 1e-3, 1e-2),
    PLAIN: Usual(1e-3, 0.03, 0.5),
    "": Usual(1e-4, 1e-2, 0.1),
}
#: Rates to try first where a loss crawls: from between Adam's default and highest to the default of Bengio (2012).
WORTH_TRYING = (3e-3, 1e-2)
#: What fine-tuning begins with: 2e-5 is BERT's (Devlin et al. 2019).
FINE_TUNING = 2e-5
#: A rate that becomes three times as large between two points is a jump; schedules are smoother.
JUMP = 3.0
#: A rate within a tenth of another has come to it.
NEARLY = 0.9
#: A rate below this share of its peak in the middle of the run may be what stopped the loss.
DECAYED = 0.1
#: Points before a jump that it is measured against.
BEFORE = 10
#: Time constants in which a loss that falls in proportion to itself loses 95 % (exp(-3)).
DONE = 3.0


def optimizer_kind(texts: Iterable[str]) -> str:
    """ADAPTIVE, PLAIN, or an empty string where none of the texts (parameters, tags) names an optimizer."""
    for text in texts:
        for kind, pattern in _KINDS:
            if pattern.search(text):
                return kind
    return ""


class Jump(NamedTuple):
    """A learning rate that rises from one point to the next. step: of the first point after it."""

    step: int
    before: float
    after: float


def jump(lr: Series, onset: int, slack: float) -> Jump | None:
    """The largest jump of the rate to a height not seen before, at most `slack` steps from the onset (a step)."""
    value, step = lr.finite.value, lr.finite.step
    found = None
    for at in np.flatnonzero((value[1:] > JUMP * value[:-1]) & (value[:-1] > 0)) + 1:
        before = float(median(value[max(0, at - BEFORE) : at]))
        new = value[at] > JUMP * value[:at].max()
        if new and abs(int(step[at]) - onset) <= slack and (found is None or value[at] > found.after):
            found = Jump(int(step[at]), before, float(value[at]))
    return found


def still_rises(lr: Series, since: int) -> bool:
    """Whether the rate grows threefold or more from a step to the end of the run, and in the last half of that still.

    A warmup is over by then.
    """
    value = lr.finite.value
    later = value[lr.finite.step >= since]
    if len(later) < 2 or later[0] <= 0:
        return False
    highest = bool(later[-1] >= NEARLY * value.max())
    return highest and bool(later[-1] >= JUMP * later[0]) and bool(later[len(later) // 2] < NEARLY * later[-1])


def decays_by_the_middle(lr: Series) -> bool:
    """Whether the rate is next to nothing, beside its peak, in the middle of the run already."""
    value = lr.finite.value
    return bool(len(value)) and bool(value[len(value) // 2] < DECAYED * value.max())


def peak(lr: Series | None) -> float | None:
    """The highest rate of a run; None where none was logged, or where it was zero throughout."""
    value = lr.finite.value if lr is not None else np.zeros(0)
    return float(value.max()) if len(value) and value.max() > 0 else None


def rate_on_the_way_up(lr: Series, step: int) -> float | None:
    """The rate in force at a step before its peak, in a warmup; None after the peak, or before the first point."""
    curve = lr.finite
    if not len(curve) or curve.step[int(curve.value.argmax())] <= step:
        return None
    known = curve.before(step + 1).value
    return float(known[-1]) if len(known) and known[-1] > 0 else None


def times_faster(loss: Floats) -> float:
    """By which factor a loss that crawls has to fall faster to be done in the same number of steps.

    loss: finite values by step. A loss that falls by the share p of its height in a run has a time constant of 1/p
    runs; three of them leave 5 %. The pace is that of the last half, since first steps often settle the level
    only. 1 at least; at most 1000.
    """
    half = len(loss) // 2
    tenth = max(2, len(loss) // 10)
    middle, end = float(median(loss[half : half + tenth])), float(median(loss[-tenth:]))
    fallen = max((middle - end) / middle, 0.0) / max(1 - half / len(loss) - tenth / len(loss), 0.1) if middle > 0 else 0
    return float(np.clip(DONE / max(fallen, 1e-9), 1.0, 1000.0))
