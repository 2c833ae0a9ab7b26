"""Makes the small logs in this folder with the writers themselves.

    pip install wandb==0.31.0 mlflow-skinny==3.17.2 sqlalchemy alembic trackio==0.43.0 swanlab==0.10.3 clearml==2.1.12
    env -i HOME=/tmp/demo PATH=$PATH LOGNAME=user python make.py /tmp/demo

What a writer notes of the machine (paths, host, user) is switched off where it can be; look for names
before keeping a file. The databases are packed, since they are nearly empty.
"""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

import gzip
import math
import os
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else "out").resolve()
STEPS = 40


def rows() -> list[dict[str, Any]]:
    """Falling losses, with one NaN and one infinity."""
    made = []
    for step in range(STEPS):
        loss = 2.5 * math.exp(-step / 15) + 0.1
        row = {"train/loss": loss, "train/grad_norm": 1 / (step + 1), "lr": 1e-3}
        if step == 20:
            row |= {"train/loss": math.nan, "train/grad_norm": math.inf}
        if step % 10 == 9:
            row["val/loss"] = loss + 0.05
        made.append(row)
    return made


def wandb_logs() -> None:
    """One offline run, with a step metric, nested keys, a histogram and a configuration."""
    os.environ["WANDB_DIR"] = str(ROOT)
    import wandb

    settings = wandb.Settings(
        mode="offline",
        disable_code=True,
        disable_git=True,
        x_disable_meta=True,
        x_disable_stats=False,
        x_stats_sampling_interval=1.0,
        console="off",
        host="host",
        username="user",
        email="",
        program="train.py",
        program_relpath="train.py",
        root_dir=str(ROOT),
    )
    config = {"optimizer": {"name": "adamw", "lr": 1e-3}, "batch_size": 64}
    run = wandb.init(project="demo", id="demo1234", name="first try", config=config, settings=settings)
    run.define_metric("global_step")
    run.define_metric("val/*", step_metric="global_step")
    for step, row in enumerate(rows()):
        row |= {"global_step": 10 * step, "nested": {"a": step, "b.c": -step}, "flag": True, "word": "x"}
        if step % 20 == 0:
            row["gradients/w"] = wandb.Histogram([0.1 * n for n in range(-10, 10)], num_bins=8)
        run.log(row)
    run.finish(exit_code=3)
    for path in (ROOT / "wandb").glob("offline-run-*/*.wandb"):
        shutil.copy(path, ROOT / "run-demo1234.wandb")
    shutil.rmtree(ROOT / "wandb")


def mlflow_logs() -> None:
    """Two runs in a file store, two in SQLite."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    os.environ["LOGNAME"] = "user"
    import mlflow

    for uri in (f"file:{ROOT}/mlruns", f"sqlite:///{ROOT}/mlflow.db"):
        client = mlflow.MlflowClient(uri)
        experiment = client.create_experiment("demo", artifact_location="artifacts")
        for name, status in (("good", "FINISHED"), ("bad", "FAILED")):
            run = client.create_run(experiment, start_time=1700000000000, run_name=name)
            client.log_param(run.info.run_id, "lr", 0.001)
            for step, row in enumerate(rows()[: STEPS if name == "good" else 25]):
                for key, value in row.items():
                    client.log_metric(run.info.run_id, key, value, timestamp=1700000000000 + 1000 * step, step=step)
            client.set_terminated(run.info.run_id, status, 1700000100000)
    pack(ROOT / "mlflow.db", ROOT / "mlflow.db.gz")


def trackio_logs() -> None:
    """Two runs in one project, with a histogram."""
    os.environ["TRACKIO_DIR"] = str(ROOT / "trackio")
    import trackio

    for name in ("one", "two"):
        run = trackio.init(project="demo", name=name, config={"lr": 0.001, "model": {"depth": 3}}, embed=False)
        for row in rows()[:20] if name == "one" else rows():
            run.log({**row, "nested": {"a": 1}})
        run.log({"hist": trackio.Histogram([0.1 * n for n in range(20)], num_bins=8)})
        trackio.finish()
    pack(next((ROOT / "trackio").glob("demo*.db")), ROOT / "trackio.db.gz")


def pack(path: Path, to: Path) -> None:
    """A copy without free pages and without the journal beside it, packed."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("PRAGMA page_size=1024")
    connection.execute("VACUUM")
    connection.close()
    to.write_bytes(gzip.compress(path.read_bytes(), mtime=0))


def swanlab_logs() -> None:
    """One offline run."""
    os.environ["SWANLAB_SAVE_DIR"] = str(ROOT / "home")
    import swanlab

    run = swanlab.init(project="demo", name="first", mode="offline", logdir=str(ROOT / "swanlog"), config={"lr": 0.001})
    for row in rows():
        run.log(row)
    swanlab.finish()
    for path in (ROOT / "swanlog").glob("run-*/*.swanlab"):
        shutil.copy(path, ROOT / "run-demo.swanlab")


def clearml_logs() -> None:
    """One offline session. What it notes of the machine stands in other files than the metrics."""
    from clearml import Task

    Task.set_offline(offline_mode=True)
    quiet = dict.fromkeys(("auto_connect_frameworks", "auto_resource_monitoring", "auto_connect_arg_parser"), False)
    task = Task.init(project_name="demo", task_name="run", **quiet)
    for step in range(6):
        loss = math.nan if step == 4 else 1 / (step + 1)
        task.get_logger().report_scalar("train", "loss", loss, step)
        if step % 3 == 2:
            task.get_logger().report_scalar("val", "loss", 0.5, step)
    task.close()
    (ROOT / "clearml").mkdir(exist_ok=True)
    shutil.copy(Path(task.get_offline_mode_folder()) / "metrics.jsonl", ROOT / "clearml" / "metrics.jsonl")


if __name__ == "__main__":
    ROOT.mkdir(parents=True, exist_ok=True)
    chosen = sys.argv[2:] or ["wandb", "mlflow", "trackio", "swanlab", "clearml"]
    for each in chosen:
        globals()[f"{each}_logs"]()
