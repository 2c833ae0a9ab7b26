"""What a schedule does to a loss: rates too low and too high, updates that never arrive, what a start tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from loglens.analysis.judge import judge
from loglens.model.columns import Columns
from loglens.model.finding import Finding
from loglens.model.run import Run
from loglens.registry.load import detectors
from tests.curves import Floats, falling, level, run, steps

COSINE = 1e-5 * (1 + np.cos(np.linspace(0, np.pi, 400))) / 2


def findings(rule: str, curves: dict[str, Floats]) -> list[Finding]:
    return list(judge(run(curves), {rule: detectors()[rule]}).findings)


def sparse(curves: dict[str, Floats]) -> Run:
    """Curves of one length of steps: those with fewer points have them evenly spread."""
    longest = max(len(value) for value in curves.values())
    columns = Columns.from_curves({tag: (steps(len(v), longest // len(v)), v) for tag, v in curves.items()})
    return Run("test", Path("test"), "test", columns)


def test_a_validation_loss_that_is_one_number_stalls_a_live_rate() -> None:
    loss = np.append(falling(60, floor=1.0, noise=0.02), level(340, 1.0, 0.02))
    frozen = np.append(np.linspace(2, 1.1, 6), np.full(34, 1.1234567))
    rules = {"plateau": detectors()["plateau"]}
    (found,) = judge(sparse({"loss": loss, "val_loss": frozen}), rules).findings
    assert found.onset_step == 60 and found.remedies[0].action == "check_optimizer_step"
    rounded = np.append(np.linspace(2, 1.1, 6), np.full(34, 1.12))
    assert not judge(sparse({"loss": loss, "val_loss": rounded}), rules).findings
    moving = np.append(np.linspace(2, 1.1, 6), 1.1234567 + 1e-6 * np.arange(34))
    assert not judge(sparse({"loss": loss, "val_loss": moving}), rules).findings
    still_learning = np.append(loss[:60], np.linspace(1.0, 0.8, 340))
    assert not judge(sparse({"loss": still_learning, "val_loss": frozen}), rules).findings


def test_a_loss_that_came_down_before_its_second_point_is_not_stuck() -> None:
    late = level(40, 0.125, 0.01)
    assert findings("loss-not-decreasing", {"loss": late})
    assert not findings("loss-not-decreasing", {"loss": np.append(0.7, late)})


def test_a_low_first_batch_is_no_rise() -> None:
    noisy = level(300, 14.0, 0.3, seed=1)
    noisy[:3] = 10.0, 12.0, 11.0
    assert findings("loss-not-decreasing", {"loss": noisy})


def test_a_metric_first_measured_after_the_learning_proves_nothing() -> None:
    loss = np.append(np.linspace(2.5, 1.2, 40), level(960, 1.16, 0.01))
    accuracy = level(16, 0.58, 0.005)
    rules = {"loss-not-decreasing": detectors()["loss-not-decreasing"]}
    late = Columns.from_curves({"loss": (steps(1000), loss), "val_acc": (60 + steps(16, 60), accuracy)})
    early = Columns.from_curves({"loss": (steps(1000), loss), "val_acc": (steps(16, 60), accuracy)})
    assert not judge(Run("late", Path("late"), "test", late), rules).findings
    assert judge(Run("early", Path("early"), "test", early), rules).findings


def test_zeros_before_the_judged_part_hide_no_oscillation() -> None:
    swing = level(800, 1.0, 0.1) * np.exp(np.sin(np.arange(800) / 12))
    swing[5:20] = 0.0
    assert findings("oscillation", {"loss": swing})


def test_a_generator_that_covers_one_mode() -> None:
    balanced = {"Loss_D": level(200, 1.386), "Loss_G": level(200, 0.7)}
    assert findings("gan-collapse", balanced | {"samples/modes_covered": np.tile([0.0, 1.0], 20)})
    assert not findings("gan-collapse", balanced | {"samples/modes_covered": np.minimum(np.arange(40.0), 8)})
    assert not findings("gan-collapse", balanced | {"samples/models": np.tile([0.0, 1.0], 20)})


def test_spikes_that_pass_began_with_the_first() -> None:
    loss = level(600, 0.5, 0.1)
    loss[200:203] *= 10
    loss[400:403] *= 20
    (found,) = findings("loss-spike", {"loss": loss})
    assert found.onset_step == 200 and "the first at 200" in found.message
