"""Breaks of curves without noise: found where they are, and none where a schedule is smooth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.stats.arrays import Floats
from loglens.stats.setting_changes import break_before, break_sizes, chance_of_nearness, is_noiseless, stages


def schedule(name: str, n: int, peak: float = 1e-3) -> Floats:
    t = np.arange(n)
    shapes = {
        "constant": np.ones(n),
        "linear": 1 - t / n,
        "cosine": 0.5 * (1 + np.cos(np.pi * t / n)),
        "warmup": np.minimum(t / (n // 10), 1.0),
        "exponential": 0.01 ** (t / n),
        "inverse root": 1 / np.sqrt(np.maximum(t, n // 20)),
        "polynomial": (1 - t / n) ** 2,
    }
    return peak * shapes[name]


SMOOTH = ("constant", "linear", "cosine", "warmup", "exponential", "inverse root", "polynomial")


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("n", [200, 1000, 20_000])
@pytest.mark.parametrize("peak", [1e-6, 0.3])
def test_a_smooth_schedule_has_no_break(name: str, n: int, peak: float) -> None:
    value = schedule(name, n, peak)
    assert not any(break_before(value, end, 20) for end in range(20, n + 1, max(n // 200, 1)))


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("ratio", [0.01, 0.3, 3.0, 100.0])
@pytest.mark.parametrize("ago", [1, 2, 7])
def test_a_jump_of_a_schedule_is_found_where_it_is(name: str, ratio: float, ago: int) -> None:
    value = schedule(name, 1000)
    value[600:] *= ratio
    found = break_before(value, 600 + ago, 10)
    assert found is not None
    assert (found.at, found.seen) == (600, 0)
    assert found.after / found.before == pytest.approx(ratio, rel=0.05)
    assert found.chance == pytest.approx(ago / 600, rel=0.05)


def test_what_comes_after_the_moment_is_not_looked_at() -> None:
    value = np.full(500, 0.1)
    value[300:] = 10.0
    assert break_before(value, 300, 50) is None
    assert break_before(value, 400, 50) is None  # too long ago


def test_stairs_that_come_again_and_again_are_likelier_by_accident() -> None:
    value = 0.5 ** (np.arange(1000) // 100).astype(float)
    first, last = break_before(value, 103, 10), break_before(value, 903, 10)
    assert first is not None and last is not None
    assert (first.seen, last.seen) == (0, 8)


def test_a_jump_is_one_break_not_two() -> None:
    value = np.full(100, 0.001)
    value[50:] = 1e-5
    assert np.flatnonzero(break_sizes(value) > 0.1).tolist() == [50]


@given(st.floats(1e-9, 1e9), st.integers(30, 300), st.floats(2.0, 1e3))
def test_breaks_do_not_depend_on_the_unit(unit: float, n: int, ratio: float) -> None:
    value = np.ones(n)
    value[n // 2 :] = ratio
    one, other = break_before(value, n // 2 + 2, 5), break_before(unit * value, n // 2 + 2, 5)
    assert one is not None and other is not None
    assert (one.at, one.chance) == (other.at, other.chance)


def test_noise_and_short_curves_are_no_settings() -> None:
    rng = np.random.default_rng(0)
    assert not is_noiseless(rng.normal(size=200))
    assert not is_noiseless(np.ones(2))
    assert is_noiseless(np.arange(100.0))
    assert is_noiseless(np.repeat([8.0, 16.0, 32.0], 40))


def test_the_steps_of_a_rounded_schedule_are_no_breaks() -> None:
    value = np.array([float(f"{rate:.2g}") for rate in schedule("cosine", 1000)])
    assert not any(break_before(value, end, 20) for end in range(20, 950))


def test_the_end_of_a_warmup_is_a_stage() -> None:
    assert stages(schedule("warmup", 1000)).tolist() == [100]
    assert stages(schedule("cosine", 1000)).tolist() == []
    assert len(stages(np.ones(4))) == 0


@given(st.integers(0, 50), st.integers(51, 10_000), st.integers(1, 50))
def test_nearness_by_accident_is_a_probability_that_grows_with_reach(seen: int, history: int, points: int) -> None:
    near, far = chance_of_nearness(seen, history, points), chance_of_nearness(seen, history, points + 1)
    assert 0 < near <= far <= 1


def test_nearness_by_accident_is_as_often_as_counted() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(4000):
        events = rng.choice(1000, 10, replace=False)
        hits += bool(((events >= 600) & (events < 605)).any())
    assert hits / 4000 == pytest.approx(chance_of_nearness(9, 1000, 5), abs=0.01)
