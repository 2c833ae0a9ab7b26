"""NaN that is logged, NaN that the logger hid, and what is neither."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.analysis.judge import judge
from loglens.model.columns import Columns
from loglens.model.finding import Severity
from loglens.model.reported_finding import ReportedFinding
from loglens.model.run import Run
from loglens.model.source import Note
from loglens.registry.load import detectors
from tests.curves import Floats, falling, level, run, steps

RULE = {"nan-loss": detectors()["nan-loss"]}


def findings(curves: dict[str, Floats]) -> list[ReportedFinding]:
    return list(judge(run(curves), RULE).findings)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_first_step_of_a_loss_that_dies(bad: float) -> None:
    loss = falling(200)
    loss[120:] = bad
    (found,) = findings({"loss": loss})
    assert found.severity is Severity.ERROR and found.onset_step == 120


@given(st.integers(0, 300), st.integers(0, 50))
def test_appending_a_nan_is_always_an_error(n: int, seed: int) -> None:
    loss = np.append(falling(300, seed=seed)[:n], np.nan)
    assert [found.severity for found in findings({"loss": loss})] == [Severity.ERROR]


def test_what_moved_before_decides_the_advice() -> None:
    loss, calm = falling(200), level(200, 0.5)
    loss[150:] = np.nan
    spiking, shrinking = calm.copy(), np.full(200, 65536.0)
    spiking[140:150] = 80
    shrinking[130:] = 2.0

    def first(curves: dict[str, Floats]) -> str:
        return findings({"loss": loss, **curves})[0].remedies[0].action

    assert first({"grad_norm": spiking}) == "clip_grad_norm"
    assert first({"loss_scale": shrinking, "grad_norm": calm}) == "use_bf16"
    assert first({"grad_norm": calm}) == "clean_data"


def test_nan_from_the_first_loss_points_at_the_data() -> None:
    (found,) = findings({"loss": np.full(50, np.nan)})
    assert found.remedies[0].action == "clean_data"


def test_the_curve_that_went_first_is_named() -> None:
    loss, grad = falling(200), level(200, 0.5)
    loss[150:], grad[140:] = np.nan, np.inf
    assert "grad_norm (from 140)" in findings({"loss": loss, "grad_norm": grad})[0].message


def test_a_nan_that_passes_is_a_warning() -> None:
    loss = falling(200)
    loss[70] = np.nan
    (found,) = findings({"loss": loss})
    assert found.severity is Severity.WARNING and found.onset_step == 70


def test_nothing_to_average_yet_is_a_note() -> None:
    loss = falling(200)
    loss[:3] = np.nan
    (found,) = findings({"loss": loss})
    assert found.severity is Severity.NOTE


def test_a_gradient_that_stays_nan_under_a_fine_loss() -> None:
    grad = level(200, 0.5)
    grad[150:] = np.nan
    for hidden in (0.0, 0.7):
        loss = falling(200)
        loss[150:] = hidden
        (found,) = findings({"loss": loss, "grad_norm": grad})
        assert found.severity is Severity.ERROR and found.onset_step == 150


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_gradients_that_overflow_under_a_loss_that_continues_falling(bad: float) -> None:
    grad = level(200, 0.5)
    grad[150:] = bad
    assert not findings({"loss": falling(200), "grad_norm": grad})


def test_metrics_that_freeze_where_the_loss_is_blank_are_a_second_sign() -> None:
    blank = Note("blank-tail", "val/loss is blank in all 20 rows from step 30 on while rows continue", "log.csv")
    accuracy = np.concatenate(
        [np.linspace(0.1, 0.5, 30), np.zeros(20)]
    )  # of a group of its own: no sibling of the loss
    for metric, severity in ((accuracy, Severity.ERROR), (np.linspace(0.1, 0.9, 50), Severity.WARNING)):
        one = run({"loss": falling(50), "val/loss": falling(30), "held/accuracy": metric})
        (found,) = judge(replace(one, notes=(blank,)), {"nan-loss": detectors()["nan-loss"]}).findings
        assert found.severity is severity and found.onset_step == 29


@pytest.mark.parametrize("rows", [6, 40])
def test_an_error_rate_that_freezes_is_as_good_a_sign(rows: int) -> None:
    blank = Note("blank-tail", f"val/loss is blank in all {rows} rows from step 30 on while rows continue", "log.csv")
    rate = np.concatenate([np.linspace(1.5, 0.9, 30), np.full(rows, 0.8966)])
    for metric, severity in ((rate, Severity.ERROR), (np.geomspace(1.5, 0.2, 30 + rows), Severity.WARNING)):
        one = run({"loss": falling(30 + rows), "val/loss": falling(30), "held/wer": metric})
        (found,) = judge(replace(one, notes=(blank,)), RULE).findings
        assert found.severity is severity


def test_one_overflow_under_loss_scaling_is_normal() -> None:
    grad = level(200, 0.5)
    grad[50] = np.inf
    assert not findings({"loss": falling(200), "grad_norm": grad})


def partly(stop: int, other_every: int = 1) -> Run:
    """A run whose loss is logged until `stop`, and its accuracy to step 200."""
    rest = steps(200)[stop::other_every]
    accuracy = np.concatenate([steps(stop), rest])
    columns = Columns.from_curves(
        {"train/loss": (steps(stop), falling(200)[:stop]), "train/accuracy": (accuracy, level(len(accuracy), 0.8))}
    )
    return Run("test", run({}).source, "test", columns)


def test_a_loss_that_stops_while_its_row_continues() -> None:
    (found,) = judge(partly(150), RULE).findings
    assert found.severity is Severity.ERROR and found.onset_step == 150


def test_rows_at_another_pace_are_no_sign() -> None:
    assert not judge(partly(100, other_every=10), RULE).findings


def test_few_finite_losses_are_not_called_clean() -> None:
    outcome, *_ = judge(run({"loss": falling(4)}), RULE).outcomes
    assert outcome.outcome == "skipped"


def test_the_losses_of_a_gan_are_losses() -> None:
    value = np.concatenate([[1.5, 1.4], np.full(20, np.nan)])
    (found, *_) = findings({"loss/D": value, "loss/G": value})
    assert found.condition == "nan-loss" and found.severity is Severity.ERROR
