"""The rule loss-scale-collapse: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np

from tests.detectors.judging import findings, skip_reason


def test_a_loss_scale_that_only_falls() -> None:
    scale = 65536 * 0.5 ** np.maximum(np.arange(200) - 120, 0.0)
    (found,) = findings("loss-scale-collapse", {"loss_scale": scale})
    assert found.onset_step == 121 and found.remedies[0].action == "use_bf16"


def test_a_loss_scale_that_settles_is_healthy() -> None:
    scale = np.concatenate([65536 * 0.5 ** np.arange(4.0), np.full(150, 8192.0), np.full(46, 16384.0)])
    assert not findings("loss-scale-collapse", {"loss_scale": scale})


def test_a_scale_that_finds_its_level_far_below() -> None:
    """Ten halvings at the start, and not one in the 390 steps after them: no step overflows any more."""
    scale = 65536 * 0.5 ** np.minimum(np.arange(400.0), 10)
    assert not findings("loss-scale-collapse", {"loss_scale": scale})
    lowest = np.maximum(65536 * 0.5 ** np.arange(400.0), 1.0)  # where it can fall no further, it tells nothing
    assert findings("loss-scale-collapse", {"loss_scale": lowest})


def test_a_constant_scale() -> None:
    assert "not dynamic" in skip_reason("loss-scale-collapse", {"loss_scale": np.ones(100)})
