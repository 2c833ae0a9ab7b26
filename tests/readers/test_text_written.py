"""What trainers printed in trainings that took place, against parses that share no code with the reader's."""

from __future__ import annotations

import ast
import json
import math
import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import loglens
from loglens.model.run import Run
from loglens.readers.text import reader as text
from loglens.roles.from_tags import roles_of_tags
from tests.readers.tables import DATA, equal, kinds, read_one, rows, same, write

Points = list[tuple[int, float]]


def one(file: str) -> Run:
    return read_one(text.read, DATA / file)


def content(file: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", (DATA / file).read_text("utf-8"))


def roles(run: Run) -> dict[str, str]:
    return {
        tag: f"{role.name}@{role.split}" if role.split else str(role.name)
        for tag, role in roles_of_tags(run.tags).items()
    }


def gather(pairs: list[tuple[str, int, float]]) -> dict[str, Points]:
    found: dict[str, Points] = {}
    for tag, step, value in pairs:
        found.setdefault(tag, []).append((step, value))
    return found


def points(run: Run) -> dict[str, Points]:
    return {tag: rows(run, tag) for tag in run.tags}


# --- Stable-Baselines3


def test_the_table_of_stable_baselines() -> None:
    run = one("sb3/stdout.txt")
    wanted: list[tuple[str, int, float]] = []
    for table in re.split(r"^-{8,}$", content("sb3/stdout.txt"), flags=re.M):
        cells = re.findall(r"^\|( {1,4})(\S+) +\| (\S*) +\|$", table, flags=re.M)
        group, named = "", []
        for _, key, value in cells:
            group = key if not value else group
            named += [(group + key, float(value))] if value else []
        step = int(dict(named).get("time/total_timesteps", 0))
        wanted += [(tag, step, value) for tag, value in named]
    assert points(run) == gather(wanted)
    assert len(wanted) > 200
    assert run.notes == () and run.axes == {}
    assigned = roles(run)
    assert assigned["rollout/ep_rew_mean"] == "rl_reward@train"
    assert assigned["train/approx_kl"] == "rl_kl@train"
    assert assigned["train/learning_rate"] == "lr"


def test_all_that_stable_baselines_leaves_in_a_folder_is_read_once() -> None:
    run, episodes = sorted(loglens.read(DATA / "sb3"), key=lambda run: run.format, reverse=True)
    assert (run.name, run.format, episodes.format) == ("progress.json", "jsonl", "csv")
    lines = [json.loads(line) for line in (DATA / "sb3" / "progress.json").read_text().splitlines()]
    assert set(run.tags) == {key for line in lines for key in line}
    # exact as in the file of lines, not rounded as on the console
    assert [value for _, value in rows(run, "train/value_loss")] == [line["train/value_loss"] for line in lines[1:]]
    assert kinds(run) == ["merged", "merged"]


# --- Hugging Face


@pytest.mark.parametrize("name", ["huggingface", "huggingface_buffered"])
def test_hugging_face(name: str) -> None:
    run = one(f"console/{name}.log")
    parts = [ast.literal_eval(line) for line in re.findall(r"\{[^{}]*\}", content(f"console/{name}.log"))]
    assert len(parts) == 16
    order = sorted({float(row["epoch"]) for row in parts})
    wanted = []
    for row in parts:
        epoch = float(row.pop("epoch"))
        # eight steps an epoch; with its lines held back, only their order is known
        at = round(8 * epoch) if name == "huggingface" else order.index(epoch)
        wanted += [(key, at, float(value)) for key, value in row.items()]
    assert points(run) == gather(wanted)
    assert set(run.axes.values()) == (set() if name == "huggingface" else {"log"})
    assert run.notes == ()
    assigned = roles(run)
    assert (assigned["loss"], assigned["eval_loss"], assigned["train_loss"]) == (
        "loss@train",
        "loss@val",
        "loss_summary@train",
    )
    assert (assigned["grad_norm"], assigned["learning_rate"]) == ("grad_norm_global@train", "lr")


# --- Keras


def test_keras() -> None:
    run = one("console/keras.log")
    wanted: dict[str, Points] = {}
    running: dict[str, Points] = {}
    for epoch, part in enumerate(content("console/keras.log").split("Epoch ")[1:], 1):
        bars = re.findall(r"(\d)/4 [^:]*? - (accuracy: [^\b\r\n]*)", part)
        assert [at for at, _ in bars] == ["1", "2", "3", "4", "4"]
        for at, shown in bars:
            for key, value in re.findall(r"(\w+): ([\d.]+)", shown):
                if at == "4" and "val_loss" in shown:
                    wanted.setdefault(key, []).append((epoch, float(value)))
                elif at != "4":
                    running.setdefault(f"running/{key}", []).append((4 * epoch - 4 + int(at), float(value)))
    assert points(run) == wanted | running
    assert {tag: run.axes.get(tag, "step") for tag in wanted} == dict.fromkeys(wanted, "epoch")
    assert run.notes == ()
    assigned = roles(run)
    assert (assigned["loss"], assigned["val_loss"]) == ("loss@train", "loss@val")
    assert assigned["val_accuracy"] == "metric_higher@val"


# --- Lightning


def test_lightning() -> None:
    run = one("console/lightning.log")
    shown = re.findall(
        r"Epoch (\d): [^|]*\|[^|]*\| (\d+)/12 \[[^\]]*train_loss=([\d.e-]+)(?:, val_loss=([\d.e-]+))?\]",
        content("console/lightning.log"),
    )
    # at 0 the bar has begun again and shows what was measured before; the last one drawn at a step counts
    train = {12 * int(epoch) + int(at): float(loss) for epoch, at, loss, _ in shown if at != "0"}
    val = {12 * int(epoch) + int(at): float(loss) for epoch, at, _, loss in shown if at != "0" and loss}
    assert len(train) == 9
    for tag, wanted in (("train_loss", train), ("val_loss", val)):
        curve = run.curves[tag]
        assert dict(zip(curve.step.tolist(), curve.value.tolist(), strict=True)) == wanted
    assert run.notes == () and not run.columns.session.any()
    assert roles(run) == {"train_loss": "loss@train", "val_loss": "loss@val"}


def test_a_loop_that_shows_the_loss_of_its_first_batch_at_step_0(tmp_path: Path) -> None:
    bars = [f"Epoch {epoch}: {50 * at}%|     | {at}/2 [00:0{at}<00:0{2 - at}, 1.0it/s, loss={3 - epoch - at / 2}]" for
            epoch in range(3) for at in range(2)]  # fmt: skip
    run = read_one(text.read, write(tmp_path / "train.log", "\r".join(bars) + "\n"))
    assert rows(run, "loss") == [(0, 3), (1, 2.5), (2, 2), (3, 1.5), (4, 1), (5, 0.5)]


# --- Coqui


def test_coqui() -> None:
    run = one("coqui/trainer_0_log.txt")
    step, split, when = 0, "", math.nan
    wanted: list[tuple[str, int, float]] = []
    times: set[float] = set()
    for line in content("coqui/trainer_0_log.txt").splitlines():
        if parts := re.search(r"TIME: (\S+ \S+) -- STEP: \d+/\d+ -- GLOBAL_STEP: (\d+)", line):
            step, split = int(parts[2]), ""
            when = (datetime.fromisoformat(parts[1]) - datetime(1970, 1, 1)).total_seconds()
            times.add(when)
        elif "EVALUATION" in line:
            split = "val/"
        elif parts := re.fullmatch(r" {5}\| > (\w+): (.*)", line):
            shown = re.sub(r"tensor\(([^)]*)\)", r"\1", parts[2])
            value, *rest = re.findall(r"[-+]?[\d.]+(?:e[-+]?\d+)?", shown)
            wanted.append((split + parts[1], step, float(value)))
            if rest and not parts[1].startswith("avg_"):
                wanted.append((f"{split}{parts[1]}_running", step, float(rest[0])))
    assert points(run) == gather(wanted)
    assert set(run.curves["loss"].time.tolist()) == times and when in times
    assert run.notes == ()
    assigned = roles(run)
    assert (assigned["loss"], assigned["val/avg_loss"]) == ("loss@train", "loss@val")
    assert (assigned["grad_norm"], assigned["current_lr"]) == ("grad_norm_global@train", "lr")
    assert (assigned["step_time"], assigned["loader_time"]) == ("step_time", "data_time")


@pytest.mark.parametrize(
    "tensor", ["tensor(0.5)", "tensor([0.5])", "tensor(0.5, device='cuda:0', grad_fn=<MseLossBackward0>)"]
)
def test_tensors_written_as_they_print(tensor: str, tmp_path: Path) -> None:
    run = read_one(text.read, write(tmp_path / "train.log", "".join(f"step {i} loss: {tensor}\n" for i in range(5))))
    assert rows(run, "loss") == [(i, 0.5) for i in range(5)]


# --- MLPerf


def test_mlperf() -> None:
    run = one("mlperf/result_0.txt")
    wanted: list[tuple[str, int, float]] = []
    parts = [json.loads(line.removeprefix(":::MLLOG ")) for line in content("mlperf/result_0.txt").splitlines()]
    for row in parts:
        at = row["metadata"].get("epoch_num", row["metadata"].get("samples_count"))
        if at is not None and isinstance(row["value"], float):
            wanted.append((row["key"], at, row["value"]))
        elif at is not None and row["value"]:
            wanted += [(f"{row['key']}/{key}", at, value) for key, value in row["value"].items()]
    assert points(run) == gather(wanted)
    assert run.axes == dict.fromkeys(("eval_accuracy", "tracked_stats/loss", "tracked_stats/throughput"), "epoch") | {
        "train_loss": "samples"
    }
    assert run.params == {"submission_benchmark": "resnet", "global_batch_size": 256, "opt_base_learning_rate": 1.05}
    losses = [row for row in parts if row["key"] == "train_loss"]
    assert run.curves["train_loss"].time.tolist() == [row["time_ms"] / 1000 for row in losses]
    assert roles(run)["eval_accuracy"] == "metric_higher@val"


# --- fairseq


def test_fairseq_says_the_same_in_both_forms() -> None:
    run = one("fairseq/json.log")
    parts = [json.loads(line.rpartition(" | ")[2]) for line in content("fairseq/json.log").splitlines()]
    wanted: list[tuple[str, int, float]] = []
    for row in parts:
        (counter,) = (key for key in row if key.endswith("num_updates"))
        out = {"epoch", "update", counter}
        wanted += [(key, int(row[counter]), float(value)) for key, value in row.items() if key not in out]
    assert points(run) == gather(wanted)
    assert len(parts) == 12 and run.notes == ()
    assert points(one("fairseq/simple.log")) == points(run)
    stamp = content("fairseq/json.log")[:19]
    assert run.columns.time[0] == (datetime.fromisoformat(stamp) - datetime(1970, 1, 1)).total_seconds()
    assigned = roles(run)
    assert (assigned["loss"], assigned["valid_loss"], assigned["gnorm"]) == (
        "loss@train", "loss@val", "grad_norm_global@train",
    )  # fmt: skip


# --- torchtitan


def test_torchtitan() -> None:
    run = one("torchtitan/titan.log")
    wanted: list[tuple[str, int, float]] = []
    for line in content("torchtitan/titan.log").splitlines():
        if parts := re.search(r"INFO - (validate )?step: +(\d+)  (.*)", line):
            pairs = re.findall(r"(\w+): +([\d.]+)", parts[3])
            wanted += [(f"{'val/' if parts[1] else ''}{key}", int(parts[2]), float(value)) for key, value in pairs]
    assert points(run) == gather(wanted)
    assert [step for step, _ in rows(run, "loss")] == [1, *range(5, 41, 5)]
    assert run.notes == () and np.isfinite(run.columns.time).all()
    assigned = roles(run)
    assert (assigned["loss"], assigned["val/loss"], assigned["grad_norm"]) == (
        "loss@train", "loss@val", "grad_norm_global@train",
    )  # fmt: skip


# --- detectron2 and mmengine


def test_detectron2() -> None:
    run = one("detectron2/log.txt")
    wanted: list[tuple[str, int, float]] = []
    for line in content("detectron2/log.txt").splitlines():
        parts = dict(re.findall(r"(\w+): ([\d.e-]+)(?= |$)", line.partition("iter:")[2].join(["iter:", ""])))
        step = int(parts.pop("iter"))
        wanted += [(key, step, float(value)) for key, value in parts.items()]
    assert points(run) == gather(wanted)
    assert len(wanted) == 11 * 6
    (both,) = loglens.read(DATA / "detectron2")
    assert both.format == "jsonl" and kinds(both) == ["merged"]


@pytest.mark.parametrize(("name", "steps"), [("epochs", 12), ("iterations", 6)])
def test_mmengine(name: str, steps: int) -> None:
    run = one(f"mmengine/{name}/train.log")
    wanted: list[tuple[str, int, float]] = []
    lines = [line for line in content(f"mmengine/{name}/train.log").splitlines() if "(train)" in line]
    for at, line in enumerate(lines, 1):
        parts = re.findall(r"(\w+): ([-+\d.e]+)(?= |$)", line.partition("lr:")[2].join(["lr:", ""]))
        wanted += [(f"train/{key}", 4 * at, float(value)) for key, value in parts]
    training = {tag: each for tag, each in points(run).items() if tag.startswith("train/")}
    assert training == gather(wanted)
    assert len(lines) == steps and run.notes == ()
    (both,) = loglens.read(DATA / "mmengine" / name)
    assert both.format == "jsonl" and kinds(both) == ["merged"] and both.rewinds == {}
    assert len(both.tags) == len(read_one_json(name).tags)


def read_one_json(name: str) -> Run:
    (run,) = loglens.read(DATA / "mmengine" / name / "scalars.json")
    return run


# --- all of them, damaged


LOGS = [
    "sb3/stdout.txt", "console/huggingface.log", "console/huggingface_buffered.log", "console/keras.log",
    "console/lightning.log", "coqui/trainer_0_log.txt", "mlperf/result_0.txt", "fairseq/simple.log",
    "fairseq/json.log", "detectron2/log.txt", "mmengine/epochs/train.log", "mmengine/iterations/train.log",
    "torchtitan/titan.log", "nanogpt/train.log", "llmc/cuda/main.log", "llmc/cuda/stdout.txt", "llmc/python/main.log",
    "llmc/python/stdout.txt", "megatron/train.log", "composer/epochs/console.log", "composer/epochs/logs-rank0.txt",
    "composer/batches/console.log", "composer/batches/logs-rank0.txt", "skorch/console.log", "detr/console.log",
]  # fmt: skip


@pytest.mark.parametrize("file", LOGS)
def test_garbage_between_the_lines_costs_nothing_and_is_named(file: str, tmp_path: Path) -> None:
    data = (DATA / file).read_bytes()
    cut = data.index(b"\n", len(data) // 2) + 1
    path = write(tmp_path / Path(file).name, data[:cut] + b"\x00\xff\x80 loss\x01: \xfe\n" + data[cut:])
    assert text.sniff(path)
    damaged = read_one(text.read, path)
    assert equal(damaged, points(one(file)))
    assert "corrupt" in kinds(damaged)


@pytest.mark.parametrize("file", LOGS)
def test_a_log_cut_anywhere_gives_a_prefix_of_each_curve(file: str, tmp_path: Path) -> None:
    data = (DATA / file).read_bytes()
    whole = {tag: [value for _, value in each] for tag, each in points(one(file)).items()}
    seen = []
    for cut in np.linspace(len(data) // 2, len(data) - 1, 40).astype(int).tolist():
        run = read_one(text.read, write(tmp_path / Path(file).name, data[:cut]))
        seen.append(len(run.columns))
        for tag in run.tags:
            found = [value for _, value in rows(run, tag)][:-1]
            assert same(found, whole[tag][: len(found)]), (tag, cut)
    assert all(b >= a - 8 for a, b in pairwise(seen)) and len(set(seen)) > 3
