"""high-clip-fraction: shares above one half, in shares and in per cent."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import level
from tests.detectors.judging import judged, only, skip_reason

RULE, KL, CLIP = "high-clip-fraction", "train/approx_kl", "train/clip_fraction"


@pytest.mark.parametrize("unit", [1.0, 100.0])
@pytest.mark.parametrize("n", [30, 1000])
def test_most_samples_outside_of_the_clip_range(unit: float, n: int) -> None:
    found = only(RULE, {KL: level(n, 0.01), CLIP: unit * level(n, 0.7, 0.1)})
    assert found.severity is Severity.NOTE and found.evidence["median"] == pytest.approx(0.7, rel=0.1)
    assert not judged(RULE, {KL: level(n, 0.01), CLIP: unit * level(n, 0.25, 0.2)})[0]


def test_a_constant_is_a_setting() -> None:
    assert "a setting" in skip_reason(RULE, {KL: level(100, 0.01), CLIP: np.full(100, 0.9)})
    assert "20 shares" in skip_reason(RULE, {KL: level(10, 0.01), CLIP: level(10, 0.9)})
