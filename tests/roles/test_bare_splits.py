"""Curves that are named after a part of the data and nothing else, and names in other scripts."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.roles.bare_splits import guess_bare_splits
from loglens.roles.from_tags import roles_of_tags
from loglens.roles.role import Role
from tests.curves import series

UP, DOWN = np.linspace(10, 70, 30), np.linspace(2.3, 0.1, 30)


def guess(values: dict[str, np.ndarray], *roles: str) -> dict[str, tuple[str | None, str | None]]:
    found = guess_bare_splits({tag: series(value, tag=tag) for tag, value in values.items()}, roles)
    assert all(role.guessed for role in found.values())
    return {tag: (role.name, role.split) for tag, role in found.items()}


def test_they_are_the_loss_where_there_is_none() -> None:
    assert guess({"trn": DOWN, "tst": DOWN + 0.1}) == {"trn": ("loss", "train"), "tst": ("loss", "test")}


def test_beside_a_loss_they_are_a_metric() -> None:
    assert guess({"Train": UP, "Valid": UP - 3}, "loss") == {
        "Train": ("metric_higher", "train"),
        "Valid": ("metric_higher", "val"),
    }
    assert guess({"Train": DOWN, "Valid": DOWN}, "loss")["Valid"] == ("metric_lower", "val")


@pytest.mark.parametrize("values", [{"train": DOWN}, {"val": DOWN, "test": DOWN}, {"train": DOWN[:3], "val": DOWN[:3]}])
def test_of_one_part_or_few_points_nothing_is_said(values: dict[str, np.ndarray]) -> None:
    assert guess(values) == {}


@pytest.mark.parametrize(
    ("tag", "role"),
    [
        ("训练 准确率", Role("metric_higher", "train")),
        ("val/损失", Role("loss", "val")),
        ("学习率", Role("lr", None)),
        ("検証 正解率", Role("metric_higher", "val")),
        ("손실", Role("loss", "train")),
        ("norm_edit_dis", Role("metric_higher", "train")),
        ("train-auc-std", Role(None, None)),
        ("test-logloss-mean", Role("loss", "test")),
        ("[Validate] errs", Role("metric_lower", "val")),
    ],
)
def test_names(tag: str, role: Role) -> None:
    assert roles_of_tags([tag])[tag] == role


def test_a_score_of_held_out_data_is_better_the_higher_it_is() -> None:
    assert guess({"val/Score": UP, "score": UP}) == {"val/Score": ("metric_higher", "val")}
