"""Speed on a `.wandb` log of 50 MB, beside framing in plain Python with one json.loads a value.

    python benchmarks/read_wandb_log.py [megabytes]

Prints the median of five and the ratio. The plain reader checks every CRC, walks the fields of every
history record and parses each value, as the readers that W&B and others publish do.
"""

from __future__ import annotations

import json
import random
import statistics
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from loglens.model.source import Source
from loglens.readers.wandb import transaction_log as wandb_log
from tests.readers import wandb_writer as writer

REPEATS = 5


def make(path: Path, size: int) -> int:
    """A log of so many bytes with twelve curves; the number of its values."""
    draw = random.Random(0)  # noqa: S311 - no secret
    names = [f"train/{name}" for name in "loss ce_loss z_loss grad_norm lr tokens_per_sec mfu step_time".split()]

    def rows() -> Iterator[bytes]:
        written, step = 0, 0
        while written < size:
            row = {name: draw.gauss(3, 1) for name in names}
            row |= {"_step": step, "_timestamp": 1.7e9 + step * 0.4217, "_runtime": step * 0.4217, "epoch": step // 999}
            keys = list(row)
            draw.shuffle(keys)  # as wandb-core does
            data = writer.record(step + 3, writer.HISTORY, writer.history({key: row[key] for key in keys}, step))
            written += len(data) + 7
            step += 1
            made.append(len(row))
            yield data

    made: list[int] = []
    path.write_bytes(writer.blocks(rows()))
    return sum(made)


def plain(path: Path) -> int:
    """The plain way; gives the number of values."""
    data, at, count, parts = path.read_bytes(), 7, 0, b""
    columns: dict[str, list[float]] = {}
    while at + 7 <= len(data):
        room = writer.BLOCK - at % writer.BLOCK
        if room < 7:
            at += room
            continue
        crc, length, kind = struct.unpack_from("<IHB", data, at)
        payload = data[at + 7 : at + 7 + length]
        assert zlib.crc32(payload, zlib.crc32(data[at + 6 : at + 7])) == crc
        at += 7 + length
        parts = payload if kind in (1, 2) else parts + payload
        if kind in (1, 4):
            count += _history(parts, columns)
    return count


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, at = _varint(data, at)
        if key & 7 == 2:
            yield key >> 3, data[at : at + number]
            at += number


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _history(record: bytes, columns: dict[str, list[float]]) -> int:
    count = 0
    for kind, content in _fields(record):
        if kind == writer.HISTORY:
            for number, item in _fields(content):
                if number == 1:
                    parts = list(_fields(item))
                    key = ".".join(text.decode() for n, text in parts if n in (1, 2))
                    columns.setdefault(key, []).append(json.loads(parts[-1][1]))
                    count += 1
    return count


def ours(path: Path) -> int:
    """With loglens; gives the number of points."""
    return sum(len(run.columns) for run in wandb_log.read(Source(path, (path,), path.name)))


def timed(function: Callable[[Path], int], path: Path) -> tuple[float, int]:
    """Median seconds of several runs, and what the function gave."""
    seconds, given = [], 0
    for _ in range(REPEATS):
        start = time.perf_counter()
        given = function(path)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), given


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run-bench.wandb"
        values = make(path, megabytes << 20)
        print(f"{path.stat().st_size >> 20} MB, {values:,} values")
        slow, count = timed(plain, path)
        fast, points = timed(ours, path)
        assert count == values and points == values * 10 // 12  # _step and _timestamp are no curves
        for name, seconds in (("plain Python", slow), ("loglens", fast)):
            print(f"{name:<14} {seconds:7.3f} s  {values / seconds / 1e6:6.2f} million values a second")
        print(f"ratio          {slow / fast:7.2f}")


if __name__ == "__main__":
    main()
