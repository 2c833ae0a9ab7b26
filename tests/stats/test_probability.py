"""The two probabilities, beside SciPy's."""

from __future__ import annotations

import pytest
from scipy import stats

from loglens.stats.probability import beta_share, binomial_tail, student_quantile


@pytest.mark.parametrize("freedom", [1.0, 1.5, 3.7, 10.0, 33.3, 200.0, 1e5])
@pytest.mark.parametrize("share", [0.6, 0.9, 0.995, 1 - 1e-9])
def test_student_quantile(freedom: float, share: float) -> None:
    assert student_quantile(freedom, share) == pytest.approx(stats.t.ppf(share, freedom), rel=1e-7)


@pytest.mark.parametrize("trials", [1, 2, 5, 20, 101, 1000, 100_000])
@pytest.mark.parametrize("part", [0.0, 0.3, 0.5, 0.51, 0.6, 0.9, 1.0])
def test_binomial_tail(trials: int, part: float) -> None:
    successes = round(trials * part)
    assert binomial_tail(successes, trials) == pytest.approx(stats.binom.sf(successes - 1, trials, 0.5), rel=1e-7)


def test_binomial_tail_of_a_long_curve() -> None:
    """Half a coin's mass and half its middle: exact where the series is long."""
    assert binomial_tail(5_000_000, 10_000_000) == pytest.approx(0.5 + 0.5 * 2.5231e-4, abs=1e-7)
    assert binomial_tail(5_000_001, 10_000_000) == pytest.approx(0.5 - 0.5 * 2.5231e-4, abs=1e-7)


def test_the_ends_of_the_beta_function() -> None:
    assert [beta_share(2, 3, x) for x in (0.0, 1.0)] == [0.0, 1.0]
