"""The rule clipping-always-active: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import falling, level
from tests.detectors.judging import complains, findings, judged, skip_reason


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


def test_updates_that_are_cut_short() -> None:
    curves = {"loss": falling(100), "grad_norm": level(100, 30.0), "grad_norm_clipped": np.full(100, 0.1)}
    assert complains("clipping-always-active", curves)
    (note,) = judged("clipping-always-active", curves, optimizer="AdamW")[0]
    assert note.severity is Severity.NOTE


def test_losses_that_measure_no_progress() -> None:
    curves = {"loss": level(100, 0.05), "grad_norm": level(100, 3.0), "grad_norm_clipped": np.full(100, 0.5)}
    assert complains("clipping-always-active", curves)
    assert not complains("clipping-always-active", curves | {"rollout/ep_rew_mean": np.linspace(0, 50, 100)})
    assert not complains("clipping-always-active", curves | {"Loss_D": level(100, 1.2), "Loss_G": level(100, 0.8)})


def test_few_points() -> None:
    few = {"clip_fraction": np.ones(5), "grad_norm": level(5, 3.0), "loss": level(5, 2.3)}
    assert "needs 10 shares" in skip_reason("clipping-always-active", few)


@pytest.mark.parametrize(("norm", "least", "most"), [(0.2, 1.0, 1.0), (3.0, 3.0, 3.5), (30.0, 29.0, 35.0)])
def test_the_new_limit_lies_above_the_norms_and_not_below_the_usual_one(norm: float, least: float, most: float) -> None:
    curves = {"clip_fraction": np.ones(100), "grad_norm": level(100, norm), "loss": level(100, 2.3)}
    (found,) = findings("clipping-always-active", curves)
    assert found.remedies[0].action == "set_clip"
    assert least <= float(found.remedies[0].params["max_norm"]) <= most
