"""What is fetched of a remote event file of mostly images: bytes and requests, by the size of the images.

python benchmarks/remote.py [--bytes 126000000]
"""

from __future__ import annotations

import argparse
import os
import struct
import tempfile
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event

from loglens.readers.tensorboard import reader as tensorboard
from loglens.readers.tensorboard.records import masked_crc
from loglens.remote.sparse_file import Sparse

SIZES = {"4 MiB": 1 << 22, "1 MiB": 1 << 20, "512 KiB": 1 << 19, "200 kB": 200_000, "100 kB": 100_000}
BETWEEN = 20  # scalars between two images


def record(event: Event) -> bytes:
    """An event in its frame."""
    payload = event.SerializeToString()
    length = struct.pack("<Q", len(payload))
    return b"".join((length, struct.pack("<I", masked_crc(length)), payload, struct.pack("<I", masked_crc(payload))))


def log(image: int, total: int) -> bytes:
    """An event file of about `total` bytes."""
    pixels, parts = os.urandom(image), [record(Event(wall_time=1.0, file_version="brain.Event:2"))]
    for index in range(total // image):
        for step in range(index * BETWEEN, (index + 1) * BETWEEN):
            event = Event(wall_time=2.0, step=step)
            event.summary.value.add(tag="train/loss", simple_value=0.5)
            parts.append(record(event))
        event = Event(wall_time=2.0, step=index * BETWEEN)
        event.summary.value.add(tag="image").image.encoded_image_string = pixels
        parts.append(record(event))
    return b"".join(parts)


def main() -> None:
    """Prints a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=126_000_000)
    total = parser.parse_args().bytes
    print("| size of an image | fetched | requests |\n|---|---|---|")
    for name, size in SIZES.items():
        data, requests = log(size, total), 0

        def fetch(start: int, stop: int, data: bytes = data) -> bytes:
            nonlocal requests
            requests += 1
            return data[start:stop]

        with tempfile.TemporaryDirectory() as folder, Sparse(Path(folder) / "events", len(data), fetch) as file:
            tensorboard.touch(file)
        print(f"| {name} | {file.fetched / len(data):.1%} | {requests} |")


if __name__ == "__main__":
    main()
