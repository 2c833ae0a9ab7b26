"""The rule logit-growth: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np

from tests.curves import falling
from tests.detectors.judging import findings


def test_logits_that_grow_without_bound() -> None:
    growth = np.geomspace(5, 800, 200)
    assert findings("logit-growth", {"loss": falling(200), "attn/max_logits": growth})
    settles = 5 + 300 * (1 - np.exp(-np.arange(200) / 20))
    assert not findings("logit-growth", {"loss": falling(200), "attn/max_logits": settles})
    assert not findings("logit-growth", {"loss": falling(200), "attn/max_logits": growth / 20})  # small to the end
    assert findings("logit-growth", {"loss": falling(200), "train/z_loss": growth / 1e6})


def test_steady_growth_points_to_the_decay_first() -> None:
    steady, driven = np.geomspace(5, 800, 200), np.linspace(5, 1500, 200)
    for curve, action in ((steady, "fix_weight_decay"), (driven, "add_normalization")):
        (found,) = findings("logit-growth", {"loss": falling(200), "attn/max_logits": curve})
        assert found.remedies[0].action == action
