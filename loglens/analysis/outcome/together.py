"""Whether training and held-out curves fail together: get worse, or stay at the worst level.

What both show is no overfitting, and no matter of one evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loglens.analysis.outcome.curve_progress import BEYOND_NOISE
from loglens.analysis.outcome.curve_state import ENOUGH, KEPT, STILL, WORST
from loglens.analysis.outcome.witnesses import Witness


def fell_together(found: Sequence[Witness]) -> tuple[str, Witness] | None:
    """The state of a run whose training and held-out curves gave back their gain together, and the curve that shows it.

    A curve counts that gained, and ends with less than three quarters of that. Half of all curves must, one of training
    and one held out; one of them gained, and one gave back, by more than its noise. The state is lost where the curves
    keep less than half in the median, unstable where they keep more. None where this does not hold.

    Of 216 healthy runs (small nets and AlgoPerf) that were looked at, none has a curve that gained beyond its noise and
    keeps less than 0.8 of that.
    """
    gained = [witness for witness in found if _has_gained(witness)]
    if not any(_has_surely_gained(witness) for witness in gained):
        return None
    fallen = [witness for witness in gained if _kept(witness) < KEPT]
    if 2 * len(fallen) < len(gained) or len({witness.heldout for witness in fallen}) < 2:
        return None
    if max(_sureness(witness) for witness in fallen) < BEYOND_NOISE:
        return None
    state = "lost" if np.median([_kept(witness) for witness in fallen]) < 0.5 else "unstable"
    return state, max((witness for witness in fallen if witness.heldout), key=_sureness)


def stays_at_worst(found: Sequence[Witness]) -> Witness | None:
    """The held-out metric that stands still below a tenth of its best possible value, as the same in training does.

    A metric stands still where its later half gains less than 2 % of the way to that value. None where no metric of
    both splits does, or where half of the losses still fall in their last quarter.
    """
    at_worst = [witness for witness in found if witness.metric and stands_at_worst(witness)]
    falling = [witness for witness in found if not witness.metric and witness.state == "learning"]
    losses = [witness for witness in found if not witness.metric]
    if len({witness.heldout for witness in at_worst}) < 2 or 2 * len(falling) > len(losses):
        return None
    return next(witness for witness in at_worst if witness.heldout)


def stands_at_worst(witness: Witness) -> bool:
    """Whether a metric of eight points or more stays below a tenth of its best, and gains nothing in its later half."""
    progress = witness.progress
    if progress is None or progress.lower or progress.ideal is None or len(progress.curve) < ENOUGH:
        return False
    value = progress.curve.value / progress.ideal
    half = value[len(value) // 2 :]
    third = max(1, len(half) // 3)
    return bool(value.max() < WORST and np.median(half[-third:]) - np.median(half[:third]) < STILL)


def _has_gained(witness: Witness) -> bool:
    progress = witness.progress
    return progress is not None and len(progress.curve) >= ENOUGH and progress.sureness >= 1


def _has_surely_gained(witness: Witness) -> bool:
    return witness.progress is not None and witness.progress.sureness >= BEYOND_NOISE


def _kept(witness: Witness) -> float:
    return 1.0 if witness.progress is None else witness.progress.kept


def _sureness(witness: Witness) -> float:
    return 0.0 if witness.progress is None else witness.progress.drop_sureness
