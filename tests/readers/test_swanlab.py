"""SwanLab's block log, whole and damaged."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.model.source import Source
from loglens.readers import swanlab
from tests.readers.wandb_writer import blocks, field

FILE = Path(__file__).parent / "data" / "offline" / "run-demo.swanlab"
HEADER = b":SWL" + struct.pack("<HB", 0xE1D6, 2)


def read(path: Path) -> Run:
    assert swanlab.sniff(path)
    (run,) = swanlab.read(Source(path, (path,), path.name))
    return run


def scalar(key: str, step: int, value: float) -> bytes:
    number = b"\x09" + struct.pack("<d", value) if value else b""
    stamp = field(1, 1000 + step) + field(2, 500_000_000)
    parts = field(1, key) + (field(2, step) if step else b"") + field(3, 1) + field(4, stamp) + field(5, number)
    return field(1, step + 1) + field(13, parts)


def test_what_the_writer_left() -> None:
    run = read(FILE)
    want = [2.5 * math.exp(-step / 15) + 0.1 if step != 20 else math.nan for step in range(40)]
    assert np.array_equal(run.curves["train/loss"].value, want, equal_nan=True)
    assert run.curves["train/grad_norm"].value[20] == math.inf
    assert run.curves["val/loss"].step.tolist() == [9, 19, 29, 39]
    assert np.diff(run.curves["lr"].time).min() >= 0
    assert run.params["project"] == "demo" and run.params["status"] == "finished"
    assert not run.notes


def test_zeros_that_the_writer_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "run-x.swanlab"
    system = field(12, field(1, 2) + field(2, 1) + field(3, "__swanlab__.cpu.pct"))
    records = [system, *(scalar("loss", n, n / 2) for n in range(5)), scalar("__swanlab__.cpu.pct", 3, 9.0)]
    path.write_bytes(blocks(records, HEADER))
    run = read(path)
    assert run.curves["loss"].value.tolist() == [0, 0.5, 1, 1.5, 2]
    assert run.curves["loss"].time[0] == 1000.5
    assert run.curves["system/cpu.pct"].axis == "sample"
    assert [note.kind for note in run.notes] == ["unfinished"]


def test_configuration_beside(tmp_path: Path) -> None:
    folder = tmp_path / "run-20260101_000000-x"
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "config.yaml").write_text("lr:\n  desc: ''\n  sort: 0\n  value: 0.001\n")
    path = folder / "run-x.swanlab"
    path.write_bytes(blocks([scalar("loss", 1, 1.0)], HEADER))
    assert swanlab.home(path, frozenset()) == folder
    assert read(path).params["lr"] == 0.001


def test_a_flipped_byte_costs_one_record(tmp_path: Path) -> None:
    path, data = tmp_path / "run-x.swanlab", blocks((scalar("loss", n, n / 3) for n in range(2000)), HEADER)
    draw = np.random.default_rng(1)
    for at in draw.integers(0, len(data), 25).tolist():
        broken = bytearray(data)
        broken[at] ^= 0x10
        path.write_bytes(broken)
        run = read(path)
        assert len(run.columns) >= 1999
        assert np.array_equal(run.columns.value, run.columns.step / 3)


def test_a_truncated_tail_is_a_note(tmp_path: Path) -> None:
    path = tmp_path / "run-x.swanlab"
    path.write_bytes(FILE.read_bytes()[:-200])
    kinds = [note.kind for note in read(path).notes]
    assert kinds[0] == "truncated" and "unfinished" in kinds


@given(st.lists(st.binary(max_size=200), max_size=8), st.booleans())
def test_random_bytes_raise_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: list[bytes], framed: bool
) -> None:
    path = tmp_path_factory.mktemp("x") / "run-x.swanlab"
    path.write_bytes(blocks([*data, *(field(13, each) for each in data)], HEADER) if framed else b"".join(data))
    try:
        read(path)
    except UnreadableError as error:
        assert "\n" not in str(error)
