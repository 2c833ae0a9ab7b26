"""Schedules, time, memory, evaluation, the end of a run: the fault, and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.analysis.judge import judge
from loglens.model.finding import Finding, Severity
from loglens.model.run import Run
from loglens.registry.load import detectors
from tests.curves import falling, level, run
from tests.detectors.test_other_rules import findings, skipped


def judged(rule: str, what: Run) -> list[Finding]:
    return list(judge(what, {rule: detectors()[rule]}).findings)


# time and memory --------------------------------------------------------------------------------


# learning rate ----------------------------------------------------------------------------------


# validation -------------------------------------------------------------------------------------


def test_validation_below_training_all_through() -> None:
    loss = falling(200, floor=1.0)
    (found,) = findings("validation-below-training", {"train_loss": loss, "val_loss": 0.7 * loss})
    assert found.severity is Severity.NOTE
    assert not findings("validation-below-training", {"train_loss": loss, "val_loss": 0.95 * loss})
    fast = np.exp(-np.arange(40) / 4.0)  # falls by a fifth from one evaluation to the next
    assert not findings("validation-below-training", {"train_loss": fast, "val_loss": 0.95 * fast})


def test_a_best_checkpoint_before_the_end() -> None:
    rising = falling(100, floor=1.0, noise=0.003)
    rising[60:] *= np.linspace(1, 1.12, 40)
    (found,) = findings("missed-early-stop", {"val_loss": rising})
    assert found.onset_step == pytest.approx(60, abs=8) and found.remedies[0].action == "early_stop"
    assert not findings("missed-early-stop", {"val_loss": falling(100, floor=1.0, noise=0.05)})
    steep = np.append(
        np.geomspace(2.0, 0.5, 8), [0.31, 0.33, 0.36, 0.35, 0.36, 0.36, 0.35, 0.36, 0.37, 0.37, 0.38, 0.38]
    )
    assert findings("missed-early-stop", {"val_loss": steep})  # the bend of its descent is no noise
    stopped = level(100, 1.0, 0.05)
    stopped[30:] = 1.03  # the weights move no more, and the loss repeats
    assert not findings("missed-early-stop", {"val_loss": stopped})
    rising[60:] *= np.linspace(1, 1.5, 40)  # for the rule of overfitting to name
    assert not findings("missed-early-stop", {"val_loss": rising})


# the beginning and the end ----------------------------------------------------------------------


def test_a_first_loss_far_above_guessing() -> None:
    high = run({"train_loss": falling(200, start=9.0)}, params={"num_classes": 10})
    (found,) = judged("poor-initial-loss", high)
    assert found.evidence["chance"] == pytest.approx(np.log(10)) and found.severity is Severity.NOTE
    assert not judged("poor-initial-loss", run({"train_loss": falling(200)}, params={"num_classes": 10}))
    assert "how many classes" in skipped("poor-initial-loss", {"train_loss": falling(200, start=9.0)})
    brief, blown = np.full(400, 0.5), np.full(400, 0.5)
    brief[:3], blown[:6] = [6.0, 3.0, 1.5], [2.3, 2.3, 17.0, 25.0, 18.0, 9.0]
    assert judged("poor-initial-loss", run({"train_loss": brief}, params={"num_classes": 10}))
    assert not judged("poor-initial-loss", run({"train_loss": blown}, params={"num_classes": 10}))  # by the updates
    other = run({"train_loss": falling(200, start=9.0)}, params={"num_classes": 10, "criterion": "MSELoss()"})
    assert not judged("poor-initial-loss", other)


def test_a_metric_that_no_one_computes() -> None:
    curves = {"train_loss": falling(50), "val_loss": falling(50), "val_acc": np.linspace(0, 1, 50)}
    assert judged("missing-metric", run(curves, params={"monitor": "val_f1"}))
    assert not judged("missing-metric", run(curves, params={"monitor": "val/acc", "eval_strategy": "steps"}))
    assert not judged("missing-metric", run(curves, params={"metric_for_best_model": "loss"}))
    assert judged("missing-metric", run({"loss": falling(50)}, params={"eval_strategy": "IntervalStrategy.STEPS"}))
    assert not judged("missing-metric", run({"loss": falling(50)}, params={"eval_strategy": "no"}))
    assert findings("missing-metric", {"loss": falling(50), "val_acc": np.full(9, np.nan)})


# weights, logits, precision ---------------------------------------------------------------------


# extended rules ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "kind"), [(6, "recovering"), (120, "lingering"), (200, "fatal")])
def test_a_spike_has_a_class(length: int, kind: str) -> None:
    loss = falling(400, floor=1.0)
    loss[200 : 200 + length] *= 5
    (found,) = findings("loss-spike", {"loss": loss})
    assert found.evidence["class"] == kind
    assert found.severity is (Severity.ERROR if kind == "fatal" else Severity.WARNING)
