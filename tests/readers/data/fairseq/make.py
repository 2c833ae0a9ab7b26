"""Makes the logs in this folder with fairseq's own meters and progress bars, driven as its train.py drives them.

    pip download --no-deps --no-binary :all: fairseq==0.12.2  # a source that needs not be built; unpack it
    python make.py fairseq-0.12.2

One log is printed with --log-format simple, the other with --log-format json.
"""

# mypy: ignore-errors
from __future__ import annotations

import importlib
import logging
import math
import sys
import types
from pathlib import Path

import torch

HERE = Path(__file__).parent


def main(source: Path) -> None:
    package = types.ModuleType("fairseq")  # the package without what it imports
    package.__path__ = [str(source / "fairseq")]
    sys.modules["fairseq"] = package
    metrics = importlib.import_module("fairseq.logging.metrics")
    bars = importlib.import_module("fairseq.logging.progress_bar")
    for style in ("simple", "json"):
        train(metrics, bars, style)


def train(metrics: types.ModuleType, bars: types.ModuleType, style: str) -> None:
    shape = "%(asctime)s | %(levelname)s | %(name)s | %(message)s"
    dates = "%Y-%m-%d %H:%M:%S"
    logging.basicConfig(
        format=shape, datefmt=dates, level="INFO", filename=HERE / f"{style}.log", filemode="w", force=True
    )
    metrics.reset()
    torch.manual_seed(0)
    x = torch.randn(400, 5)
    labels = (x @ torch.randn(5, 4)).argmax(1)
    model, updates = torch.nn.Linear(5, 4), 0
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for epoch in (1, 2):
        with metrics.aggregate("train"):
            batches = bars.progress_bar(
                list(range(0, 320, 16)), log_format=style, log_interval=5, epoch=epoch, default_log_format="simple"
            )
            for batch in batches:
                with metrics.aggregate("train_inner"):
                    loss = torch.nn.functional.cross_entropy(model(x[batch : batch + 16]), labels[batch : batch + 16])
                    optimizer.zero_grad()
                    loss.backward()
                    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
                    optimizer.step()
                    updates += 1
                    metrics.log_scalar("loss", loss.item() / math.log(2), 16, round=3)
                    metrics.log_derived("ppl", lambda meters: round(2 ** meters["loss"].avg, 2))
                    metrics.log_scalar("bsz", 16, priority=190, round=1)
                    metrics.log_scalar("num_updates", updates, weight=0, priority=200)
                    metrics.log_scalar("lr", optimizer.param_groups[0]["lr"], weight=0, priority=300)
                    metrics.log_scalar("gnorm", norm.item(), priority=400, round=3)
                if updates % 5 == 0:
                    batches.log(metrics.get_smoothed_values("train_inner"), tag="train_inner", step=updates)
                    metrics.reset_meters("train_inner")
        batches.print(metrics.get_smoothed_values("train"), tag="train", step=updates)
        metrics.reset_meters("train")
        with torch.no_grad(), metrics.aggregate(new_root=True) as measured:
            loss = torch.nn.functional.cross_entropy(model(x[320:]), labels[320:])
            metrics.log_scalar("loss", loss.item() / math.log(2), 80, round=3)
            stats = measured.get_smoothed_values()
        checked = bars.progress_bar([0], log_format=style, epoch=epoch, prefix="valid on 'valid' subset")
        checked.print(stats | {"num_updates": updates}, tag="valid", step=updates)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
