"""Makes the logs in this folder with mmengine itself: scalars.json and the text log of two short trainings.

pip install mmengine==0.10.7
python make.py
"""

# mypy: ignore-errors
from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner

HERE = Path(__file__).parent


class Tiny(BaseModel):
    """One layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)

    def forward(self, x: torch.Tensor, y: torch.Tensor, mode: str) -> object:
        out = self.layer(x)
        if mode == "loss":
            return {"loss_cls": torch.nn.functional.cross_entropy(out, y), "acc": (out.argmax(1) == y).float().mean()}
        return out, y


class Accuracy(BaseMetric):
    """The share of right answers."""

    default_prefix = "toy"

    def process(self, _: object, data_samples: tuple) -> None:
        out, y = data_samples
        self.results.append({"right": (out.argmax(1) == y).sum().item(), "all": len(y)})

    def compute_metrics(self, results: list) -> dict:
        return {"accuracy": 100 * sum(each["right"] for each in results) / sum(each["all"] for each in results)}


def main() -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 3)
    data = [(row, int(row.sum() > 0)) for row in x]
    loader = {"batch_size": 4, "dataset": data, "collate_fn": {"type": "default_collate"}}
    by_epoch = {"by_epoch": True, "max_epochs": 3, "val_interval": 1}
    by_iteration = {"by_epoch": False, "max_iters": 24, "val_interval": 8}
    for name, cfg in (("epochs", by_epoch), ("iterations", by_iteration)):
        with tempfile.TemporaryDirectory() as folder:
            train(loader, cfg, Path(folder))
            (home,) = (path for path in Path(folder).iterdir() if (path / "vis_data").is_dir())
            (HERE / name).mkdir(exist_ok=True)
            shutil.copy(home / "vis_data" / "scalars.json", HERE / name / "scalars.json")
            lines = (home / f"{home.name}.log").read_text().splitlines(keepends=True)
            told = [line for line in lines if "Epoch(" in line or "Iter(" in line]  # what tells of the machine goes
            (HERE / name / "train.log").write_text("".join(told))


def train(loader: dict, cfg: dict, folder: Path) -> None:
    shuffled, ordered = ({"type": "DefaultSampler", "shuffle": shuffle} for shuffle in (True, False))
    Runner(
        model=Tiny(),
        work_dir=str(folder),
        experiment_name=f"by_{'epoch' if cfg['by_epoch'] else 'iteration'}",
        train_dataloader=loader | {"sampler": shuffled},
        val_dataloader=loader | {"sampler": ordered},
        train_cfg=cfg,
        val_cfg={},
        val_evaluator=[Accuracy()],
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1}, "clip_grad": {"max_norm": 5.0}},
        default_hooks={"logger": {"type": "LoggerHook", "interval": 4}, "checkpoint": None},
        log_processor={"by_epoch": cfg["by_epoch"]},
        randomness={"seed": 0},
    ).train()


if __name__ == "__main__":
    main()
