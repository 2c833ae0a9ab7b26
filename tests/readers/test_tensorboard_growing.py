"""Event files that grow while they are watched: what is continued reads as if it were read whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event, SessionLog

from loglens.model.budget import Budget
from loglens.model.run import Run
from loglens.readers.files.kept import Memory, keeping
from loglens.readers.tensorboard import event_log, records
from loglens.readers.tensorboard.growing import Beginning
from tests.readers.tensorboard_writer import packed, run, scalar

NAME = "events.out.tfevents.1.host"


@pytest.fixture(autouse=True, scope="module")
def small_blocks() -> Iterator[None]:
    """Blocks of a few records, so that small files have many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "BLOCK", 32)
        patch.setattr(records, "SPAN", 1 << 11)
        patch.setattr(event_log, "SPAN", 1 << 11)
        yield


def histogram(step: int) -> Event:
    event = Event(wall_time=2.0, step=step)
    histo = event.summary.value.add(tag="weights").histo
    histo.min, histo.max, histo.num, histo.sum, histo.sum_squares = 0.0, 2.0, 3.0, 3.0 + step, 5.0
    histo.bucket_limit.extend([1.0, 2.0])
    histo.bucket.extend([1.0, 2.0])
    return event


def log(count: int) -> bytes:
    return b"".join(written(count))


def written(count: int) -> list[bytes]:
    """The records of losses, histograms, and a writer that starts over at step 40."""
    events = [scalar("loss", 1 / (n + 1), n) for n in range(count)]
    events[50:50] = [Event(wall_time=3.0, step=40, session_log=SessionLog(status=SessionLog.START))]
    events[1::9] = [histogram(n) for n in range(len(events[1::9]))]
    return packed(events)


def same(one: Run, other: Run) -> bool:
    return (
        one.tags == other.tags
        and all(
            np.array_equal(getattr(one.columns, name), getattr(other.columns, name), equal_nan=True)
            for name in ("tag", "step", "time", "value", "session")
        )
        and [(row.tag, row.step) for row in one.histogram_rows] == [(row.tag, row.step) for row in other.histogram_rows]
        and (one.notes, one.params, one.purges) == (other.notes, other.params, other.purges)
    )


def continued(path: Path, memory: Memory) -> Run:
    with keeping(memory):
        return run(path)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.none() | st.floats(0, 1), st.integers(150, 500))
def test_reads_as_if_read_whole(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[float], damage: float | None, count: int
) -> None:
    """Cut anywhere, also within a record, with a byte flipped or not."""
    data = bytearray(log(count))
    if damage is not None:
        data[int(damage * (len(data) - 1))] ^= 0x10
    path, memory = tmp_path_factory.mktemp("run") / NAME, Memory()
    for cut in sorted(cuts):
        path.write_bytes(data[: max(200, int(cut * len(data)))])
        assert same(continued(path, memory), run(path))


@pytest.mark.parametrize("offset", [3, 9, 15])
def test_damage_in_the_beginning_is_named_each_time(tmp_path: Path, offset: int) -> None:
    """In the length of a record, its checksum, its payload."""
    data, path, memory = bytearray(log(400)), tmp_path / NAME, Memory()
    data[len(b"".join(written(400)[:60])) + offset] ^= 0x10
    for part in (0.6, 0.8, 1.0):
        path.write_bytes(data[: int(part * len(data))])
        found = continued(path, memory)
        assert "corrupt" in [note.kind for note in found.notes] and same(found, run(path))


def test_the_beginning_is_not_read_again(tmp_path: Path) -> None:
    data, path, memory = log(3000), tmp_path / NAME, Memory()
    for part in (0.5, 0.6, 1.0):
        path.write_bytes(data[: int(part * len(data))])
        continued(path, memory)
        (beginning,) = memory.values()
        assert isinstance(beginning, Beginning)
        assert beginning.place.at > path.stat().st_size - 2 * records.SPAN


def test_a_second_file_of_the_writer(tmp_path: Path) -> None:
    memory = Memory()
    for number, count in ((1, 400), (2, 100), (2, 400)):
        (tmp_path / f"events.out.tfevents.{number}.host").write_bytes(log(count))
        assert same(continued(tmp_path, memory), run(tmp_path))


@pytest.mark.parametrize("how", ["other bytes", "shorter", "gone", "earlier file grows"])
def test_another_file_under_the_name_is_read_whole(tmp_path: Path, how: str) -> None:
    first, path, memory = tmp_path / "events.out.tfevents.0.host", tmp_path / NAME, Memory()
    first.write_bytes(log(200))
    path.write_bytes(log(400))
    continued(tmp_path, memory)
    match how:
        case "other bytes":
            path.write_bytes(b"".join(packed(scalar("other", n / 7, n) for n in range(600))))
        case "shorter":
            path.write_bytes(log(150))
        case "gone":
            path.unlink()
        case _:
            first.write_bytes(log(300))
    assert same(continued(tmp_path, memory), run(tmp_path))


def test_points_read_before_count(tmp_path: Path) -> None:
    path, memory = tmp_path / NAME, Memory()
    path.write_bytes(log(400))
    continued(path, memory)
    path.write_bytes(log(500))
    with Budget({"points": 100}).spending():
        assert len(continued(path, memory).columns) < 400
