"""What the loops of nanoGPT, llm.c, Megatron, Composer, skorch and DETR printed, against parses that share no code."""

from __future__ import annotations

import math
import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

import loglens
from loglens.model.resume import Rewind
from loglens.readers.text import reader as text
from loglens.readers.text.ruled_tables import RuledTables
from tests.readers.tables import DATA, equal, kinds, read_one, rows, same, write
from tests.readers.test_text_written import content, gather, one, points, roles

NUMBER = r"[-+]?(?:[\d.]+(?:[eE][-+]?\d+)?|nan|inf)"


# --- nanoGPT


def test_nanogpt() -> None:
    run = one("nanogpt/train.log")
    wanted: list[tuple[str, int, float]] = []
    for line in content("nanogpt/train.log").splitlines():
        if match := re.fullmatch(r"step (\d+): train loss (\S+), val loss (\S+)", line):
            wanted += [("train/loss", int(match[1]), float(match[2])), ("val/loss", int(match[1]), float(match[3]))]
        elif match := re.fullmatch(r"iter (\d+): loss (\S+), time (\S+)ms, mfu (\S+)%", line):
            wanted += [(tag, int(match[1]), float(match[at])) for at, tag in ((2, "loss"), (3, "time"), (4, "mfu"))]
    assert equal(run, gather(wanted))
    assert sum(math.isnan(value) for _, _, value in wanted) == 8  # six losses, and both of an evaluation
    assert run.axes == {} and run.notes == ()
    # it went on from its checkpoints at 20 and at 60
    assert run.rewinds["loss"] == [Rewind(last=27, first=20), Rewind(last=70, first=60)]
    assigned = roles(run)
    assert (assigned["loss"], assigned["train/loss"], assigned["val/loss"]) == ("loss@train", "loss@train", "loss@val")
    assert (assigned["time"], assigned["mfu"]) == ("step_time", "throughput")


# --- llm.c


@pytest.mark.parametrize("folder", ["cuda", "python"])
def test_the_log_file_of_llmc(folder: str) -> None:
    run = one(f"llmc/{folder}/main.log")
    wanted: list[tuple[str, int, float]] = []
    for line in content(f"llmc/{folder}/main.log").splitlines():
        step, *match = line.split()
        wanted += [(key, int(step[2:]), float(value)) for key, _, value in (each.partition(":") for each in match)]
    assert equal(run, gather(wanted))
    assert run.axes == {} and run.notes == ()
    assigned = roles(run)
    assert (assigned["trl"], assigned["tel"]) == ("loss@train", "loss@val")
    if folder == "cuda":
        assert (assigned["lr"], assigned["norm"], assigned["eval"]) == (
            "lr",
            "grad_norm_global@train",
            "metric_higher@val",
        )
        assert run.rewinds["trl"] == [Rewind(last=17, first=10)] and run.rewinds["tel"] == [Rewind(last=15, first=10)]
        assert [step for step, value in rows(run, "trl") if math.isnan(value)] == [16, 16]


@pytest.mark.parametrize("folder", ["cuda", "python"])
def test_the_console_of_llmc_agrees_with_its_log_file(folder: str) -> None:
    run, file = one(f"llmc/{folder}/stdout.txt"), one(f"llmc/{folder}/main.log")
    loss = "loss" if folder == "cuda" else "train/loss"
    wanted: list[tuple[str, int, float]] = []
    for line in content(f"llmc/{folder}/stdout.txt").splitlines():
        if match := re.match(r"step +(\d+)/20 \| (?:train )?loss +(\S+) .*?\| norm (\S+) .*?\| lr (\S+) \|", line):
            wanted += [(tag, int(match[1]), float(match[at])) for at, tag in ((2, loss), (3, "norm"), (4, "lr"))]
            speed = re.search(r"([\d.]+) ms \|(?: ([\d.]+)% bf16 MFU \|)? (\d+) tok/s", line)
            assert speed
            named = zip(("time", "MFU", "tok_s"), speed.groups(), strict=True)
            wanted += [(tag, int(match[1]), float(value)) for tag, value in named if value]
    found = points(run)
    validation = found.pop("val/loss")
    assert found.keys() == gather(wanted).keys()
    assert all(same([v for _, v in found[tag]], [v for _, v in each]) for tag, each in gather(wanted).items())
    assert all([s for s, _ in found[tag]] == [s for s, _ in each] for tag, each in gather(wanted).items())
    # the console counts steps from 1 and names none for the validation; the log file knows where it stood
    assert [step for step, _ in validation] == [step for step, _ in rows(file, "tel")]
    assert [value for _, value in validation] == pytest.approx([value for _, value in rows(file, "tel")], abs=1e-4)
    assigned = roles(run)
    assert (assigned[loss], assigned["val/loss"]) == ("loss@train", "loss@val")
    assert (assigned["norm"], assigned["lr"], assigned["time"]) == ("grad_norm_global@train", "lr", "step_time")
    assert run.notes == ()


# --- Megatron


def test_megatron() -> None:
    run = one("megatron/train.log")
    wanted: list[tuple[str, int, float]] = []
    stamps: list[float] = []
    for line in content("megatron/train.log").splitlines():
        if match := re.fullmatch(r" \[(.{26})\] iteration +(\d+)/ +80 \|(.*) \|", line):
            cells = (cell.split(":") for cell in match[3].split("|"))
            wanted += [(key.strip(), int(match[2]), float(value)) for key, value in cells]
            stamps.append((datetime.fromisoformat(match[1]) - datetime(1970, 1, 1)).total_seconds())
        elif match := re.fullmatch(r" validation loss at iteration (\d+) \| (.*) \| ", line):
            cells = (cell.split(":") for cell in match[2].split("|"))
            wanted += [
                (f"val/{key.strip().removesuffix(' value')}", int(match[1]), float(value)) for key, value in cells
            ]
    assert equal(run, gather(wanted))
    assert run.curves["loss scale"].time[-1] == pytest.approx(stamps[-1], abs=1e-3)
    assert run.axes == {} and run.notes == ()
    assert run.rewinds["lm loss"] == [Rewind(last=50, first=41)]
    # an interval that was skipped as a whole has a loss of 0 in the log and no norm, one with a NaN has no loss
    loss = dict(rows(run, "lm loss"))
    assert loss[65] == 0 and 65 not in dict(rows(run, "grad norm")) and 75 not in loss and 80 in loss
    assigned = roles(run)
    assert {tag: assigned[tag] for tag in ("lm loss", "val/lm loss", "grad norm", "params norm", "learning rate")} == {
        "lm loss": "loss@train",
        "val/lm loss": "loss@val",
        "grad norm": "grad_norm_global@train",
        "params norm": "weight_norm_global@train",
        "learning rate": "lr",
    }
    assert (assigned["loss scale"], assigned["elapsed time per iteration (ms)"]) == ("loss_scale@train", "step_time")


# --- Composer


@pytest.mark.parametrize(("name", "batches"), [("epochs", 6), ("batches", 0)])
def test_the_console_of_composer(name: str, batches: int) -> None:
    run = one(f"composer/{name}/console.log")
    wanted: list[tuple[str, int, float]] = []
    at = 0
    for line in content(f"composer/{name}/console.log").splitlines():
        if match := re.fullmatch(r"(?:\[epoch=(\d+)\])?\[batch=(\d+)/\d+\]:", line):
            at = batches * (int(match[1] or 1) - 1) + int(match[2])
        elif match := re.fullmatch(rf"\t (?:Train|Eval) (\S+): ({NUMBER})", line):
            wanted.append((match[1], at, float(match[2])))
    assert equal(run, gather(wanted)) and len(wanted) > 100
    assert run.axes == {} and run.notes == ()
    assigned = roles(run)
    assert (assigned["loss/train/total"], assigned["lr-SGD/group0"]) == ("loss@train", "lr")
    assert (assigned["metrics/eval/MeanSquaredError"], assigned["time/sample"]) == ("metric_lower@val", "samples")
    if name == "epochs":
        assert (assigned["l2_norm/grad/global"], assigned["l2_norm/grad/layer.bias"]) == (
            "grad_norm_global@train", "grad_norm_layer@train",
        )  # fmt: skip
    else:
        last = [value for _, value in rows(run, "loss/train/total")]
        assert math.isinf(last[-2]) and math.isnan(last[-1])


@pytest.mark.parametrize("name", ["epochs", "batches"])
def test_the_file_of_composer(name: str) -> None:
    run = one(f"composer/{name}/logs-rank0.txt")
    match = re.findall(
        rf"^\[metric\]\[batch=(\d+)\]: (\S+): ({NUMBER}) $", content(f"composer/{name}/logs-rank0.txt"), re.M
    )
    assert equal(run, gather([(key, int(step), float(value)) for step, key, value in match]))
    assert len(match) == content(f"composer/{name}/logs-rank0.txt").count("[metric]")
    assert run.axes == {} and run.notes == ()
    assert roles(run)["loss/train/total"] == "loss@train"


# --- skorch


def skorch() -> list[dict[str, float]]:
    """The rows by the header: an event that did not happen is the only cell that can be missing."""
    header, _, *lines = content("skorch/console.log").splitlines()
    names = header.split()
    found = []
    for line in lines:
        cells = line.split()
        without = [name for name in names if name != "cp"]
        found.append(
            {
                name: float(cell)
                for name, cell in zip(names if "+" in cells else without, cells, strict=True)
                if name != "cp"
            }
        )
    return found


def test_the_table_of_skorch() -> None:
    run = one("skorch/console.log")
    match = skorch()
    keys = [key for key in match[0] if key != "epoch"]
    assert equal(run, {key: [(int(row["epoch"]), row[key]) for row in match] for key in keys})
    assert len(match) == 12 and math.isinf(match[6]["train_loss"]) and math.isnan(match[7]["train_loss"])
    assert run.axes == dict.fromkeys(keys, "epoch") and run.notes == ()
    assigned = roles(run)
    assert (assigned["train_loss"], assigned["valid_loss"], assigned["lr"]) == ("loss@train", "loss@val", "lr")


def test_a_row_of_skorch_that_breaks_off_is_left_out_and_said(tmp_path: Path) -> None:
    data = (DATA / "skorch" / "console.log").read_bytes().rstrip(b"\n")
    match = skorch()
    for cut in range(1, 24):
        run = read_one(text.read, write(tmp_path / "console.log", data[:-cut]))
        assert same([value for _, value in rows(run, "train_loss")], [row["train_loss"] for row in match[:-1]])
        assert kinds(run) == ["truncated"]
    whole = read_one(text.read, write(tmp_path / "console.log", data))
    assert len(rows(whole, "dur")) == 12 and whole.notes == ()


def test_a_ruled_table_reads_the_same_wherever_a_block_of_the_file_ends(tmp_path: Path) -> None:
    data = (DATA / "skorch" / "console.log").read_bytes()
    lines = data.splitlines(keepends=True)
    whole = RuledTables().rewrite(data)
    assert whole.count(b"train_loss: ") == 12 and whole.count(b"\n") == data.count(b"\n")
    for at in range(1, len(lines)):
        table = RuledTables()
        match = table.rewrite(b"".join(lines[:at])) + table.rewrite(b"".join(lines[at:]))
        assert match.count(b"train_loss: ") == 12
    ended = read_one(text.read, write(tmp_path / "console.log", data.replace(b"\n", b"\r\n")))
    assert equal(ended, points(one("skorch/console.log")))


def test_ruled_tables_of_other_things_are_no_logs(tmp_path: Path) -> None:
    listed = "Package   Loss\n-------  -----\n    one    1.0\n    two    2.0\n    three    3.0\n"
    assert not text.sniff(write(tmp_path / "pip.log", listed))


# --- DETR


def test_the_console_of_detr() -> None:
    run = one("detr/console.log")
    wanted: list[tuple[str, int, float]] = []
    epoch, testing = 0, False
    for line in content("detr/console.log").splitlines():
        pairs = re.findall(rf"(\w+): ({NUMBER})(?: \(({NUMBER})\))?(?=  |$)", line)
        if match := re.match(r"Epoch: \[(\d+)\]  \[ *(\d+)/12\]", line):
            epoch, testing = int(match[1]), False
            at = 12 * epoch + int(match[2])
            wanted += [(key, at, float(value)) for key, value, _ in pairs]
            wanted += [(f"{key}_running", at, float(mean)) for key, _, mean in pairs if mean]
        elif line.startswith("Test:  [3/4]"):
            testing = True
            wanted += [(f"val/{key}", epoch, float(mean or value)) for key, value, mean in pairs]
        elif line.startswith("Averaged stats:") and not testing:  # after a test it says what the line before has said
            wanted += [(f"epoch/{key}", epoch, float(mean or value)) for key, value, mean in pairs]
        elif coco := re.match(
            r" Average \w+ +\((A[PR])\) @\[ IoU=([\d.]+):?([\d.]*) +\| area= *(\w+) \| maxDets= *(\d+) \] = (.+)",
            line,
        ):
            what, low, high, area, most, value = coco.groups()
            name = f"{what}@{low}" + f"_{high}" * bool(high) + f"_{area}" * (area != "all")
            wanted.append((f"val/{name}_{most}" if what == "AR" else f"val/{name}", 12 * epoch + 11, float(value)))
    assert equal(run, gather(wanted))
    averaged = [tag for tag in run.tags if tag.startswith(("epoch/", "val/")) and "@" not in tag]
    assert {run.axes.get(tag, "step") for tag in averaged} == {"epoch"}
    assert run.rewinds["loss"] == [Rewind(last=35, first=24)]
    assert not run.notes
    # the averages that a launch writes to its file are those that it prints
    (file,) = loglens.read(DATA / "detr" / "log.txt")
    for printed, logged in (("epoch/loss", "train_loss"), ("val/loss", "test_loss"), ("val/loss_ce", "test_loss_ce")):
        assert [value for _, value in rows(run, printed)] == pytest.approx(
            [value for _, value in rows(file, logged)], abs=6e-5
        )
    assigned = roles(run)
    assert (assigned["loss"], assigned["val/loss"], assigned["loss_giou"]) == (
        "loss@train",
        "loss@val",
        "loss_component@train",
    )


# --- a line that was cut off when the program died, with the next launch's output behind it


@pytest.mark.parametrize(
    "file",
    [
        "nanogpt/train.log", "llmc/cuda/main.log", "llmc/cuda/stdout.txt", "llmc/python/stdout.txt",
        "megatron/train.log", "composer/epochs/console.log", "composer/epochs/logs-rank0.txt", "skorch/console.log",
    ],
)  # fmt: skip
def test_a_line_spliced_into_the_next_costs_no_other(file: str, tmp_path: Path) -> None:
    lines = (DATA / file).read_bytes().splitlines(keepends=True)
    for at in np.linspace(len(lines) // 4, len(lines) - 3, 12).astype(int).tolist():
        spliced = [*lines[:at], lines[at][: len(lines[at]) // 2] + lines[at + 1], *lines[at + 2 :]]
        without = [*lines[:at], *lines[at + 2 :]]
        run = read_one(text.read, write(tmp_path / Path(file).name, b"".join(spliced)))
        rest = read_one(text.read, write(tmp_path / f"rest_{Path(file).name}", b"".join(without)))
        for tag in rest.tags:
            found = [value for _, value in rows(run, tag)]
            kept = [value for _, value in rows(rest, tag)]
            extra = len(found) - len(kept)
            assert 0 <= extra <= 2, (tag, at)
            assert any(same(found[:start] + found[start + extra :], kept) for start in range(len(kept) + 1)), (tag, at)
