"""Makes the log in this folder with torchtitan's own metrics processor and logger.

    pip install torchtitan==0.3.0
    python make.py > titan.log

Without a GPU there is no memory to be measured: a fixed figure stands for it.
"""

# mypy: ignore-errors
from __future__ import annotations

from types import SimpleNamespace

import torch
from torchtitan.components import metrics
from torchtitan.tools.logging import init_logger

FIGURES = metrics.DeviceMemStats(0.5, 1.25, 0.75, 1.5, 0, 0)


def main() -> None:
    init_logger()
    torch.manual_seed(0)
    memory = SimpleNamespace(device_name="cpu", get_peak_stats=lambda: FIGURES, reset_peak_stats=lambda: None)
    metrics.build_device_memory_monitor = lambda: memory
    processor = metrics.MetricsProcessor(
        metrics.MetricsProcessor.Config(log_freq=5), parallel_dims=SimpleNamespace(non_data_parallel_size=1)
    )
    processor.num_flops_per_token = 10_000_000
    x = torch.randn(2000, 5)
    labels = (x @ torch.randn(5, 8)).argmax(1)
    model = torch.nn.Linear(5, 8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for step in range(1, 41):
        batch = slice(32 * step, 32 * step + 32)
        loss = torch.nn.functional.cross_entropy(model(x[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        processor.ntokens_since_last_log += 32
        processor.data_loading_times.append(1e-5)
        if processor.should_log(step):
            processor.log(step, loss.item(), loss.item(), norm.item())
        if step % 20 == 0:
            with torch.no_grad():
                processor.log_validation(torch.nn.functional.cross_entropy(model(x[1500:]), labels[1500:]).item(), step)


if __name__ == "__main__":
    main()
