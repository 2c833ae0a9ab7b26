"""A run in several formats is one run; two runs in one folder stay two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import loglens
from loglens.discovery.same_run import merge
from loglens.model.columns import Columns
from loglens.model.run import Run
from tests.curves import falling, level, run
from tests.readers.tensorboard_writer import scalar, write


def csv_of(original: Run, **renamed: str) -> Run:
    """The same curves as a CSV would hold them: other names, five digits, NaN lost as a blank."""
    curves = {}
    for tag, curve in original.curves.items():
        keep = np.isfinite(curve.value)
        curves[renamed.get(tag.replace("/", "_"), tag)] = (
            curve.step[keep],
            np.array([float(f"{value:.5g}") for value in curve.value[keep]]),
        )
    return Run("metrics.csv", Path("metrics.csv"), "csv", Columns.from_curves(curves), files=(Path("metrics.csv"),))


def test_the_source_with_the_nan_wins_and_nothing_is_doubled() -> None:
    loss = falling(200)
    loss[150:] = np.nan
    events = run({"train/loss": loss, "val/loss": falling(200, seed=1)})
    (one,) = merge([csv_of(events, train_loss="loss"), events])
    assert set(one.tags) == {"train/loss", "val/loss"} and len(one.columns) == 400
    assert one.series("train/loss").nonfinite == 50
    assert [note.kind for note in one.notes] == ["merged"] and "2 of its 2 curves" in one.notes[0].message


def test_the_longer_curve_is_kept_under_the_main_name() -> None:
    whole = falling(200)
    events = run({"train/loss": whole[:120], "a": level(200, 1.0), "b": level(200, 2.0)})
    (one,) = merge([events, replace(run({"loss": whole}), format="csv")])
    assert len(one.series("train/loss")) == 200 and set(one.tags) == {"train/loss", "a", "b"}


def test_curves_that_only_one_source_holds_are_added() -> None:
    events = run({"loss": falling(200), "lr": level(200, 0.1)})
    other = run({"loss": falling(200), "val_accuracy": level(50, 0.9)})
    (one,) = merge([events, replace(other, format="csv")])
    assert set(one.tags) == {"loss", "lr", "val_accuracy"}


def test_two_runs_of_one_folder_stay_two() -> None:
    first, second = run({"loss": falling(200, seed=1)}), run({"loss": falling(200, seed=2)})
    assert len(merge([first, replace(second, format="csv")])) == 2
    assert len(merge([first, first])) == 2  # two files of one format


def test_a_run_that_died_is_not_its_twin_that_lived() -> None:
    lived, died = falling(200), falling(200)
    died[150:] = np.nan
    assert len(merge([run({"loss": lived}), replace(run({"loss": died}), format="csv")])) == 2


def test_a_few_common_points_are_no_proof() -> None:
    assert len(merge([run({"loss": falling(200)}), replace(run({"loss": falling(200)[:4]}), format="csv")])) == 2


def test_a_schedule_in_common_makes_no_run_in_common() -> None:
    lr = np.linspace(1e-3, 0, 200)
    one, two = (run({"loss": falling(200, seed=seed), "lr": lr, "epoch": np.arange(200.0)}) for seed in (1, 2))
    assert len(merge([one, replace(two, format="csv")])) == 2


def test_what_was_printed_gives_way_to_what_was_written_in_full() -> None:
    written = run({"train/loss": falling(100), "lr": level(100, 0.1)})
    said = {tag: np.array([float(f"{value:.3g}") for value in written.series(tag).value]) for tag in written.tags}
    printed = replace(run({**said, "fps": level(100, 70.0), "eta": falling(100, seed=3)}), format="text")
    (one,) = merge([printed, replace(written, format="csv")])
    assert one.format == "csv" and set(one.tags) == {"train/loss", "lr", "fps", "eta"}
    np.testing.assert_array_equal(one.series("train/loss").value, falling(100))


def test_three_digits_explain_no_difference_between_finer_curves() -> None:
    loss = falling(100)
    near = loss * np.where(np.arange(100) % 2, 1.004, 0.996)
    assert len(merge([run({"loss": loss}), replace(run({"loss": near}), format="csv")])) == 2


@pytest.mark.parametrize("shift", [1, -3])
def test_a_writer_that_counts_from_another_number_logs_the_same_run(shift: int) -> None:
    written = run({"val/loss": np.array([0.9, 0.7, 0.61, 0.64, 0.6, 0.55, 0.58, 0.57]), "val/f1": falling(8)})
    printed = {tag: (curve.step + shift, curve.value.round(6)) for tag, curve in written.curves.items()}
    other = Run("log", Path("log"), "csv", Columns.from_curves(printed), files=(Path("log"),))
    (one,) = merge([written, other])
    assert (
        set(one.tags) == set(written.tags)
        and one.series("val/loss").step.tolist() == list(range(8))
        and not one.rewinds
    )


def test_values_in_another_order_of_steps_are_no_agreement() -> None:
    written = run({"loss": falling(8)})
    stretched = {"loss": (written.series("loss").step * 2 + 100, written.series("loss").value)}
    other = Run("log", Path("log"), "csv", Columns.from_curves(stretched), files=(Path("log"),))
    assert len(merge([written, other])) == 2


def test_a_path_that_all_names_of_a_source_share_names_no_curve() -> None:
    curves = {"loss": falling(100), "grad/norm": falling(100, seed=2)}
    events = run({f"ray/tune/{tag}": values for tag, values in curves.items()})
    for pair in ([run(curves), replace(events, format="csv")], [replace(events, format="csv"), run(curves)]):
        (one,) = merge(pair)
        assert len(one.tags) == 2 and len(one.columns) == 200


def test_short_curves_of_one_name_are_one_in_runs_that_are_one() -> None:
    written = run({"loss": falling(100), "val/time": np.array([0.00037, 0.00044, 0.00036])})
    printed = run({"loss": falling(100), "val/time": np.array([0.0004, 0.0004, 0.0004])})
    (one,) = merge([replace(printed, format="text"), replace(written, format="jsonl")])
    assert one.series("val/time").value.tolist() == [0.00037, 0.00044, 0.00036]
    assert one.rewinds == {}


def test_curves_of_one_name_at_other_steps_are_two() -> None:
    accuracy = {"a": ([10, 20, 30], [0.1, 0.2, 0.3]), "b": ([1, 2, 3, 4], [0.1, 0.1, 0.2, 0.2])}
    first, other = (
        Run(name, Path(name), name, Columns.from_curves({"loss": (list(range(100)), falling(100)), "acc": acc}))
        for name, acc in accuracy.items()
    )
    (one,) = merge([first, other])
    assert {tag: len(one.series(tag)) for tag in one.tags} == {"loss": 100, "acc": 4, "a/acc": 3}
    assert one.rewinds == {}


def test_order_is_kept() -> None:
    runs = [replace(run({"loss": falling(50 + seed, seed=seed)}), name=str(seed)) for seed in range(5)]
    assert [one.name for one in merge(runs)] == list("01234")


def rough(count: int, seed: int) -> np.ndarray:
    """A curve that only falls, by steps of random sizes: a cumulated cost, a best value so far in full precision."""
    return 10.0 - np.cumsum(np.random.default_rng(seed).exponential(size=count)) / count


@pytest.mark.parametrize(("count", "joined"), [(1500, True), (300, False)])
def test_a_long_curve_that_only_falls_tells_a_run(count: int, joined: bool) -> None:
    events = run({"best": rough(count, 1)})
    assert len(merge([csv_of(events), events])) == (1 if joined else 2)
    assert len(merge([csv_of(run({"best": rough(count, 2)})), events])) == 2


@pytest.mark.parametrize(
    "schedule",
    [
        1e-3 * (1 - np.arange(2000) / 2000),
        np.round(1e-3 * (1 - np.arange(2000) / 2000), 8),
        5e-4 * (1 + np.cos(np.pi * np.arange(2000) / 2000)),
        np.array([float(f"{v:.4g}") for v in 5e-4 * (1 + np.cos(np.pi * np.arange(2000) / 2000))]),
        np.arange(2000) * 512.0,
        np.round(np.arange(2000) / 37, 2),
    ],
)
def test_a_long_schedule_tells_none(schedule: np.ndarray) -> None:
    events = run({"lr": schedule})
    assert len(merge([csv_of(events), events])) == 2


def test_events_in_folders_below_their_log_are_the_same_run(tmp_path: Path) -> None:
    loss = falling(60)
    (tmp_path / "exp").mkdir()
    lines = "".join(f'{{"step": {at}, "loss": {value!r}}}\n' for at, value in enumerate(loss.tolist()))
    (tmp_path / "exp" / "metrics.json").write_text(lines)
    write(
        tmp_path / "exp" / "tb" / "scalars" / "events.out.tfevents.1.host",
        [scalar("loss", value, at) for at, value in enumerate(loss.tolist())],
    )
    (one,) = loglens.read(tmp_path)
    assert len(one.curves["loss"]) == 60 and "merged" in [note.kind for note in one.notes]


def written_at(times: np.ndarray, tag: str, form: str, folder: str = "run") -> Run:
    """A log with one point a time."""
    count = len(times)
    columns = Columns(
        (tag,), np.zeros(count, np.int32), np.arange(count), times, falling(count), np.zeros(count, np.int32)
    )
    return Run(form, Path(folder), form, columns, files=(Path(folder) / form,))


@pytest.mark.parametrize(
    ("begin", "tag", "folder", "joined"),
    [
        (1000.0, "fid", "run", True),  # evaluations beside the events of the run
        (1400.0, "fid", "run", True),  # up to a last one after its end
        (9000.0, "fid", "run", False),  # the next run into the same folder
        (1000.0, "fid", "other", False),
        (1000.0, "loss", "run", False),  # another loss: their values differ
    ],
)
def test_a_log_written_during_a_run_into_its_folder_is_part_of_it(
    begin: float, tag: str, folder: str, joined: bool
) -> None:
    events = written_at(1000.0 + np.arange(100) * 10.0, "loss", "tensorboard")
    metrics = written_at(begin + np.arange(8) * 90.0, tag, "jsonl", folder)
    runs = merge([metrics, events])
    assert len(runs) == (1 if joined else 2)
    assert not joined or set(runs[0].tags) == {"loss", tag}
