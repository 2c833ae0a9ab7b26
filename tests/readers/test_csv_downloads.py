"""TensorBoard's downloads: under the page's own names and renamed, of one run and of its halves."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglens.model.source import Source
from loglens.readers.csv import reader as csv
from loglens.readers.csv.one_metric import halves
from tests.readers.tables import DATA, read_all, read_one, rows, write

DOWNLOADS = DATA / "csv" / "downloads"
PAGE = "Wall time,Step,Value\n"


def test_a_renamed_download_is_called_after_its_file() -> None:
    files = sorted(DOWNLOADS.glob("*.csv"))
    assert {csv.home(path, frozenset(files)) for path in files} == {DOWNLOADS}
    run = read_one(csv.read, *files, home=DOWNLOADS)
    assert run.tags == ("loss", "reward")
    # the first and the last line of the two files
    assert rows(run, "loss")[0] == (2250, 0.8963643312454224)
    assert rows(run, "reward")[0] == (7200, -26.916175842285156)
    assert [len(rows(run, tag)) for tag in run.tags] == [11, 11]
    assert run.columns.time[0] == 1653498248.809287
    assert not run.rewinds


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["run-a_train-tag-loss", "run-a_test-tag-loss"], {"a": {"train/loss", "test/loss"}}),
        (["run-train-tag-loss", "run-validation-tag-loss"], {"": {"train/loss", "validation/loss"}}),
        (["run-a-tag-loss", "run-a_eval-tag-loss"], {"a": {"loss", "eval/loss"}}),
        (["run-a_train-tag-loss", "run-b_train-tag-loss"], {"a_train": {"loss"}, "b_train": {"loss"}}),
        (["run-.-tag-loss", "run-.-tag-acc"], {".": {"loss", "acc"}}),
        (["run-a-tag-loss (2)"], {"a": {"loss"}}),  # the browser's number
        (["run-a-tag-loss", "run-a-tag-loss (1)"], {"a": {"loss", "run-a-tag-loss (1)"}}),
        (["loss", "tag-loss"], {"": {"loss", "tag-loss"}}),
        (["loss", "val_loss"], {"": {"loss", "val_loss"}}),
    ],
)
def test_which_downloads_are_one_run(tmp_path: Path, names: list[str], expected: dict[str, set[str]]) -> None:
    paths = [write(tmp_path / f"{name}.csv", f"{PAGE}1.5e9,{at},0.25\n") for at, name in enumerate(names)]
    runs = list(csv.read(Source(tmp_path, tuple(paths), "run")))
    found = {run.name.removeprefix("run").removeprefix("/"): set(run.tags) for run in runs}
    assert found == (expected if len(expected) > 1 else {"": next(iter(expected.values()))})
    assert sum(len(run.columns) for run in runs) == len(names)  # never two files under one tag


def test_a_copy_that_pandas_saved_again(tmp_path: Path) -> None:
    path = write(tmp_path / "loss.csv", ",Wall time,Step,Value\n0,1500000000.5,10,0.25\n1,1500000001.5,20,NaN\n")
    (run,) = read_all(csv.read, path, home=tmp_path)
    assert run.tags == ("loss",)
    assert [step for step, _ in rows(run, "loss")] == [10, 20]


def test_a_half_alone_keeps_its_name() -> None:
    assert halves(["a_train", "b"]) == {"a_train": ("a_train", ""), "b": ("b", "")}


def test_a_half_alone_is_one_where_other_runs_have_both() -> None:
    found = halves(["a_train", "a_test", "b_test", "c_eval", "d"])
    assert found["b_test"] == ("b", "test/") and found["a_test"] == ("a", "test/")
    assert found["c_eval"] == ("c_eval", "") and found["d"] == ("d", "")
