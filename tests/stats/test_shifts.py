"""Shifts of noisy curves: found where they are, and as rare in noise as their probability says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from loglens.stats.arrays import Floats
from loglens.stats.false_discovery import rejected
from loglens.stats.shifts import shift_before, tail_chance

Noise = Callable[[np.random.Generator, int], Floats]


def _correlated(rng: np.random.Generator, n: int) -> Floats:
    out = rng.normal(size=n)
    for i in range(1, n):
        out[i] += 0.8 * out[i - 1]
    return out


NOISES: dict[str, Noise] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy tails": lambda rng, n: rng.standard_t(3, n),
    "correlated": _correlated,
    "walk": lambda rng, n: np.cumsum(rng.normal(size=n)),
    "positive": lambda rng, n: np.exp(rng.normal(size=n)),
    "growing": lambda rng, n: rng.normal(size=n) * np.linspace(0.2, 2, n),
    "counts": lambda rng, n: rng.poisson(0.3, n).astype(float),
    "falling": lambda rng, n: np.exp(-4 * np.arange(n) / n) + 0.05 * rng.normal(size=n),
}


def chances(noise: Noise, n: int, runs: int, seed: int = 0) -> list[float]:
    rng = np.random.default_rng(seed)
    found = [shift_before(noise(rng, n), 8) for _ in range(runs)]
    return [1.0 if shift is None else shift.chance for shift in found]


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("n", [150, 400])
def test_noise_is_rarely_called_a_shift(kind: str, n: int) -> None:
    p = np.array(chances(NOISES[kind], n, 400))
    # the limits are three deviations of a binomial count above its mean
    assert np.mean(p < 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert np.mean(p < 0.01) <= 0.01 + 3 * np.sqrt(0.01 * 0.99 / 400)


@pytest.mark.parametrize("curves", [1, 10, 40])
def test_more_curves_make_no_more_false_claims(curves: int) -> None:
    kinds = list(NOISES.values())
    p = [chance for i, noise in enumerate(kinds) for chance in chances(noise, 300, 100, seed=i)]
    shuffled = np.random.default_rng(0).permutation(p)
    runs = shuffled[: len(p) // curves * curves].reshape(-1, curves)
    claimed = np.mean([any(rejected(run.tolist(), 0.01)) for run in runs])
    assert claimed <= 0.01 + 3 * np.sqrt(0.01 / len(runs))


@pytest.mark.parametrize("kind", ["normal", "correlated", "counts"])
@pytest.mark.parametrize("ago", [1, 3, 8])
def test_a_large_shift_is_found_where_it_is(kind: str, ago: int) -> None:
    rng = np.random.default_rng(3)
    value = NOISES[kind](rng, 600)
    value[-ago:] += 60 * value.std()
    found = shift_before(value, 12)
    assert found is not None
    assert found.length == ago
    assert found.after > found.before
    assert found.times > 2
    assert found.chance < 1e-3


def test_a_shift_as_large_as_earlier_ones_is_nothing_new() -> None:
    rng = np.random.default_rng(4)
    value = rng.normal(size=1000)
    for at in range(100, 1000, 100):
        value[at : at + 5] += 50
    value[-5:] += 50
    found = shift_before(value, 10)
    assert found is None or found.chance > 0.01


def test_a_short_past_says_nothing() -> None:
    assert shift_before(np.r_[np.zeros(60), np.ones(3)], 3) is None


def test_a_change_of_a_constant_counts_by_its_past_alone() -> None:
    found = shift_before(np.r_[np.ones(300), np.full(2, 5.0)], 3)
    assert found is not None
    assert found.chance == pytest.approx(1 / (found.history + 1))


def test_the_tail_of_a_power_law_is_estimated_on_the_safe_side() -> None:
    rng = np.random.default_rng(5)
    estimates = [tail_chance(rng.pareto(3, 1000) + 1, 10.0) for _ in range(200)]
    assert np.quantile(estimates, 0.1) >= 10.0**-3 * 0.5  # the truth is 10 ** -3
    assert np.median(estimates) <= 10.0**-3 * 10


def test_of_many_tests_the_share_of_false_claims_is_held() -> None:
    assert rejected([0.001, 0.2, 0.9], 0.05) == [True, False, False]
    assert rejected([0.02, 0.04, 0.9], 0.05) == [False, False, False]
    assert rejected([0.01, 0.03, 0.9], 0.05) == [True, True, False]  # the second passes the limit of two
    assert rejected([], 0.05) == []
