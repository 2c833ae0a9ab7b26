"""zero-reward-spread: groups without differences, unsolved and solved."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import level
from tests.detectors.judging import judged, only, skip_reason

RULE = "zero-reward-spread"


@pytest.mark.parametrize("n", [12, 60, 900])
def test_groups_that_all_get_the_same_reward(n: int) -> None:
    groups = {"reward": np.zeros(n), "frac_reward_zero_std": level(n, 0.97, 0.01).clip(max=1)}
    assert only(RULE, groups).severity is Severity.WARNING
    solved = groups | {"reward": np.linspace(0.1, 1.0, n)}
    assert only(RULE, solved).severity is Severity.NOTE
    assert not judged(RULE, groups | {"frac_reward_zero_std": level(n, 0.5)})[0]
    assert judged(RULE, {"reward": np.zeros(n), "reward_std": np.zeros(n)})[0]


def test_what_is_not_judged() -> None:
    assert "neither" in skip_reason(RULE, {"reward": np.zeros(60)})
    assert "not a share" in skip_reason(RULE, {"reward": np.zeros(60), "frac_reward_zero_std": level(60, 400.0)})


def test_shares_in_per_cent() -> None:
    groups = {"reward": np.zeros(60), "frac_reward_zero_std": level(60, 95.0, 0.01).clip(max=100)}
    assert only(RULE, groups).evidence["share"] == pytest.approx(0.95, abs=0.02)
