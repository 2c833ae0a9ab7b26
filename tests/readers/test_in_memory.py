"""Curves in memory: what is a value, what is a blank, and that each form holds the same curves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.errors import LoglensError
from loglens.model.run import Run
from loglens.readers.jsonl.in_memory import runs_in_memory
from tests.curves import Floats, falling


def one(data: Any) -> Run:
    (run,) = runs_in_memory(data)
    return run


def kinds(run: Run) -> list[str]:
    return [note.kind for note in run.notes]


def sparse(n: int, every: int, value: Floats) -> Floats:
    """NaN but in every k-th row."""
    column = np.full(n, np.nan)
    column[every - 1 :: every] = value
    return column


@pytest.mark.parametrize("n", [5, 100, 5000])
def test_every_form_holds_the_same_curves(n: int) -> None:
    loss, steps = falling(n), np.arange(n) * 10
    wide = pd.DataFrame({"step": steps, "loss": loss, "lr": 1e-3})
    rows = [{"step": int(s), "loss": v, "lr": 1e-3} for s, v in zip(steps, loss, strict=True)]
    tidy = wide.melt("step", var_name="tag")
    for data in (wide, wide.set_index("step"), wide.to_dict("list"), rows, tidy, wide.convert_dtypes()):
        run = one(data)
        assert set(run.tags) == {"loss", "lr"} and not run.notes
        curve = run.series("loss")
        assert (curve.step == steps).all() and (curve.value == loss).all() and curve.axis == "step"


@given(st.lists(st.one_of(st.none(), st.floats()), min_size=4, max_size=60), st.booleans())
def test_in_a_dict_and_in_rows_nan_is_a_value_and_none_is_not(cells: list[float | None], as_rows: bool) -> None:
    steps = list(range(len(cells)))
    rows = [{"step": s, "lr": 0.1, "loss": v} for s, v in zip(steps, cells, strict=True)]
    run = one(rows if as_rows else {"step": steps, "lr": [0.1] * len(cells), "loss": cells})
    wanted = [(s, v) for s, v in zip(steps, cells, strict=True) if v is not None]
    curve = run.curves.get("loss")
    assert (0 if curve is None else len(curve)) == len(wanted)
    if curve is not None:
        assert curve.step.tolist() == [s for s, _ in wanted]
        np.testing.assert_array_equal(curve.value, [v for _, v in wanted])


@pytest.mark.parametrize("where", [slice(60, None), slice(40, 43), slice(99, None)])
def test_nan_in_a_column_that_is_logged_in_every_row_was_measured(where: slice) -> None:
    loss = falling(100)
    loss[where] = np.nan
    run = one(pd.DataFrame({"step": np.arange(100), "loss": loss, "lr": 1e-3}))
    assert run.series("loss").nonfinite == np.isnan(loss).sum() and not run.notes


@pytest.mark.parametrize("every", [2, 5, 50])
def test_nan_between_evaluations_is_no_value_and_a_note_says_so(every: int) -> None:
    value = falling(100 // every)
    run = one(pd.DataFrame({"step": np.arange(100), "loss": falling(100), "val_loss": sparse(100, every, value)}))
    curve = run.series("val_loss")
    assert (curve.value == value).all() and curve.step[0] == every - 1
    assert kinds(run) == ["blank"] and "val_loss" in run.notes[0].message


def test_evaluations_in_rows_of_their_own_leave_the_other_columns_blank() -> None:
    rows: list[dict[str, float]] = []
    for i, value in enumerate(falling(200).tolist()):
        rows.append({"step": i, "loss": value, "grad_norm": 1.0})
        if i % 20 == 19:
            rows.append({"step": i, "eval_loss": value + 0.1})
    run = one(pd.DataFrame(rows))
    assert {tag: (len(curve), curve.nonfinite) for tag, curve in run.curves.items()} == {
        "loss": (200, 0),
        "grad_norm": (200, 0),
        "eval_loss": (10, 0),
    }


def test_a_loss_that_becomes_nan_is_seen_beside_evaluations_in_rows_of_their_own() -> None:
    rows: list[dict[str, float]] = []
    for i, value in enumerate(falling(200).tolist()):
        rows.append({"step": i, "loss": value if i < 150 else np.nan, "grad_norm": 1.0})
        if i % 20 == 19:
            rows.append({"step": i, "eval_loss": value + 0.1})
    run = one(pd.DataFrame(rows))
    assert (run.series("loss").first_nonfinite, run.series("loss").nonfinite) == (150, 50)


def test_epochs_and_iterations_in_one_frame_are_rows_of_two_kinds() -> None:
    """As where curves over epochs and curves over iterations of one run are merged by their step."""
    epochs = pd.DataFrame({"epoch_loss": falling(8)}, index=range(8))
    iterations = pd.DataFrame({"batch_loss": falling(50)}, index=range(100, 600, 10))
    run = one(epochs.join(iterations, how="outer").rename_axis("step"))
    assert {tag: (len(curve), curve.nonfinite) for tag, curve in run.curves.items()} == {
        "epoch_loss": (8, 0),
        "batch_loss": (50, 0),
    }


def test_blanks_before_the_first_value_are_blanks() -> None:
    loss = pd.Series(falling(100))
    run = one(pd.DataFrame({"loss": loss, "smooth_loss": loss.rolling(10).mean()}))
    assert run.series("smooth_loss").nonfinite == 0 and len(run.series("smooth_loss")) == 91


def test_a_column_of_an_extension_type_knows_a_missing_value() -> None:
    column = pd.array([1.0, None, 0.5, None, 0.25], "Float64")
    run = one(pd.DataFrame({"step": range(5), "loss": column, "lr": 0.1}))
    assert run.series("loss").step.tolist() == [0, 2, 4] and not run.notes


def test_runs_and_kinds_in_a_column_are_taken_apart() -> None:
    seeds = [pd.DataFrame({"step": range(20), "loss": falling(20, seed=s), "seed": s}) for s in range(3)]
    seeds[0]["grad_norm"] = 1.0
    runs = runs_in_memory(pd.concat(seeds))
    assert [run.name for run in runs] == ["seed=0", "seed=1", "seed=2"]
    assert [run.curves.keys() for run in runs] == [{"loss", "grad_norm"}, {"loss"}, {"loss"}]
    phase = pd.DataFrame({"epoch": np.repeat(np.arange(20), 2), "phase": ["train", "val"] * 20, "loss": falling(40)})
    phase["lr"] = np.where(phase["phase"] == "train", 0.1, np.nan)
    run = one(phase)
    assert {tag: curve.nonfinite for tag, curve in run.curves.items()} == {"train/loss": 0, "val/loss": 0, "lr": 0}


def test_single_values_of_a_dict_are_parameters_and_nested_names_are_paths() -> None:
    run = one({"lr": 0.1, "cell": "LSTM", "train": {"loss": falling(10)}, "val": {"loss": falling(10)}})
    assert run.params == {"lr": 0.1, "cell": "LSTM"} and set(run.tags) == {"train/loss", "val/loss"}


def test_curves_of_several_lengths_need_no_steps_and_say_so() -> None:
    run = one({"loss": falling(100), "val_loss": falling(10)})
    assert (len(run.series("loss")), len(run.series("val_loss")), kinds(run)) == (100, 10, ["no-step"])
    with pytest.raises(LoglensError, match="as long as step"):
        runs_in_memory({"step": range(100), "loss": falling(100), "val_loss": falling(10)})


def test_numbers_of_numpy_and_times_are_understood() -> None:
    rows = [{"step": np.int64(i), "loss": np.float32(2 - i / 10), "timestamp": pd.Timestamp(1.7e9 + i, unit="s")}
            for i in range(10)]  # fmt: skip
    for run in (one(rows), one(pd.DataFrame(rows))):
        assert run.tags == ("loss",) and run.series("loss").time.tolist() == [1.7e9 + i for i in range(10)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (3, "no curves in data of type int"),
        ([1.0, 2.0], "no curves in data of type list"),
        ({}, "no number that changes"),
        ({"name": ["a", "b"]}, "no number that changes"),
        ({"loss": np.ones((3, 2))}, "'loss' has 2 dimensions"),
        (pd.DataFrame(), "no number that changes"),
        ([{}], "no number that changes"),
    ],
)
def test_data_without_curves_are_refused(data: Any, said: str) -> None:
    with pytest.raises(LoglensError, match=said):
        runs_in_memory(data)


@pytest.mark.parametrize(("library", "make"), [("pyarrow", "table"), ("polars", "DataFrame"), ("polars", "LazyFrame")])
def test_frames_of_polars_and_tables_of_arrow_know_a_missing_value(library: str, make: str) -> None:
    loss = [2.0, None, 1.0, float("nan"), 0.5]
    columns = {"step": range(5), "loss": loss, "lr": [0.1] * 5}
    frame = getattr(pytest.importorskip(library), make)(columns)
    run = one(frame)
    assert run.series("loss").step.tolist() == [0, 2, 3, 4] and run.series("loss").nonfinite == 1 and not run.notes


def test_tensors_are_arrays() -> None:
    torch = pytest.importorskip("torch")
    loss = torch.linspace(2, 1, 20, requires_grad=True)
    assert one({"loss": loss.to(torch.bfloat16), "lr": list(torch.ones(20))}).series("lr").value.sum() == 20
    rows = [{"step": i, "loss": value} for i, value in enumerate(loss)]
    assert len(one(rows).series("loss")) == 20
