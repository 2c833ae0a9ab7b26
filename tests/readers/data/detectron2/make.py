"""Makes the logs in this folder with detectron2's own writers, JSONWriter and CommonMetricPrinter.

    pip download --no-deps --no-binary :all: detectron2-cdo==0.5  # the source of detectron2 0.5; unpack it
    pip install fvcore iopath
    PYTHONPATH=detectron2_cdo-0.5 python make.py

The loop does what SimpleTrainer and its hooks do; the run dies after iteration 70 and is resumed from its
checkpoint at iteration 60. Only the writers are run, as the rest of detectron2 wants to be compiled.
"""

# mypy: ignore-errors
from __future__ import annotations

import copy
import time
from pathlib import Path

import torch
from detectron2.utils.events import CommonMetricPrinter, EventStorage, JSONWriter
from detectron2.utils.logger import setup_logger

HERE, LAST = Path(__file__).parent, 100


def main() -> None:
    setup_logger(str(HERE / "log.txt"), color=False)
    torch.manual_seed(0)
    x = torch.randn(LAST, 4, 3)
    y = x @ torch.tensor([[1.0], [2.0], [3.0]]) + torch.randn(LAST, 4, 1)
    model, kept = torch.nn.Linear(3, 1), {}
    for first, end in ((0, 71), (60, LAST)):
        if first:
            model.load_state_dict(kept)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
        writers = [CommonMetricPrinter(LAST), JSONWriter(str(HERE / "metrics.json"))]
        with EventStorage(first) as storage:
            for at in range(first, end):
                storage.iter = at
                start = time.perf_counter()
                out = model(x[at]) - y[at]
                losses = {"loss_box_reg": out.abs().mean(), "loss_cls": (out**2).mean()}
                total = sum(losses.values())
                optimizer.zero_grad()
                total.backward()
                optimizer.step()
                storage.put_scalars(total_loss=total.item(), **{name: loss.item() for name, loss in losses.items()})
                storage.put_scalar("data_time", 0.001)
                storage.put_scalar("lr", optimizer.param_groups[0]["lr"], smoothing_hint=False)
                storage.put_scalar("time", time.perf_counter() - start)
                if at == 59:
                    kept = copy.deepcopy(model.state_dict())
                if (at + 1) % 40 == 0:
                    storage.put_scalar("bbox/AP", 50 - total.item(), smoothing_hint=False)
                if (at + 1) % 10 == 0 or at == LAST - 1:
                    for writer in writers:
                        writer.write()
        for writer in writers:
            writer.close()


if __name__ == "__main__":
    main()
