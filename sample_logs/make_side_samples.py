"""Make the sample logs of what is worth a note: schedules, time, memory, evaluation. Small nets, trained for seconds.

    python make_side_samples.py            # all of them
    python make_side_samples.py NAME...    # only these

In the manner of make_samples.py, which says how the folders come about and with which versions.
"""

from __future__ import annotations

import gc
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from sample_parts import Mlp, backward, batches, blobs, evaluate, main, sample, write_csv, write_jsonl
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset


def train_epochs(
    model: nn.Module,
    *,
    epochs: int,
    examples: int,
    spread: float,
    seed: int,
    lr: float = 3e-3,
    noise: float = 0.0,
) -> Iterator[dict[str, float]]:
    """A classifier of ten blobs under Adam, a row an epoch: loss in training mode, validation on 1024 others."""
    x, y = blobs(examples, 10, 20, spread, seed=seed)
    held_x, held_y = blobs(1024, 10, 20, spread, seed=seed + 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for epoch in range(epochs):
        model.train()
        losses = []
        for part in torch.randperm(len(x)).split(32):
            loss = cross_entropy(model(x[part] + noise * torch.randn_like(x[part])), y[part])
            backward(loss, optimizer)
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        val_loss, val_acc = evaluate(model, held_x, held_y)
        yield {"epoch": epoch, "train_loss": sum(losses) / len(losses), "val_loss": val_loss, "val_acc": val_acc}


def log_lightning(out: Path, params: dict[str, Any], rows: Iterator[dict[str, float]]) -> None:
    """Rows and parameters by Lightning's CSVLogger."""
    from lightning.pytorch.loggers import CSVLogger

    logger = CSVLogger(str(out), name="lightning_logs")
    logger.log_hyperparams(params)
    for step, row in enumerate(rows):
        logger.log_metrics(row, step)
    logger.save()


@sample
def missed_early_stop(out: Path) -> None:
    """A small net on few examples, trained a little too long."""
    torch.manual_seed(60)
    write_csv(out / "log.csv", train_epochs(Mlp(20, 16, 10), epochs=100, examples=700, spread=1.9, seed=60, lr=1e-3))


@sample
def validation_below_training_dropout(out: Path) -> None:
    """Dropout of one half and noise on the inputs, in training only."""
    torch.manual_seed(61)
    model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10))
    rows = train_epochs(model, epochs=40, examples=2000, spread=1.2, seed=61, noise=1.0)
    write_csv(out / "log.csv", rows)


@sample
def poor_initial_loss_wide_head(out: Path) -> None:
    """The last layer begins twenty times too large; ten classes are in the parameters."""
    torch.manual_seed(62)
    model = Mlp(20, 48, 10)
    with torch.no_grad():
        model.layers[-1].weight.mul_(20)
    log_lightning(out, {"num_classes": 10, "lr": 3e-3}, steps_of(model, steps=400, lr=3e-3, seed=62))


def steps_of(model: nn.Module, *, steps: int, lr: float, seed: int, size: int = 64) -> Iterator[dict[str, float]]:
    """A classifier under Adam, a row a step."""
    x, y = blobs(2000, 10, 20, 1.2, seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _, inputs, labels in batches(x, y, size, range(steps)):
        loss = cross_entropy(model(inputs), labels)
        backward(loss, optimizer)
        optimizer.step()
        yield {"train_ce_loss": loss.item()}


@sample
def ended_early_interrupted(out: Path) -> None:
    """Interrupted in epoch 17 of 40."""
    torch.manual_seed(63)
    rows = train_epochs(Mlp(20, 32, 10), epochs=17, examples=2000, spread=1.2, seed=63, lr=1e-3)
    log_lightning(out, {"max_epochs": 40, "lr": 1e-3}, rows)


@sample
def missing_metric_monitor(out: Path) -> None:
    """Early stopping was to watch val_f1, which no one computes."""
    torch.manual_seed(64)
    rows = train_epochs(Mlp(20, 32, 10), epochs=25, examples=2000, spread=1.2, seed=64, lr=1e-3)
    log_lightning(out, {"monitor": "val_f1", "patience": 5, "lr": 1e-3}, rows)


@sample
def lr_schedule_not_restored(out: Path) -> None:
    """A cosine schedule; resumed from the checkpoint of step 480 with a new scheduler, and no state of the old one."""
    torch.manual_seed(65)
    x, y = blobs(3000, 10, 20, 1.4, seed=65)
    model, total = Mlp(20, 48, 10), 600
    saved: dict[str, Tensor] = {}
    for begin, end in ((0, 520), (480, total)):
        if saved:
            model.load_state_dict(saved)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total if not begin else total - begin)
        rows = []
        for step, inputs, labels in batches(x, y, 64, range(begin, end)):
            if step == 480:
                saved = {name: value.clone() for name, value in model.state_dict().items()}
            loss = cross_entropy(model(inputs), labels)
            backward(loss, optimizer)
            optimizer.step()
            if step % 4 == 0:
                rows.append({"step": step, "loss": loss.item(), "lr": schedule.get_last_lr()[0]})
            schedule.step()
        write_jsonl(out / "log.jsonl", rows)


@sample
def update_ratio_tiny_rate(out: Path) -> None:
    """Adam at a learning rate of 1e-8: no number of these steps changes the weights."""
    torch.manual_seed(66)
    x, y = blobs(3000, 10, 20, 1.0, seed=66)
    model = Mlp(20, 48, 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-8)
    rows = []
    for step, inputs, labels in batches(x, y, 64, range(300)):
        loss = cross_entropy(model(inputs), labels)
        backward(loss, optimizer)
        before = [p.detach().double() for p in model.parameters()]
        optimizer.step()
        after = [p.detach().double() for p in model.parameters()]
        moved = math.sqrt(sum(float((new - old).square().sum()) for new, old in zip(after, before, strict=True)))
        size = math.sqrt(sum(float(weights.square().sum()) for weights in after))
        rows.append({"step": step, "loss": loss.item(), "update_norm": moved, "weight_norm": size})
    write_csv(out / "log.csv", rows)


@sample
def logit_growth_temperature(out: Path) -> None:
    """Contrastive pairs whose learned temperature is not clamped: the scale of the logits grows for ever."""
    torch.manual_seed(67)
    left, right = Mlp(20, 64, 4), Mlp(20, 64, 4)
    scale = nn.Parameter(torch.zeros(()))
    groups = [{"params": [*left.parameters(), *right.parameters()], "lr": 1e-3}, {"params": [scale], "lr": 2e-2}]
    optimizer = torch.optim.Adam(groups)
    rows = []
    for step in range(400):
        x = torch.randn(256, 20)
        one, two = left(x), right(x + 0.01 * torch.randn_like(x))
        logits = scale.exp() * nn.functional.normalize(one) @ nn.functional.normalize(two).T
        loss = cross_entropy(logits, torch.arange(256))
        backward(loss, optimizer)
        optimizer.step()
        if step % 4 == 0:
            rows.append({"step": step, "loss": loss.item(), "output_logits/max": logits.abs().max().item()})
    write_csv(out / "log.csv", rows)


@sample
def skipped_updates_short_interval(out: Path) -> None:
    """Loss scaling whose scale doubles after four clean steps, not 2000: every fifth step overflows float16."""
    torch.manual_seed(68)
    x, y = blobs(3000, 10, 20, 1.2, seed=68)
    model, scale, clean = Mlp(20, 48, 10), 65536.0, 0
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    rows = []
    for step, inputs, labels in batches(x, y, 64, range(500)):
        loss = cross_entropy(model(inputs), labels)
        backward(loss * scale, optimizer)
        half = [p.grad.half() for p in model.parameters()]
        skip = any(not torch.isfinite(g).all() for g in half)
        if skip:
            scale, clean = scale / 2, 0
        else:
            for p, g in zip(model.parameters(), half, strict=True):
                p.grad = g.float() / scale
            optimizer.step()
            clean += 1
            if clean == 4:
                scale, clean = scale * 2, 0
        rows.append({"step": step, "loss": loss.item(), "loss_scale": scale, "found_inf": float(skip)})
    write_csv(out / "log.csv", rows)


@sample
def gpu_memory_growth_kept_outputs(out: Path) -> None:
    """Every tenth batch's outputs are kept for a metric. Memory is that of all tensors alive, on a CPU."""
    torch.manual_seed(69)
    x, y = blobs(3000, 10, 20, 1.2, seed=69)
    model, kept = Mlp(20, 64, 10), []
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    rows = []
    for step, inputs, labels in batches(x, y, 128, range(600)):
        logits = model(inputs)
        loss = cross_entropy(logits, labels)
        backward(loss, optimizer)
        optimizer.step()
        kept.append(logits.detach())
        if step % 10 == 0:
            alive = [item for item in gc.get_objects() if type(item) in (Tensor, nn.Parameter)]
            used = sum(item.numel() * item.element_size() for item in alive) / 2**20
            rows.append({"step": step, "loss": loss.item(), "memory/allocated_mb": used})
    write_csv(out / "log.csv", rows)


class Slow(Dataset[tuple[Tensor, Tensor]]):
    """Examples that each take a while to decode."""

    def __init__(self, x: Tensor, y: Tensor, seconds: float) -> None:
        self.x, self.y, self.seconds = x, y, seconds

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, at: int) -> tuple[Tensor, Tensor]:
        time.sleep(self.seconds)
        return self.x[at], self.y[at]


@sample
def data_loader_bound_one_worker(out: Path) -> None:
    """Examples that take 0.4 ms each to load, in the process that trains. Times are measured."""
    torch.manual_seed(70)
    loader = DataLoader(Slow(*blobs(3200, 10, 20, 1.2, seed=70), 4e-4), batch_size=32, shuffle=True)
    model = Mlp(20, 48, 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    rows, began = [], time.perf_counter()
    for step, (inputs, labels) in enumerate(loader):
        waited = time.perf_counter() - began
        loss = cross_entropy(model(inputs), labels)
        backward(loss, optimizer)
        optimizer.step()
        taken, began = time.perf_counter() - began, time.perf_counter()
        rows.append({"step": step, "loss": loss.item(), "data_time": waited, "batch_time": taken})
    write_csv(out / "log.csv", rows)


@sample
def step_time_outliers_checkpoints(out: Path) -> None:
    """Every fortieth step waits for a slow disk. Times are measured."""
    torch.manual_seed(71)
    rows, began = [], time.perf_counter()
    for step, row in enumerate(steps_of(Mlp(20, 256, 10), steps=400, lr=3e-3, seed=71, size=4096)):
        if step % 40 == 39:
            time.sleep(0.2)
        taken, began = time.perf_counter() - began, time.perf_counter()
        rows.append({"step": step, "loss": row["train_ce_loss"], "step_time": taken})
    write_csv(out / "log.csv", rows)


if __name__ == "__main__":
    main(sys.argv[1:])
