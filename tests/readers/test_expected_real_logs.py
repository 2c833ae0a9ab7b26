"""Real logs are read as a person reads them: steps, points, first and last values, and roles of the main curves.

The expectations were written from the raw files. Where loglens is known to differ, the row says in what and why;
that list is strict, so that a difference that goes away has to be struck off.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import loglens
from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.roles.assign import assign_roles
from tests.readers.expected import Expected, assigned, closest, differences, load

FILES = sorted((Path(__file__).parents[1] / "data").glob("expected_*.csv"))
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
    curves = assigned(rows, [assign_roles(run) for run in runs])
    for row in rows:
        if row.role == "runs":
            found = frozenset() if len(runs) == row.points else frozenset({"runs"})
        else:
            found = differences(row, closest(row, curves[row.run]))
        assert found == row.differs, f"{row.run} {row.tag}: {row.reason or 'differs from what the file says'}"


def test_every_known_difference_has_a_reason() -> None:
    for file in FILES:
        for row in load(file):
            assert bool(row.differs) == bool(row.reason), (row.case, row.tag)


def read(path: Path) -> list[Run]:
    """The runs of a case; none where nothing in it can be read."""
    try:
        return loglens.read(path)
    except UnreadableError:
        return []
