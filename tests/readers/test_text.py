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

NAN, INF = math.nan, math.inf
FOLDER = DATA / "text"

#: file, tag, axis, steps, values, role@split: the curves that matter of each trainer.
SERIES: list[tuple[str, str, str, list[int], list[float], str]] = [
    ("megatron.log", "lm loss", "step", [100, 200], [7.123456, 6.5], "loss@train"),
    ("megatron.log", "grad norm", "step", [100, 200, 300], [1.234, 0.934, NAN], "grad_norm_global@train"),
    ("megatron.log", "loss scale", "step", [100, 200, 300], [65536, 65536, 32768], "loss_scale@train"),
    ("megatron.log", "number of nan iterations", "step", [100, 200, 300], [0, 0, 99], "overflow@train"),
    ("megatron.log", "learning rate", "step", [100, 200, 300], [2e-5, 4e-5, 6e-5], "lr"),
    ("megatron.log", "elapsed time per iteration (ms)", "step", [100, 200, 300], [812.1, 810.9, 811], "step_time"),
    ("megatron.log", "val/lm loss", "step", [200], [6.412], "loss@val"),
    ("megatron.log", "val/lm loss PPL", "step", [200], [609.11], "metric_lower@val"),
    ("deepspeed.log", "lr", "step", [10, 20, 30], [1e-5, 2e-5, 3e-5], "lr"),
    ("deepspeed.log", "skipped", "step", [10, 20, 30], [3, 4, 4], ""),
    ("deepspeed.log", "loss_scale", "step", [10], [32768], "loss_scale@train"),
    ("fairseq.log", "loss", "step", [100, 200], [9.1, 8.3], "loss@train"),
    ("fairseq.log", "gnorm", "step", [100, 200], [2.1, 1.9], "grad_norm_global@train"),
    ("fairseq.log", "loss_scale", "step", [100, 100, 200], [128, 64, 64], "loss_scale@train"),
    ("fairseq.log", "valid_loss", "step", [1000], [7.9], "loss@val"),
    ("fairseq.log", "train_loss", "step", [1000], [8.6], "loss@train"),
    ("fairseq_json.log", "loss", "step", [100, 200], [9.1, NAN], "loss@train"),
    ("fairseq_json.log", "gnorm", "step", [100, 200], [2.1, INF], "grad_norm_global@train"),
    ("fairseq_json.log", "valid_loss", "step", [1000], [7.9], "loss@val"),
    ("nanogpt.log", "loss", "step", [0, 10, 20], [10.9766, 10.3687, NAN], "loss@train"),
    ("nanogpt.log", "val/loss", "step", [0, 20], [10.9897, NAN], "loss@val"),
    ("nanogpt.log", "mfu", "step", [0, 10, 20], [-100, 108.63, 108.6], "throughput"),
    ("nanogpt.log", "time", "step", [0, 10, 20], [22640.22, 308.38, 309], "step_time"),
    ("nanochat.log", "loss", "step", [0, 1, 2], [11.090355, 10.812345, 10.512345], "loss@train"),
    ("nanochat.log", "tok/sec", "step", [0, 1, 2], [127200, 1272000, 1273001], "throughput"),
    ("nanochat.log", "val/bpb", "step", [0, 2], [3.212345, 0.912345], "metric_lower@val"),
    ("modded_nanogpt.log", "val_loss", "step", [0, 125, 250], [10.8258, 4.1234, 3.8234], "loss@val"),
    ("llmc_main.log", "trl", "step", [0, 1, 250], [10.98, 10.91, 5.12], "loss@train"),
    ("llmc_main.log", "tel", "step", [0, 250], [10.99, 5.1234], "loss@val"),
    ("llmc_main.log", "norm", "step", [0, 1, 250], [15.23, 14.02, 1.23], "grad_norm_global@train"),
    ("llmc_stdout.txt", "loss", "step", [1, 2, 3], [10.991211, 10.954321, 10.854321], "loss@train"),
    ("llmc_stdout.txt", "val/loss", "step", [0, 2], [10.99, 9.87], "loss@val"),
    ("llmc_stdout.txt", "time", "step", [1, 2, 3], [1812.11, 812.11, 812], "step_time"),
    ("torchtitan.log", "loss", "step", [1, 10, 20], [12.25053, 7.12345, 6.12345], "loss@train"),
    ("torchtitan.log", "memory", "step", [1, 10, 20], [35.12, 35.12, 35.12], "gpu_memory"),
    ("torchtitan.log", "num_alloc_retries", "step", [10], [3], "gpu_oom"),
    ("torchtitan.log", "val/loss", "step", [10], [7.05], "loss@val"),
    ("torchtune.txt", "grad_norm", "step", [1, 2, 3], [0.9, 0.8, 0.7], "grad_norm_global@train"),
    ("litgpt.log", "train/loss", "step", [1, 2, 3], [3.214, 3.104, 3.001], "loss@train"),
    ("litgpt.log", "val/loss", "step", [2, 3], [3.0512, 3.051], "loss@val"),
    ("hf_v4.log", "loss", "log", [0, 1, 2], [2.3104, 2.0, 0.0], "loss@train"),
    ("hf_v4.log", "grad_norm", "log", [0, 1, 2], [3.25, NAN, NAN], "grad_norm_global@train"),
    ("hf_v4.log", "eval_loss", "log", [1], [1.95], "loss@val"),
    ("hf_v4.log", "train_loss", "log", [2], [1.43], "loss_summary@train"),
    ("hf_v5_bars.log", "loss", "step", [10, 20, 30], [2.31, 2.11, 1.91], "loss@train"),
    ("hf_v5_bars.log", "eval_loss", "step", [20], [2.01], "loss@val"),
    ("keras3.log", "loss", "epoch", [1, 2], [2.5, 2.1], "loss@train"),
    ("keras3.log", "val_loss", "epoch", [1, 2], [2.4, 2.2], "loss@val"),
    ("keras3.log", "running/loss", "step", [1, 2, 3, 5, 10], [2.8, 2.7, 2.6, 2.4, NAN], "loss@train"),
    ("keras2.log", "loss", "epoch", [1, 2], [1.5, 1.2], "loss@train"),
    ("keras2.log", "running/loss", "step", [1, 50], [2.3026, 1.9026], "loss@train"),
    ("timm.log", "train/Loss", "step", [0, 1250, 1251], [6.947, 6.9, 6.847], "loss@train"),
    ("timm.log", "train/Loss_running", "step", [0, 1250, 1251], [6.95, 6.92, 6.85], "loss@train"),
    ("timm.log", "val/Loss", "epoch", [0, 1], [6.852, 5.852], "loss@val"),
    ("timm.log", "val/Acc@1", "epoch", [0, 1], [0.8, 9.8], "metric_higher@val"),
    ("torchvision.log", "loss", "step", [0, 100, 1251], [7.1, 6.9, 6.5], "loss@train"),
    ("torchvision.log", "val/loss", "epoch", [0], [6.75], "loss@val"),
    ("torchvision.log", "val/Acc@5 all", "epoch", [0], [4.0], "metric_higher@val"),
    ("mae.log", "loss", "step", [0, 1250, 1251], [1.9012, 1.2012, 1.1912], "loss@train"),
    ("mae.log", "epoch/loss", "epoch", [0, 1], [1.401, 1.101], "loss@train"),
    ("imagenet.log", "Loss", "step", [10, 20, 5015], [6.9123, 6.8123, 5.9123], "loss@train"),
    ("imagenet.log", "val/Loss", "epoch", [0], [5.51], "loss@val"),
    ("imagenet.log", "val/Acc@1 all", "epoch", [0], [9.31], "metric_higher@val"),
    ("mnist.txt", "train/Loss", "samples", [0, 640, 60000, 60640], [2.300039, 2.21347, 0.1, 0.05347], "loss@train"),
    ("mnist.txt", "test/loss", "epoch", [1, 2], [0.0587, 0.0412], "loss@test"),
    ("cyclegan_loss_log.txt", "D_A", "step", [100, 200, 300, 300, 400], [0.3, 0.2, 0.21, 0.22, 0.1],
     "gan_d_loss@train"),
    ("dcgan.log", "Loss_G", "step", [0, 50, 782], [4.7761, 8.7761, 5.7761], "gan_g_loss@train"),
    ("swin.log", "train/grad_norm", "step", [0, 10, 1251], [2.1, 1.1, 1.2], "grad_norm_global@train"),
    ("swin.log", "val/Acc@1 all", "epoch", [0], [1.3], "metric_higher@val"),
    ("python_logging.log", "loss", "epoch", [1, 2, 3], [2.3, 2.1, 2.0], "loss@train"),
    ("detectron2.txt", "total_loss", "step", [19, 39], [4.712, 3.712], "loss@train"),
    ("detectron2.txt", "time", "step", [19, 39], [0.4012, 0.4002], "step_time"),
    ("mmdet.log", "loss", "step", [50, 100, 150], [1.5276, 1.2276, 1.1276], "loss@train"),
    ("mmdet.log", "val/bbox_mAP", "epoch", [1], [0.123], "metric_higher@val"),
    ("mmengine.log", "train/loss", "step", [50, 100, 7380], [1.2345, 1.1345, 0.9345], "loss@train"),
    ("mmengine.log", "val/coco/bbox_mAP", "epoch", [1], [0.166], "metric_higher@val"),
    ("lightning.log", "train_loss", "step", [50, 100, 100, 150], [2.31, 2.11, 2.11, 1.91], "loss@train"),
    ("tables.txt", "loss", "step", [0, 20], [0.905, 0.514], "loss@train"),
    ("tables.txt", "eval_loss", "step", [0], [0.638], "loss@val"),
    ("sb3.txt", "rollout/ep_rew_mean", "step", [2048, 4096], [22.1, 26.4], "rl_reward@train"),
    ("generic.log", "train_loss", "epoch", [1, 2, 3], [2.3012, 1.9012, INF], "loss@train"),
    ("generic.log", "val_loss", "epoch", [1, 2, 3], [2.2001, 1.8001, NAN], "loss@val"),
    ("darts.txt", "train/loss", "step", [0, 50, 51], [2.329854, 2.107612, 1.757319], "loss@train"),
    ("darts.txt", "lr", "epoch", [0, 1], [0.025, 0.02495266], "lr"),
    ("darts.txt", "valid_obj", "epoch", [0], [1.66916], "loss@val"),
]  # fmt: skip
FILES = sorted({row[0] for row in SERIES})


def one(path: Path) -> Run:
    return read_one(text.read, path)


@pytest.mark.parametrize(("file", "tag", "axis", "steps", "wanted", "role"), SERIES, ids=lambda each: str(each)[:30])
def test_curves(file: str, tag: str, axis: str, steps: list[int], wanted: list[float], role: str) -> None:
    run = one(FOLDER / file)
    assert [step for step, _ in rows(run, tag)] == steps
    assert same(values(run, tag), wanted)
    assert run.axes.get(tag, "step") == axis
    played = roles_of_tags(run.tags)[tag]
    assert f"{played.name or ''}{'@' + played.split if played.split else ''}" == role


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
    assert same(values(run, "tracked_stats/loss"), [NAN])
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
    trees = [root / "loglens", root / "docs", *(Path(each) / "numpy" for each in sys.path if "site-packages" in each)]
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
