"""Histories in JSON documents: nested lists, lists of rows, and documents that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import loglens
from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.readers.jsonl import reader as jsonl
from tests.readers.tables import read_one, rows, values, write

#: As CatBoost wrote it, but for the number of iterations.
CATBOOST = """{
"meta":{"test_sets":["test"],"test_metrics":[{"best_value":"Min","name":"Logloss"},{"best_value":"Max","name":"AUC"}],\
"learn_metrics":[{"best_value":"Min","name":"Logloss"}],"launch_mode":"Train","parameters":"","iteration_count":1000,\
"learn_sets":["learn"],"name":"experiment"},
"iterations":[
{"learn":[0.6923405691],"iteration":0,"passed_time":0.002799044453,"remaining_time":2.796245408,\
"test":[0.6925,0.61]},
{"learn":[0.6915961541],"iteration":1,"passed_time":0.006015352547,"remaining_time":3.001660921,\
"test":[0.6919,0.63]},
{"learn":[0.6902975338],"iteration":2,"passed_time":0.00834019306,"remaining_time":2.77172416,\
"test":[0.6911,0.66]}
]}"""
DLLOGGER = """\
DLLL {"timestamp": "1678785164.2", "elapsedtime": "0.0", "type": "LOG", "step": "PARAMETER", "data": {"lr": 0.1}}
DLLL {"timestamp": "1678785164.2", "type": "METADATA", "metric": "train.loss", "metadata": {"unit": null}}
DLLL {"timestamp": "1678785171.9", "type": "LOG", "step": [0, 0], "data": {"train.loss": 6.9, "train.lr": 0.1}}
DLLL {"timestamp": "1678785179.6", "type": "LOG", "step": [0, 25], "data": {"train.loss": 6.1, "train.lr": 0.1}}
DLLL {"timestamp": "1678785180.0", "type": "LOG", "step": [0, 49, 0], "data": {"val.loss": 5.0}}
DLLL {"timestamp": "1678785181.0", "type": "LOG", "step": [0], "data": {"val.loss": 5.9, "val.top1": 9.5}}
DLLL {"timestamp": "1678785182.0", "type": "LOG", "step": [1, 0], "data": {"train.loss": 5.5, "train.lr": 0.05}}
DLLL {"timestamp": "1678785183.0", "type": "LOG", "step": [1, 25], "data": {"train.loss": 5.1, "train.lr": 0.05}}
DLLL {"timestamp": "1678785184.0", "type": "LOG", "step": [1, 49, 0], "data": {"val.loss": 4.0}}
DLLL {"timestamp": "1678785185.0", "type": "LOG", "step": [1], "data": {"val.loss": 4.9, "val.top1": 19.5}}
DLLL {"timestamp": "1678785186.0", "type": "LOG", "step": [], "data": {"val.top1": 19.5}}
"""


def falling(length: int, start: float = 1.0) -> list[float]:
    return [start / (at + 1.5) for at in range(length)]


def read(path: Path, content: Any, **layout: Any) -> Run:
    write(path, json.dumps(content, **layout))
    assert jsonl.sniff(path)
    return read_one(jsonl.read, path)


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("length", [5, 300, 5000])  # the longest list fills all of the head
def test_data_sets_of_metrics(tmp_path: Path, indent: int | None, length: int) -> None:
    """LightGBM's and XGBoost's record of evaluations: the row is the step."""
    sets = {"training": {"l2": falling(length), "auc": falling(length, 0.7)}, "valid_1": {"l2": falling(length, 2.0)}}
    run = read(tmp_path / "evals_result.json", sets, indent=indent)
    assert set(run.tags) == {"training/l2", "training/auc", "valid_1/l2"}
    assert rows(run, "valid_1/l2") == list(enumerate(falling(length, 2.0)))


def test_splits_of_features_of_metrics(tmp_path: Path) -> None:
    """Ludwig: settings beside the splits, and a list for each split, feature and metric."""
    splits = {name: {"class": {"loss": falling(9), "hits": falling(9)}} for name in ("test", "training", "validation")}
    run = read(tmp_path / "s.json", {"evaluation_frequency": {"frequency": 1, "period": "epoch"}} | splits, indent=2)
    assert len(run.tags) == 6
    assert len(values(run, "validation/class/loss")) == 9


def test_a_list_that_counts_is_the_axis_of_those_beside_and_below_it(tmp_path: Path) -> None:
    history = {"epoch": [2, 4, 6], "train": {"loss": falling(3)}, "val": {"loss": [0.5, None, 0.25]}}
    run = read(tmp_path / "r.json", {"args": {"betas": [0.9, 0.99, 0.999]}, "history": history, "best": 0.25})
    assert set(run.tags) == {"history/train/loss", "history/val/loss"}  # settings are no curves
    assert rows(run, "history/val/loss") == [(2, 0.5), (6, 0.25)]
    assert set(run.axes.values()) == {"epoch"}


def test_a_counter_longer_than_the_head_comes_first(tmp_path: Path) -> None:
    length = 3000
    history = {
        "epoch": list(range(1, length + 1)),
        "train": {"loss": falling(length)},
        "val": {"loss": falling(length)},
    }
    run = read(tmp_path / "r.json", history)
    assert set(run.tags) == {"train/loss", "val/loss"}
    assert rows(run, "val/loss")[-1] == (length, falling(length)[-1])


def test_each_curve_may_have_steps_of_its_own(tmp_path: Path) -> None:
    """Sacred's metrics."""
    metrics = {
        "train.loss": {"steps": [0, 10, 20, 30], "timestamps": ["2020-01-01T00:00:00"] * 4, "values": falling(4)},
        "val.acc": {"steps": [10, 20, 30], "timestamps": ["2020-01-01T00:00:00"] * 3, "values": [0.1, 0.2, 0.5]},
    }
    run = read(tmp_path / "metrics.json", metrics, indent=2)
    assert rows(run, "val.acc") == [(10, 0.1), (20, 0.2), (30, 0.5)]
    assert [step for step, _ in rows(run, "train.loss")] == [0, 10, 20, 30]


def test_rows_inside_an_object(tmp_path: Path) -> None:
    inner = [{"epoch": at + 1, "train": {"loss": value}} for at, value in enumerate(falling(4))]
    run = read(tmp_path / "out.json", {"args": {"lr": 0.1}, "history": inner}, indent=1)
    assert rows(run, "train/loss") == [(at + 1, value) for at, value in enumerate(falling(4))]


def test_catboost(tmp_path: Path) -> None:
    path = write(tmp_path / "catboost_training.json", CATBOOST)
    assert jsonl.sniff(path)
    run = read_one(jsonl.read, path)
    assert set(run.tags) == {"learn/Logloss", "test/Logloss", "test/AUC"}
    assert rows(run, "test/AUC") == [(0, 0.61), (1, 0.63), (2, 0.66)]


def test_catboost_writes_its_metrics_twice(tmp_path: Path) -> None:
    losses = [1 / (at + 2) + 0.01 * (at % 3) for at in range(40)]
    iterations = [{"learn": [loss], "iteration": at} for at, loss in enumerate(losses)]
    meta = {"learn_sets": ["learn"], "learn_metrics": [{"name": "Logloss"}]}
    write(tmp_path / "catboost_training.json", json.dumps({"meta": meta, "iterations": iterations}))
    table = "".join(f"{at}\t{loss}\n" for at, loss in enumerate(losses))
    write(tmp_path / "learn_error.tsv", f"iter\tLogloss\n{table}")
    (run,) = loglens.read(tmp_path)
    assert [len(curve) for curve in run.curves.values()] == [40]


def test_dllogger(tmp_path: Path) -> None:
    path = write(tmp_path / "nvlog.json", DLLOGGER)
    assert jsonl.sniff(path)
    run = read_one(jsonl.read, path)
    assert rows(run, "train.loss") == [(0, 6.9), (25, 6.1), (50, 5.5), (75, 5.1)]
    assert rows(run, "val.loss") == [(49, 5.9), (99, 4.9)]  # without the batches and the summary
    assert values(run, "batches/val.loss") == [5.0, 4.0]
    assert values(run, "val.top1") == [9.5, 19.5]
    assert run.params["lr"] == 0.1
    assert run.columns.time[0] == 1678785171.9


def test_dllogger_among_other_lines_is_left_to_the_reader_of_text(tmp_path: Path) -> None:
    first, rest = DLLOGGER.split("\n", 1)
    assert not jsonl.sniff(write(tmp_path / "a.log", f"{first}\nepoch 1 loss 2.0\n{rest}"))


@pytest.mark.parametrize(
    "content",
    [
        {"model": {"hidden": [64, 64, 64], "loss": {"weights": [1.0, 0.5, 0.25]}}, "optim": {"lr": [0.1, 0.01, 0.001]}},
        {"space": {"loss_scale": falling(30)}, "metric": "loss"},
        {"grid": {"lr": [0.1, 0.01, 0.001], "l2": [0.1, 0.01, 0.001]}},
        {"train": {"mean": [0.4, 0.5, 0.6], "std": [0.1, 0.2, 0.3]}, "test": {"mean": [0.4, 0.5, 0.6]}},
        {"train": list(range(100)), "val": list(range(100, 120)), "losses": {"ids": [1, 2, 3]}},
        {"pr": {"precision": falling(50), "recall": falling(50), "thresholds": falling(50)}},
        {"data": [{"question": "a", "answer": "b", "score": 0.5}] * 3},
        {"benchmarks": [{"name": "a", "iterations": 10 * at, "real_time": 0.3} for at in range(4)]},
        {"results": {"accuracy": falling(5)}},  # one number a fold
        {"embedding": {"loss": "l2", "vector": falling(768)}},
        {"cells": [{"cell_type": "code", "source": ["loss = 1\n"], "epoch": 1}] * 4, "nbformat": 4},
        {"history": {"loss": []}, "epochs": [1, 2, 3]},
        {"history": {"loss": [[0.5], [0.4], [0.3]], "acc": [True, False, True]}},
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_what_is_no_history(tmp_path: Path, content: dict[str, Any], indent: int | None) -> None:
    assert not jsonl.sniff(write(tmp_path / "config.json", json.dumps({"name": "x"} | content, indent=indent)))


def test_depth_is_bounded(tmp_path: Path) -> None:
    deep = '{"a":' * 9000 + '{"loss": [0.5, 0.4, 0.3]}' + "}" * 9000
    assert not jsonl.sniff(write(tmp_path / "deep.json", deep))
    wide = {f"k{at}": {"loss": [0.5, 0.25, 0.125]} for at in range(6000)}
    run = read(tmp_path / "wide.json", {"history": wide})
    assert 1000 < len(run.tags) < 6000


def test_a_document_that_was_cut_off_says_so(tmp_path: Path) -> None:
    content = json.dumps({"train": {"loss": falling(300)}, "val": {"loss": falling(300)}}, indent=1)
    path = write(tmp_path / "h.json", content[:-60])
    assert jsonl.sniff(path)
    with pytest.raises(UnreadableError, match="cut off, or still being written"):
        read_one(jsonl.read, path)


def test_curves_with_lists_of_their_own_steps(tmp_path: Path) -> None:
    """As PyMARL writes them with Sacred: numpy's scalars are objects, and "loss_T" are the steps of "loss"."""
    content = {
        "loss": [3.5, 2.5, 1.5, 1.25],
        "loss_T": [100, 250, 400, 450],
        "return_mean": [{"dtype": "float64", "py/object": "numpy.float64", "value": v + 0.5} for v in range(6)],
        "return_mean_T": [0, 50, 100, 150, 200, 250],
    }
    path = write(tmp_path / "info.json", json.dumps(content, indent=2).encode())
    run = read_one(jsonl.read, path)
    assert rows(run, "loss") == [(100, 3.5), (250, 2.5), (400, 1.5), (450, 1.25)]
    assert rows(run, "return_mean") == [(50 * v, v + 0.5) for v in range(6)] and len(run.columns.tags) == 2


@pytest.mark.parametrize("length", [5, 300, 5000])
def test_an_object_of_numbered_values_is_a_curve(tmp_path: Path, length: int) -> None:
    """As pandas' `to_json` writes a frame."""
    frame = {name: {str(at): value for at, value in enumerate(falling(length))} for name in ("loss", "val_loss")}
    run = read(tmp_path / "history.json", frame)
    assert rows(run, "val_loss") == list(enumerate(falling(length)))


def test_golden_values_have_the_steps_that_were_logged(tmp_path: Path) -> None:
    """Megatron-LM fills the steps without a value with a text; a NaN that was logged has no quotes."""
    filled = {str(step): step / 1000 for step in range(5, 100, 5)} | {"100": float("nan")}
    loss = {"start_step": 1, "end_step": 150, "step_interval": 5, "values": filled | {"105": "nan", "110": "nan"}}
    run = read(tmp_path / "golden_values.json", {"lm loss": loss, "num-zeros": loss})
    assert run.tags == ("lm loss", "num-zeros")
    assert run.curves["lm loss"].step.tolist() == list(range(5, 105, 5)) and np.isnan(values(run, "lm loss")[-1])


@pytest.mark.parametrize(("key", "axis"), [("epoch_{}", "epoch"), ("{}", "step"), ("step {}", "step")])
def test_an_object_of_numbered_rows_is_a_table(tmp_path: Path, key: str, axis: str) -> None:
    content = {key.format(at): {"train_loss": loss, "val_acc": 1 - loss} for at, loss in enumerate(falling(8), 1)}
    run = read(tmp_path / "results.json", content)
    assert rows(run, "train_loss") == list(enumerate(falling(8), 1)) and run.curves["train_loss"].axis == axis


@pytest.mark.parametrize(
    "content",
    [
        {"accuracy": {str(label): 0.1 + label / 70 for label in range(10)}},
        {"loss": 0.5, "id2label": {str(label): f"class {label}" for label in range(30)}},
        {"ids": {str(at): at for at in range(30)}},
    ],
)
def test_classes_that_are_numbered_are_no_curve(tmp_path: Path, content: dict[str, Any]) -> None:
    path = tmp_path / "labels.json"
    write(path, json.dumps(content))
    assert not jsonl.sniff(path)
