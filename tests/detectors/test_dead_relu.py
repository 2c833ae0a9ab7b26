"""The rule dead-relu: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.analysis.judge import judge
from loglens.registry.load import detectors
from tests.curves import level, run
from tests.detectors.judging import findings, skip_reason


def test_dead_units() -> None:
    dying = np.clip(np.linspace(0.4, 1.4, 100), 0, 1)
    (found,) = findings("dead-relu", {"activations/fc.0/zero_fraction": dying})
    assert found.onset_step == pytest.approx(50, abs=1)
    assert not findings("dead-relu", {"activations/fc.0/zero_fraction": level(100, 0.6)})
    dying[-1] = 0.5  # one batch at the very end wakes some
    (found,) = findings("dead-relu", {"activations/fc.0/zero_fraction": dying})
    assert found.onset_step == pytest.approx(50, abs=1)


def test_units_that_are_dead_for_all_inputs() -> None:
    dying = np.linspace(0.02, 0.75, 100)
    assert findings("dead-relu", {"dead_relu/fc.0": dying})
    assert not findings("dead-relu", {"activations/fc.0/zero_fraction": dying})


def test_units_of_the_share() -> None:
    low = {"activations/fc.0/zero_fraction": level(100, 1.0, 0.01), "activations/fc.1/zero_fraction": level(100, 1.4)}
    assert not findings("dead-relu", low), "one in a hundred, in per cent"
    assert "counts units" in skip_reason("dead-relu", {"dead_relu/fc.0": np.round(level(100, 80.0, 0.1))})
    assert "3 points" in skip_reason("dead-relu", {"activations/fc.0/zero_fraction": np.array([0.95, 0.99])})


def test_dead_units_are_why_no_gradient_arrives() -> None:
    dead = {f"activations/fc.{layer}/zero_fraction": level(100, 1.0, 0.0) for layer in range(4)}
    none = {f"grad_norm/fc.{layer}": np.zeros(100) for layer in range(4)}
    result = judge(run({"loss": level(100, 1.386, 0.001), **dead, **none}), detectors())
    causes = {found.rule.name: found.caused_by for found in result.findings}
    assert causes["dead-relu"] is None and causes["vanishing-gradient"] == "dead-relu"
