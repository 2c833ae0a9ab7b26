"""Makes the log in this folder with Coqui's trainer itself.

pip install coqui-tts-trainer==0.4.0
python make.py
"""

# mypy: ignore-errors
from __future__ import annotations

import logging
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from trainer import Trainer, TrainerArgs, TrainerConfig, TrainerModel

HERE = Path(__file__).parent


@dataclass
class Config(TrainerConfig):
    """Small."""

    epochs: int = 3
    print_step: int = 4
    print_eval: bool = True
    save_step: int = 10_000
    save_checkpoints: bool = False
    run_name: str = "toy"
    batch_size: int = 8
    eval_batch_size: int = 8
    lr: float = 0.1
    optimizer: str = "SGD"
    grad_clip: float = 5.0
    mixed_precision: bool = False


class Toy(TrainerModel):
    """One layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)

    def train_step(self, batch: dict, criterion: torch.nn.Module) -> tuple[dict, dict]:
        loss = criterion(self(batch["x"]), batch["y"])
        return {"out": loss}, {"loss": loss, "loss_mse": loss}

    def eval_step(self, batch: dict, criterion: torch.nn.Module) -> tuple[dict, dict]:
        return self.train_step(batch, criterion)

    def get_criterion(self) -> torch.nn.Module:
        return torch.nn.MSELoss()

    def get_data_loader(self, *_: object, is_eval: bool = False, **__: object) -> torch.utils.data.DataLoader:
        x = torch.randn(16 if is_eval else 80, 3)
        y = x @ torch.tensor([[1.0], [2.0], [3.0]])
        return torch.utils.data.DataLoader([{"x": a, "y": b} for a, b in zip(x, y, strict=True)], batch_size=8)


def main() -> None:
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        config = Config(output_path=folder, dashboard_logger="tensorboard")
        trainer = Trainer(TrainerArgs(), config, output_path=folder, model=Toy(), train_samples=[0], eval_samples=[0])
        trainer.fit()
        logging.shutdown()
        log = next(Path(folder).rglob("trainer_0_log.txt")).read_text()
    (HERE / "trainer_0_log.txt").write_text(re.sub(re.escape(folder) + r"/[^/\s]+", "out/toy", log))


if __name__ == "__main__":
    main()
