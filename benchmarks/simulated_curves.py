"""Curves of known truth for each rule: one fault, and one healthy run that looks like it.

A maker takes a random generator, the number of points n and the noise (relative standard deviation of a point), and
returns curves by tag; `Pair` says in words what it makes. Units and places are drawn again for every curve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Random = np.random.Generator
Maker = Callable[[Random, int, float], dict[str, Floats]]

LOSS, VAL, ACCURACY, NORM = "train/loss", "val/loss", "val/accuracy", "train/grad_norm"
REWARD, VALUE = "rollout/ep_rew_mean", "train/value_loss"


@dataclass(frozen=True, slots=True)
class Pair:
    """A fault and a healthy look-alike of one rule, in words and as makers."""

    fault: str
    faulty: Maker
    lookalike: str
    healthy: Maker


def time(n: int) -> Floats:
    return np.arange(n) / max(n - 1, 1)


def noisy(g: Random, value: Floats, noise: float) -> Floats:
    """Multiply by log-normal noise."""
    return value * g.lognormal(0, noise, len(value))


def level(g: Random, n: int, noise: float, at: float) -> Floats:
    return noisy(g, np.full(n, at), noise)


def falling(g: Random, n: int, noise: float, to: float = 0.2) -> Floats:
    """From 1 to a floor, exponentially within a tenth to a third of the run."""
    return noisy(g, to + (1 - to) * np.exp(-time(n) / g.uniform(0.1, 0.33)), noise)


def rising(g: Random, n: int, noise: float, best: float = 0.9) -> Floats:
    """A share that rises from 0.1, with noise that is a share of its best."""
    return np.clip(
        0.1 + (best - 0.1) * (1 - np.exp(-time(n) / g.uniform(0.1, 0.33))) + best * noise * g.normal(size=n), 0, 1
    )


def step(g: Random, n: int, noise: float, before: float, after: float, at: float) -> Floats:
    """One level up to a share of the run, and another from there on."""
    return noisy(g, np.where(time(n) < at, before, after), noise)


def unit(g: Random) -> float:
    return float(10 ** g.uniform(-2, 3))


def turning(g: Random, n: int, noise: float, factor: float) -> Floats:
    """Falls until between a third and two thirds of the run, and rises to a multiple of its lowest level."""
    at, t = g.uniform(0.33, 0.6), time(n)
    down = 0.2 + 0.8 * np.exp(-t / 0.12)
    up = np.interp(t, [0, at, min(1.0, at + 0.2), 1], [1, 1, factor, factor])
    return noisy(g, down * up, noise)


def lost(g: Random, n: int, noise: float, best: float = 0.9, end: float = 0.12) -> Floats:
    value, at = rising(g, n, noise, best), g.uniform(0.5, 0.7)
    return np.where(time(n) < at, value, np.clip(end + best * noise * g.normal(size=n), 0, 1))


def grown(g: Random, n: int, noise: float, factor: float, begin: float = 0.6) -> Floats:
    """A level that grows exponentially from a share of the run on."""
    return noisy(g, factor ** (np.maximum(time(n) - begin, 0) / (1 - begin)), noise)


def flat_reward(g: Random, n: int, noise: float) -> Floats:
    return g.choice([20.0, 300.0]) * (1 + noise * g.normal(size=n))


def growing_reward(g: Random, n: int, noise: float) -> Floats:
    return 20 + 180 * (1 - np.exp(-time(n) / g.uniform(0.1, 0.33))) + 200 * noise * g.normal(size=n)


PAIRS: dict[str, Pair] = {
    "loss-not-decreasing": Pair(
        "a loss that stays at ln 10",
        lambda g, n, s: {LOSS: level(g, n, s, float(np.log(10)))},
        "a loss that falls to 0.7 of its start",
        lambda g, n, s: {LOSS: unit(g) * falling(g, n, s, 0.7)},
    ),
    "divergence": Pair(
        "a loss that falls fivefold, and rises to three times its lowest level for good",
        lambda g, n, s: {LOSS: unit(g) * turning(g, n, s, 3.0)},
        "a loss that falls fivefold",
        lambda g, n, s: {LOSS: unit(g) * falling(g, n, s)},
    ),
    "overfitting": Pair(
        "a validation loss that rises to 1.5 times its lowest level while training falls",
        lambda g, n, s: {LOSS: falling(g, n, s, 0.02), VAL: turning(g, n, s, 1.5)},
        "a validation loss that levels off at twice the training loss",
        lambda g, n, s: {LOSS: falling(g, n, s, 0.2), VAL: falling(g, n, s, 0.4)},
    ),
    "loss-spike": Pair(
        "three points at ten times the level, which passes",
        lambda g, n, s: {LOSS: falling(g, n, s) * np.where(abs(np.arange(n) - int(0.7 * n)) < 2, 10.0, 1.0)},
        "a loss that falls fivefold",
        lambda g, n, s: {LOSS: unit(g) * falling(g, n, s)},
    ),
    "exploding-gradient": Pair(
        "a norm that grows ten thousandfold in the last two fifths, and a loss that rises tenfold with it",
        lambda g, n, s: {LOSS: falling(g, n, s) * grown(g, n, 0, 10.0), NORM: grown(g, n, s, 1e4)},
        "a norm between 1 and 30 that falls threefold with the loss",
        lambda g, n, s: {LOSS: falling(g, n, s), NORM: 10 ** g.uniform(0, 1.5) * falling(g, n, 2 * s, 0.33)},
    ),
    "vanishing-gradient": Pair(
        "a norm that falls to a millionth while the loss stays",
        lambda g, n, s: {LOSS: level(g, n, s, 1.0), NORM: noisy(g, 10 ** (-6 * np.minimum(1, 3 * time(n))), s)},
        "a norm that falls to a hundredth as the loss falls to a tenth",
        lambda g, n, s: {LOSS: falling(g, n, s, 0.1), NORM: falling(g, n, s, 0.01)},
    ),
    "weight-growth": Pair(
        "norms that grow twentyfold while the loss stays",
        lambda g, n, s: {LOSS: level(g, n, s, 1.0), "weight_norm": grown(g, n, s / 10, 20.0, 0.0)},
        "norms that double while the loss falls",
        lambda g, n, s: {LOSS: falling(g, n, s), "weight_norm": noisy(g, np.sqrt(1 + 3 * time(n)), s / 10)},
    ),
    "lr-too-low": Pair(
        "a loss that falls by a tenth in a straight line",
        lambda g, n, s: {LOSS: noisy(g, 1 - 0.1 * time(n), s / 10)},
        "a loss that falls by a tenth within a third of the run",
        lambda g, n, s: {LOSS: falling(g, n, s / 10, 0.9)},
    ),
    "plateau": Pair(
        "a loss that stands still from the fifth of the run on at which the learning rate falls to a thousandth",
        lambda g, n, s: {
            LOSS: noisy(g, np.exp(-np.minimum(time(n), 0.2) / 0.3), s),
            "lr": np.where(time(n) < 0.2, 0.01, 1e-5),
        },
        "a loss that falls fivefold under a cosine schedule",
        lambda g, n, s: {LOSS: falling(g, n, s), "lr": 0.01 * (1 + np.cos(np.pi * time(n))) / 2},
    ),
    "underfitting": Pair(
        "both losses at the same high level, with an accuracy of 0.43",
        lambda g, n, s: {LOSS: level(g, n, s, 1.06), VAL: level(g, n, s, 1.07), ACCURACY: level(g, n, s, 0.43)},
        "both losses fall fivefold",
        lambda g, n, s: {LOSS: falling(g, n, s), VAL: falling(g, n, s), ACCURACY: rising(g, n, s)},
    ),
    "metric-collapse": Pair(
        "an accuracy that rises to 0.9 and falls to 0.12 for good",
        lambda g, n, s: {LOSS: falling(g, n, s), ACCURACY: lost(g, n, s)},
        "an accuracy that rises to 0.9",
        lambda g, n, s: {LOSS: falling(g, n, s), ACCURACY: rising(g, n, s)},
    ),
    "metric-stuck": Pair(
        "an accuracy of exactly 0.1 while the loss falls",
        lambda g, n, s: {LOSS: falling(g, n, s), ACCURACY: np.full(n, 0.1)},
        "an accuracy that rises to 0.9, printed with two digits",
        lambda g, n, s: {LOSS: falling(g, n, s), ACCURACY: rising(g, n, s).round(2)},
    ),
    "non-finite-metric": Pair(
        "an accuracy that is NaN in the last fifth",
        lambda g, n, s: {LOSS: falling(g, n, s), ACCURACY: np.where(time(n) < 0.8, rising(g, n, s), np.nan)},
        "an accuracy that rises to 0.9",
        lambda g, n, s: {LOSS: falling(g, n, s), ACCURACY: rising(g, n, s)},
    ),
    "zero-loss": Pair(
        "a loss that is exactly 0 from the middle of the run on",
        lambda g, n, s: {LOSS: np.where(time(n) < 0.5, falling(g, n, s), 0.0)},
        "a loss that falls to a ten-thousandth",
        lambda g, n, s: {LOSS: falling(g, n, s, 1e-4)},
    ),
    "unbounded-loss": Pair(
        "a loss that falls below zero on and on beside an accuracy",
        lambda g, n, s: {LOSS: 1 - 1e4 * time(n) ** 2 + s * g.normal(size=n), ACCURACY: rising(g, n, s)},
        "a loss that falls fivefold",
        lambda g, n, s: {LOSS: falling(g, n, s), ACCURACY: rising(g, n, s)},
    ),
    "posterior-collapse": Pair(
        "a divergence that falls from 5 to 0.0001, with a reconstruction that stays",
        lambda g, n, s: _autoencoder(step(g, n, s, 5.0, 1e-4, 0.2), level(g, n, s / 10, 160.0)),
        "a divergence that rises to 15, with a reconstruction that improves",
        lambda g, n, s: _autoencoder(noisy(g, 0.1 + 15 * time(n), s), 160 * falling(g, n, s / 10, 0.5)),
    ),
    "reward-not-rising": Pair(
        "a reward that stays at its start",
        lambda g, n, s: {REWARD: flat_reward(g, n, s)},
        "a reward that rises tenfold",
        lambda g, n, s: {REWARD: growing_reward(g, n, s)},
    ),
    "reward-collapse": Pair(
        "a reward that rises to 200 and falls to a tenth of that for good",
        lambda g, n, s: {REWARD: 220 * lost(g, n, s)},
        "a reward that rises tenfold",
        lambda g, n, s: {REWARD: growing_reward(g, n, s)},
    ),
    "value-loss-blow-up": Pair(
        "a value loss that grows a hundred thousandfold while the reward is lost",
        lambda g, n, s: {
            VALUE: step(g, n, s, 0.1, 1e4, 0.6),
            REWARD: 200 * step(g, n, s, 1.0, 0.1, 0.65) * np.minimum(1, 5 * time(n)),
        },
        "a value loss that passes through thirty times its level while the reward rises",
        lambda g, n, s: {
            VALUE: noisy(g, 0.1 + 3 * np.exp(-(((time(n) - 0.4) / 0.1) ** 2)), s),
            REWARD: growing_reward(g, n, s),
        },
    ),
    "entropy-collapse": Pair(
        "an entropy that falls to a thousandth in the first tenth, and a reward that stays",
        lambda g, n, s: {
            "train/entropy": noisy(g, 0.7 * np.exp(-7 * np.minimum(1, 10 * time(n))), s),
            REWARD: flat_reward(g, n, s / 2),
        },
        "an entropy that falls to a third while the reward rises",
        lambda g, n, s: {"train/entropy": 0.7 * falling(g, n, s, 0.33), REWARD: growing_reward(g, n, s)},
    ),
    "truncated-completions": Pair(
        "nine of ten completions cut off, and a reward that stays",
        lambda g, n, s: {
            "completions/clipped_ratio": np.minimum(1, level(g, n, s / 2, 0.9)),
            REWARD: flat_reward(g, n, s),
        },
        "one of twenty cut off, and a reward that rises",
        lambda g, n, s: {"completions/clipped_ratio": level(g, n, s, 0.05), REWARD: growing_reward(g, n, s)},
    ),
}


def _autoencoder(divergence: Floats, reconstruction: Floats) -> dict[str, Floats]:
    return {LOSS: divergence + reconstruction, "train/recon_loss": reconstruction, "train/kl_loss": divergence}
