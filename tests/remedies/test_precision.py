"""Precision as far as a log tells it, and the advice that follows for numbers that are not finite."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loglens.model.run import Run
from loglens.remedies import actions
from loglens.remedies.precision import advice_for, considering_precision, from_checkpoint, precision
from tests.curves import falling, run, series


def with_params(**params: object) -> Run:
    return replace(run({"loss": falling(9)}), params={key.replace("__", "/"): value for key, value in params.items()})


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"fp16": True, "bf16": False}, "float16"),
        ({"fp16": False, "bf16": True}, "bfloat16"),
        ({"fp16": "False"}, "float32"),
        ({"precision": "16-mixed"}, "float16"),
        ({"precision": "bf16-mixed"}, "bfloat16"),
        ({"trainer__precision": 32}, "float32"),
        ({"precision": "32-true"}, "float32"),
        ({"torch_dtype": "torch.bfloat16"}, "bfloat16"),
        ({"dtype": "float16"}, "float16"),
        ({"amp": True}, "float16"),
        ({"amp": False}, "float32"),
        ({"lr": 16, "half_life": True, "batch": 32}, ""),
        ({}, ""),
    ],
)
def test_precision_by_parameters(params: dict[str, object], said: str) -> None:
    assert precision(with_params(**params), None) == said


def test_a_loss_scale_is_there_for_float16_only() -> None:
    assert precision(with_params(), series(np.full(9, 65536.0), role="loss_scale")) == "float16"
    assert precision(with_params(bf16=True), series(np.ones(9), role="loss_scale")) == "bfloat16"


def test_a_trainer_that_computes_in_half_by_default() -> None:
    yolo = run({"train/box_loss": falling(9), "train/dfl_loss": falling(9)})
    assert precision(yolo, None) == "float16" and precision(replace(yolo, params={"amp": False}), None) == "float32"


def test_a_trainer_without_bfloat16_is_sent_to_float32() -> None:
    yolo = run({"train/box_loss": falling(9), "train/dfl_loss": falling(9)})
    assert [remedy.action for remedy in considering_precision([actions.add_eps()], yolo, None)] == [
        "disable_fp16",
        "add_eps",
    ]


@pytest.mark.parametrize(
    ("params", "order"),
    [
        ({"fp16": True}, ["use_bf16", "clean_data", "add_eps"]),
        ({"bf16": True}, ["clean_data", "add_eps"]),
        ({}, ["clean_data", "disable_fp16", "add_eps"]),
    ],
)
def test_half_precision_is_the_first_suspect_and_a_full_one_none(params: dict[str, object], order: list[str]) -> None:
    advice = considering_precision([actions.clean_data(), actions.add_eps()], with_params(**params), None)
    assert [remedy.action for remedy in advice] == order
    assert considering_precision([actions.use_bf16()], with_params(), None) == [actions.use_bf16()]


@pytest.mark.parametrize(
    ("points", "suspect", "third"),
    [(50, "", True), (3, "", False), (50, "grad_norm_global", False), (0, "", False)],
)
def test_precision_comes_after_the_logarithm_where_gradients_are_known_not_to_have_grown(
    points: int, suspect: str, third: bool
) -> None:
    loss = np.r_[falling(50), np.full(50, np.nan)]
    drivers = [series(np.full(points, 0.3), "grad_norm_global", every=max(1, 50 // points))] if points else []
    advice = [one.action for one in advice_for(suspect, series(loss), drivers, 50, with_params())]
    assert (advice[:3] == ["clean_data", "add_eps", "disable_fp16"]) is third
    assert advice.index("disable_fp16") == (2 if third else 1)


@pytest.mark.parametrize(("onset", "step"), [(50, 49), (90, 89), (5, None), (None, None)])
def test_a_run_continues_from_its_last_sound_step(onset: int | None, step: int | None) -> None:
    loss = falling(100)
    loss[onset or 0 :] = np.nan
    advice = from_checkpoint(series(loss), onset)
    assert [remedy.params["step"] for remedy in advice] == ([] if step is None else [step])
