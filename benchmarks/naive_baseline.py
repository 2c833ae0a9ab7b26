"""Three lines on the validation loss of AlgoPerf runs, and what is left of these runs without evaluations."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

#: The thresholds of the naive baseline, which are also those of its published figures.
RISE, NO_FALL = 1.25, 0.9
#: Columns of AlgoPerf's measurements.csv that are written in training, beside train/*.
TRAINING = ("global_step", "loss", "grad_norm")


def naive(losses: Sequence[float]) -> bool:
    """Whether the validation loss alone looks like a failure: not finite, ends far above its lowest, or never falls."""
    if not all(map(math.isfinite, losses)):
        return True
    return bool(losses) and (losses[-1] > RISE * min(losses) or min(losses) > NO_FALL * losses[0])


def validation_losses(path: Path) -> list[float]:
    """The validation loss of each evaluation in AlgoPerf's measurements.csv, where an empty cell stands for NaN."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["validation/num_examples"]]
    cells = [row.get("validation/loss", row.get("validation/ctc_loss")) for row in rows]
    return [float(cell) if cell else math.nan for cell in cells]


def keep_training(source: Path, target: Path) -> None:
    """Copy AlgoPerf's measurements.csv without the evaluations from which its label follows."""
    with source.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    keep = [i for i, name in enumerate(rows[0]) if name in TRAINING or name.startswith("train/")]
    with target.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([row[i] for i in keep if i < len(row)] for row in rows)
