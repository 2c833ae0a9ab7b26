"""Event files of several processes in one folder: one run, judged on the first writer."""

from __future__ import annotations

from pathlib import Path

import pytest

import loglens
from tests.readers.tensorboard_writer import scalar, write


def events(folder: Path, name: int, steps: range, begin: float, shift: float = 0.0, tag: str = "loss") -> None:
    path = folder / f"events.out.tfevents.{name}.host"
    write(path, [scalar(tag, 2.0 - at / 100 + (shift if at >= 20 else 0.0), at, begin + at) for at in steps])


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_files_that_were_written_at_once_are_one_run(tmp_path: Path, shift: float) -> None:
    events(tmp_path, 1, range(50), 1e9)
    events(tmp_path, 2, range(50), 1e9 + 0.5, shift)
    (run,) = loglens.read(tmp_path)
    assert len(run.curves["loss"]) == len(run.columns) == 50 and not run.rewinds
    assert run.curves["loss"].value[30] == pytest.approx(1.7)  # the first writer's
    (note,) = (note.message for note in run.notes if note.kind == "ranks")
    assert ("loss from step 20" in note) == bool(shift)


def test_a_resume_is_no_second_process(tmp_path: Path) -> None:
    events(tmp_path, 1, range(50), 1e9)
    events(tmp_path, 2, range(30, 80), 1e9 + 1000)
    (run,) = loglens.read(tmp_path)
    assert run.rewinds["loss"] == [(49, 30)] and len(run.columns) == 100


def test_two_writers_of_one_process_keep_their_curves(tmp_path: Path) -> None:
    events(tmp_path, 1, range(50), 1e9)
    events(tmp_path, 2, range(0, 50, 10), 1e9, tag="val_loss")
    (run,) = loglens.read(tmp_path)
    assert set(run.tags) == {"loss", "val_loss"} and len(run.columns) == 55


def test_one_process_after_another_in_step_shares_a_curve(tmp_path: Path) -> None:
    """Two writers that take turns at one tag: neither repeats the other, so nothing is left out."""
    events(tmp_path, 1, range(0, 50, 2), 1e9)
    events(tmp_path, 2, range(1, 50, 2), 1e9)
    (run,) = loglens.read(tmp_path)
    assert len(run.columns) == 50
