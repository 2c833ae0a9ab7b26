"""The rule missing-metric: a metric that is monitored and that nobody computes."""

from __future__ import annotations

import numpy as np

from tests.curves import falling, run
from tests.detectors.judging import findings


def test_a_metric_that_no_one_computes() -> None:
    curves = {"train_loss": falling(50), "val_loss": falling(50), "val_acc": np.linspace(0, 1, 50)}
    assert findings("missing-metric", run(curves, params={"monitor": "val_f1"}))
    assert not findings("missing-metric", run(curves, params={"monitor": "val/acc", "eval_strategy": "steps"}))
    assert not findings("missing-metric", run(curves, params={"metric_for_best_model": "loss"}))
    assert findings("missing-metric", run({"loss": falling(50)}, params={"eval_strategy": "IntervalStrategy.STEPS"}))
    assert not findings("missing-metric", run({"loss": falling(50)}, params={"eval_strategy": "no"}))
    assert findings("missing-metric", {"loss": falling(50), "val_acc": np.full(9, np.nan)})


def test_the_newest_checkpoint_is_kept_by_the_step() -> None:
    """Lightning's ModelCheckpoint(monitor="step", mode="max")."""
    for axis in ("step", "global_step", "epoch"):
        assert not findings("missing-metric", run({"loss": falling(50)}, params={"monitor": axis}))
