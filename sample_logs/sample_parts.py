"""What the makers of sample logs share: tiny nets and data, norms, and the machinery that writes a folder."""

from __future__ import annotations

import csv
import itertools
import json
import math
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

HERE = Path(__file__).resolve().parent
SAMPLES: dict[str, Callable[[Path], None]] = {}


def sample(make: Callable[[Path], None]) -> Callable[[Path], None]:
    SAMPLES[make.__name__] = make
    return make


def grad_norms(model: nn.Module) -> dict[str, float]:
    """L2 norm of each parameter's gradient, nothing clipped."""
    return {name: float(p.grad.norm()) for name, p in model.named_parameters() if p.grad is not None}


def backward(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    torch.autograd.backward(loss)


def weight_norms(model: nn.Module) -> dict[str, float]:
    return {name: float(p.detach().norm()) for name, p in model.named_parameters()}


def total(norms: dict[str, float]) -> float:
    """The global norm from the norms of the parts; in double precision, so that it overflows last."""
    return math.sqrt(sum(norm * norm for norm in norms.values()))


def blobs(n: int, classes: int, dim: int, spread: float, seed: int) -> tuple[Tensor, Tensor]:
    """Gaussian clusters around fixed centres: learnable, and with `spread` large not perfectly so."""
    centres = torch.randn(classes, dim, generator=torch.Generator().manual_seed(12345))
    rng = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, classes, (n,), generator=rng)
    return centres[labels] + spread * torch.randn(n, dim, generator=rng), labels


def flip_labels(labels: Tensor, classes: int, share: float, seed: int) -> Tensor:
    """Label noise: a share of the labels is drawn anew."""
    rng = torch.Generator().manual_seed(seed)
    noisy = torch.rand(len(labels), generator=rng) < share
    return torch.where(noisy, torch.randint(0, classes, labels.shape, generator=rng), labels)


class Mlp(nn.Module):
    def __init__(self, *widths: int, act: type[nn.Module] = nn.ReLU) -> None:
        super().__init__()
        pairs = itertools.pairwise(widths)
        self.layers = nn.Sequential(*[part for a, b in pairs for part in (nn.Linear(a, b), act())][:-1])

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.layers(x)
        return result


def write_scalars(writer: Any, scalars: dict[str, float], step: int) -> None:
    for tag, value in scalars.items():
        writer.add_scalar(tag, value, step)


def prefixed(prefix: str, values: dict[str, float]) -> dict[str, float]:
    return {f"{prefix}/{name}": value for name, value in values.items()}


def batches(x: Tensor, y: Tensor, size: int, steps: Iterable[int]) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Step, inputs and targets of random batches."""
    for step in steps:
        pick = torch.randint(0, len(x), (size,))
        yield step, x[pick], y[pick]


@torch.no_grad()
def evaluate(model: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    """Cross entropy and accuracy."""
    logits = model(x)
    return cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def write_csv(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Rows of the same keys as a plain CSV."""
    first, *others = rows
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, first, lineterminator="\n")
        writer.writeheader()
        writer.writerows([first, *others])


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Append rows, one JSON object a line."""
    with path.open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def fit_lightning(
    out: Path,
    *,
    epochs: int,
    lr: float,
    gamma: float,
    batch_size: int,
    examples: int,
    seed: int,
    hidden: int = 32,
    spread: float = 1.5,
    train_batch: Callable[..., Any] | None = None,
    log_every: int = 1,
) -> None:
    """A classifier of ten blobs under a real lightning.Trainer, logged by its CSVLogger."""
    import lightning
    from lightning.pytorch.callbacks import LearningRateMonitor
    from lightning.pytorch.loggers import CSVLogger

    class Classifier(lightning.LightningModule):
        def __init__(self, hidden: int) -> None:
            super().__init__()
            self.save_hyperparameters({"lr": lr, "gamma": gamma, "hidden": hidden, "batch_size": batch_size})
            self.net = Mlp(20, hidden, 10)

        def training_step(self, batch: Any) -> Tensor:
            x, y = train_batch(batch) if train_batch else batch
            loss = cross_entropy(self.net(x), y)
            self.log("train_loss", loss)
            return loss

        def validation_step(self, batch: Any) -> None:
            x, y = batch
            logits = self.net(x)
            self.log_dict({"val_loss": cross_entropy(logits, y), "val_acc": (logits.argmax(1) == y).float().mean()})

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=lr, momentum=0.9)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, step_size=6, gamma=gamma)]

    lightning.seed_everything(seed, verbose=False)
    train = DataLoader(TensorDataset(*blobs(examples, 10, 20, spread, seed=seed)), batch_size=batch_size, shuffle=True)
    val = DataLoader(TensorDataset(*blobs(1024, 10, 20, spread, seed=seed + 1)), batch_size=256)
    logger = CSVLogger(str(out), name="lightning_logs")
    trainer = lightning.Trainer(
        max_epochs=epochs,
        logger=logger,
        log_every_n_steps=log_every,
        accelerator="cpu",
        callbacks=[LearningRateMonitor("step")],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Classifier(hidden), train, val)


# --------------------------------------------------------------------------------------------- the machinery


def neutral_names(folder: Path) -> None:
    """events.out.tfevents.<time>.<host>[.<pid>.<n>[.v2]]: the host becomes `host`, the process a counter."""
    for n, path in enumerate(sorted(folder.rglob("events.out.tfevents.*"))):
        stamp = re.match(r"events\.out\.tfevents\.(\d{10})\.", path.name)
        assert stamp, path.name
        tail = ".v2" if path.name.endswith(".v2") else ""
        path.rename(path.with_name(f"events.out.tfevents.{stamp[1]}.host.{n}.0{tail}"))


def make(name: str) -> None:
    """Make one sample anew; its expect.toml stays."""
    with tempfile.TemporaryDirectory() as temporary:
        fresh = Path(temporary) / name
        fresh.mkdir()
        SAMPLES[name](fresh)
        neutral_names(fresh)
        expect = HERE / name / "expect.toml"
        if expect.exists():
            shutil.copy(expect, fresh)
        shutil.rmtree(HERE / name, ignore_errors=True)
        shutil.copytree(fresh, HERE / name)


def main(names: Iterable[str]) -> None:
    wanted = list(names) or list(SAMPLES)
    if unknown := set(wanted) - set(SAMPLES):
        sys.exit(f"no such sample: {', '.join(sorted(unknown))}; there are: {', '.join(SAMPLES)}")
    torch.set_num_threads(1)
    for name in wanted:
        began = time.perf_counter()
        make(name)
        print(f"{name}: {time.perf_counter() - began:.1f} s")
