"""Whether a model learned, from metrics and validation losses of known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loglens.model import learning
from loglens.model.series import Series
from tests.curves import Floats, falling, level, run, series, steps


def accuracy(value: Floats, split: str = "train") -> Series:
    return series(value, "metric_higher", split, f"{split}_acc")


RISING, FLAT = np.linspace(0.1, 0.9, 100), level(100, 0.1)


def test_a_run_is_old_enough_after_points_updates_and_warmup() -> None:
    loss, warming = series(level(100, 2.3)), series(np.linspace(0, 1, 100), "lr")
    assert not learning.is_old_enough(loss, None), "its last step is 99"
    assert learning.is_old_enough(series(level(101, 2.3)), None)
    assert not learning.is_old_enough(series(level(101, 2.3)), warming)
    assert learning.is_old_enough(series(level(58, 2.3), every=2_000), warming), "the rate is of the first 100 steps"
    assert not learning.is_old_enough(series(level(19, 2.3), every=100), None)
    epochs = replace(series(level(20, 2.3)), axis="epoch")
    assert learning.is_old_enough(epochs, None), "an epoch has many updates"


def test_bounded_metrics_are_those_between_0_and_1() -> None:
    kept = learning.bounded([accuracy(RISING), accuracy(100 * RISING), accuracy(RISING[:9]), accuracy(-RISING)])
    assert [len(metric) for metric in kept] == [100]
    assert learning.any_covers(kept, 0.5) and not learning.any_covers([accuracy(FLAT)], 0.5)


def test_the_start_of_a_metric_is_known_if_it_was_measured_early() -> None:
    loss = series(np.append(np.linspace(2.0, 0.0, 30), np.zeros(70)))
    early, late = (replace(accuracy(RISING[:10]), step=steps(10, 6) + first) for first in (4, 40))
    assert learning.start_was_seen([early], loss, 2.0, 0.0)
    assert not learning.start_was_seen([late], loss, 2.0, 0.0)
    assert learning.start_was_seen([late], loss, 2.0, 2.0), "a loss that never fell hides no start"


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_a_validation_loss_that_gains(unit: float) -> None:
    assert learning.gained(series(unit * falling(20), split="val"), 0.05)
    assert not learning.gained(series(unit * level(20, 1.0, 0.001), split="val"), 0.05)
    assert not learning.gained(None, 0.05)


def test_the_first_level_is_the_one_as_first_logged() -> None:
    what = run({"loss": np.append([9.0, 8.0, 7.0], level(50, 1.0))})
    assert learning.first_level(what.series("loss"), what, 1.0) == 8.0
    assert learning.first_level(series(FLAT, tag="sum"), what, 1.5) == 1.5


def test_a_training_metric_that_improves() -> None:
    assert learning.any_improves([accuracy(RISING)], lower=False)
    assert not learning.any_improves([accuracy(RISING)], lower=True)
    assert not learning.any_improves([accuracy(RISING, "val")], lower=False), "it is of validation"
    assert not learning.any_improves([accuracy(FLAT)], lower=False)


def test_the_share_of_a_metric_that_is_kept() -> None:
    lost = np.append(np.linspace(0.1, 0.8, 60), np.full(40, 0.4))
    assert learning.kept_share([accuracy(lost)]) == pytest.approx(0.5, abs=0.03)
    assert learning.kept_share([accuracy(RISING), accuracy(lost)]) == learning.kept_share([accuracy(lost)])
    assert learning.kept_share([]) == 0.0 == learning.kept_share([accuracy(-RISING)])


def test_a_metric_that_freezes() -> None:
    frozen = accuracy(np.append(RISING[:60], np.full(40, RISING[59])))
    assert learning.frozen_from([frozen, accuracy(RISING)], 60, 20) == [frozen.finite]
    assert not learning.frozen_from([frozen], 60, 40), "39 points follow step 60"
    assert not learning.frozen_from([accuracy(np.full(100, 0.1))], 60, 20), "it never moved"


def test_a_validation_loss_that_falls_after_a_step() -> None:
    held_out = series(np.append(np.full(10, 2.0), np.full(10, 1.0)), split="val")
    assert learning.fall_after(held_out, 10, 0.1) == (2.0, 1.0)
    assert learning.fall_after(held_out, 10, 0.6) is None
    assert learning.fall_after(held_out, 16, 0.1) is None, "four evaluations follow"
