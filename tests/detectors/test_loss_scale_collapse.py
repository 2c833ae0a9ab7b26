"""The rule loss-scale-collapse: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np

from tests.detectors.judging import findings


def test_a_loss_scale_that_only_falls() -> None:
    scale = 65536 * 0.5 ** np.maximum(np.arange(200) - 120, 0.0)
    (found,) = findings("loss-scale-collapse", {"loss_scale": scale})
    assert found.onset_step == 121 and found.remedies[0].action == "use_bf16"


def test_a_loss_scale_that_settles_is_healthy() -> None:
    scale = np.concatenate([65536 * 0.5 ** np.arange(4.0), np.full(150, 8192.0), np.full(46, 16384.0)])
    assert not findings("loss-scale-collapse", {"loss_scale": scale})
