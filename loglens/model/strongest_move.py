"""What moved before a training run went wrong: the gradient norm, the learning rate or the loss scale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from loglens.model.numbers import fold
from loglens.model.series import Series
from loglens.stats.arrays import TINY
from loglens.stats.quantiles import median

#: Fewer points before the onset show no move.
MIN_POINTS = 5
#: The least factor that is a move. A loss scale is halved now and then by design, so three times in a row; a gradient
#: norm ten times its usual is Megatron-LM's large gradient; a rate that triples is more than most schedules do.
MOVES = {"loss_scale": 8.0, "lr": 3.0, "grad_norm_global": 10.0}


class Move(NamedTuple):
    """By what factor a curve moved, what to say of it, and the curve's role."""

    factor: float
    text: str
    role: str


def strongest_move(drivers: Iterable[Series], onset: int, look_back: int) -> Move:
    """The curve that moved most in the points up to the step `onset`: up, or down for a loss scale.

    drivers: curves of the roles in `MOVES`. look_back: points that are compared with the median of all before them,
    half of the curve at most. Where none moved, text and role are empty.
    """
    moves = []
    for curve in drivers:
        past = curve.before(onset + 1).finite
        if len(past) < MIN_POINTS:
            continue
        recent = past.value[-min(look_back, len(past) // 2) :]
        before = float(median(past.value[: len(past) - len(recent)]))
        if not before > 0:
            continue
        falls = curve.role == "loss_scale"
        factor = before / max(float(recent.min()), TINY) if falls else float(recent.max()) / before
        if factor >= MOVES.get(curve.role or "", np.inf):
            moves.append(Move(factor, _text(curve, factor, len(recent)), curve.role or ""))
    return max(moves, default=Move(1.0, "", ""))


def unmoved(drivers: Sequence[Series]) -> str:
    """What to say where nothing moved before the NaN: whether anything was logged that could have."""
    if not drivers:
        return "nothing was logged that could explain it"
    return f"no change in {', '.join(curve.tag for curve in drivers)}"


def _text(curve: Series, factor: float, points: int) -> str:
    if curve.role == "loss_scale":
        return f"{curve.tag} was halved {np.log2(factor):.0f} times just before"
    when = "just before" if curve.role == "lr" else f"in the {points} points before"
    return f"{curve.tag} rose {fold(factor)} {when}"
