"""Files of one run by their names: one a split of its data, one a rank of its processes."""

from __future__ import annotations

from pathlib import Path

import pytest

import loglens
from loglens.discovery.siblings import siblings, without_split
from loglens.model.run import Run
from loglens.model.source import Source

WAVY = [2.0 - 0.02 * at + 0.1 * (at % 3) for at in range(30)]


def csv(path: Path, values: list[float], column: str = "loss") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"step,{column}\n" + "".join(f"{at},{value!r}\n" for at, value in enumerate(values)))


def read(folder: Path) -> list[Run]:
    runs = loglens.read(folder)
    return runs if isinstance(runs, list) else [runs]


@pytest.mark.parametrize(
    ("names", "tag"),
    [
        (("train_log.csv", "validation_log.csv"), "validation/loss"),
        (("metrics_batch_train.csv", "metrics_batch_val.csv"), "val/loss"),
        (("log.csv", "val_log.csv"), "val/loss"),
    ],
)
def test_a_file_for_each_split_is_one_run(tmp_path: Path, names: tuple[str, str], tag: str) -> None:
    for name, values in zip(names, (WAVY, WAVY[::2]), strict=True):
        csv(tmp_path / name, values)
    (run,) = read(tmp_path)
    assert run.tags == ("loss", tag)
    assert run.curves["loss"].value.tolist() == WAVY and run.curves[tag].value.tolist() == WAVY[::2]
    assert "merged" in [note.kind for note in run.notes] and not run.rewinds


def test_tables_of_batches_and_epochs_are_one_run(tmp_path: Path) -> None:
    """As NequIP names them."""
    for name, values in {"batch_train": WAVY, "batch_val": WAVY[::3], "epoch": WAVY[::2]}.items():
        csv(tmp_path / f"metrics_{name}.csv", values)
    (run,) = read(tmp_path)
    assert {tag: len(run.curves[tag]) for tag in run.tags} == {"loss": 30, "epoch/loss": 15, "batch/val/loss": 10}


def test_a_column_that_names_its_split_keeps_its_name(tmp_path: Path) -> None:
    csv(tmp_path / "train.csv", WAVY, "train_loss")
    csv(tmp_path / "val.csv", WAVY[::2], "val_loss")
    (run,) = read(tmp_path)
    assert run.tags == ("train_loss", "val_loss")


@pytest.mark.parametrize(
    "names",
    [
        ("a_train.csv", "b_train.csv"),
        ("train.csv", "other.csv"),
        ("train_a.csv", "val_b.csv"),
        ("log_step_100.csv", "log_step_200.csv"),
        ("a_epoch.csv", "b_batch.csv"),
    ],
)
def test_files_that_no_split_tells_apart_stay_two(tmp_path: Path, names: tuple[str, str]) -> None:
    for name in names:
        csv(tmp_path / name, WAVY)
    assert len(read(tmp_path)) == 2


@pytest.mark.parametrize("pattern", ["rank_{}.csv", "rank{}/log.csv", "log.rank-{}.csv", "logs/global_rank0{}/log.csv"])
def test_ranks_are_one_run_judged_on_the_first(tmp_path: Path, pattern: str) -> None:
    for rank in range(3):
        values = [value + (0.5 if rank == 2 and at >= 20 else 0.0) for at, value in enumerate(WAVY)]
        csv(tmp_path / pattern.format(rank), values)
    (run,) = read(tmp_path)
    assert run.curves["loss"].value.tolist() == WAVY and not run.rewinds
    notes = {note.kind: note.message for note in run.notes}
    assert "3 ranks" in notes["ranks"] and "loss on rank 2 from step 20" in notes["ranks-part"]


@pytest.mark.parametrize("numbers", [(8, 16), (1, 2), (0, 2)])
def test_ranks_of_adapters_are_runs(tmp_path: Path, numbers: tuple[int, int]) -> None:
    for number in numbers:
        csv(tmp_path / f"lora_rank{number}" / "log.csv", WAVY)
    assert len(read(tmp_path)) == 2


def test_ranks_that_log_nothing_alike_stay_apart(tmp_path: Path) -> None:
    csv(tmp_path / "rank0.csv", WAVY, "loss")
    csv(tmp_path / "rank1.csv", WAVY, "wait")
    assert len(read(tmp_path)) == 2


@pytest.mark.parametrize(
    ("stem", "found"),
    [
        ("train_log", ("log", "train")),
        ("metrics-val", ("metrics", "val")),
        ("train_val_log", ("train_val_log", "")),
        ("evaluate", ("evaluate", "")),
        ("TrainLog", ("TrainLog", "")),
    ],
)
def test_the_split_in_a_name(stem: str, found: tuple[str, str]) -> None:
    assert without_split(stem) == found


def test_no_siblings_without_names() -> None:
    assert siblings([("csv", Source(Path(name), (Path(name),), name)) for name in ("a.csv", "b.csv")]) == []
