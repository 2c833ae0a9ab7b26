"""The rule lr-schedule: curves with the fault, and curves that only look like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from loglens.model.columns import Columns
from loglens.model.run import Run
from tests.curves import Floats, falling, run
from tests.detectors.judging import findings


def keys(curve: Floats, params: dict[str, object] | None = None) -> list[str]:
    return [found.key for found in findings("lr-schedule", run({"lr": curve}, params=params))]


def test_a_rate_of_zero() -> None:
    rate = np.full(100, 0.1)
    rate[40:] = 0
    assert keys(rate) == ["zero"] and keys(np.zeros(100)) == ["zero"]
    assert not keys(0.1 * (1 + np.cos(np.linspace(0, np.pi, 100))))  # zero at its end
    assert not keys(0.1 * np.minimum(np.arange(100) / 50, 1))  # zero at its start


def test_a_rate_that_is_restarted() -> None:
    waves = 0.05 * (1.001 + np.cos(np.pi * (np.arange(300) % 100) / 100))
    (found,) = findings("lr-schedule", run({"lr": waves}))
    assert found.key == "restart" and found.evidence["steps"] == [100, 200]
    assert not keys(np.append(np.linspace(1e-6, 1e-3, 50), np.linspace(1e-3, 1e-5, 250)))  # warmup and decay


def test_a_rate_that_is_not_restored() -> None:
    cosine = 0.05 * (1.01 + np.cos(np.linspace(0, np.pi, 100)))
    step, value = np.append(np.arange(90), np.arange(80, 100)), np.append(cosine[:90], cosine[:20])
    resumed = Run("r", Path("r"), "test", Columns.from_curves({"lr": (step, value), "loss": (step, falling(110))}))
    (found,) = findings("lr-schedule", resumed)
    assert (found.key, found.onset_step) == ("reset", 80)
    restored = Columns.from_curves({"lr": (step, np.append(cosine[:90], cosine[80:])), "loss": (step, falling(110))})
    assert not findings("lr-schedule", Run("r", Path("r"), "test", restored))


def test_a_schedule_that_is_never_stepped() -> None:
    assert keys(np.full(100, 0.1), {"lr_scheduler_type": "cosine"}) == ["constant"]
    assert not keys(np.full(100, 0.1), {"lr_scheduler_type": "constant"})
    assert not keys(np.linspace(0.1, 0.01, 100), {"lr_scheduler_type": "linear"})


def test_a_warmup_that_is_run_again_after_a_resume_and_restarts_that_are_declared() -> None:
    again = 0.05 * np.minimum(1, np.arange(1, 101) / 8) * (1.01 + np.cos(np.linspace(0, np.pi, 100)))
    step, value = np.append(np.arange(90), np.arange(80, 100)), np.append(again[:90], again[:20])
    resumed = Run("r", Path("r"), "test", Columns.from_curves({"lr": (step, value), "loss": (step, falling(110))}))
    assert [found.key for found in findings("lr-schedule", resumed)] == ["reset"]
    early = np.append(np.arange(5), np.arange(3, 100))  # a resume within the warmup
    warm = Columns.from_curves({"lr": (early, again[early]), "loss": (early, falling(102))})
    assert not findings("lr-schedule", Run("r", Path("r"), "test", warm))
    waves = 0.05 * (1.001 + np.cos(np.pi * (np.arange(300) % 100) / 100))
    assert not keys(waves, {"lr_scheduler_type": "cosine_with_restarts"}) and keys(
        waves, {"lr_scheduler_type": "cosine"}
    )
