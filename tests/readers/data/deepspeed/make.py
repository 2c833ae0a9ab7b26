"""Makes the files in this folder with DeepSpeed's own CSV monitor, called as its engine calls it.

    DS_BUILD_OPS=0 pip install --no-build-isolation deepspeed==0.19.8
    python make.py

The engine takes the number of samples seen for the step. The run dies at
sample 384 and is taken up again from its checkpoint at sample 256.
"""

# mypy: ignore-errors
from __future__ import annotations

import copy
from pathlib import Path

import deepspeed.comm as dist
import torch
from deepspeed.monitor.config import CSVConfig
from deepspeed.monitor.csv_monitor import csvMonitor

HERE = Path(__file__).parent


def main() -> None:
    dist.get_rank = lambda *_: 0  # no process group for a single process
    torch.manual_seed(0)
    x = torch.randn(32, 3)
    y = x @ torch.tensor([[1.0], [2.0], [3.0]])
    model, kept = torch.nn.Linear(3, 1), {}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for first, last in ((1, 12), (9, 16)):
        if first > 1:
            model.load_state_dict(kept)
        monitor = csvMonitor(CSVConfig(enabled=True, output_path=str(HERE), job_name="job"))
        for step in range(first, last + 1):
            loss = torch.nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step == 8:
                kept = copy.deepcopy(model.state_dict())
            events = [
                ("Train/Samples/train_loss", loss.mean().item(), 32 * step),
                ("Train/Samples/lr", optimizer.param_groups[0]["lr"], 32 * step),
            ]
            if step % 4 == 0:
                events.append(("Train/Samples/loss_scale", 65536.0, 32 * step))
            monitor.write_events(events)


if __name__ == "__main__":
    main()
