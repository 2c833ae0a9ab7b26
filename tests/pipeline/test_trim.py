"""What is kept of a curve to draw: few points, and none that matters is lost."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from loglens.analysis.judge import judge
from loglens.pipeline.trim import MIN_RUN_POINTS, point_budget, thin, trim
from loglens.registry import load as registry
from tests.curves import falling, run, series

VALUES = st.floats(width=32, allow_nan=True, allow_infinity=True)


@given(arrays(np.float64, st.integers(1, 3000), elements=VALUES), st.integers(16, 400))
def test_what_matters_is_kept(value: np.ndarray, max_points: int) -> None:
    curve = series(value)
    few = thin(curve, max_points, [len(value) // 2])
    assert len(few) <= max(max_points + 8, max_points * 1.1)
    assert few.step[0] == curve.step[0] and few.step[-1] == curve.step[-1]
    at = np.searchsorted(curve.step, few.step)
    np.testing.assert_array_equal(few.value, curve.value[at], "points are as they were logged")
    if len(curve.finite):
        assert few.finite.value.min() == curve.finite.value.min()
        assert few.finite.value.max() == curve.finite.value.max()
    assert (few.nonfinite > 0) == (curve.nonfinite > 0)
    if len(curve) > max_points:
        assert {len(value) // 2 - 1, len(value) // 2} <= set(few.step.tolist())


def test_a_spike_of_one_step_survives() -> None:
    value = falling(100_000)
    value[54_321] = 40.0
    few = thin(series(value), 200)
    assert few.value.max() == 40.0 and 54_321 in few.step


def test_a_run_gets_its_share() -> None:
    curves = {f"layer{i}/grad_norm": falling(2000, seed=i) for i in range(60)}
    whole = judge(run({"train/loss": falling(2000), **curves}), registry.detectors())
    assert trim(whole, 1 << 20) == whole
    few = trim(whole, MIN_RUN_POINTS)
    assert sum(map(len, few.curves)) < 2 * MIN_RUN_POINTS
    assert few.as_dict() == whole.as_dict(), "what is told does not change"


def test_shares_add_up() -> None:
    assert point_budget(1) == 1 << 19
    assert point_budget(2000) == point_budget(10**9) == MIN_RUN_POINTS
    assert all(point_budget(runs) * runs <= 600_000 for runs in range(1, 1000))
