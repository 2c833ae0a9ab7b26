"""What is fetched of a remote event file is all that its reader looks at, whatever state the file is in."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from tensorboard.compat.proto.event_pb2 import Event

from loglens.errors import UnreadableError
from loglens.model.source import Source
from loglens.readers.tensorboard import reader as tensorboard
from loglens.remote.sparse_file import AHEAD, BLOCK, Sparse
from tests.readers.tensorboard_writer import VERSION, masked, record, scalar

REAL = Path(__file__).parents[2].parent / "shared" / "real_logs"
PIXELS = random.Random(0).randbytes(400_000)  # noqa: S311 - pixels, not secrets


def image(step: int) -> Event:
    """As torch and TF1 write it: several images, each with its size before and a value behind."""
    event = Event(wall_time=2.0, step=step)
    for index in range(3):
        value = event.summary.value.add(tag=f"image/{index}")
        value.image.height, value.image.encoded_image_string = 64, PIXELS
    return event


def tensor_image(step: int) -> Event:
    """As TF2 writes it: a tensor of strings."""
    event = Event(wall_time=2.0, step=step)
    value = event.summary.value.add(tag="generated")
    value.metadata.plugin_data.plugin_name = "images"
    value.tensor.dtype = 7
    value.tensor.tensor_shape.dim.add(size=3)
    value.tensor.string_val.extend([b"64", b"64", PIXELS])
    return event


def graph() -> Event:
    return Event(wall_time=2.0, graph_def=PIXELS)


def scalar_beside_image(step: int) -> Event:
    event = image(step)
    event.summary.value.add(tag="beside", simple_value=step)
    return event


def long_text() -> Event:
    event = Event(wall_time=2.0)
    value = event.summary.value.add(tag="config")
    value.metadata.plugin_data.plugin_name = "text"
    value.tensor.dtype = 7
    value.tensor.string_val.append(b'{"lr": 0.1, "note": "' + b"x" * 500_000 + b'"}')
    return event


def log() -> bytes:
    """Scalars between images, graphs and a long text: 6 MB, of which 0.9 are read."""
    events = [VERSION, graph(), long_text()]
    for step in range(4):
        events += [scalar("loss", 1 / (step + 1), step) for _ in range(300)]
        events += [image(step), scalar("acc", step, step), tensor_image(step)]
    events += [scalar_beside_image(9), scalar("loss", 0.1, 10)]
    return b"".join(record(event.SerializeToString()) for event in events)


LOG = log()


def runs(path: Path) -> list[Any]:
    try:
        found = list(tensorboard.read(Source(path.parent, (path,), "run")))
    except UnreadableError as error:
        return [str(error)]
    return [
        (run.columns.tags, *(getattr(run.columns, name).tobytes() for name in ("tag", "step", "time", "value")), part)
        for run in found
        for part in (run.params, [(note.kind, note.message) for note in run.notes])
    ]


def fetched(data: bytes, folder: Path) -> tuple[Path, Sparse]:
    """A file as it is when only what the reader asks for has been fetched."""
    folder.mkdir()
    path = folder / "events.out.tfevents.1.host"
    with Sparse(path, len(data), lambda start, stop: data[start:stop]) as file:
        tensorboard.touch(file)
    return path, file


def differ(data: bytes, folder: Path) -> None:
    whole = folder / "whole"
    whole.mkdir(parents=True)
    (path := whole / "events.out.tfevents.1.host").write_bytes(data)
    assert runs(fetched(data, folder / "part")[0]) == runs(path)


def test_images_and_graphs_are_not_fetched(tmp_path: Path) -> None:
    path, file = fetched(LOG, tmp_path / "part")
    assert runs(path)[0][0] == ("loss", "acc", "beside")
    assert file.fetched < 0.5 * len(LOG)
    differ(LOG, tmp_path / "all")


def test_a_damaged_file_reads_as_it_does_here(tmp_path: Path) -> None:
    dice = random.Random(1)  # noqa: S311
    for turn in range(16):
        data = bytearray(LOG)
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        if turn % 4 == 1:
            data = data[: dice.randrange(len(data))]
        if turn % 4 == 2:
            at = dice.randrange(len(data) - 5000)
            data[at : at + 5000] = bytes(5000)
        if turn % 4 == 3:  # another writer went on after a record cut off
            data = data[: dice.randrange(len(data))] + data
        differ(bytes(data), tmp_path / str(turn))


def test_a_length_that_lies_is_not_believed(tmp_path: Path) -> None:
    head = (1 << 62).to_bytes(8, "little")
    differ(LOG[:100_000] + head + masked(head) + LOG[200_000:400_000], tmp_path / "a")
    differ(head + masked(head), tmp_path / "b")


def test_empty_and_foreign_files(tmp_path: Path) -> None:
    for number, data in enumerate((b"", b"x", b"\x1f\x8b" + PIXELS, PIXELS)):
        differ(data, tmp_path / str(number))


def test_scalars_alone_are_fetched_in_few_requests(tmp_path: Path) -> None:
    data = b"".join(record(scalar("loss", 0.5, step).SerializeToString()) for step in range(100_000))
    asked: list[int] = []

    def fetch(start: int, stop: int) -> bytes:
        asked.append(stop - start)
        return data[start:stop]

    with Sparse(tmp_path / "events", len(data), fetch) as file:
        tensorboard.touch(file)
    assert sum(asked) == len(data) and len(asked) < 12
    assert max(asked) <= AHEAD and asked[0] == BLOCK
    assert (tmp_path / "events").read_bytes() == data


def test_a_file_that_shrank_is_said_so(tmp_path: Path) -> None:
    with (
        Sparse(tmp_path / "events", 100, lambda *_: b"short") as file,
        pytest.raises(OSError, match="shorter"),
    ):
        tensorboard.touch(file)


@pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real logs is not here")
def test_real_event_files_read_as_they_do_here(tmp_path: Path) -> None:
    files = [path for path in sorted(REAL.rglob("*tfevents*")) if path.is_file()]
    assert files
    for number, path in enumerate(files):
        differ(path.read_bytes(), tmp_path / str(number))
