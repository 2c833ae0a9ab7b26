"""The learning rate at a step, and its jumps just before one."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.rate_in_force import lead_points, rate_change, rate_in_force, rate_jump
from tests.curves import series


@pytest.mark.parametrize("every", [1, 50])
@pytest.mark.parametrize("ratio", [2.5, 100.0, 0.01])
def test_a_jump_is_found_with_its_step_and_rates(every: int, ratio: float) -> None:
    value = np.full(400, 3e-4)
    value[200:] *= ratio
    found = rate_change(series(value, "lr", every=every), 203 * every)
    assert found is not None
    assert (found.step, found.points) == (200 * every, 4)
    assert found.before == 3e-4 and found.factor == pytest.approx(ratio)
    assert (rate_jump(series(value, "lr", every=every), 203 * every) is not None) == (ratio > 1)


def test_a_jump_at_the_onset_itself_counts_and_one_after_it_does_not() -> None:
    value = np.full(400, 3e-4)
    value[200:] *= 10
    assert rate_jump(series(value, "lr"), 200) is not None
    assert rate_jump(series(value, "lr"), 199) is None
    assert rate_jump(series(value, "lr"), 300) is None


def test_stairs_and_smooth_schedules_do_not_jump() -> None:
    t = np.arange(2000)
    for value in (np.minimum(t / 100, 1.0), 1 + np.cos(np.pi * t / 2000), 0.5 ** (t // 40).astype(float)):
        assert not any(rate_jump(series(1e-3 * value, "lr"), onset) for onset in range(100, 2000, 7))


def test_without_a_rate_or_an_onset_there_is_no_jump() -> None:
    assert rate_jump(None, 10) is None
    assert rate_jump(series(np.ones(10), "lr"), None) is None
    assert rate_in_force(None, 5) is None
    assert rate_in_force(series(np.full(3, np.nan), "lr"), 5) is None


def test_the_rate_in_force_is_the_last_one_logged() -> None:
    rate = series(np.array([1.0, np.nan, 3.0, 4.0]), "lr", every=10)
    assert [rate_in_force(rate, step) for step in (None, -5, 0, 15, 20, 29, 99)] == [1, 1, 1, 1, 3, 3, 4]


def test_the_lead_is_two_hundredths_within_bounds() -> None:
    assert [lead_points(n) for n in (10, 400, 10**6)] == [3, 8, 50]
