"""The rule update-ratio: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np

from loglens.model.finding import Severity
from tests.curves import falling, level
from tests.detectors.judging import findings, skip_reason


def test_updates_out_of_proportion() -> None:
    loss = {"loss": falling(200)}
    assert findings("update-ratio", loss | {"update_ratio": level(200, 0.3, 0.2)})
    assert findings("update-ratio", loss | {"update_norm": level(200, 1e-6), "weight_norm": level(200, 10.0)})
    assert not findings("update-ratio", loss | {"update_norm": level(200, 1e-2), "weight_norm": level(200, 10.0)})
    assert not findings("update-ratio", loss | {"update_ratio": np.geomspace(1e-2, 1e-5, 200)})  # a decaying rate
    assert "that of the weights" in skip_reason("update-ratio", loss | {"update_norm": level(200, 1e-6)})

    assert "that of the weights" in skip_reason("update-ratio", loss | {"update_norm": level(200, 1e-6)})


def test_a_first_update_that_is_large_only_where_the_rate_begins_at_its_peak() -> None:
    ratio = level(200, 1e-3, 0.3)
    ratio[0] = 0.3
    curves = {"loss": falling(200), "update_ratio": ratio}
    (found,) = findings("update-ratio", curves | {"lr": np.full(200, 1e-3)})
    assert found.severity is Severity.NOTE and [one.action for one in found.remedies] == ["add_warmup"]
    assert not findings("update-ratio", curves | {"lr": np.minimum(np.linspace(0, 1e-2, 200), 1e-3)})
    assert not findings("update-ratio", curves)
    assert not findings("update-ratio", curves | {"update_ratio": ratio / 4, "lr": np.full(200, 1e-3)})


def test_updates_that_stop() -> None:
    ratio, loss = level(500, 1e-3, 0.3), {"loss": falling(500)}
    ratio[374:] = 0
    (found,) = findings("update-ratio", loss | {"update_ratio": ratio})
    assert found.severity is Severity.WARNING and found.onset_step == 374
    rate = np.where(np.arange(500) < 374, 0.1, 0.0)
    (planned,) = findings("update-ratio", loss | {"update_ratio": ratio, "lr": rate})
    assert planned.severity is Severity.NOTE
    last = level(500, 1e-3, 0.3)
    last[-1] = 0  # the end of a schedule
    assert not findings("update-ratio", loss | {"update_ratio": last})


def test_updates_of_zero_throughout() -> None:
    assert findings("update-ratio", {"loss": level(100, 2.3, 0.01), "update_ratio": np.zeros(100)})
    assert "not measured" in skip_reason("update-ratio", {"loss": falling(100), "update_ratio": np.zeros(100)})
