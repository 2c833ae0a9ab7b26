"""The loss falls, then stalls because nothing drives it any more.

Why it matters. From the stall on the run costs time and achieves nothing; what stalled it is in the log.

How it is found. For at least the last half of the run the loss falls by less than 5 % (and two standard errors) from
the first to the last fifth of it, and one of three holds; a flat curve alone is not a sign, as a run that is done is
flat as well. (1) The learning rate is at or below a hundredth of its peak (a schedule that decays too early, a wrong
number of total steps). (2) The logged update of the weights is zero. (3) The validation loss is one and the same
number, to the last of six digits or more, while the learning rate, where it is known, is not zero: then no update
reaches the weights that are evaluated (an optimizer that holds other tensors).

When it is wrong. A long tail at a small learning rate is sometimes wanted, to average out noise. Evaluating
a fixed checkpoint again and again gives one number too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, require
from loglens.remedies import actions as remedies
from loglens.remedies.schedule_and_decay import fix_schedule
from loglens.stats.arrays import relative
from loglens.stats.blocks import MEDIAN_ERROR, noise
from loglens.stats.levels import sinking
from loglens.stats.quantiles import median

RULE = Rule("plateau", "loss", Severity.WARNING)

#: Digits of a validation loss of which the same number again is no accident of printing.
DIGITS = 6
#: Losses after an onset that show whether it stalls: the two fifths that are compared need two each.
STALLED_POINTS = 10
#: Share of the points after an onset that shows the level of a stalled loss.
LEVEL = 0.1
#: Parts of the points after an onset, of which the first and the last are compared.
FIFTHS = 5


def detect(
    loss: Series,
    val_loss: Series | None,
    lr: Series | None,
    update_norm: Series | None,
    *,
    min_points: int = 12,
    min_evaluations: int = 8,
    share: float = 0.01,
    gain: float = 0.05,
) -> Iterator[Finding]:
    drivers = [(curve.finite, limit) for curve, limit in ((lr, share), (update_norm, 0.0)) if curve is not None]
    drivers = [(curve, limit) for curve, limit in drivers if len(curve) >= min_points]
    held_out = val_loss.finite if val_loss is not None and len(val_loss.finite) >= min_evaluations else None
    if not drivers and held_out is None:
        raise Skip("neither the learning rate nor the size of updates nor a validation loss was logged")
    curve = require(loss, min_points, "losses")
    for driver, limit in drivers:
        onset = _gives_out(driver.value > limit * driver.value.max(), driver)
        if onset is not None and _stalls(curve, onset, gain):
            why = f"where {driver.tag} falls to {number(driver.value[-1])} (peak {number(driver.value.max())})"
            yield _finding(curve, driver, onset, why, _schedule(driver, curve, onset))
            return
    if held_out is not None and _digits(float(held_out.value[-1])) >= DIGITS and not (lr is not None and _ends(lr)):
        onset = _gives_out(held_out.value != held_out.value[-1], held_out)
        if onset is not None and _stalls(curve, onset, gain):
            level = number(held_out.value[-1], 6)
            why = f"where {held_out.tag} is {level} at every evaluation: no update reaches the weights"
            yield _finding(curve, held_out, onset, why, remedies.check_optimizer_step())


def _gives_out(alive: np.ndarray[tuple[int], np.dtype[np.bool_]], driver: Series) -> int | None:
    """The step from which the driver (a gradient norm or rate) stays low, if over half of the run or more."""
    last = np.flatnonzero(alive)
    if not len(last) or last[-1] + 1 >= len(driver):
        return None
    onset = int(driver.step[last[-1] + 1])
    span = float(driver.step[-1] - driver.step[0])
    return onset if span and (driver.step[-1] - onset) / span >= 0.5 else None


def _ends(lr: Series) -> bool:
    """Whether the learning rate is zero over the last half, which stalls the loss by itself."""
    value = lr.finite.value
    return not value[len(value) // 2 :].any()


def _digits(value: float) -> int:
    """Significant digits of a logged number, as it is written."""
    return len(f"{abs(value):.9g}".split("e")[0].replace(".", "").lstrip("0"))


def _stalls(loss: Series, onset: int, gain: float) -> bool:
    """Whether the loss falls by no more than `gain`, within two standard errors of the two fifths compared."""
    after = loss.value[loss.step >= onset]
    if len(after) < STALLED_POINTS or not len(loss.before(onset)):
        return False
    # of a difference of two medians of a fifth of the points each
    error = relative(MEDIAN_ERROR * float(np.sqrt(2 / (len(after) // FIFTHS))) * noise(after), float(median(after)))
    return bool(abs(sinking(after)) < gain + 2 * error)


def _finding(loss: Series, driver: Series, onset: int, why: str, remedy: Remedy) -> Finding:
    after, before = loss.value[loss.step >= onset], loss.before(onset).value
    end, start = float(median(after[-max(3, int(LEVEL * len(after))) :])), float(median(before[:3]))
    advice = [remedy] if remedy.action == "check_optimizer_step" else [remedy, remedies.check_optimizer_step()]
    if remedy.action == "train_longer":
        advice.insert(0, fix_schedule("later_decay"))
    return Finding(
        f"{loss.tag} stalls at {number(end)} from {loss.axis} {number(onset)} on, {why}",
        Severity.WARNING,
        Confidence.HIGH,
        onset_step=onset,
        end_step=loss.last_step,
        evidence={"start": start, "level": end, "driver": driver.tag, "peak": float(driver.value.max())},
        remedies=advice,
        series=(loss, driver),
    )


def _schedule(driver: Series, loss: Series, onset: int) -> Remedy:
    length = float(loss.step[-1] - loss.step[0])
    factor = max(1.0, round(length / max(onset - float(loss.step[0]), 1.0), 1))
    return remedies.train_longer(factor) if driver.role == "lr" else remedies.check_optimizer_step()
