"""The figures on alarms while a run continues: a run is cut where it should be, and counted as it should be."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import loglens
from loglens.model.finding import Severity
from loglens.model.source import Note

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

early_alarms = import_module("early_alarms")

#: A run whose loss becomes NaN.
SAMPLE = Path(__file__).parents[2] / "sample_logs" / "nan_loss_rnn"


def test_a_cut_holds_the_first_steps_of_every_curve_and_no_word_of_the_end() -> None:
    (run,) = loglens.read(SAMPLE)
    run = replace(run, notes=(*run.notes, Note("crash", "Killed"), Note("ragged", "x")))
    half = early_alarms.cut(run, 0.5)
    last = run.columns.step.max()
    assert half.columns.step.max() <= last / 2 < half.columns.step.max() + 20
    for tag, curve in half.curves.items():
        whole = run.curves[tag]
        assert np.array_equal(curve.value, whole.value[: len(curve)], equal_nan=True)
        assert len(curve) == np.count_nonzero(whole.step <= last / 2)
    assert [note.kind for note in half.notes if note.kind in ("crash", "ragged")] == ["ragged"]
    assert early_alarms.cut(run, 1.0) is run


def case(failing: bool, onset: list[int] | None, *said: tuple[float, str]) -> dict[str, Any]:
    """A folder whose run of 100 steps has one finding, of a severity from a share on."""
    cuts = [
        {
            "share": place / 50,
            "points": place * 10,
            "found": [["x", level, "high", 0] for at, level in said if place / 50 >= at],
        }
        for place in range(1, 51)
    ]
    return {"failing": failing, "onset": onset, "runs": [{"steps": [0, 100], "cuts": cuts}]}


def test_what_is_counted() -> None:
    cases = [
        case(False, None),
        case(False, None, (0.5, "warning")),
        case(False, None, (0.5, "error")),
        case(True, [38, 40], (0.40, "error")),
        case(True, [8, 10], (0.40, "warning")),
        case(True, None),
    ]
    counted = early_alarms.figures(cases, (1, 1.0))
    assert {name: counted[name] for name in ("healthy", "alarmed", "warned")} == {
        "healthy": 3,
        "alarmed": 1,
        "warned": 2,
    }
    assert {name: counted[name] for name in ("failing", "caught", "told", "onset")} == {
        "failing": 3, "caught": 1, "told": 2, "onset": 2,
    }  # fmt: skip
    assert counted["in time"] == counted["told in time"] == 1


@pytest.mark.parametrize(("way", "share"), [((1, 1.0), 0.4), ((2, 1.0), 0.44), ((2, 1.5), 0.6)])
def test_a_later_way_says_it_later(way: tuple[int, float], share: float) -> None:
    (run,) = case(True, None, (0.4, "error"))["runs"]
    assert early_alarms.first_alarms(run, way)[Severity.ERROR] == pytest.approx(share, abs=0.021)
