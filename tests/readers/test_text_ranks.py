"""Logs into which several processes of one run print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.readers.tables import rows
from tests.readers.test_text_grammar import LOSSES, read


@pytest.mark.parametrize(
    "prefix",
    [
        "[rank{0}]: ",
        "{0}: [rank{0}]:[titan] 2025-03-14 09:12:44,153 - root - INFO - ",
        "[Rank {0}] ",
        "{0}: ",
        "[default{0}]:",
        "[1,{0}]<stdout>:",
        "(RayTrainWorker pid=41{0}) ",
        "2023-03-14 09:12:44,153 INFO [train.py:876] ({0}/4) ",
        "GPU {0} | ",
    ],
)
def test_the_lines_of_the_first_process_count(tmp_path: Path, prefix: str) -> None:
    lines = [
        f"{prefix.format(rank)}step: {step}  loss: {loss + rank}"
        for step, loss in enumerate(LOSSES)
        for rank in range(4)
    ]
    run = read(tmp_path, lines)
    assert rows(run, "loss") == list(enumerate(LOSSES))
    assert [note.message for note in run.notes if note.kind == "ranks"] == [
        "4 processes print the same lines: those of the first one are read"
    ]


def test_what_one_process_alone_prints_counts(tmp_path: Path) -> None:
    lines = []
    for step, loss in enumerate(LOSSES):
        lines += [f"[rank{rank}]: step {step} time: 0.{rank + 1}" for rank in range(2)]
        lines += [f"[rank7]: step {step} loss: {loss}"]
    run = read(tmp_path, lines)
    assert rows(run, "loss") == list(enumerate(LOSSES)) and len(rows(run, "time")) == len(LOSSES)


def test_processes_of_which_each_reports_other_steps_lose_nothing(tmp_path: Path) -> None:
    lines = [f"[rank{step % 2}]: step {step} loss: {loss}" for step, loss in enumerate(LOSSES)]
    run = read(tmp_path, lines)
    assert rows(run, "loss") == list(enumerate(LOSSES)) and run.notes == ()
