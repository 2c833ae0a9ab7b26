"""Makes the log in this folder with ultralytics itself: results.csv of a short training on noise.

    pip install ultralytics==8.4.190
    python make.py

What args.yaml says of the machine (paths) is left out.
"""

# mypy: ignore-errors
from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import yaml
from PIL import Image
from ultralytics import YOLO

HERE = Path(__file__).resolve().parent


def main() -> None:
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in ("images", "labels"):
            (root / part).mkdir()
        for at in range(4):
            Image.fromarray(rng.integers(0, 255, (32, 32, 3), np.uint8)).save(root / "images" / f"{at}.jpg")
            (root / "labels" / f"{at}.txt").write_text("0 0.5 0.5 0.4 0.4\n")
        data = {"path": folder, "train": "images", "val": "images", "names": {0: "thing"}}
        (root / "data.yaml").write_text(yaml.safe_dump(data))
        quiet = {"plots": False, "workers": 0, "device": "cpu", "amp": False, "save": False}
        YOLO("yolo11n.yaml").train(
            data=str(root / "data.yaml"), epochs=12, imgsz=32, batch=2, project=folder, name="train", **quiet
        )
        shutil.copy(root / "train" / "results.csv", HERE / "results.csv")
        lines = (root / "train" / "args.yaml").read_text().splitlines(keepends=True)
        (HERE / "args.yaml").write_text("".join(line for line in lines if folder not in line))


if __name__ == "__main__":
    main()
