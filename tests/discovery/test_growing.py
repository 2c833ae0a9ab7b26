"""A log that is being written while it is read gives a prefix of what it holds at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import loglens
from loglens.model.run import Run
from loglens.stats.arrays import Floats

SAMPLES = Path(__file__).parents[2] / "sample_logs"
LOGS = [
    SAMPLES / "healthy_lstm" / "events.out.tfevents.1795461402.host.0.0",
    SAMPLES / "healthy_keras_tf2" / "train" / "events.out.tfevents.1795461404.host.0.0.v2",
    SAMPLES / "healthy_lightning_csv" / "lightning_logs" / "version_0" / "metrics.csv",
    SAMPLES / "healthy_keras_csv" / "training.log",
    SAMPLES / "lr_too_low" / "metrics.jsonl",
    SAMPLES / "healthy_wandb_history" / "wandb-history.jsonl",
]


def written(path: Path, data: bytes) -> Iterator[None]:
    """Yields as long as a thread appends the data to the file, in pieces that end anywhere."""

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            for at in range(0, len(data), piece):
                file.write(data[at : at + piece])
                time.sleep(0.002)

    piece = len(data) // 211 + 1
    writer = threading.Thread(target=write)
    writer.start()
    try:
        while writer.is_alive():
            yield
    finally:
        writer.join()


def values(run: Run) -> dict[str, tuple[list[int], Floats]]:
    """The points of each tag in the order written."""
    columns = run.columns
    rows = {tag: columns.tag == code for code, tag in enumerate(columns.tags)}
    return {tag: (columns.step[mask].tolist(), columns.value[mask]) for tag, mask in rows.items()}


def read(path: Path) -> Run | None:
    try:
        (run,) = loglens.read(path)
    except loglens.UnreadableError:  # nothing of it yet
        return None
    return run


@pytest.mark.parametrize("log", LOGS, ids=lambda log: f"{log.parent.name}-{log.suffix}")
def test_every_look_at_a_growing_log_is_a_prefix(log: Path, tmp_path: Path) -> None:
    path = tmp_path / log.name
    looks = [run for _ in written(path, log.read_bytes()) if (run := read(path))]
    final, alone = read(path), read(log)
    assert final is not None and alone is not None and len(final.columns) == len(alone.columns)
    whole = values(final)
    # in a table nothing but the end of the line tells that the last number is whole
    loose = 1 if log.suffix in (".csv", ".log") else 0
    for run in looks:
        assert {note.kind for note in run.notes} <= {"truncated", "empty"} | {note.kind for note in final.notes}
        for tag, (steps, value) in values(run).items():
            sure = len(steps) - loose
            assert steps == whole[tag][0][: len(steps)]
            np.testing.assert_array_equal(value[:sure], whole[tag][1][:sure])
    assert len({len(run.columns) for run in looks}) > 3
