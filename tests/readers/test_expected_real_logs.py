"""Real logs are read as a person reads them: steps, points, first and last values, and roles of the main curves.

The expectations were written from the raw files. Where loglens is known to differ, the row says in what and why;
that list is strict, so that a difference that goes away has to be struck off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import loglens
from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.roles.assign import assign_roles
from tests.readers.expected import Expected, assigned, closest, differences, load, unexpected

FILES = sorted((Path(__file__).parents[1] / "data").glob("expected_*.csv"))
STEP = np.array([10, 20, 30, 40])
SHARED = Path(__file__).parents[2].parent / "shared"


def cases() -> Iterator[object]:
    for file in FILES:
        rows, name = load(file), file.stem.removeprefix("expected_")
        for case in dict.fromkeys(row.case for row in rows):
            yield pytest.param(SHARED / name / case, [row for row in rows if row.case == case], id=f"{name}-{case}")


@pytest.mark.parametrize(("path", "rows"), list(cases()))
def test_a_real_log_is_read_as_a_person_reads_it(path: Path, rows: list[Expected]) -> None:
    if not path.exists():
        pytest.skip("the folder of real logs is not here")
    runs = read(path)
    cast = [assign_roles(run) for run in runs]
    curves = assigned(rows, cast)
    for row in rows:
        if row.role == "runs":
            wrong = {"runs": len(runs) != row.points, "others": bool(unexpected(rows, cast))}
            found = frozenset(word for word, differs in wrong.items() if differs)
        else:
            found = differences(row, closest(row, curves[row.run]))
        assert found == row.differs, f"{row.run} {row.tag}: {row.reason or 'differs from what the file says'}"


def test_every_known_difference_has_a_reason() -> None:
    for file in FILES:
        for row in load(file):
            assert bool(row.differs) == bool(row.reason), (row.case, row.tag)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"step": STEP * 2}, "axis"),
        ({"axis": "epoch"}, "axis"),
        ({"step": np.array([10, 20, 20, 40])}, "axis"),
        ({"step": STEP[:3], "value": np.array([4.0, 3.0, 1.0]), "time": np.zeros(3)}, "points"),
        ({"value": np.array([4.1, 3.0, 2.0, 1.0])}, "first"),
        ({"value": np.array([4.0, 3.0, 2.0, np.nan])}, "last"),
        ({"value": np.array([4.0, 3.0, 2.5, 1.0])}, "mean"),
        ({"role": "lr"}, "role"),
        ({"split": "val"}, "role"),
    ],
)
def test_a_curve_that_differs_is_not_the_expected_one(change: dict[str, Any], word: str) -> None:
    row = Expected("case", "", "loss@train", "loss", "step 10..40", 4, "4", "1", "2.5", frozenset(), "")
    curve = Series("loss", STEP, np.array([4.0, 3.0, 2.0, 1.0]), np.zeros(4), role="loss", split="train")
    assert not differences(row, curve)
    assert word in differences(row, replace(curve, **change))


def test_a_learning_rate_that_no_row_names_is_unexpected() -> None:
    row = Expected("case", "", "loss@train", "loss", "step 10..40", 4, "4", "1", "2.5", frozenset(), "")
    loss = Series("loss", STEP, np.array([4.0, 3.0, 2.0, 1.0]), np.zeros(4), role="loss", split="train")
    rate = Series("period", STEP, np.ones(4), np.zeros(4), role="lr")
    assert unexpected([row], [[loss]]) == []
    assert unexpected([row], [[loss, rate]]) == ["period"]


def read(path: Path) -> list[Run]:
    """The runs of a case; none where nothing in it can be read."""
    try:
        return loglens.read(path)
    except UnreadableError:
        return []
