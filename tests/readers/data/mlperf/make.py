"""Makes the log in this folder with MLPerf's own logger.

pip install mlperf-logging==4.1.68
python make.py
"""

# mypy: ignore-errors
from __future__ import annotations

import math
from pathlib import Path

from mlperf_logging import mllog
from mlperf_logging.mllog import constants

HERE = Path(__file__).parent


def main() -> None:
    mllog.config(filename=str(HERE / "result_0.txt"), root_dir=str(HERE), default_namespace="")
    log = mllog.get_mllogger()
    log.event(key=constants.SUBMISSION_BENCHMARK, value="resnet")
    log.event(key=constants.GLOBAL_BATCH_SIZE, value=256)
    log.event(key="opt_base_learning_rate", value=1.05)
    log.start(key=constants.RUN_START)
    for epoch in range(1, 7):
        log.start(key=constants.EPOCH_START, metadata={constants.EPOCH_NUM: epoch})
        for at in range(2):
            seen = 1024 * (2 * epoch + at - 1)
            log.event(key="train_loss", value=7 * math.exp(-seen / 9000), metadata={constants.SAMPLES_COUNT: seen})
        log.end(key=constants.EPOCH_STOP, metadata={constants.EPOCH_NUM: epoch})
        if epoch % 2 == 0:
            log.event(key=constants.EVAL_ACCURACY, value=0.1 * epoch, metadata={constants.EPOCH_NUM: epoch})
            stats = {"throughput": 2500.5 + epoch, "loss": 1 / epoch}
            log.event(key="tracked_stats", value=stats, metadata={constants.EPOCH_NUM: epoch})
    log.end(key=constants.RUN_STOP, metadata={"status": "success"})


if __name__ == "__main__":
    main()
