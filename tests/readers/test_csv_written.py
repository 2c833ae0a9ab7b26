"""CSV files that the trainers' own writers wrote, whole and damaged, against a parse that shares no code with ours."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import loglens
from loglens.model.source import Source
from loglens.readers.csv import reader
from loglens.roles.from_tags import roles_of_tags
from tests.readers.tables import DATA, Points, equal, kinds, read_one, rows, values, write

#: file, its step column, what its steps count, the columns that are no series, what it says of itself, roles
WRITTEN: list[tuple[str, str, str, set[str], list[str], dict[str, str]]] = [
    ("sb3/progress.csv", "time/total_timesteps", "step", set(), [],
     {"rollout/ep_rew_mean": "rl_reward@train", "train/value_loss": "rl_value_loss@train", "train/loss": "loss@train",
      "train/approx_kl": "rl_kl@train", "train/learning_rate": "lr", "time/fps": "throughput"}),
    ("fastai/history.csv", "epoch", "epoch", {"time"}, ["restart"],
     {"train_loss": "loss@train", "valid_loss": "loss@val"}),
    ("timm/summary.csv", "epoch", "epoch", set(), ["ragged"],
     {"train_loss": "loss@train", "eval_loss": "loss@val", "eval_top1": "metric_higher@val", "lr": "lr"}),
    ("ultralytics/results.csv", "epoch", "epoch", set(), [],
     {"train/box_loss": "loss_component@train", "val/box_loss": "loss_component@val", "lr/pg0": "lr",
      "metrics/mAP50-95(B)": "metric_higher@val"}),
    ("ray/tune/trial_0/progress.csv", "training_iteration", "step",
     {"timestamp", "date", "done", "trial_id", "hostname", "node_ip", "checkpoint_dir_name"}, [],
     {"loss": "loss@train", "grad/norm": "grad_norm_global@train", "time_this_iter_s": "step_time"}),
    ("ray/rllib/progress.csv", "num_env_steps_sampled_lifetime", "step",
     {"timestamp", "date", "done", "trial_id", "hostname", "node_ip"}, [],
     {"env_runners/episode_return_mean": "rl_reward@train", "learners/default_policy/entropy": "rl_entropy@train",
      "learners/default_policy/vf_loss": "rl_value_loss@train"}),
]  # fmt: skip
IDS = [file for file, *_ in WRITTEN]


def parse(path: Path, step: str, out: set[str]) -> Points:
    """The points of every column by the standard library: a header stands before its rows, blanks are no points."""
    with path.open(newline="") as file:
        header, *lines = csv.reader(file)
    found: Points = {}
    for cells in lines:
        if cells == header or len(cells) != len(header):
            continue
        row = dict(zip(header, cells, strict=True))
        for name in row.keys() - out - {step}:
            if row[name]:
                found.setdefault(name, []).append((int(float(row[step])), float(row[name])))
    return found


@pytest.mark.parametrize(("file", "step", "axis", "out", "said", "roles"), WRITTEN, ids=IDS)
def test_every_point(file: str, step: str, axis: str, out: set[str], said: list[str], roles: dict[str, str]) -> None:
    assert reader.sniff(DATA / file)
    (run,) = reader.read(Source(DATA / file, (DATA / file,), Path(file).name))
    assert run.format == "csv" and run.name == Path(file).name
    assert equal(run, parse(DATA / file, step, out))
    assert {run.axes.get(tag, "step") for tag in run.tags} == {axis}
    assert kinds(run) == said
    assigned = roles_of_tags(run.tags)
    assert {
        tag: f"{assigned[tag].name}{'@' if assigned[tag].split else ''}{assigned[tag].split or ''}" for tag in roles
    } == (roles)


@pytest.mark.parametrize(("file", "step", "axis", "out", "said", "roles"), WRITTEN, ids=IDS)
def test_a_line_cut_short_is_lost_alone(
    file: str, step: str, axis: str, out: set[str], said: list[str], roles: dict[str, str], tmp_path: Path
) -> None:
    lines = (DATA / file).read_bytes().splitlines(keepends=True)
    cut_off = write(tmp_path / Path(file).name, b"".join(lines)[: -len(lines[-1]) // 2])
    whole = write(tmp_path / "whole.csv", b"".join(lines[:-1]))
    run = read_one(reader.read, cut_off)
    assert equal(run, parse(whole, step, out))
    assert sorted(kinds(run)) == sorted([*said, "truncated"])


@pytest.mark.parametrize(("file", "step", "axis", "out", "said", "roles"), WRITTEN, ids=IDS)
def test_garbage_in_the_middle_costs_its_line(
    file: str, step: str, axis: str, out: set[str], said: list[str], roles: dict[str, str], tmp_path: Path
) -> None:
    lines = (DATA / file).read_bytes().splitlines(keepends=True)
    at = len(lines) // 2
    whole = write(tmp_path / "whole.csv", b"".join([*lines[:at], *lines[at + 1 :]]))
    bad = write(tmp_path / Path(file).name, b"".join([*lines[:at], b"\x00\xff\x80\x07\n", *lines[at + 1 :]]))
    run = read_one(reader.read, bad)
    assert equal(run, parse(whole, step, out))
    assert "ragged" in kinds(run)


def test_parameters_beside_the_log() -> None:
    (timm,) = loglens.read(DATA / "timm" / "summary.csv")
    assert timm.params == {"lr": 0.5, "epochs": 8, "opt": "sgd", "warmup_epochs": 2}
    (yolo,) = loglens.read(DATA / "ultralytics" / "results.csv")
    assert (yolo.params["epochs"], yolo.params["lr0"], yolo.params["batch"]) == (12, 0.01, 2)
    (trial,) = loglens.read(DATA / "ray" / "tune" / "trial_1" / "progress.csv")
    assert trial.params == {"opt/lr": 0.2, "width": 1}


def test_the_unix_time_of_ray() -> None:
    (run,) = loglens.read(DATA / "ray" / "tune" / "trial_0" / "progress.csv")
    with (DATA / "ray" / "tune" / "trial_0" / "progress.csv").open(newline="") as file:
        wanted = [float(row["timestamp"]) for row in csv.DictReader(file)]
    assert run.curves["loss"].time.tolist() == wanted


# --- one file a metric, one file an environment


def test_the_csv_monitor_of_deepspeed(tmp_path: Path) -> None:
    folder = DATA / "deepspeed" / "job"
    (run,) = loglens.read(folder)
    assert run.name == "job" and set(kinds(run)) == {"restart"}
    wanted = {
        "Train/Samples/" + path.stem.removeprefix("Train_Samples_"): [
            (int(step), float(value))
            for step, value in (line.split(",") for line in path.read_text().splitlines())
            if step != "step"
        ]
        for path in folder.iterdir()
    }
    assert equal(run, wanted)
    assert run.rewinds["Train/Samples/train_loss"] == [(384, 288)]
    loss = run.curves["Train/Samples/train_loss"]
    assert loss.step.tolist() == list(range(32, 513, 32))
    assert {tag: role.name for tag, role in roles_of_tags(run.tags).items()} == {
        "Train/Samples/loss_scale": "loss_scale",
        "Train/Samples/lr": "lr",
        "Train/Samples/train_loss": "loss",
    }
    for path in folder.iterdir():
        data = path.read_bytes()
        write(tmp_path / path.name, data[:-8] if path.stem.endswith("loss") else data)
    (cut_off,) = loglens.read(tmp_path)
    assert rows(cut_off, "Train/Samples/train_loss") == wanted["Train/Samples/train_loss"][:-1]
    assert rows(cut_off, "Train/Samples/lr") == wanted["Train/Samples/lr"]
    assert [note.file for note in cut_off.notes if note.kind == "truncated"] == ["Train_Samples_train_loss.csv"]


def monitors(folder: Path) -> list[tuple[float, float, float]]:
    """End in Unix seconds, reward and length of every episode, in the order of their ends."""
    found = []
    for path in folder.glob("*.monitor.csv"):
        first, _, *lines = path.read_text().splitlines()
        start = json.loads(first.removeprefix("#"))["t_start"]
        found += [(start + float(t), float(r), float(n)) for r, n, t in (line.split(",") for line in lines)]
    return sorted(found)


def test_the_monitors_of_stable_baselines(tmp_path: Path) -> None:
    for path in (DATA / "sb3").glob("*.monitor.csv"):
        write(tmp_path / path.name, path.read_bytes())
    (run,) = loglens.read(tmp_path)
    wanted = monitors(tmp_path)
    assert len(wanted) > 8
    assert rows(run, "r") == [(at, reward) for at, (_, reward, _) in enumerate(wanted)]
    assert values(run, "l") == [length for *_, length in wanted]
    assert run.curves["r"].time.tolist() == [end for end, *_ in wanted]
    assert set(run.axes.values()) == {"episode"} and run.notes == ()
    assert roles_of_tags(run.tags)["r"].name == "rl_reward"

    cut_off = tmp_path / "1.monitor.csv"
    write(cut_off, cut_off.read_bytes()[:-4])
    (run,) = loglens.read(tmp_path)
    *whole, last = cut_off.read_text().splitlines()
    write(cut_off, "\n".join(whole) + "\n")
    # its reward stands, when it ended is no longer known
    assert values(run, "r") == [*(reward for _, reward, _ in monitors(tmp_path)), float(last.split(",")[0])]
    assert kinds(run) == ["truncated"]
