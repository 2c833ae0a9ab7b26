"""Makes the logs in this folder with MosaicML Composer's trainer: its console logger and its file logger.

    pip install mosaicml==0.32.1
    python make.py

`epochs/` is a training counted in epochs whose console is told every second batch, `batches/` one counted in batches
that diverges to infinity and NaN.
"""

# mypy: ignore-errors
from __future__ import annotations

import sys
from pathlib import Path

import torch
from composer import Callback, Evaluator, Trainer
from composer.callbacks import LRMonitor, OptimizerMonitor, SpeedMonitor
from composer.loggers import ConsoleLogger, FileLogger
from composer.models import ComposerModel
from torchmetrics.regression import MeanSquaredError

HERE = Path(__file__).parent


class Toy(ComposerModel):
    """One layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
        self.metric = MeanSquaredError()

    def forward(self, batch: tuple) -> torch.Tensor:
        return self.layer(batch[0])

    def loss(self, out: torch.Tensor, batch: tuple) -> torch.Tensor:
        return torch.nn.functional.mse_loss(out, batch[1])

    def get_metrics(self, **_: bool) -> dict:
        return {"MeanSquaredError": self.metric}

    def update_metric(self, batch: tuple, out: torch.Tensor, metric: MeanSquaredError) -> None:
        metric.update(out, batch[1])


def loader(count: int) -> torch.utils.data.DataLoader:
    x = torch.randn(count, 3)
    y = x @ torch.tensor([[1.0], [2.0], [3.0]]) + 0.1 * torch.randn(count, 1)
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=8)


def train(name: str, duration: str, console: str, lr: float, *more: Callback) -> None:
    torch.manual_seed(0)
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    model = Toy()
    with (folder / "console.log").open("w") as stream:
        Trainer(
            model=model, train_dataloader=loader(48), max_duration=duration, device="cpu", run_name=name, seed=0,
            eval_dataloader=Evaluator(label="eval", dataloader=loader(24), metric_names=["MeanSquaredError"]),
            optimizers=torch.optim.SGD(model.parameters(), lr=lr), eval_interval="6ba", progress_bar=False,
            callbacks=[LRMonitor(), SpeedMonitor(window_size=2), *more],
            loggers=[
                ConsoleLogger(console, stream),
                FileLogger(str(folder / "logs-rank0.txt"), capture_stdout=False, capture_stderr=False, overwrite=True),
            ],
        ).fit()  # fmt: skip


if __name__ == "__main__":
    train("epochs", "3ep", "2ba", 0.1, OptimizerMonitor(batch_log_interval=2))
    train("batches", "24ba", "3ba", 30.0)
    sys.stdout.flush()
