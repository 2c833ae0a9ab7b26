"""Whether training and held-out curves get worse together: what no overfitting explains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loglens.analysis.outcome.curve_progress import BEYOND_NOISE
from loglens.analysis.outcome.curve_state import ENOUGH, KEPT
from loglens.analysis.outcome.witnesses import Witness


def fell_together(found: Sequence[Witness]) -> tuple[str, Witness] | None:
    """The state of a run whose training and held-out curves gave back their gain together, and the curve that shows it.

    A curve counts that gained, beyond its noise, and ends with less than three quarters of that. Half of all curves
    must, one of training and one held out, and one of them by more than its noise. The state is lost where the curves
    keep less than half in the median, unstable where they keep more. None where this does not hold.

    Of the curves of 345 healthy runs (corpora and AlgoPerf) none keeps less than 0.8 in this sense.
    """
    gained = [witness for witness in found if _has_gained(witness)]
    fallen = [witness for witness in gained if _kept(witness) < KEPT]
    if 2 * len(fallen) < len(gained) or len({witness.heldout for witness in fallen}) < 2:
        return None
    if max(_sureness(witness) for witness in fallen) < BEYOND_NOISE:
        return None
    state = "lost" if np.median([_kept(witness) for witness in fallen]) < 0.5 else "unstable"
    return state, max((witness for witness in fallen if witness.heldout), key=_sureness)


def _has_gained(witness: Witness) -> bool:
    progress = witness.progress
    return progress is not None and len(progress.curve) >= ENOUGH and progress.sureness >= BEYOND_NOISE


def _kept(witness: Witness) -> float:
    return 1.0 if witness.progress is None else witness.progress.kept


def _sureness(witness: Witness) -> float:
    return 0.0 if witness.progress is None else witness.progress.drop_sureness
