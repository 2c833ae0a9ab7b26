"""Makers of curves with known truth: what is in them is what the maker put there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.series import Series

Floats = NDArray[np.float64]


def steps(n: int, every: int = 1) -> NDArray[np.int64]:
    return np.arange(n, dtype=np.int64) * every


def falling(n: int, start: float = 2.3, floor: float = 0.2, noise: float = 0.05, seed: int = 0) -> Floats:
    """A healthy loss: exponential descent to a floor, with relative noise."""
    value = floor + (start - floor) * np.exp(-5 * np.arange(n) / n)
    return value * np.random.default_rng(seed).lognormal(0, noise, n)


def level(n: int, at: float, noise: float = 0.02, seed: int = 0) -> Floats:
    return at * np.random.default_rng(seed).lognormal(0, noise, n)


def growing(n: int, start: int, rate: float, at: float = 0.5, noise: float = 0.1, seed: int = 0) -> Floats:
    """A level that grows by exp(rate) per point from index `start` on."""
    t = np.maximum(np.arange(n) - start, 0)
    return level(n, at, noise, seed) * np.exp(rate * t)


def autoregressive(n: int, rho: float, seed: int = 0) -> Floats:
    """AR(1) noise of unit innovations."""
    draws = np.random.default_rng(seed).normal(size=n)
    out = np.zeros(n)
    for i in range(1, n):
        out[i] = rho * out[i - 1] + draws[i]
    return out


def series(value: Floats, role: str = "loss", split: str | None = "train", tag: str = "", every: int = 1) -> Series:
    step = steps(len(value), every)
    return Series(tag or role, step, np.asarray(value, float), np.full(len(step), np.nan), "step", role, split)


def run(curves: Mapping[str, Floats], every: int = 1, params: Mapping[str, object] | None = None) -> Run:
    """A run whose curves all start at step 0 and have a point every `every` steps."""
    columns = Columns.from_curves({tag: (steps(len(value), every), value) for tag, value in curves.items()})
    return Run("test", Path("test"), "test", columns, params=params or {})


def sparse(curves: Mapping[str, Floats]) -> Run:
    """A run of curves over one length of steps: those with fewer points have them evenly spread."""
    longest = max(len(value) for value in curves.values())
    columns = Columns.from_curves({tag: (steps(len(v), longest // len(v)), v) for tag, v in curves.items()})
    return Run("test", Path("test"), "test", columns)
