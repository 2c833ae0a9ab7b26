"""Makes the logs in this folder with skorch: the table that it prints and the history that it saves.

    pip install skorch==1.4.0 torch
    python make.py

The net is fitted twice, the second time from where the first left off and with a learning rate that makes it diverge
to NaN. `history.json` is saved by the checkpoint callback's way, `History.to_file`.
"""

# mypy: ignore-errors
from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import torch
from skorch import NeuralNetRegressor
from skorch.callbacks import Checkpoint, EpochScoring, LRScheduler
from skorch.dataset import ValidSplit

HERE = Path(__file__).parent


def mae(net: NeuralNetRegressor, x: object, y: np.ndarray) -> float:
    return float(abs(net.predict(x) - np.asarray(y)).mean())


def main() -> None:
    torch.manual_seed(0)
    x = torch.randn(96, 3)
    y = x @ torch.tensor([[1.0], [2.0], [3.0]]) + 0.1 * torch.randn(96, 1)
    net = NeuralNetRegressor(
        torch.nn.Linear(3, 1), max_epochs=6, lr=0.1, batch_size=16, train_split=ValidSplit(4),
        callbacks=[
            ("mae", EpochScoring(mae, name="valid_mae")),
            ("schedule", LRScheduler("StepLR", step_size=4, event_name="event_lr")),
            ("checkpoint", Checkpoint(f_params=None, f_optimizer=None, f_criterion=None, f_history=None)),
        ],
    )  # fmt: skip
    with (HERE / "console.log").open("w") as out, contextlib.redirect_stdout(out):
        net.fit(x, y)
        net.set_params(lr=1e8)
        net.partial_fit(x, y)
    net.history.to_file(str(HERE / "history.json"))


if __name__ == "__main__":
    main()
