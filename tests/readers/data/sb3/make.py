"""Makes the logs in this folder with Stable-Baselines3 itself: its table on stdout, CSV, JSON lines, monitors.

    pip install stable-baselines3==2.9.2 torch==2.13.0 pandas
    python make.py

PPO learns to balance a pole in two environments. Its first rollout ends before an episode does and before
the policy is trained, so that the later rows bring new columns and the writer rewrites its header.
"""

# mypy: ignore-errors
from __future__ import annotations

import contextlib
import os
from pathlib import Path

import gymnasium
from stable_baselines3 import PPO
from stable_baselines3.common.logger import configure
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv


def main() -> None:
    os.chdir(Path(__file__).parent)  # so that the log names no path
    worlds = DummyVecEnv([lambda n=n: Monitor(gymnasium.make("CartPole-v1"), str(n)) for n in range(2)])
    with Path("stdout.txt").open("w") as file, contextlib.redirect_stdout(file):
        logger = configure(".", ["stdout", "csv", "json"])
        model = PPO("MlpPolicy", worlds, n_steps=8, batch_size=16, n_epochs=2, seed=0, device="cpu", verbose=1)
        model.set_logger(logger)
        model.learn(240)
        logger.close()
    worlds.close()


if __name__ == "__main__":
    main()
