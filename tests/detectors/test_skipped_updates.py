"""The rule skipped-updates: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import Floats, falling, level
from tests.detectors.judging import findings, skip_reason


def test_updates_that_are_skipped() -> None:
    flags = (np.arange(200) % 4 == 0).astype(float)
    (found,) = findings("skipped-updates", {"loss": falling(200), "found_inf": flags})
    assert found.evidence["share"] == pytest.approx(0.25, abs=0.01)
    total = {"loss": falling(200), "skipped_steps": np.cumsum(flags)}
    assert findings("skipped-updates", total)[0].evidence["share"] == pytest.approx(0.25, abs=0.01)
    rare = np.zeros(200)
    rare[[0, 1, 2, 3, 100]] = 1  # the scale finds its level, and grows once
    assert not findings("skipped-updates", {"loss": falling(200), "found_inf": rare})


@pytest.mark.parametrize("n", [12, 60, 1000])
@pytest.mark.parametrize("noise", [0.001, 0.02])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_no_update_is_ever_applied(n: int, noise: float, bad: float) -> None:
    (found,) = findings("skipped-updates", {"loss": level(n, 2.3, noise), "grad_norm": np.full(n, bad)})
    assert found.severity is Severity.ERROR and found.onset_step is None


def test_no_update_is_applied_from_a_point_on() -> None:
    norm, loss = level(200, 1.0), level(200, 2.3, 0.02)
    norm[80:] = np.nan
    (found,) = findings("skipped-updates", {"loss": loss, "grad_norm": norm})
    assert found.severity is Severity.ERROR and found.onset_step == 80
    converged = np.append(np.geomspace(2.3, 0.6, 80), level(120, 0.6, 0.02))
    (found,) = findings("skipped-updates", {"loss": converged, "grad_norm": norm})
    assert found.severity is Severity.NOTE, "an average over steps may be infinite at every point of a healthy run"


@pytest.mark.parametrize("loss", [falling(200), np.full(200, np.nan)], ids=["falls", "is NaN"])
def test_a_loss_that_says_otherwise(loss: Floats) -> None:
    """A loss that falls had its updates; one that is NaN makes every gradient so, which is another rule's."""
    found = findings("skipped-updates", {"loss": loss, "grad_norm": np.full(200, np.inf)})
    assert all(one.severity is Severity.NOTE for one in found)


def test_norms_that_overflow_now_and_then() -> None:
    often, seldom = level(200, 1.0), level(200, 1.0)
    often[::4], seldom[::40] = np.nan, np.inf
    (note,) = findings("skipped-updates", {"loss": falling(200), "grad_norm": often})
    assert note.severity is Severity.NOTE
    assert not findings("skipped-updates", {"loss": falling(200), "grad_norm": seldom})
    assert "neither" in skip_reason("skipped-updates", {"loss": falling(200), "grad_norm": level(200, 1.0)})
