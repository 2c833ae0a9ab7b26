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
