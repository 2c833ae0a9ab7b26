"""Nothing intact is lost, nothing damaged is believed."""

from __future__ import annotations

import gzip
import io
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event

from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.readers.tensorboard import records
from loglens.readers.tensorboard.event_file import EventFile
from loglens.readers.tensorboard.records import BLOCK, Framer, pair_table, unmask
from tests.readers.tensorboard_writer import masked, packed, points, record, run, scalar, write

NAME = "events.out.tfevents.1.host"
TAGS = [f"train/metric_{'x' * (i % 7)}{i}" for i in range(20)]


def looped(count: int) -> list[bytes]:
    """Records of a training loop with 20 tags."""
    return packed(scalar(TAGS[i % 20], i / 7, i // 20, 1e9 + i / 3) for i in range(count))


def read(data: bytes) -> Run:
    with TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_bytes(data)
        return run(path)


def one_by_one(events: list[Event]) -> list[tuple[str, int, bytes, bytes]]:
    return [
        (v.tag, e.step, np.float64(e.wall_time).tobytes(), np.float64(v.simple_value).tobytes())
        for e in events
        for v in e.summary.value
    ]


def test_checksum_vectors() -> None:
    assert masked(b"\x1a\x11CRC test, one two") == struct.pack("<I", 0x5794D08A)
    assert unmask(np.array([0x5794D08A], np.uint32))[0] != 0x5794D08A
    table = pair_table(3)
    for pair in (0, 1, 0x0100, 0xFFFF, 0x1234):
        from crc32c import crc32c

        data = struct.pack("<H", pair) + b"abc"
        assert crc32c(b"\0\0abc") ^ int(table[pair]) == crc32c(data)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.floats(width=32)
steps = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 300)
times = st.floats()
bodies = st.lists(st.tuples(st.sampled_from(["a", "b/c"]) | texts, numbers), max_size=4)


def event(time: float, step: int, body: list[tuple[str, float]]) -> Event:
    made = Event(wall_time=time, step=step)
    for tag, value in body:
        made.summary.value.add(tag=tag, simple_value=value)
    return made


@given(st.lists(st.builds(event, times, steps, bodies), max_size=20), st.integers(1, 30))
def test_reads_back_what_was_written(events: list[Event], repeat: int) -> None:
    found = read(b"".join(packed(events * repeat)))
    assert points(found) == one_by_one(events * repeat)
    assert not {note.kind for note in found.notes} & {"corrupt", "truncated"}


@given(st.data())
def test_truncated_anywhere_keeps_every_whole_record(data: st.DataObject) -> None:
    records = looped(120)
    whole = b"".join(records)
    expected = points(read(whole))
    cut = data.draw(st.integers(1, len(whole)))
    ends = np.cumsum([len(item) for item in records])
    found = read(whole[:cut])
    assert points(found) == expected[: max(int((ends <= cut).sum()) - 1, 0)]
    cut_off = cut not in ends
    assert [note.kind for note in found.notes if note.kind == "truncated"] == ["truncated"] * cut_off


def test_note_names_the_truncated_record() -> None:
    found = read(b"".join(looped(1202))[:-1])
    assert [note.message for note in found.notes] == ["ends inside record 1203 (writer killed or still writing)"]


@given(st.integers(0, 2**31), st.integers(0, 7))
def test_one_flipped_bit_costs_one_record(place: int, bit: int) -> None:
    whole = bytearray(b"".join(looped(60)))
    expected = points(read(bytes(whole)))
    whole[place % len(whole)] ^= 1 << bit
    found = read(bytes(whole))
    kept = points(found)
    missing = next((i for i, row in enumerate(expected) if i >= len(kept) or kept[i] != row), len(expected))
    assert kept in (expected, expected[:missing] + expected[missing + 1 :])
    assert {note.kind for note in found.notes} & {"corrupt", "truncated"}


def test_flipped_bytes_in_a_long_file() -> None:
    whole = bytearray(b"".join(looped(100_000)))
    for place in np.random.default_rng(0).integers(0, len(whole), 6).tolist():
        whole[place] ^= 0x55
        found = read(bytes(whole))
        whole[place] ^= 0x55
        assert len(found.columns) >= 99_999
        assert found.notes


def test_zeroed_bytes_in_a_long_file() -> None:
    whole = bytearray(b"".join(looped(100_000)))
    middle = len(whole) // 2
    whole[middle : middle + 5000] = bytes(5000)
    found = read(bytes(whole))
    assert len(found.columns) >= 99_850
    (note,) = [note for note in found.notes if "no record" in note.message]
    assert note.kind == "corrupt"


def test_a_flip_in_every_byte_of_a_record_is_never_believed() -> None:
    records = looped(60)
    expected = points(read(b"".join(records)))
    before = sum(map(len, records[:40]))
    for place in range(before, before + len(records[40])):
        whole = bytearray(b"".join(records))
        whole[place] ^= 0x10
        assert points(read(bytes(whole))) == expected[:39] + expected[40:]


def test_another_writer_went_on_after_a_truncated_record() -> None:
    records = looped(100)
    whole = b"".join(records[:50]) + records[50][:30] + b"".join(records[51:])
    assert len(read(whole).columns) == 99


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 2**40, 10 * 2**30])
def test_absurd_length(length: int) -> None:
    records = looped(100)
    header = struct.pack("<Q", length)
    whole = b"".join(records[:50]) + header + masked(header) + b"".join(records[50:])
    found = read(whole)
    assert len(found.columns) == 100
    assert {note.kind for note in found.notes} == {"corrupt"}


def test_zeros_behind_the_end() -> None:
    found = read(b"".join(looped(100)) + bytes(3_000_000))
    assert len(found.columns) == 100
    assert [note.kind for note in found.notes] == ["corrupt"]


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=30))
def test_payloads_that_are_no_events(payloads: list[bytes]) -> None:
    good = looped(30)
    found = read(b"".join(good + [record(payload) for payload in payloads] + good[1:]))
    assert len(found.columns) >= 60


@given(st.integers(0, 2**31), st.integers(1, 255), st.booleans())
def test_malformed_inside_a_valid_checksum(place: int, change: int, tensor: bool) -> None:
    folder = Path(__file__).parent / "data" / "tensorboard" / ("tf2" if tensor else "tf1")
    data = next(folder.glob("*tfevents*")).read_bytes()
    payloads = [
        bytearray(block.data[at : at + size])
        for block in Framer(EventFile(io.BytesIO(data)))
        for at, size in zip(block.start.tolist(), block.size.tolist(), strict=True)
    ]
    target = payloads[place % len(payloads)]
    target[place // len(payloads) % len(target)] ^= change
    found = read(b"".join(record(bytes(payload)) for payload in payloads))
    assert len(found.columns) >= 38


def test_long_records_of_pictures_are_stepped_over(tmp_path: Path) -> None:
    picture, graph = Event(wall_time=1.0, step=1), Event(wall_time=1.0, graph_def=b"\x0a" * 50_000)
    picture.summary.value.add(tag="p").image.encoded_image_string = bytes(100_000)
    mixed = Event(wall_time=1.0, step=2)
    mixed.summary.value.add(tag="p").image.encoded_image_string = bytes(100_000)
    mixed.summary.value.add(tag="loss", simple_value=3.0)
    path = write(tmp_path / NAME, [picture, graph, mixed, scalar("loss", 4.0, 3)])
    whole = bytearray(path.read_bytes())
    assert run(path).columns.value.tolist() == [3.0, 4.0]
    whole[60_000] ^= 1  # in the picture alone, on which nothing rests
    path.write_bytes(whole)
    assert run(path).notes == ()
    whole[250_000] ^= 1  # in the picture beside the loss
    path.write_bytes(whole)
    assert run(path).columns.value.tolist() == [4.0]


def test_rhythm_of_records_may_change() -> None:
    """Guessed framing: the pattern of lengths breaks, returns, and crosses a block's end."""
    events = [scalar(TAGS[i % (3 + i // 9000 % 17)], 1.0, i // 20) for i in range(BLOCK + 40_000)]
    data = b"".join(packed(events))
    starts = np.concatenate([block.base + block.start for block in Framer(EventFile(io.BytesIO(data)))])
    sizes = [len(item) for item in packed(events)]
    assert np.array_equal(starts, np.cumsum(sizes) - np.array(sizes) + 12)


def test_growing_file_gives_a_prefix(tmp_path: Path) -> None:
    records = looped(300)
    expected = points(read(b"".join(records)))
    path = tmp_path / NAME
    for cut in range(1, 4000, 777):
        path.write_bytes(b"".join(records)[:cut])
        found = points(run(path))
        assert found == expected[: len(found)]


def test_record_of_gigabytes_that_is_no_event(tmp_path: Path) -> None:
    length = struct.pack("<Q", 10 << 30)
    path = tmp_path / NAME
    with path.open("wb") as file:  # sparse: takes no room on the disk
        file.write(b"".join(looped(40)) + length + masked(length))
        file.seek((10 << 30) + 4, 1)
        file.write(looped(1)[1])
    found = run(path)
    assert len(found.columns) == 41
    assert [note.kind for note in found.notes] == ["corrupt"]


def test_record_of_countless_fields() -> None:
    found = read(record(b"\x50\x00" * 20_000_000) + looped(1)[1])
    assert len(found.columns) == 1
    assert [note.message for note in found.notes] == ["1 record holds no valid event at byte 0; dropped"]


@pytest.mark.parametrize("span", [1 << 8, 1 << 10, 1 << 14])
def test_windows_of_any_size_give_the_same(span: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that are longer than a window, that end with it, and damage across its edge."""
    rng = np.random.default_rng(span)
    events = looped(900)
    for place in rng.integers(0, len(events), 40):
        events[place] = record(scalar("long" * int(rng.integers(1, 900)), 1.0, int(place)).SerializeToString())
    data = bytearray(b"".join(events))
    for place in rng.integers(0, len(data), 25):
        data[place] ^= 255
    whole = read(bytes(data))
    monkeypatch.setattr(records, "SPAN", span)
    pieces = read(bytes(data))
    assert points(pieces) == points(whole)
    assert [note.message for note in pieces.notes] == [note.message for note in whole.notes]


def test_a_file_that_is_cut_short_while_it_is_read_ends_there(tmp_path: Path) -> None:
    path = tmp_path / NAME
    block = b"".join(looped(20_000))
    path.write_bytes(block * 60)
    code = (
        "import sys, loglens; from loglens.readers.tensorboard.event_log import EventLog; take = EventLog._block\n"
        "def slow(self, *args):\n    print('block', flush=True); sys.stdin.readline(); take(self, *args)\n"
        "EventLog._block = slow; run = loglens.read(sys.argv[1])[0]; print(len(run.columns))"
    )
    words = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == "block\n"
        os.truncate(path, len(block) // 2)
        out, _ = process.communicate("\n" * 1000, timeout=100)
    assert process.returncode == 0 and 10_000 <= int(out.split()[-1]) < 1_200_000


@pytest.mark.parametrize(
    "pack", [lambda data: b"\x28\xb5\x2f\xfd" + data, lambda data: gzip.compress(gzip.compress(data))]
)
def test_what_is_packed_as_nobody_here_unpacks_it_is_named(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    (tmp_path / NAME).write_bytes(pack(b"".join(looped(20))))
    with pytest.raises(UnreadableError, match="unpack it first"):
        run(tmp_path / NAME)


@pytest.mark.parametrize("size", [100_000, 800_000])
def test_headers_that_lie_in_each_other_take_linear_time(tmp_path: Path, size: int) -> None:
    length = struct.pack("<Q", size // 2)
    path = tmp_path / NAME
    path.write_bytes((length + masked(length)) * (size // 12))
    before = time.process_time()
    try:
        run(path)
    except UnreadableError as error:
        assert len(str(error).splitlines()) == 1
    assert time.process_time() - before < 2
