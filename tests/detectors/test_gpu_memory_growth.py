"""The rule gpu-memory-growth: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import Floats, level
from tests.detectors.judging import findings


def test_memory_that_is_never_given_back() -> None:
    (found,) = findings("gpu-memory-growth", {"gpu_mem_mb": np.linspace(1000, 3000, 200)})
    assert found.severity is Severity.WARNING and found.remedies[0].action == "fix_input_pipeline"


@pytest.mark.parametrize(
    "memory",
    [
        np.maximum.accumulate(level(200, 1000, 0.2)),  # a peak creeps up
        1000 + 3000 * (1 - np.exp(-np.arange(200) / 25)),  # a cache fills
        level(200, 1500) + np.asarray(100 * np.sin(np.arange(200) / 30), np.float64),  # wanders
        np.append(np.full(100, 1000.0), np.full(100, 1800.0)),  # one jump
    ],
    ids=["peak", "cache", "wander", "jump"],
)
def test_memory_that_only_looks_like_a_leak(memory: Floats) -> None:
    assert not findings("gpu-memory-growth", {"gpu_mem_mb": memory})
