"""A log in which training began from scratch several times is several runs; a resume is none of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import loglens
from loglens.discovery.starts import split_starts
from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note

Rows = list[tuple[str, int, int, float]]  # tag, step, session, time


def run(rows: Rows, *notes: Note) -> Run:
    tags = tuple(dict.fromkeys(row[0] for row in rows))
    return Run(
        "run",
        Path("run"),
        "csv",
        Columns(
            tags,
            np.array([tags.index(row[0]) for row in rows], np.int32),
            np.array([row[1] for row in rows], np.int64),
            np.array([row[3] for row in rows], np.float64),
            np.arange(len(rows), dtype=np.float64),
            np.array([row[2] for row in rows], np.int32),
        ),
        notes=notes,
    )


def session(tag: str, steps: range, number: int, begin: float = np.nan) -> Rows:
    return [(tag, step, number, begin + at) for at, step in enumerate(steps)]


def test_each_start_from_scratch_is_a_run() -> None:
    """An appended CSVLogger: 10 epochs, 3 epochs, 20 epochs."""
    rows = session("loss", range(10), 0) + session("loss", range(3), 1) + session("loss", range(20), 2)
    parts = split_starts(run(rows, Note("crash", "x"), Note("corrupt", "y")))
    assert [part.name for part in parts] == ["run, start 1", "run, start 2", "run"]
    assert [len(part.curves["loss"]) for part in parts] == [10, 3, 20]
    assert all(not part.rewinds for part in parts)
    # how the process ended is told of the last start alone
    assert [[note.kind for note in part.notes] for part in parts] == [["corrupt", "start"]] * 2 + [
        ["crash", "corrupt", "start"]
    ]


@pytest.mark.parametrize(
    "rows",
    [
        session("loss", range(100), 0) + session("loss", range(60, 200), 1),  # a resume inside the range
        session("loss", range(100), 0) + session("loss", range(100, 200), 1),  # one that continues
        session("loss", range(50), 0, 1e9) + session("loss", range(50), 1, 1e9 + 10),  # written side by side
        session("loss", range(50), 0) + session("val", range(50), 1),  # two files of one run
        session("loss", range(50), 0),
        [*session("loss", range(20), 0), ("loss", 0, 1, np.nan), *session("loss", range(20, 40), 1)],  # one odd row
    ],
)
def test_what_is_one_run(rows: Rows) -> None:
    (part,) = split_starts(run(rows))
    assert part.name == "run" and len(part.columns) == len(rows) and not part.notes


def test_a_resume_within_the_second_start_stays_in_it() -> None:
    rows = session("loss", range(30), 0) + session("loss", range(40), 1) + session("loss", range(20, 60), 2)
    first, second = split_starts(run(rows))
    assert len(first.curves["loss"]) == 30
    assert len(second.curves["loss"]) == 60 and second.rewinds["loss"] == [(39, 20)]


def test_files_of_validation_follow_their_training_by_time() -> None:
    """train/ with two event files, validation/ with one that the second start wrote."""
    rows = session("train/loss", range(20), 0, 1e9) + session("train/loss", range(20), 1, 2e9)
    rows += session("validation/loss", range(5), 2, 2e9 + 1)
    first, second = split_starts(run(rows))
    assert first.tags == ("train/loss",) and second.tags == ("train/loss", "validation/loss")


def test_a_file_with_two_starts_reads_as_two_runs(tmp_path: Path) -> None:
    lines = [f"{epoch},{2 - epoch / 10}" for _ in range(2) for epoch in range(8)]
    (tmp_path / "training.csv").write_text("\n".join(["epoch,loss", *lines, ""]))
    assert [run.name for run in loglens.read(tmp_path)] == ["training.csv, start 1", "training.csv"]


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.integers(0, 4), st.just(np.nan)), min_size=1, max_size=60
    )
)
def test_no_row_is_lost(rows: Rows) -> None:
    whole = run(sorted(rows, key=lambda row: row[2]))
    parts = split_starts(whole)
    assert sorted(value for part in parts for value in part.columns.value.tolist()) == whole.columns.value.tolist()
    assert all(len(part.columns) for part in parts)
