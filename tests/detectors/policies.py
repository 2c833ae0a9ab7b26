"""Rewards of policies with known truth."""

from __future__ import annotations

import numpy as np

from tests.curves import Floats

REWARD = "rollout/ep_rew_mean"


def learned(n: int = 200, noise: float = 5.0, seed: int = 0) -> Floats:
    """A reward that rises from 10 to 200 and stays."""
    return 200 - 190 * np.exp(-np.arange(n) / 20) + noise * np.random.default_rng(seed).normal(size=n)


def lost(n: int = 200, at: int = 120, to: float = 10.0) -> Floats:
    """A reward that rises to 200 and is at `to` from point `at` on."""
    value = learned(n)
    value[at:] = to + 5 * np.random.default_rng(1).normal(size=n - at)
    return value


def wandering(n: int, at: float, noise: float, seed: int = 0) -> Floats:
    """A reward that stays at a level, with independent noise (a share of the level)."""
    return at * (1 + noise * np.random.default_rng(seed).normal(size=n))
