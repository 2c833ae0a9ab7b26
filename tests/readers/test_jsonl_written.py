"""Lines of JSON that the trainers' own writers wrote, whole and damaged, against a parse that shares no code."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

import loglens
from loglens.errors import UnreadableError
from loglens.readers.jsonl import reader as jsonl
from loglens.roles.from_tags import roles_of_tags
from tests.readers.tables import DATA, Points, equal, kinds, read_one, rows, write

#: file, its counter, keys that are no series, roles
WRITTEN: list[tuple[str, str, set[str], dict[str, str]]] = [
    ("sb3/progress.json", "time/total_timesteps", set(),
     {"rollout/ep_rew_mean": "rl_reward@train", "train/entropy_loss": "rl_entropy_loss@train",
      "train/explained_variance": "rl_explained_var@train", "train/clip_fraction": "rl_clip_frac@train"}),
    ("ray/tune/trial_0/result.json", "training_iteration", {"timestamp", "config"},
     {"loss": "loss@train", "grad/norm": "grad_norm_global@train"}),
    ("ray/rllib/result.json.gz", "num_env_steps_sampled_lifetime", {"timestamp", "config"},
     {"env_runners/episode_return_mean": "rl_reward@train", "learners/default_policy/mean_kl_loss": "rl_kl@train",
      "evaluation/env_runners/episode_return_mean": "rl_reward@val"}),
    ("detectron2/metrics.json", "iteration", set(),
     {"total_loss": "loss@train", "loss_cls": "loss_component@train", "bbox/AP": "metric_higher@val", "lr": "lr",
      "time": "step_time", "data_time": "data_time"}),
    ("detr/log.txt", "epoch", set(),
     {"train_loss": "loss@train", "test_loss": "loss@test", "train_loss_bbox": "loss_component@train", "train_lr": "lr",
      "test_class_error": "metric_lower@test", "test_coco_eval_bbox/AP": "metric_higher@val"}),
]  # fmt: skip
IDS = [file for file, *_ in WRITTEN]


def lines(file: str) -> list[bytes]:
    data = (DATA / file).read_bytes()
    return (gzip.decompress(data) if file.endswith(".gz") else data).splitlines(keepends=True)


def log(folder: Path, file: str, content: list[bytes]) -> Path:
    return write(folder / Path(file).name.removesuffix(".gz"), b"".join(content))


#: What pycocotools prints in this order under "Average Precision" and "Average Recall".
COCO = "AP AP50 AP75 AP_small AP_medium AP_large AR1 AR10 AR100 AR_small AR_medium AR_large".split()


def parse(content: list[bytes], step: str, out: set[str]) -> Points:
    """The numbers of every row by their path, at the row's own counter."""
    found: Points = {}

    def walk(prefix: str, node: dict[str, Any], at: int) -> None:
        for key, value in node.items():
            if isinstance(value, dict):
                walk(f"{prefix}{key}/", value, at)
            elif key.startswith("test_coco_eval"):
                walk(f"{prefix}{key}/", dict(zip(COCO, value, strict=True)), at)
            elif type(value) in {int, float}:
                found.setdefault(prefix + key, []).append((at, float(value)))

    for row in map(json.loads, content):
        walk("", {key: value for key, value in row.items() if key not in {*out, step}}, int(row[step]))
    return found


@pytest.mark.parametrize(("file", "step", "out", "roles"), WRITTEN, ids=IDS)
def test_every_point(file: str, step: str, out: set[str], roles: dict[str, str], tmp_path: Path) -> None:
    path = log(tmp_path, file, lines(file))
    assert jsonl.sniff(path)
    run = read_one(jsonl.read, path)
    assert equal(run, parse(lines(file), step, out))
    assert set(run.axes.values()) == ({"epoch"} if step == "epoch" else set()) and run.notes == ()
    assigned = roles_of_tags(run.tags)
    assert {
        tag: f"{assigned[tag].name}{'@' if assigned[tag].split else ''}{assigned[tag].split or ''}" for tag in roles
    } == (roles)


@pytest.mark.parametrize(("file", "step", "out", "roles"), WRITTEN, ids=IDS)
def test_damage(file: str, step: str, out: set[str], roles: dict[str, str], tmp_path: Path) -> None:
    content = lines(file)
    cut_off = read_one(jsonl.read, log(tmp_path, file, [*content[:-1], content[-1][: len(content[-1]) // 2]]))
    assert equal(cut_off, parse(content[:-1], step, out))
    assert kinds(cut_off) == ["truncated"]
    at = len(content) // 2
    bad = read_one(jsonl.read, log(tmp_path, file, [*content[:at], b'{"a": \x00\xff\x80}\n', *content[at + 1 :]]))
    assert equal(bad, parse(content[:at] + content[at + 1 :], step, out))
    assert kinds(bad) == ["corrupt"]
    assert f"(the first is line {at + 1})" in bad.notes[0].message


def test_what_explains_the_runs_of_ray(tmp_path: Path) -> None:
    (run,) = loglens.read(DATA / "ray" / "tune" / "trial_1" / "result.json")
    assert (run.params["opt/lr"], run.params["width"]) == (0.2, 1)
    stamps = [json.loads(line)["timestamp"] for line in lines("ray/tune/trial_1/result.json")]
    assert run.curves["loss"].time.tolist() == stamps
    assert [step for step, value in rows(run, "distance") if value != value] == [6]
    rllib = read_one(jsonl.read, log(tmp_path, "result.json", lines("ray/rllib/result.json.gz")))
    config = json.loads(lines("ray/rllib/result.json.gz")[0])["config"]
    assert rllib.params["lr"] == config["lr"] and rllib.params["gamma"] == config["gamma"]


def test_a_trial_of_ray_in_three_formats_is_one_run() -> None:
    trials = list(loglens.read(DATA / "ray" / "tune"))
    assert [run.name for run in trials] == ["trial_0/result.json", "trial_1/result.json"]
    for run in trials:
        assert len(run.files) == 3 and set(kinds(run)) == {"merged"}
        written = parse(lines(f"ray/tune/{run.name}"), "training_iteration", {"timestamp", "config"})
        assert equal(run, written | {"ray/tune/done": rows(run, "ray/tune/done")})


def test_the_resumed_run_of_detectron2_reads_as_it_was_written() -> None:
    (run,) = loglens.read(DATA / "detectron2" / "metrics.json")
    steps = [step for step, _ in rows(run, "total_loss")]
    assert steps == [9, 19, 29, 39, 49, 59, 69, 69, 79, 89, 99]
    assert rows(run, "bbox/AP")[0][0] == 39


@pytest.mark.parametrize(
    ("name", "axis", "steps"), [("epochs", "epoch", [1, 2, 3]), ("iterations", "step", [8, 16, 24])]
)
def test_mmengine(name: str, axis: str, steps: list[int], tmp_path: Path) -> None:
    file = f"mmengine/{name}/scalars.json"
    content = lines(file)
    training = [line for line in content if b'"iter"' in line]
    validation = [json.loads(line) for line in content if b'"iter"' not in line]

    def wanted(training: list[bytes]) -> Points:
        # the writer takes "val/" off the names, and where it counts iterations writes 0 for the step
        names = validation[0].keys() - {"step"}
        val = {f"val/{key}": [(at, row[key]) for at, row in zip(steps, validation, strict=True)] for key in names}
        return parse([line.replace(b'"step"', b'"_"') for line in training], "_", set()) | val

    run = read_one(jsonl.read, DATA / file)
    assert equal(run, wanted(training))
    assert {tag: run.axes.get(tag, "step") for tag in run.tags if tag.startswith("val/")} == (
        dict.fromkeys(("val/toy/accuracy", "val/time", "val/data_time"), axis)
    )
    assert run.rewinds == {} and run.notes == ()
    assigned = roles_of_tags(run.tags)
    assert (assigned["val/toy/accuracy"].name, assigned["val/toy/accuracy"].split) == ("metric_higher", "val")
    assert (assigned["loss"].name, assigned["grad_norm"].name, assigned["lr"].name) == (
        "loss",
        "grad_norm_global",
        "lr",
    )

    bad = read_one(jsonl.read, log(tmp_path, file, [*content[:3], b'{"lr": \x00\xff\n', *content[4:]]))
    assert equal(bad, wanted([line for line in training if line != content[3]]))
    assert kinds(bad) == ["corrupt"]


def test_detr_continues_from_its_checkpoint() -> None:
    (run,) = loglens.read(DATA / "detr" / "log.txt")
    assert [step for step, _ in rows(run, "train_loss")] == [0, 1, 2, 2, 3, 4]
    assert run.curves["train_loss"].step.tolist() in ([0, 1, 2, 3, 4], [0, 1, 2, 2, 3, 4])
    printed = (DATA / "detr" / "console.log").read_text()
    shown = re.findall(r"\(AP\) @\[ IoU=0.50:0.95 \| area=   all \| maxDets=100 \] = (\S+)", printed)
    assert [value for _, value in rows(run, "test_coco_eval_bbox/AP")] == pytest.approx(
        [float(each) for each in shown], abs=5.1e-4
    )


# --- skorch: one document, rows of batches within the rows of epochs


def skorch() -> list[dict[str, Any]]:
    epochs: list[dict[str, Any]] = json.loads((DATA / "skorch" / "history.json").read_text())
    return epochs


def test_the_history_of_skorch() -> None:
    path = DATA / "skorch" / "history.json"
    assert jsonl.sniff(path)
    run = read_one(jsonl.read, path)
    wanted: Points = {}
    counts = {"train": 0, "valid": 0}
    for epoch in skorch():
        for key, value in epoch.items():
            if type(value) in {int, float} and key != "epoch":
                wanted.setdefault(key, []).append((epoch["epoch"], value))
        for batch in epoch["batches"]:
            side = "train" if "train_loss" in batch else "valid"
            for key, value in batch.items():
                wanted.setdefault(f"batches/{key}", []).append((counts[side], value))
            counts[side] += 1
    assert equal(run, wanted) and counts == {"train": 60, "valid": 24}
    assert {tag: run.axes.get(tag, "step") for tag in ("train_loss", "batches/train_loss", "batches/valid_loss")} == {
        "train_loss": "epoch", "batches/train_loss": "step", "batches/valid_loss": "batch",
    }  # fmt: skip
    assert run.notes == ()
    assigned = roles_of_tags(run.tags)
    named = {tag: (assigned[tag].name, assigned[tag].split) for tag in ("train_loss", "valid_loss", "event_lr")}
    assert named == {"train_loss": ("loss", "train"), "valid_loss": ("loss", "val"), "event_lr": ("lr", None)}
    # the loss of each batch is part of that of its epoch, which stays the curve that is judged
    assert assigned["batches/train_loss"].name == "loss_component"


def test_a_history_of_skorch_that_breaks_off_is_named(tmp_path: Path) -> None:
    data = (DATA / "skorch" / "history.json").read_bytes()
    path = write(tmp_path / "history.json", data[: len(data) // 2])
    assert jsonl.sniff(path)
    with pytest.raises(UnreadableError, match="no valid JSON"):
        read_one(jsonl.read, path)
    bare = [{key: value for key, value in epoch.items() if key != "batches"} for epoch in skorch()]
    odd: list[Any] = [{"batches": 3, **bare[0]}, None, {"batches": [None, {"train_loss": 1.5}], **bare[1]}]
    (tmp_path / "history.json").write_text(json.dumps(odd).replace('"batches": 3', '"batches": []'))
    run = read_one(jsonl.read, path)
    assert [step for step, _ in rows(run, "train_loss")] == [1, 2] and rows(run, "batches/train_loss") == [(0, 1.5)]
