"""truncated-completions: most texts are cut off, with and without harm."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import level
from tests.detectors.judging import judged, only, skip_reason

RULE, SHARE = "truncated-completions", "completions/clipped_ratio"


@pytest.mark.parametrize("n", [12, 100, 2000])
@pytest.mark.parametrize("late", [0.7, 1.0])
def test_most_are_cut_and_the_reward_stays(n: int, late: float) -> None:
    curves = {SHARE: np.linspace(0.3, late, n).clip(0, late), "reward": level(n, 0.1)}
    curves[SHARE][n // 2 :] = late
    assert only(RULE, curves).severity is Severity.WARNING


def test_beside_a_reward_that_rises_it_is_a_note() -> None:
    assert only(RULE, {SHARE: np.full(100, 0.9), "reward": np.linspace(0, 1, 100)}).severity is Severity.NOTE


@pytest.mark.parametrize("late", [0.0, 0.1, 0.45])
def test_few_are_cut(late: float) -> None:
    assert not judged(RULE, {SHARE: np.linspace(1.0, late, 100).clip(0, 0.4), "reward": level(100, 0.1)})[0]


def test_few_points() -> None:
    assert "10 shares" in skip_reason(RULE, {SHARE: np.ones(5), "reward": level(5, 0.1)})


def test_counts_are_no_shares() -> None:
    counts = 300 + 20 * np.random.default_rng(0).normal(size=100)
    assert "not a share" in skip_reason(RULE, {SHARE: counts, "reward": level(100, 0.1)})
