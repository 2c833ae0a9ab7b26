"""Parts that all outputs share: names cut short, what to log besides, the scale of a plot."""

from __future__ import annotations

import json  # noqa: F401 - what is evaluated below needs it
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import loglens
from loglens.model.finding import Severity
from loglens.model.report import CurveRole
from loglens.renderers.shared.buckets import MIN_SPAN, Scale
from loglens.renderers.shared.summary import by_cause, distinct, numbers
from loglens.renderers.shared.worth_logging import how_to_log, worth_logging
from tests.golden.example import exploding, failed, healthy

NOTE = Severity.NOTE


def test_runs_are_grouped_by_verdict_and_cause_and_a_note_is_named() -> None:
    noted = replace(healthy(), findings=(replace(exploding(), finding=replace(exploding().finding, severity=NOTE)),))
    groups = [(verdict, cause, len(runs)) for verdict, cause, runs in by_cause([healthy(), noted, failed(), healthy()])]
    assert groups[1:] == [("healthy", "", 2), ("healthy", "note: exploding gradient", 1)]
    assert groups[0][0] == "failed" and groups[0][2] == 1


def test_the_ends_of_an_interval_stand_beside_its_middle_and_a_quoted_text_is_left_out() -> None:
    finding = replace(
        exploding(),
        finding=replace(
            exploding().finding,
            message="it ended: out of memory",
            evidence={"growth": 2.0, "growth_low": 1.5, "growth_high": 2.5, "said": "out of memory", "kind": "other"},
        ),
    )
    assert numbers(finding) == [("growth", "2 (1.5 to 2.5)"), ("kind", "other")]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["exp/a/log.csv", "exp/b/log.csv"], ["a", "b"]),
        (["exp/a/1/log.csv", "exp/b/2/log.csv"], ["a/1", "b/2"]),
        (["exp/a", "other/a"], ["exp", "other"]),
        (["a", "a/b"], ["a", "a/b"]),
        (["same/x", "same/x"], ["same/x", "same/x"]),
        (["one/x"], ["one/x"]),
        ([], []),
    ],
)
def test_names_are_cut_to_what_tells_them_apart(names: list[str], expected: list[str]) -> None:
    assert distinct(names) == expected


def test_a_nearly_flat_curve_is_drawn_flat_and_a_constant_in_the_middle() -> None:
    value = np.array([2.3026, 2.3025, 2.3027])
    scale = Scale.of(value)
    assert scale.high - scale.low == pytest.approx(MIN_SPAN * 2.3027)
    assert np.ptp(scale(value)) < 0.01
    constant = Scale.of(np.full(3, 2.0))
    assert (constant.low, constant.high) == (2.0, 2.0)
    assert constant(np.full(3, 2.0)).tolist() == [0.5, 0.5, 0.5]


def test_a_curve_that_moves_fills_its_scale() -> None:
    scale = Scale.of(np.array([1.0, 2.0]))
    assert (scale.low, scale.high, scale.log) == (1.0, 2.0, False)


def _role(role: str, split: str = "train") -> CurveRole:
    return CurveRole(role, role, split, None, "step", 100, 0)


def test_the_curves_worth_logging_are_those_that_are_not_there() -> None:
    run = replace(failed(), curve_roles=(_role("loss"), _role("loss", "val"), _role("lr")))
    assert [name for name, _ in worth_logging(run)] == ["gradient norm", "validation metric", "weight norm"]


def test_reinforcement_learning_is_asked_for_its_own_curves() -> None:
    run = replace(failed(), curve_roles=(_role("rl_reward"),))
    assert [name for name, _ in worth_logging(run)] == ["policy entropy", "KL divergence", "value loss"]


def test_a_run_without_any_role_is_asked_for_none() -> None:
    assert worth_logging(replace(failed(), curve_roles=())) == []


def test_how_to_log_a_curve_is_said_for_the_format_and_is_understood(tmp_path: Path) -> None:
    assert how_to_log("tensorboard", "val/loss") == 'writer.add_scalar("val/loss", value, step)'
    assert how_to_log("foreign", "val/loss") == ""
    lines = {name: eval(f"lambda step, value, print=str: {how_to_log(name, 'val/loss')}") for name in ("text", "jsonl")}  # noqa: S307
    for name, line in lines.items():
        file = tmp_path / f"log.{name}"
        file.write_text("\n".join(line(step, 1 / step) for step in range(1, 30)))
        (run,) = loglens.read(file)
        assert len(run.series("val/loss")) == 29
