"""Makes the logs in this folder with Ray itself: two trials of Ray Tune, and one of RLlib.

    pip install "ray[tune,rllib]==2.60.0" torch==2.13.0
    python make.py

A trial has its results as lines of JSON, as CSV and as TensorBoard events. Names of the machine are made neutral.
"""

# mypy: ignore-errors
from __future__ import annotations

import gzip
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
import ray
from ray import tune

HERE = Path(__file__).resolve().parent


def descend(config: dict) -> None:
    """A line through the origin by stochastic gradient descent."""
    w, rng = 0.0, np.random.default_rng(0)
    for step in range(12):
        x = rng.uniform(0.5, 1.5)
        error = w * x - 3 * x + rng.normal(0, 0.1)
        gradient = 2 * error * x
        w -= config["opt"]["lr"] * gradient
        wrong = float("nan") if step == 5 else abs(w - 3)
        tune.report({"loss": error * error, "grad": {"norm": abs(gradient)}, "distance": wrong})


def main() -> None:
    ray.init(num_cpus=2, include_dashboard=False)
    with tempfile.TemporaryDirectory() as folder:
        space = {"opt": {"lr": tune.grid_search([0.05, 0.2])}, "width": 1}
        where = tune.RunConfig(storage_path=folder, name="tune")
        tune.Tuner(descend, param_space=space, run_config=where).fit()
        for at, trial in enumerate(sorted((Path(folder) / "tune").glob("descend_*/"))):
            keep(trial, HERE / "tune" / f"trial_{at}", ("params.json", "progress.csv", "result.json", "events*"))
        rllib(folder)
        (trial,) = (Path(folder) / "rllib").glob("PPO_*/")
        keep(trial, HERE / "rllib", ("progress.csv", "result.json"))
        whole = HERE / "rllib" / "result.json"  # repeats the configuration in each line
        (HERE / "rllib" / "result.json.gz").write_bytes(gzip.compress(whole.read_bytes(), mtime=0))
        whole.unlink()


def rllib(folder: str) -> None:
    from ray.rllib.algorithms.ppo import PPOConfig

    config = (
        PPOConfig()
        .environment("CartPole-v1")
        .env_runners(num_env_runners=0)
        .training(train_batch_size_per_learner=256, minibatch_size=64, num_epochs=2)
        .evaluation(evaluation_interval=2, evaluation_duration=2)
        .debugging(seed=0)
    )
    where = tune.RunConfig(storage_path=folder, name="rllib", stop={"training_iteration": 6})
    tune.Tuner("PPO", param_space=config, run_config=where).fit()


def keep(trial: Path, home: Path, names: tuple[str, ...]) -> None:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for path in (path for name in names for path in trial.glob(name)):
        target = home / re.sub(r"(tfevents\.\d+\.).*", r"\1host", path.name)
        shutil.copy(path, target)
        if path.suffix in {".csv", ".json"}:
            neutral = re.sub(r'("hostname": )"[^"]*"', r'\1"host"', path.read_text())
            neutral = re.sub(r'("node_ip": )"[^"]*"', r'\1"127.0.0.1"', neutral)
            header = neutral.split("\n", 1)[0].split(",")
            if path.suffix == ".csv":
                row = neutral.split("\n")[1].split(",")
                for name, stand_in in (("hostname", "host"), ("node_ip", "127.0.0.1")):
                    neutral = neutral.replace(f",{row[header.index(name)]},", f",{stand_in},")
            target.write_text(neutral)


if __name__ == "__main__":
    main()
