"""Runs of one setting in the overview: grouped, with mean and spread."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from loglens.renderers.html.runs import Column
from loglens.renderers.html.seeds import settings


def runs(*verdicts: str) -> Any:
    return [SimpleNamespace(verdict=verdict) for verdict in verdicts]


def lr(*values: float) -> Column:
    return Column("lr", "number", values, setting=True)


def test_seeds_of_one_setting_are_a_row_with_mean_and_spread() -> None:
    best = Column("val/accuracy best", "number", [0.5, "NaN", 0.7, 0.8, 0.9], better=1)
    made = settings(runs("healthy", "failed", "failed", "healthy", "healthy"), [best, lr(3.0, 3.0, 3.0, 0.1, 0.1)])
    assert made is not None and made.params == ("lr",) and made.result == "val/accuracy best"
    good, bad = made.rows
    assert (good.values, good.runs, good.verdicts, good.result) == (("0.1",), 2, "2 healthy", "0.85 ± 0.0707")
    assert (bad.values, bad.runs, bad.verdicts, bad.result) == (
        ("3",),
        3,
        "2 failed, 1 healthy",
        "0.6 ± 0.141 (2 of 3)",
    )


def test_the_best_setting_is_first() -> None:
    values = [1.0, 2.0, 3.0, 4.0]
    for better, first in ((1, "2"), (-1, "1")):
        made = settings(
            runs(*["healthy"] * 4), [Column("best", "number", values, better=better), lr(1.0, 1.0, 2.0, 2.0)]
        )
        assert made is not None and made.rows[0].values == (first,)


def test_settings_that_were_run_once_are_not_grouped() -> None:
    assert settings(runs(*["healthy"] * 4), [lr(1.0, 2.0, 3.0, 4.0)]) is None
    assert settings(runs(*["healthy"] * 4), [lr(1.0, 1.0, 1.0, 1.0)]) is None, "one setting is no comparison"
    assert settings(runs(*["healthy"] * 4), []) is None


def test_two_settings_that_differ_in_one_of_many_parameters_stay_apart() -> None:
    same = [Column(f"p{i}", "number", [1.0, 1.0, 2.0, 2.0], setting=True) for i in range(8)]
    last = Column("p8", "number", [1.0, 2.0, 1.0, 1.0], setting=True)
    assert settings(runs(*["healthy"] * 4), [*same, last]) is None
    made = settings(runs(*["healthy"] * 4), same)
    assert made is not None and len(made.params) == 6 and [row.runs for row in made.rows] == [2, 2]
