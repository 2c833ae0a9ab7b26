"""The rule clipping-always-active: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import falling, level
from tests.detectors.judging import complains, findings


@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_clipping_counts_where_the_loss_stands_still(unit: float) -> None:
    clipped = {"clip_fraction": np.full(100, unit), "grad_norm": level(100, 3.0)}
    assert complains("clipping-always-active", clipped | {"loss": level(100, 2.3)})
    (note,) = findings("clipping-always-active", clipped | {"loss": falling(100)})
    assert note.severity is Severity.NOTE


def test_clipping_of_single_steps_is_what_it_is_for() -> None:
    rare = np.where(np.arange(100) % 10 == 0, 1.0, 0.0)
    early = np.where(np.arange(100) < 15, 1.0, 0.0)  # until the first steps are over
    for clipped in (rare, early):
        curves = {"clip_fraction": clipped, "grad_norm": level(100, 0.8, 0.3), "loss": level(100, 2.3)}
        assert not findings("clipping-always-active", curves)
