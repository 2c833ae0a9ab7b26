"""Text logs: the lines of each trainer, and what must not be taken for a log."""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path

import pytest

import loglens
from loglens.model.run import Run
from loglens.readers.text import reader as text
from loglens.roles.from_tags import roles_of_tags
from tests.readers.tables import DATA, REAL, kinds, needs_real_logs, read_one, rows, same, values, write

FOLDER = DATA / "text"

#: The curves that matter of each trainer: file, tag, axis, steps, values, role@split.
TABLE = Path(__file__).parents[1] / "data" / "text" / "curves.csv"
CURVES = list(csv.DictReader(TABLE.read_text("utf-8").splitlines()))
FILES = sorted({row["file"] for row in CURVES})


def one(path: Path) -> Run:
    return read_one(text.read, path)


@pytest.mark.parametrize("row", CURVES, ids=lambda row: f"{row['file']}, {row['tag']}")
def test_curves(row: dict[str, str]) -> None:
    run, tag = one(FOLDER / row["file"]), row["tag"]
    assert [step for step, _ in rows(run, tag)] == [int(cell) for cell in row["steps"].split()]
    assert same(values(run, tag), [float(cell) for cell in row["values"].split()])
    assert run.axes.get(tag, "step") == row["axis"]
    role = roles_of_tags(run.tags)[tag]
    assert f"{role.name or ''}{'@' + role.split if role.split else ''}" == row["role"]


@pytest.mark.parametrize(
    ("lines", "tag", "expected"),
    [
        (["Epoch 1/1 loss: 0.6931 acc: 0.5012"], "loss", [0.6931]),
        (["INFO starting", "Epoch 1/2: train loss 2.301, lr 0.001"], "train/loss", [2.301]),
        (["step 100 loss 2.5 lr 0.001", "step 200 loss nan lr 0.001"], "loss", [2.5, math.nan]),
        (["iter 0: loss 10.9886, time 3202.15ms, mfu -100.00%"], "loss", [10.9886]),
        (["{'loss': 2.5, 'learning_rate': 1e-05, 'epoch': 0.1}"], "loss", [2.5]),
    ],
)
def test_a_log_of_one_or_two_records(tmp_path: Path, lines: list[str], tag: str, expected: list[float]) -> None:
    """Given itself, and in a folder; of a single line the end may be missing."""
    for end in ("\n", "") if len(lines) == 1 else ("\n",):
        path = write(tmp_path / "train.log", "\n".join(lines) + end)
        for place in (path, tmp_path):
            (run,) = loglens.read(place)
            assert same(values(run, tag), expected)


def test_times() -> None:
    assert one(FOLDER / "megatron.log").columns.time[0] == 1704164645.678901  # 2024-01-02 03:04:05.678901
    assert one(FOLDER / "deepspeed.log").columns.time[0] == 1704164645.678
    assert one(FOLDER / "mmengine.log").columns.time[0] == 1676286340.0  # 2023/02/13 11:05:40
    assert math.isnan(one(FOLDER / "darts.txt").columns.time[0])  # names no year
    assert one(FOLDER / "torchtitan.log").columns.time[0] == 1727838255.678


def test_a_metric_that_the_trainer_hides_is_not_invented() -> None:
    run = one(FOLDER / "megatron.log")
    assert [step for step, _ in rows(run, "grad norm")] == [100, 200, 300]
    assert [step for step, _ in rows(run, "lm loss")] == [100, 200]


def test_restarts() -> None:
    run = one(FOLDER / "restart.log")
    assert rows(run, "loss") == [(10, 3.0), (20, 2.5), (30, 2.2), (20, 2.6), (30, 2.1)]
    assert run.curves["loss"].value.tolist() == [3.0, 2.6, 2.1]
    assert run.columns.session.tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert one(FOLDER / "cyclegan_loss_log.txt").curves["D_A"].value.tolist() == [0.3, 0.2, 0.22, 0.1]


def test_crashes() -> None:
    oom, limit = (note.message for note in one(FOLDER / "restart.log").notes if note.kind == "crash")
    assert oom.startswith("line 4: torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB")
    assert "DUE TO TIME LIMIT" in limit and limit.endswith("training went on after it")
    (died,) = (note.message for note in one(FOLDER / "detectron2.txt").notes if note.kind == "crash")
    assert died == "line 10: FloatingPointError: Loss became infinite or NaN at iteration=45!"
    assert "crash" in kinds(one(FOLDER / "fairseq.log"))
    assert "crash" not in kinds(one(FOLDER / "generic.log"))


@pytest.mark.parametrize(
    "line",
    [
        "RuntimeError: NCCL: Watchdog caught collective operation timeout: WorkNCCL(SeqNum=12)",
        "Killed",
        "[2024-01-01 00:00:00] received SIGTERM, exiting",
        "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2024-01-01T00:00:00 DUE TO TIME LIMIT ***",
        "RuntimeError: DataLoader worker (pid 123) is killed by signal: Killed.",
        "torch.cuda.OutOfMemoryError: CUDA out of memory.",
    ],
)
def test_deaths(line: str, tmp_path: Path) -> None:
    log = "".join(f"step {i} | loss 2.{i}\n" for i in range(5))
    run = one(write(tmp_path / "a.log", f"{log}{line}\n"))
    (note,) = run.notes
    assert note.kind == "crash"
    assert note.message.startswith("line 6: ")


def test_mlperf(tmp_path: Path) -> None:
    def line(key: str, value: str, meta: str) -> str:
        return (
            ':::MLLOG {"namespace": "", "time_ms": 1592963588348, "event_type": "POINT_IN_TIME", '
            f'"key": "{key}", "value": {value}, "metadata": {{"file": "a.py", "lineno": 76{meta}}}}}\n'
        )

    log = line("opt_name", '"lars"', "") + line("opt_base_learning_rate", "1.05", "") + line("cache_clear", "null", "")
    log += line("eval_accuracy", "0.25", ', "epoch_num": 4') + line("eval_accuracy", "0.5", ', "epoch_num": 8')
    log += line("tracked_stats", '{"throughput": 1234.5, "loss": NaN}', ', "epoch_num": 8')
    log += line("train_loss", "1.5", ', "samples_count": 1024')
    run = one(write(tmp_path / "result_0.txt", log))
    assert rows(run, "eval_accuracy") == [(4, 0.25), (8, 0.5)]
    assert run.axes["eval_accuracy"] == "epoch"
    assert same(values(run, "tracked_stats/loss"), [math.nan])
    assert rows(run, "train_loss") == [(1024, 1.5)]
    assert run.params == {"opt_name": "lars", "opt_base_learning_rate": 1.05}
    assert run.columns.time[0] == 1592963588.348


def test_what_is_no_log(tmp_path: Path) -> None:
    for name, content in {
        "requirements.txt": "torch==2.1\nnumpy>=1.26\n" * 9,
        "README": "step 1 loss: 2\nstep 2 loss: 1\nstep 3 loss: 0.5\n",
        "notes.txt": "In epoch 3 the loss fell: see figure 2.\nWe then ran 10 more epochs.\n" * 9,
        "train.py": "for epoch in range(10):\n    loss = 0.5\n    step: int = 1\n" * 9,
        "config.yaml": "epochs: 10\nlr: 0.1\nloss: mse\n",
        "conf.txt": "epochs: 10\nlr: 0.1\nloss_weight: 0.5\nmax_steps: 100\n",
        "table.csv": "step,loss\n1,2\n2,1\n3,0\n",
        "data.json": '{"step": 1, "loss": 2}\n' * 5,
        "words.txt": "the quick brown fox\n" * 99,
        "hook": "#!/bin/sh\ntest_loss 1\ntest_loss 2\ntest_loss 3\n",
        "empty.log": "",
        "bin.log": "\x00\x01\x02" * 99,
    }.items():
        assert not text.sniff(write(tmp_path / name, content)), name
    assert not text.sniff(tmp_path)
    assert not text.sniff(tmp_path / "missing.log")


def test_no_file_of_a_source_tree_is_claimed() -> None:
    root = Path(__file__).parents[2]
    numpy = [Path(each) / "numpy" / "lib" for each in sys.path if "site-packages" in each]
    trees = [root / "loglens", root / "docs", *numpy]
    assert [path for tree in trees for path in tree.rglob("*") if path.is_file() and text.sniff(path)] == []
    claimed = [path for path in (root / "sample_logs").rglob("*") if path.is_file() and text.sniff(path)]
    assert [path.suffix for path in claimed if path.name != "train.log"] == []


def test_settings_that_fill_the_head_of_a_long_log(tmp_path: Path) -> None:
    preamble = "".join(f"  argument_{i} ...................... {i}\n" for i in range(1500))
    log = "".join(f"step {i} | loss 2.{i}\n" for i in range(5000))
    assert text.sniff(write(tmp_path / "job.o123", preamble + log))


@needs_real_logs
@pytest.mark.parametrize(
    ("run", "counts"),
    [
        ("text_nanogpt_adamw", {"trl": 9536, "tel": 76}),
        ("text_pc_transformers", {"Perplexity": 1299, "train/Perplexity": 81, "val/Perplexity": 81}),
        ("mllog_resnet_modelarts", {"eval_accuracy": 11}),
        ("coqui_xtts_diverged", {"loss_text_ce": 1459, "loss": 1459, "val/avg_loss": 3}),
        ("coqui_xtts_feb2026", {"loss_text_ce": 2501, "val/avg_loss_text_ce": 6}),
        ("tb_darts_sota", {"train/loss": 400, "valid_obj": 50, "lr": 50}),
        ("tb_darts_sam_subruns", {"train/loss": 400, "train_loss": 50, "valid_loss": 50}),
        ("mmdet_aborted", {"loss": 1, "lr": 1}),
        ("csv_diffuseq_progress", {"loss": 152, "eval_loss": 4, "grad_norm": 152}),
        ("wandb_nanogpt_gpt2_short", {"loss": 2547, "val/loss": 13}),
        ("wandb_asquared_trunc_t9nlj7ce", {"train_acc": 9, "train/loss": 79, "val/loss": 72}),
    ],
)
def test_real_logs(run: str, counts: dict[str, int]) -> None:
    known = sorted(path for path in (REAL / run).rglob("*") if path.is_file() and text.sniff(path))
    found = one(next((path for path in known if path.name == "log.txt"), known[0]))
    assert {tag: len(rows(found, tag)) for tag in counts} == counts


@needs_real_logs
def test_real_logs_against_the_manifest() -> None:
    with (REAL / "manifest.csv").open() as file:
        points = {row["id"]: int(row["n_points"]) for row in csv.DictReader(file)}
    for name in ("text_nanogpt_adamw", "text_pc_transformers"):
        (path,) = (path for path in (REAL / name).iterdir() if text.sniff(path))
        assert len(one(path).columns) == points[name]
    diverged = one(REAL / "coqui_xtts_diverged/trainer_0_log.txt")
    losses = [tag for tag in diverged.tags if "loss" in tag and "running" not in tag]
    assert sum(len(rows(diverged, tag)) for tag in losses) == points["coqui_xtts_diverged"]


@pytest.mark.parametrize(("goes_on", "failed"), [(True, False), (False, True)])
def test_many_errors_that_training_survived_are_no_end(tmp_path: Path, goes_on: bool, failed: bool) -> None:
    steps = "".join(f"step {i} | loss {3 / (1 + i):.4f}\n" for i in range(50))
    names = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
    errors = "".join(f"RuntimeError: CUDA out of memory while loading shard {name}\n" for name in names)
    path = write(tmp_path / "train.log", steps + errors + ("step 50 | loss 0.05\n" if goes_on else ""))
    (diagnosis,) = loglens.diagnose(path).runs
    assert any("more such lines" in note.message for note in diagnosis.notes)
    assert ("crashed" in [finding.condition for finding in diagnosis.findings]) is failed
