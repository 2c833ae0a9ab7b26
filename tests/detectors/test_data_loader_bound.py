"""The rule data-loader-bound: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves import level
from tests.detectors.judging import findings


def test_waiting_for_data() -> None:
    wait, step = level(100, 0.4, 0.1), level(100, 0.5, 0.05)
    (found,) = findings("data-loader-bound", {"data_time": wait, "batch_time": step})
    assert found.evidence["share"] == pytest.approx(0.8, rel=0.05)
    assert not findings("data-loader-bound", {"data_time": wait / 5, "batch_time": step})
    beside = findings("data-loader-bound", {"data_time": 2 * wait, "batch_time": step})  # 0.8 beside 0.5
    assert beside[0].evidence["share"] == pytest.approx(0.8 / 1.3, rel=0.05)
    first = wait / 40
    first[0] = 30.0  # the first batch, as everywhere
    assert not findings("data-loader-bound", {"data_time": first, "batch_time": step})
    rl = {"sample_time": wait, "time_this_iter_s": step, "episode_reward_mean": level(100, 5.0)}
    assert not findings("data-loader-bound", rl)


def test_workers_that_deliver_together_are_waited_for_once_in_a_while() -> None:
    wait, step = np.full(200, 0.001), level(200, 0.05, 0.1)
    wait[::4] = 0.4  # three of four steps wait for nothing
    (found,) = findings("data-loader-bound", {"data_time": wait, "batch_time": step + wait})
    assert found.evidence["share"] == pytest.approx(0.403 / (0.403 + 4 * 0.05), rel=0.02)
    wait[::4] = 0.05
    assert not findings("data-loader-bound", {"data_time": wait, "batch_time": step + wait})


def test_a_wait_within_the_step_time_is_distinguished_from_one_beside_it() -> None:
    wait = level(200, 0.07, 0.2)
    within = {"data_time": wait, "batch_time": wait + level(200, 0.05, 0.1, seed=1)}
    assert findings("data-loader-bound", within)[0].evidence["share"] == pytest.approx(0.07 / 0.12, rel=0.05)
    assert not findings("data-loader-bound", {"data_time": wait, "batch_time": level(200, 0.12, 0.1, seed=1)})


@pytest.mark.parametrize("wait", [0.2, 0.25, 0.3, 1 / 3])
def test_waits_that_are_all_alike_are_taken_to_be_within_the_step(wait: float) -> None:
    curves = {"data_time": np.full(60, wait), "batch_time": np.full(60, 0.4)}
    (found,) = findings("data-loader-bound", curves)
    assert found.evidence["share"] == pytest.approx(wait / 0.4)
    assert not findings("data-loader-bound", {**curves, "data_time": np.full(60, wait / 3)})
