"""Curves beside another one: what continues after it stops, what broke before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from loglens.model.companions import broken_before, left_blank, outliving
from loglens.model.source import Note
from tests.curves import falling, level, run, series


def test_a_curve_of_the_same_rows_that_continues() -> None:
    what = run({"train/loss": level(100, 1.0), "train/acc": level(140, 0.5), "val/acc": level(140, 0.5)})
    found = outliving(what.series("train/loss"), what, 10)
    assert found is not None and found.tag == "train/acc"
    assert outliving(what.series("train/acc"), what, 10) is None, "nothing outlives the longest"
    assert outliving(what.series("train/loss"), what, 41) is None, "40 points follow"


def test_steps_do_not_outlive_epochs() -> None:
    what = run({"epoch/loss": falling(50), "epoch/steps": falling(800, seed=1)})
    assert outliving(what.series("epoch/loss"), what, 10) is not None
    by_epoch = replace(what, axes={"epoch/loss": "epoch"})
    assert outliving(by_epoch.series("epoch/loss"), by_epoch, 10) is None


def test_a_last_row_half_written_is_no_outliving() -> None:
    what = run({"loss": level(1000, 1.0), "acc": level(1005, 0.5)})
    assert outliving(what.series("loss"), what, 3) is None


def test_curves_that_broke_before() -> None:
    grad, loss, early = (np.append(level(n, 1.0), np.full(100 - n, np.nan)) for n in (40, 60, 0))
    what = run({"grad": grad, "loss": loss, "never": early, "fine": level(100, 1.0), "epoch_acc": grad[:50]})
    assert broken_before(what.series("loss"), what) == [(40, "grad")]
    assert broken_before(what.series("grad"), what) == []


def test_what_a_note_says_of_blank_cells() -> None:
    curves = [series(level(10, 1.0), tag=tag) for tag in ("loss", "acc")]
    note = Note("blank-tail", "acc, lr are blank in the last 20 rows", "log.csv")
    assert left_blank(curves, [note]) == (curves[1], note.message)
    assert left_blank(curves, [Note("corrupt", note.message, "log.csv")]) is None
    assert left_blank(curves[:1], [note]) is None
