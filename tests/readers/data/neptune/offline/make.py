"""Makes the queue in this folder with Neptune's client in its offline mode, as it stands until `neptune sync`.

pip install neptune==1.14.0.post2
python make.py
"""

# mypy: ignore-errors
from __future__ import annotations

import os
import tempfile
from pathlib import Path

import neptune

HERE = Path(__file__).parent


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run = neptune.init_run(
            project="team/toy", mode="offline", capture_stdout=False, capture_stderr=False, source_files=[],
            capture_hardware_metrics=False, git_ref=False,
        )  # fmt: skip
        run["parameters"] = {"lr": 0.1}
        for step in range(6):
            run["train/loss"].append(1 / (step + 1), step=step)
        run.stop()
        (log,) = Path(folder).rglob("data-*.log")
        (HERE / log.name).write_bytes(log.read_bytes())


if __name__ == "__main__":
    main()
