"""Correct the roles of curves by their values: names can be wrong, and some quantities have to be converted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from loglens.model.series import Series
from loglens.roles.words import words_of
from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median

#: Points that are needed before the values overrule the name.
MIN_POINTS = 10
#: Points that give the start of a curve.
START = 3
#: Share of negative values from which on a curve is no norm; a few stand for "not measured" (-1).
NEGATIVE = 0.25
#: Share of points at which a curve turns: noise turns at two of three (Bienaymé 1874), a schedule hardly ever.
NOISY = 1 / 3
#: Share of points at which a time falls from which on each is a measurement of its own: a clock falls at restarts.
ANEW = 0.1
#: Roles that are never below zero.
_POSITIVE = frozenset("grad_norm_global grad_norm_layer grad_rms weight_norm_global update_norm lr".split())
_TAIL = re.compile(r" (step|epoch|mean|avg)$")
_SQUARE = re.compile(r"\b(square|squared|sq)\b")
_BOUND = re.compile(r"(?<!neg )(?<!negative )\b(elbo|vlb)$")


def corrected(curve: Series) -> Iterator[Series]:
    """Yield the curve with the role that fits its values; before it, the quantity that it is a function of, if any.

    The square of a gradient norm gives its root, an accumulating step time its growth from point to point.
    """
    if curve.role is None:
        yield curve
        return
    words = _TAIL.sub("", words_of(curve.tag))
    if curve.role and len(curve.finite) >= MIN_POINTS and _denied(curve):
        yield _without_role(curve)
    elif curve.role in ("loss", "loss_component") and _BOUND.search(words) and _rises_from_below(curve):
        yield replace(curve, role="metric_higher", guessed=False)
    elif (curve.role or "").startswith("grad_norm") and _SQUARE.search(words):
        yield replace(curve, tag=f"sqrt({curve.tag})", value=np.sqrt(np.maximum(curve.value, 0)))
        yield _without_role(curve)
    elif curve.role in ("step_time", "data_time") and _accumulates(curve):
        if (curve.value % 1 == 0).all():  # "time/batch": batches are counted, no time is measured
            yield replace(curve, role="step", split=None)
            return
        step, value, time = curve.step[1:].copy(), np.diff(curve.value), curve.time[1:].copy()
        yield replace(curve, tag=f"increase of {curve.tag}", step=step, value=value, time=time)
        yield replace(curve, role="time")
    elif curve.role == "time" and words.split()[-1:] == ["time"] and _starts_anew(curve):
        yield replace(curve, role="step_time")
    else:
        yield curve


def _without_role(curve: Series) -> Series:
    return replace(curve, role=None, split=None, layer=None, guessed=False)


def _denied(curve: Series) -> bool:
    """Whether the values contradict the role: a norm or a rate below zero, or impossible values of a learning rate.

    A learning rate is no noise above 1, and a step size that counts is a scheduler's (30 epochs); one whose name
    states its value ("learning_rate_0.05") is not above it.
    """
    value = curve.finite.value
    if curve.role in _POSITIVE and float(np.mean(value < 0)) > NEGATIVE:
        return True
    if curve.role != "lr":
        return False
    stated = re.search(r"(?:\d*\.\d+(?:e-?\d+)?|\d+e-\d+)$", curve.tag)
    counts = "step size" in words_of(curve.tag) and value.min() > 1 and (value % 1 == 0).all()
    return bool((stated and value.min() > float(stated[0]) > 0) or counts or (value.max() > 1 and _noisy(value)))


def _rises_from_below(curve: Series) -> bool:
    """Whether a curve begins below zero and rises, as a bound on a likelihood does that is maximised."""
    value = curve.finite.value
    if len(value) < MIN_POINTS:
        return False
    start, end = (float(median(part)) for part in (value[:START], value[-(len(value) // 3) :]))
    return start < 0 and end > start


def _accumulates(curve: Series) -> bool:
    """Whether a time never falls and grows at every point by about as much: it is the time since the start."""
    value = curve.finite.value
    if len(value) < MIN_POINTS or not (growth := np.diff(value)).min() > 0:
        return False
    return bool(value[-1] - value[0] > 2 * value[0] and growth.min() > float(median(growth)) / 2)


def _starts_anew(curve: Series) -> bool:
    """Whether a time is positive and falls at one point in ten or more: it is no clock."""
    value = curve.finite.value
    return len(value) >= MIN_POINTS and bool(value.min() > 0) and float(np.mean(np.diff(value) < 0)) >= ANEW


def _noisy(value: Floats) -> bool:
    moves = np.sign(np.diff(value))
    return int(np.sum(moves[1:] * moves[:-1] < 0)) > NOISY * len(value)
