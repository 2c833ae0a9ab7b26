"""How fast event files are read, beside TensorBoard's EventAccumulator, tbparse and RustBoard.

    python benchmarks/read_events.py --events 1000000 --repeat 5

Writes the files itself, measures all readers in turn in one run, and prints medians and ratios.
"""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import argparse
import logging
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from crc32c import crc32c

TAGS = [f"train/metric_{'x' * (i % 10)}{i}" for i in range(20)]
PATIENCE = 300  # seconds that a server may take to load a file
LAST: dict[Path, int] = {}  # the last step of each file written
BIG = dict.fromkeys(("scalars", "tensors", "histograms", "compressedHistograms", "images", "audio"), 0)


def masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    return length + masked(length) + payload + masked(payload)


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def block(key: int, content: bytes) -> bytes:
    return bytes([key]) + varint(len(content)) + content


def event(at: float, step: int, values: bytes) -> bytes:
    return record(b"\x09" + struct.pack("<d", at) + (b"\x10" + varint(step) if step else b"") + block(0x2A, values))


def simple(tag: str, value: float) -> bytes:
    return block(0x0A, block(0x0A, tag.encode()) + b"\x15" + struct.pack("<f", value))


def tensor(tag: str, value: float) -> bytes:
    content = b"\x08\x01\x12\x00" + block(0x22, struct.pack("<f", value))
    metadata = block(0x0A, block(0x0A, b"scalars")) + b"\x20\x01"
    return block(0x0A, block(0x0A, tag.encode()) + block(0x42, content) + block(0x4A, metadata))


def write(path: Path, kind: str, events: int) -> Path:
    """A deterministic log of `events` points with 20 tags: `torch`, `tf2`, or `merged` (20 a record)."""
    values = np.random.default_rng(0).random(events).tolist()
    LAST[path] = (events - 1) // 20
    each, per = (simple, 20) if kind == "merged" else (tensor, 1) if kind == "tf2" else (simple, 1)
    with path.open("wb") as file:
        file.write(record(b"\x09" + struct.pack("<d", 1.7e9) + block(0x1A, b"brain.Event:2")))
        for first in range(0, events, per):
            body = b"".join(each(TAGS[i % 20], values[i]) for i in range(first, min(first + per, events)))
            file.write(event(1.7e9 + first * 0.00123, first // 20, body))
    return path


def loglens(path: Path) -> int:
    from loglens import read

    return sum(len(run.columns) for run in read(path))


def accumulator(path: Path) -> int:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(path), size_guidance=BIG)
    found.Reload()
    tags = found.Tags()
    return sum(len(found.Scalars(t)) for t in tags["scalars"]) + sum(len(found.Tensors(t)) for t in tags["tensors"])


def tbparse(path: Path) -> int:
    from tbparse import SummaryReader

    found = SummaryReader(str(path))
    return len(found.scalars) + len(found.tensors)


def rustboard(path: Path) -> int:
    """Starts the server, waits until it has loaded, and fetches every scalar."""
    import grpc
    import tensorboard_data_server
    from tensorboard.data.proto import data_provider_pb2 as pb
    from tensorboard.data.proto import data_provider_pb2_grpc as rpc

    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "port"
        command = [tensorboard_data_server.server_binary(), "--logdir", str(path.parent), "--port", "0"]
        command += ["--port-file", str(port_file), "--reload", "once", "--checksum"]
        command += ["--samples-per-plugin", "scalars=all", "--die-after-stdin"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
            while not port_file.exists() or not port_file.read_text().strip():
                time.sleep(0.002)
            channel_options = [("grpc.max_receive_message_length", 1 << 30)]
            with grpc.insecure_channel(
                f"localhost:{port_file.read_text().strip()}", options=channel_options
            ) as channel:
                count = _fetch(pb, rpc.TensorBoardDataProviderStub(channel), LAST[path])
            server.kill()
    return count


def _fetch(pb: Any, stub: Any, last: int) -> int:
    """It serves while it loads: wait until every tag has its last step, then fetch all."""
    listing, reading = pb.ListScalarsRequest(), pb.ReadScalarsRequest()
    reading.downsample.num_points = 1 << 40
    for request in (listing, reading):
        request.plugin_filter.plugin_name = "scalars"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ends = [tag.metadata.max_step for run in stub.ListScalars(listing).runs for tag in run.tags]
        if len(ends) == len(TAGS) and min(ends) >= last:
            break
        time.sleep(0.005)
    else:
        raise RuntimeError(f"not loaded after {PATIENCE} seconds")
    return sum(len(tag.data.value) for run in stub.ReadScalars(reading).runs for tag in run.tags)


def process(*command: str) -> Callable[[Path], int]:
    def run(path: Path) -> int:
        filled = [part.replace("FILE", str(path)) for part in command]
        done = subprocess.run([sys.executable, *filled], stdout=subprocess.DEVNULL, check=False)
        if done.returncode not in (0, 1, 3):
            raise RuntimeError(f"{filled} ended with {done.returncode}")
        return 0

    return run


READERS: dict[str, Callable[[Path], int]] = {
    "loglens.read": loglens,
    "EventAccumulator": accumulator,
    "tbparse": tbparse,
    "RustBoard": rustboard,
    "loglens diagnose": process("-m", "loglens", "diagnose", "FILE", "--format", "json"),
    "process: tbparse": process("-c", "import tbparse; tbparse.SummaryReader(r'FILE').scalars"),
}
PAIRS = {"EventAccumulator": "loglens.read", "tbparse": "loglens.read", "RustBoard": "loglens.read"}
PAIRS |= {"process: tbparse": "loglens diagnose"}


def turns(
    functions: Mapping[str, Callable[[], int]],
    repeat: int,
    once: frozenset[str] = frozenset(),
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, tuple[float, int]]:
    """Median seconds of each function and what it gave; in turn, so that a busy machine is busy for all."""
    taken: dict[str, list[float]] = {name: [] for name in functions}
    given: dict[str, int] = {}
    for turn in range(repeat):
        for name in [name for name in taken if not (turn and name in once)]:
            begun = clock()
            try:
                given[name] = functions[name]()
            except (ImportError, RuntimeError, OSError) as error:
                print(f"  {name} left out: {error}", file=sys.stderr)
                del taken[name]
                continue
            taken[name].append(clock() - begun)
    return {name: (statistics.median(seconds), given[name]) for name, seconds in taken.items()}


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--kinds", nargs="*", default=["torch", "tf2", "merged"])
    parser.add_argument("--readers", nargs="*", default=list(READERS), metavar="READER", help=", ".join(READERS))
    options = parser.parse_args()
    print(f"{'log':8}{'reader':20}{'points':>12}{'seconds':>10}{'times as slow as loglens':>26}")
    for kind in options.kinds:
        with tempfile.TemporaryDirectory() as folder:
            path = write(Path(folder) / "events.out.tfevents.1.host", kind, options.events)
            names = [name for name in READERS if name in options.readers]
            found = turns({name: partial(READERS[name], path) for name in names}, options.repeat)
            for name, (taken, count) in found.items():
                other = PAIRS.get(name, "")
                ratio = f"{taken / found[other][0]:.1f}" if other in found else ""
                print(f"{kind:8}{name:20}{count:>12,}{taken:>10.3f}{ratio:>26}", flush=True)


if __name__ == "__main__":
    main()
