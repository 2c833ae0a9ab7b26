"""Two curves part where one of them changes, and not by the luck of the seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.stats.separation import Curve, Separation, align, same_until, separations
from tests.curves import Floats, autoregressive, falling, level, steps


def curve(value: Floats, every: int = 1) -> Curve:
    return steps(len(value), every), value


def separate(goods: list[Curve], bad: Curve) -> Separation | None:
    return next(iter(separations(goods, bad)), None)


def wandering(seed: int) -> Floats:
    return falling(2000, noise=0.02, seed=seed) * np.exp(0.02 * autoregressive(2000, 0.95, seed + 9999))


MAKERS: dict[str, Callable[[int], Floats]] = {
    "falling": lambda seed: falling(500, seed=seed),
    "level": lambda seed: level(500, 1.0, 0.1, seed),
    "coarse": lambda seed: falling(30, seed=seed),
    "wandering": wandering,
}


@pytest.mark.parametrize("name", list(MAKERS))
@pytest.mark.parametrize("goods", [1, 2, 3, 5])
def test_another_seed_is_no_separation_and_a_shift_is_one(name: str, goods: int) -> None:
    make = MAKERS[name]
    false, found = 0, 0
    for trial in range(40):
        *good, bad = (make(100 * trial + i) for i in range(goods + 1))
        false += separate([curve(value) for value in good], curve(bad)) is not None
        at = len(bad) * 6 // 10
        bad[at:] *= 1.6
        part = separate([curve(value) for value in good], curve(bad))
        found += part is not None and abs(part.step - at) <= max(0.1 * len(bad), 5) and part.until is None
    assert false <= 1 and found >= 35


def test_the_step_and_the_levels_are_found() -> None:
    bad = falling(400, seed=1)
    bad[250:300] *= 3
    part = separate([curve(falling(400))], curve(bad))
    assert part is not None and 249 <= part.step <= 251
    assert part.until is not None and 298 <= part.until <= 315
    assert part.bad > 2 * part.good and 250 <= part.worst < 300 and part.times > 10


def test_every_separation_is_found() -> None:
    bad = falling(600, seed=1)
    bad[100:160] *= 2
    bad[400:] *= 4
    first, last = separations([curve(falling(600))], curve(bad))
    assert abs(first.step - 100) <= 2 and first.until is not None and abs(first.until - 160) <= 15
    assert abs(last.step - 400) <= 2 and last.until is None and last.bad > 3 * last.good


def test_curves_without_noise_part_exactly() -> None:
    good, bad = np.full(100, 0.1), np.full(100, 0.1)
    bad[40:] = 0.01
    part = separate([curve(good)], curve(bad))
    assert part is not None and (part.step, part.bad) == (40, 0.01) and part.good == pytest.approx(0.1)
    assert same_until(curve(good), curve(bad)) == 39
    assert separate([curve(good)], curve(good)) is None


def test_same_until_takes_a_nan_for_a_value() -> None:
    one = np.array([1.0, np.nan, 2.0, 3.0])
    assert same_until(curve(one), curve(one.copy())) == 3
    assert same_until(curve(one), curve(one + 1)) is None
    assert same_until(curve(one), curve(np.array([1.0, np.nan, 2.0, 4.0]))) == 2
    assert same_until(curve(one), (steps(4) + 10, one)) is None


def test_curves_logged_at_different_steps_are_compared_on_the_coarser_ones() -> None:
    dense, coarse = curve(falling(1000)), (steps(100, 10) + 3, falling(1000, seed=2)[3::10])
    step, good, bad = align([dense], coarse)
    assert step.tolist() == coarse[0].tolist() and good.shape == (1, 100) and np.array_equal(bad, coarse[1])
    assert separate([dense], coarse) is None and separate([coarse], dense) is None


def test_a_curve_is_looked_at_only_where_a_good_one_reaches() -> None:
    short, long = curve(falling(100)), curve(level(400, 1.0))
    step, good, _ = align([short, long], curve(level(300, 1.0)))
    assert step[-1] == 299 or step[-1] == 99
    assert np.isfinite(good[1]).all()
    assert separate([short], (steps(50) + 500, level(50, 9.0))) is None, "nothing in common"
    assert separate([curve(np.full(20, np.nan))], short) is None


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=40), st.integers(1, 4))
def test_nothing_makes_it_fall_over(values: list[float], goods: int) -> None:
    bad = curve(np.array(values, float))
    with np.errstate(all="ignore"):
        part = separate([curve(level(30, 1.0, seed=i)) for i in range(goods)], bad)
    assert part is None or part.step in bad[0]
