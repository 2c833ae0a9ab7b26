"""The rule unchanged-weights: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np

from tests.curves import falling, level
from tests.detectors.judging import findings, skip_reason


def test_a_layer_that_never_moves() -> None:
    moving = 5 + np.arange(50) / 100
    curves = {"weight_norm/fc.0.weight": np.full(50, 3.5), "weight_norm/fc.1.weight": moving}
    (found,) = findings("unchanged-weights", curves)
    assert found.evidence["layers"] == ["fc.0.weight"]
    curves["weight_norm/fc.0.weight"] = 3.5 + 1e-6 * np.arange(50)  # converged, but alive
    assert not findings("unchanged-weights", curves)


def test_a_layer_without_gradient_does_not_learn() -> None:
    curves = {f"grad_norm/fc.{i}.weight": level(50, 0.3, 0.3, seed=i) for i in range(4)}
    assert not findings("unchanged-weights", curves)
    curves["grad_norm/fc.0.weight"] = np.zeros(50)
    (found,) = findings("unchanged-weights", curves)
    assert found.evidence["layers"] == ["fc.0.weight"]
    curves["grad_norm/fc.1.weight"] = np.full(50, 1e-30)  # then fc.0 underflows
    assert not findings("unchanged-weights", curves)


def test_layers_that_stop() -> None:
    ratios = {f"update_ratio/fc.{i}": level(500, 1e-3, 0.3, seed=i) for i in range(4)}
    ratios["update_ratio/fc.1"][374:] = 0
    (found,) = findings("unchanged-weights", {"loss": falling(500), **ratios})
    assert found.onset_step == 374 and found.evidence["layers"] == ["fc.1"]
    for ratio in ratios.values():
        ratio[374:] = 0
    (found,) = findings("unchanged-weights", {"loss": falling(500), **ratios})
    assert len(found.evidence["layers"]) == 4
    rate = np.where(np.arange(500) < 374, 0.1, 0.0)
    assert not findings("unchanged-weights", {"loss": falling(500), "lr": rate, **ratios})


def test_norms_that_converge_below_what_is_printed() -> None:
    norm = 5 + np.sqrt(np.minimum(np.arange(100), 60)) / 7
    exact = {"weight_norm/fc.0": norm, "weight_norm/fc.1": 5 + np.sqrt(np.arange(100))}
    assert findings("unchanged-weights", exact)
    assert not findings("unchanged-weights", {tag: np.round(value, 4) for tag, value in exact.items()})


def test_norms_that_were_not_measured() -> None:
    norms = {f"weight_norm/fc.{i}": np.full(50, 3.0 + i) for i in range(4)}
    assert "not measured" in skip_reason("unchanged-weights", {"loss": falling(50), **norms})
    assert findings("unchanged-weights", {"loss": level(50, 2.3, 0.01), **norms})


def test_a_validation_loss_that_is_the_same_number_at_every_evaluation() -> None:
    """Updates stop after a tenth, a half; the values are full, printed with four digits, or repeated in a table."""
    for stop in (4, 20):
        value = falling(40, seed=stop)
        value[stop:] = value[stop]
        (found,) = findings("unchanged-weights", {"loss": falling(400), "val_loss": value})
        assert found.onset_step == stop and "no weight" in found.message
        assert not any(findings("unchanged-weights", {"loss": falling(400), "val_loss": np.round(value, 4)}))
        assert not any(findings("unchanged-weights", {"loss": falling(400), "val_loss": np.repeat(value, 3)}))
        rate = np.where(np.arange(40) < stop, 0.1, 0.0)
        assert not any(findings("unchanged-weights", {"lr": rate, "val_loss": value}))
    assert not any(findings("unchanged-weights", {"loss": falling(400), "val_loss": falling(40)}))
