"""Makes the log in this folder with fastai itself: CSVLogger, first alone and then appended to.

    pip install fastai==2.8.12
    python make.py

fastai asks for torchvision, which this needs not: `pip install --no-deps fastai` does, with what it then misses.
"""

# mypy: ignore-errors
from __future__ import annotations

from pathlib import Path

import torch
from fastai.callback.progress import CSVLogger
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.metrics import mae

HERE = Path(__file__).parent


def main() -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 3)
    pairs = list(zip(x, x @ torch.tensor([[1.0], [2.0], [3.0]]), strict=True))
    loaders = DataLoaders(DataLoader(pairs[:48], bs=8), DataLoader(pairs[48:], bs=8))
    learner = Learner(loaders, torch.nn.Linear(3, 1), loss_func=torch.nn.MSELoss(), metrics=mae, path=HERE, lr=0.1)
    with learner.no_bar():
        learner.fit(4, cbs=CSVLogger())
        learner.fit(3, cbs=CSVLogger(append=True))


if __name__ == "__main__":
    main()
