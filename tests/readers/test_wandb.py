"""Weights & Biases: chart exports of one or many runs, histories, and what they are mistaken for."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.errors import UnreadableError
from loglens.model.source import Source
from loglens.readers.wandb import exports as wandb
from tests.readers.tables import (
    DATA,
    REAL,
    kinds,
    needs_real_logs,
    read_all,
    read_one,
    rows,
    same,
    values,
    write,
)

NAN, INF = math.nan, math.inf


def quoted(*lines: str) -> str:
    return "".join(",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in lines)


def chart(tmp_path: Path, *lines: str, name: str = "wandb_export.csv") -> Path:
    path = write(tmp_path / name, quoted(*lines))
    assert wandb.sniff(path)
    assert wandb.home(path, frozenset({path})) == tmp_path
    return path


# --- charts


def test_chart_of_two_runs(tmp_path: Path) -> None:
    header = "Step,a - b - train/loss,a - b - train/loss__MIN,a - b - train/loss__MAX,c - train/loss"
    path = chart(tmp_path, header, "0,2,2,2,1.5", "10,NaN,NaN,NaN,", "20,,,,Infinity")
    first, second = read_all(wandb.read, path, home=tmp_path)
    assert (first.name, second.name) == ("run/a - b", "run/c")
    assert first.tags == second.tags == ("train/loss",)
    assert [step for step, _ in rows(first, "train/loss")] == [0, 10]
    assert same(values(first, "train/loss"), [2.0, NAN])
    assert rows(second, "train/loss") == [(0, 1.5), (20, INF)]
    assert first.axes == {}
    assert first.notes == ()


def test_charts_of_one_run_in_several_files_are_one_run(tmp_path: Path) -> None:
    loss = chart(tmp_path, "Step,x - loss,x - loss__MIN,x - loss__MAX", "0,2,2,2", name="a.csv")
    rate = chart(tmp_path, "Step,x - lr,x - lr__MIN,x - lr__MAX", "0,0.1,0.1,0.1", name="b.csv")
    run = read_one(wandb.read, loss, rate, home=tmp_path)
    assert run.name == "run/x"  # as the header calls it
    assert run.tags == ("loss", "lr")
    assert run.files == (loss, rate)
    assert run.params == {"run_name": "x"}


def test_charts_that_were_saved_again_without_their_bounds(tmp_path: Path) -> None:
    """The first two lines of three files of one project (two name their runs alike, the third otherwise)."""
    top = "Valid/Top-1 Accuracy"
    names = {
        "val_loss.csv": [f"Res50{kind} - Valid/Loss" for kind in ("+DiffuseMix", "+Gen", "")],
        "top1_acc.csv": [f"Res50_gen_4pt - {top}", f"Res50 - {top}"],
    }
    lines = {"val_loss.csv": "0,7.31493047513705,5.11758952618811,4.62377329035901",
             "top1_acc.csv": "0,0.04278728606357,0.063569682151589"}  # fmt: skip
    files = [write(tmp_path / n, ",".join(["Step", *header]) + f"\n{lines[n]}\n") for n, header in names.items()]
    assert all(wandb.sniff(path) and wandb.home(path, frozenset(files)) == tmp_path for path in files)
    runs = {run.name: run for run in read_all(wandb.read, *files, home=tmp_path)}
    assert set(runs) == {"run/Res50+DiffuseMix", "run/Res50+Gen", "run/Res50", "run/Res50_gen_4pt"}
    assert rows(runs["run/Res50"], "Valid/Loss") == [(0, 4.62377329035901)]
    assert rows(runs["run/Res50"], top) == [(0, 0.063569682151589)]


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("Step,happy-cat-3 - loss", True),
        (",Step,happy-cat-3 - loss", True),  # with the index of pandas
        ("step,train - loss,val - loss", False),  # curves of one run
        ("Step,loss,acc - top1", False),
        ("x - y,a - loss,b - loss", False),
        ("Step", False),
    ],
)
def test_which_headers_are_those_of_a_chart(tmp_path: Path, header: str, taken: bool) -> None:
    path = write(tmp_path / "w.csv", header + "\n" + ",".join("1" for _ in header.split(",")) + "\n")
    assert wandb.sniff(path) is taken


@pytest.mark.parametrize(
    "header", ["Name,Notes,User,Tags,Created,Runtime,Sweep,lr,train/global_step", "Name,State,Created,Runtime,epoch"]
)
def test_a_table_of_runs_without_some_of_its_columns(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "w.csv", header + "\n" + ",".join("1" for _ in header.split(",")) + "\n")
    assert wandb.sniff(path)
    with pytest.raises(UnreadableError, match="one row per run"):
        list(wandb.read(Source(path, (path,), "run")))


def test_chart_without_a_run_name(tmp_path: Path) -> None:
    path = chart(tmp_path, "Step,train_loss,train_loss__MIN,train_loss__MAX", "5,2,2,2")
    assert rows(read_one(wandb.read, path, home=tmp_path), "train_loss") == [(5, 2.0)]


def test_chart_of_a_group(tmp_path: Path) -> None:
    path = chart(tmp_path, "Step,Group: g - loss,Group: g - loss__MIN,Group: g - loss__MAX", "5,2,1,3")
    run = read_one(wandb.read, path, home=tmp_path)
    assert run.params == {"run_name": "g"}
    assert kinds(run) == ["sampled"]


def test_chart_over_another_axis(tmp_path: Path) -> None:
    header = "evaluations,a - _step,a - _step__MIN,a - _step__MAX,a - loss,a - loss__MIN,a - loss__MAX"
    run = read_one(wandb.read, chart(tmp_path, header, "60,0,0,0,2,2,2", "120,1,1,1,1,1,1"), home=tmp_path)
    assert run.axes == {"loss": "evaluations"}
    assert rows(run, "loss") == [(60, 2.0), (120, 1.0)]


@pytest.mark.parametrize("axis", ["Relative Time (Process)", "Wall Time"])
def test_chart_over_time_counts_the_steps_beside(tmp_path: Path, axis: str) -> None:
    header = f"{axis},a - _step,a - _step__MIN,a - _step__MAX,a - loss,a - loss__MIN,a - loss__MAX"
    run = read_one(wandb.read, chart(tmp_path, header, "1,7,7,7,2,2,2", "2,9,9,9,1,1,1"), home=tmp_path)
    assert rows(run, "loss") == [(7, 2.0), (9, 1.0)]
    assert run.axes == {}


def test_chart_over_fractional_epochs_counts_rows(tmp_path: Path) -> None:
    path = chart(tmp_path, "epoch,a - loss,a - loss__MIN,a - loss__MAX", "0.5,2,2,2", "0.75,1,1,1")
    run = read_one(wandb.read, path, home=tmp_path)
    assert rows(run, "loss") == [(0, 2.0), (1, 1.0)]
    assert run.axes == {"loss": "row"}


# --- histories


HISTORY = [
    {"loss": 2.0, "_step": 0, "_runtime": 1.5, "_timestamp": 1.7e9},
    {"loss": "NaN", "opt": {"lr": 0.1}, "_step": 5, "_runtime": 2.5, "_timestamp": 1.7e9 + 1},
    {"loss": None, "acc": "Infinity", "note": "a word", "flag": True, "_step": 6, "_timestamp": 1.7e9 + 2},
    {"loss": NAN, "train/global_step": 9, "_step": 7, "_timestamp": 1.7e9 + 3},
]


def test_history_of_json_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "wandb-history.jsonl", "".join(json.dumps(row) + "\n" for row in HISTORY))
    assert wandb.sniff(path)
    assert wandb.home(path, frozenset()) == path
    run = read_one(wandb.read, path)
    assert [step for step, _ in rows(run, "loss")] == [0, 5, 7]  # null is no point
    assert same(values(run, "loss"), [2.0, NAN, NAN])
    assert rows(run, "acc") == [(6, INF)]
    assert rows(run, "opt.lr") == [(5, 0.1)]
    assert rows(run, "train/global_step") == [(7, 9.0)]
    assert run.curves["loss"].time.tolist() == [1.7e9, 1.7e9 + 1, 1.7e9 + 3]
    assert {"note", "flag", "_step", "_timestamp"}.isdisjoint(run.tags)


def test_history_of_csv(tmp_path: Path) -> None:
    path = write(
        tmp_path / "h.csv", ",_step,_timestamp,loss\n0,0,1700000000.5,2.0\n1,5,1700000001.5,NaN\n2,6,1700000002.5,\n"
    )
    assert wandb.sniff(path)
    assert wandb.home(path, frozenset()) == path
    run = read_one(wandb.read, path)
    assert run.tags == ("loss",)
    assert [step for step, _ in rows(run, "loss")] == [0, 5]
    assert same(values(run, "loss"), [2.0, NAN])


def test_histograms_and_media(tmp_path: Path) -> None:
    lines = [
        {"_step": 3, "_timestamp": 5.0, "g": {"_type": "histogram", "values": [1, 3], "bins": [0.0, 1.0, 2.0]}},
        {
            "_step": 4,
            "_timestamp": 6.0,
            "g": {"_type": "histogram", "values": [2], "packedBins": {"min": 1, "size": 2, "count": 1}},
        },
        {
            "_step": 5,
            "_timestamp": 7.0,
            "g": {"_type": "histogram", "values": [2], "bins": [1]},
            "i": {"_type": "image-file", "width": 3},
        },
    ]
    run = read_one(wandb.read, write(tmp_path / "h.jsonl", "".join(json.dumps(line) + "\n" for line in lines)))
    first, second = run.histogram_rows
    assert (first.tag, first.step, first.time, first.count, first.exact) == ("g", 3, 5.0, 4.0, False)
    assert first.norm == pytest.approx(math.sqrt(0.25 + 3 * 2.25))
    assert second.edges.tolist() == [1.0, 3.0]
    assert run.tags == ()


@pytest.mark.parametrize(("steps", "sampled"), [("irregular", True), ("regular", False), ("few", False)])
def test_a_history_drawn_at_random_is_said_to_be_one(tmp_path: Path, steps: str, sampled: bool) -> None:
    rng = np.random.default_rng(0)
    drawn = np.sort(rng.choice(20_000, 500, replace=False)) if steps == "irregular" else 10 * np.arange(500)
    drawn = drawn[:100] if steps == "few" else drawn
    content = "_step,_runtime,loss\n" + "".join(f"{step},{step}.5,1.0\n" for step in drawn)
    assert ("sampled" in kinds(read_one(wandb.read, write(tmp_path / "h.csv", content)))) is sampled


# --- what cannot be read


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("runs.csv", quoted("Name,State,Notes,Created,Runtime,lr,loss", "a,finished,-,2024,9,0.1,2"), "a runs table"),
        ("w.csv", quoted("Step,a - loss,a - loss__MIN,a - loss__MAX"), "a chart without points"),
        ("w.csv", quoted("Step,a - loss,a - loss__MIN,a - loss__MAX", "1,,,"), "a chart without a number"),
        ("w.csv", "", "empty file"),
        ("w.jsonl", "[1]\n[2]\n", "no line is a JSON object"),
        ("w.jsonl", '{"_step": 1, "_runtime": "x"}\n', "a history without a number"),
        ("wandb-history.jsonl", "version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    ],
)
def test_unreadable(tmp_path: Path, name: str, content: str, why: str) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises(UnreadableError, match=why):
        read_all(wandb.read, path)


@pytest.mark.parametrize(
    ("name", "content", "mine"),
    [
        ("a.csv", "Step,a - loss,a - loss__MIN,a - loss__MAX\n", True),
        ("a.csv", "_step,_runtime,loss\n", True),
        ("a.csv", quoted("Name,State,Notes,Created,Runtime"), True),
        ("a.csv", "step,loss\n", False),
        ("a.csv", "", False),
        ("a.jsonl", '{"loss": 1, "_step": 2, "_timestamp": 3}\n', True),
        ("a.jsonl", '{"loss": 1, "step": 2}\n', False),
        ("wandb-summary.json", '{"loss": 1, "_step": 2, "_timestamp": 3}', False),
        ("wandb-metadata.json", '{\n"os": "x"}', False),
    ],
)
def test_sniff(tmp_path: Path, name: str, content: str, mine: bool) -> None:
    assert wandb.sniff(write(tmp_path / name, content)) is mine


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text('{}[]":,_stepruntime0123456789.eNaIfy\n -', max_size=200).map(str.encode),
        st.lists(
            st.sampled_from(
                ['"Step","a - x","a - x__MIN","a - x__MAX"', '"1","2"', '"1","2","2","3"', '"', "_step,_runtime"]
            )
        ).map(lambda lines: "\n".join(lines).encode()),
    )
)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name in ("a.csv", "a.jsonl", "wandb-history.jsonl"):
        path = write(folder / name, content)
        wandb.sniff(path)
        wandb.home(path, frozenset())
        try:
            for run in wandb.read(Source(path, (path,), "run")):
                assert run.curves or run.histogram_rows
        except UnreadableError as error:
            assert str(error)


# --- files that others exported


@needs_real_logs
@pytest.mark.parametrize("name", ["wandbcsv_nanogpt_sweep", "wandbcsv_pyucea", "wandbcsv_smollm3_trackio"])
def test_as_many_points_as_an_independent_parse(name: str) -> None:
    (path,) = (REAL / name).glob("*.csv")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    axis = frame.iloc[:, 0].astype(int)
    wanted = {}
    for column in frame.columns[1:]:
        if not column.endswith(("__MIN", "__MAX", " - _step")):
            cells = frame[column][frame[column] != ""]
            run, _, metric = column.rpartition(" - ")
            wanted[run, metric] = list(zip(axis[cells.index], cells.astype(float), strict=True))
    runs = read_all(wandb.read, path, home=path.parent)
    assert {(run.params["run_name"], tag): rows(run, tag) for run in runs for tag in run.tags} == wanted


@needs_real_logs
def test_a_runs_table_is_no_time_series() -> None:
    path = REAL / "wandbcsv_runs_table_nanogpt" / "wandb_export.csv"
    assert wandb.sniff(path)
    with pytest.raises(UnreadableError, match="one row per run, not a time series"):
        read_all(wandb.read, path)


def test_the_export_in_the_repository() -> None:
    path = DATA / "wandb" / "wandb_export_2024-05-05T10_07_23.233-04_00.csv"
    first, second = read_all(wandb.read, path, home=path.parent)
    assert (first.name, second.name) == ("run/fast-owl-1", "run/lr 0.1 - seed 2")
    assert same(values(first, "train/loss"), [2.0, NAN, INF])
    assert rows(second, "train/loss") == [(0, 2.25), (2, 1.5)]
    assert kinds(second) == ["sampled"]
