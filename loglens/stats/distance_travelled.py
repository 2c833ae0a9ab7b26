"""The integral of the learning rate over the steps: how far a schedule has carried the weights."""

from __future__ import annotations

import numpy as np

from loglens.stats.arrays import Floats, Ints


def travelled(step: Ints, lr_step: Ints, lr: Floats) -> Floats | None:
    """Integrate the learning rate up to each step; None where the rate is not known there.

    step: upper limits of the integral. lr_step, lr: the logged rate, finite, by rising step. None where the rate
    covers less than nine tenths of the steps, is negative anywhere or zero throughout. To first order a loss falls by
    the squared norm of its gradient times this integral (gradient flow), whatever the schedule does in between.
    """
    if len(lr) < 2 or not len(step) or (lr < 0).any() or not lr.any():
        return None
    span, shared = step[-1] - step[0], min(step[-1], lr_step[-1]) - max(step[0], lr_step[0])
    if span <= 0 or shared < 0.9 * span:
        return None
    way = np.concatenate([[0.0], np.cumsum(np.diff(lr_step) * (lr[1:] + lr[:-1]) / 2)])
    return np.asarray(np.interp(step, lr_step, way), dtype=np.float64)
