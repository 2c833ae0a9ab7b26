"""Makes the log in this folder with timm's own function, called as its train.py calls it.

    pip install --no-deps timm==1.0.31
    python make.py

Epoch 3 is not evaluated (`--val-interval` does so), which leaves a shorter row.
"""

# mypy: ignore-errors
from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import torch
import yaml
from timm.scheduler import CosineLRScheduler
from timm.utils import AverageMeter, accuracy, update_summary

HERE = Path(__file__).parent


def main() -> None:
    torch.manual_seed(0)
    x = torch.randn(160, 4)
    labels = (x @ torch.randn(4, 6)).argmax(1)
    model, loss_of = torch.nn.Linear(4, 6), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    scheduler = CosineLRScheduler(optimizer, t_initial=8, lr_min=1e-3, warmup_t=2, warmup_lr_init=0.01)
    for epoch in range(8):
        scheduler.step(epoch)
        losses = AverageMeter()
        for batch in range(0, 128, 32):
            loss = loss_of(model(x[batch : batch + 32]), labels[batch : batch + 32])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.update(loss.item(), 32)
        with torch.no_grad():
            out = model(x[128:])
            top1, top5 = accuracy(out, labels[128:], topk=(1, 5))
            measured = OrderedDict(loss=loss_of(out, labels[128:]).item(), top1=top1.item(), top5=top5.item())
        rate = sum(group["lr"] for group in optimizer.param_groups) / len(optimizer.param_groups)
        update_summary(
            epoch,
            OrderedDict(loss=losses.avg),
            None if epoch == 3 else measured,
            filename=HERE / "summary.csv",
            lr=rate,
            write_header=epoch == 0,
        )
    (HERE / "args.yaml").write_text(yaml.safe_dump({"lr": 0.5, "epochs": 8, "opt": "sgd", "warmup_epochs": 2}))


if __name__ == "__main__":
    main()
