"""What the campaigns have found, each in the fewest bytes that show it."""

from __future__ import annotations

import json
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event

from loglens.analysis.judge import judge
from loglens.compare.parameters import changes
from loglens.discovery.find import find
from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.readers.files.parquet_file import batches
from loglens.registry import load as registry
from tests.readers.tensorboard_writer import scalar, write
from tests.reading import load
from tests.slow.fuzz.check import bounds


def items(path: Path) -> list[Run | UnreadableError]:
    return list(load(find([path], registry.readers())))


def run_of(path: Path) -> Run:
    (found,) = items(path)
    assert isinstance(found, Run), found
    return found


def reason(path: Path) -> str:
    (found,) = items(path)
    assert isinstance(found, UnreadableError)
    assert len(str(found).splitlines()) == 1
    return str(found)


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def test_an_event_file_of_long_records_alone(tmp_path: Path) -> None:
    """Such as one of pictures: no record in it was short enough for the quick way."""
    path = tmp_path / "events.out.tfevents.1.h"
    picture = Event(wall_time=2.0, step=1)
    picture.summary.value.add(tag="image").image.encoded_image_string = bytes(20_000)
    write(path, [picture])
    data = path.read_bytes()
    path.write_bytes(data[-20_000 - 100 :][data[-20_000 - 100 :].find(struct.pack("<Q", picture.ByteSize())) :])
    assert not len(run_of(path).columns)


def test_a_signalling_nan_is_a_nan(tmp_path: Path) -> None:
    """A bit pattern of NaN at which the processor complains when it is converted."""
    signalling = float(np.array([0x7FA00000], "<u4").view("<f4")[0])
    path = write(tmp_path / "events.out.tfevents.1.h", [scalar("loss", 1.0, step) for step in range(40)])
    path.write_bytes(_resealed(path.read_bytes(), struct.pack("<f", 1.0), bytes.fromhex("0000a07f")))
    values = run_of(path).curves["loss"].value
    assert len(values) == 40 and np.isnan(values).all() and np.isnan(signalling)


def _resealed(data: bytes, old: bytes, new: bytes) -> bytes:
    from tests.slow.fuzz.frames import pack_events, unpack_events

    return pack_events([payload.replace(b"\x15" + old, b"\x15" + new) for payload in unpack_events(data)])


def test_a_comma_in_quotes_before_a_number_makes_it_a_word(tmp_path: Path) -> None:
    run = run_of(text(tmp_path / "log.csv", 'step,loss\n0,3\n1,",2"\n2,1\n'))
    assert run.curves["loss"].value.tolist() == [3, 1]


def test_a_type_that_is_no_word(tmp_path: Path) -> None:
    row = {"_step": 0, "_runtime": 1, "loss": 2.0, "h": {"_type": {"a": 1}}}
    run = run_of(text(tmp_path / "wandb-history.jsonl", json.dumps(row) + "\n"))
    assert "loss" in run.tags and not run.histogram_rows


def test_a_schema_of_several_lines_is_quoted_in_one(tmp_path: Path) -> None:
    path = tmp_path / "trackio.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE metrics (run_name, metrics, configs, timestamp)")
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = 'CREATE TABLE metrics (run_name, metrics, configs, `timestamp\n x'"
        )
        connection.commit()
    assert "damaged SQLite file" in reason(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"step": None}, "no column 'step'"),
        ({"step": ["x"]}, "not a number"),
        ({"float_value": ["\ufffd"]}, "not a number"),
    ],
)
def test_neptune_columns_that_lack_or_hold_words(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    pa: Any = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    pq: Any = pytest.importorskip("pyarrow.parquet")
    columns: dict[str, Any] = {"run_id": ["r"], "attribute_path": ["loss"], "attribute_type": ["float_series"]}
    columns |= {"step": [1.0], "timestamp": pa.array([1], pa.timestamp("ms")), "float_value": [0.5]} | change
    path = tmp_path / "run.parquet"
    pq.write_table(pa.table({name: cells for name, cells in columns.items() if cells is not None}), path)
    assert said in reason(path)


def test_neptune_kinds_and_histograms_of_another_shape(tmp_path: Path) -> None:
    pa: Any = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    pq: Any = pytest.importorskip("pyarrow.parquet")
    columns: dict[str, Any] = {"run_id": ["r"], "attribute_path": ["h"], "attribute_type": [{"a": 1}]}
    columns |= {"step": [1.0], "timestamp": pa.array([1], pa.timestamp("ms")), "float_value": [0.5]}
    path = tmp_path / "run.parquet"
    pq.write_table(pa.table(columns), path)
    assert "without a run" in reason(path)
    columns |= {"attribute_type": ["histogram_series"], "histogram_value": [{"edges": [0.0, 1.0], "values": 3.0}]}
    pq.write_table(pa.table(columns), path)
    assert "without a run" in reason(path)


def test_losses_near_the_largest_number_crash_no_rule(tmp_path: Path) -> None:
    rows = "".join(f"{step},{(-1) ** step * 1.7e308}\n" for step in range(60))
    diagnosis = judge(run_of(text(tmp_path / "log.csv", "step,loss\n" + rows)), registry.detectors())
    assert not [outcome for outcome in diagnosis.outcomes if outcome.outcome == "crashed"]


def test_a_validation_loss_of_exactly_zero_that_rises(tmp_path: Path) -> None:
    rows = [f"{n},{1 / (n + 1)},{max(0.0, 0.3 - n / 30) if n < 20 else (n - 20) / 10}\n" for n in range(60)]
    diagnosis = judge(run_of(text(tmp_path / "log.csv", "step,loss,val_loss\n" + "".join(rows))), registry.detectors())
    (found,) = (found for found in diagnosis.findings if found.condition == "overfitting")
    assert "rises to 3.65" in found.message and "%" not in found.message
    assert found.as_dict()["evidence"]["rise"] == "Infinity"


def test_a_message_of_sqlite_that_is_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "trackio.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE metrics (run_name, metrics, configs, timestamp)")
        connection.execute("CREATE INDEX broken ON metrics (run_name)")
        connection.commit()
    path.write_bytes(
        path.read_bytes().replace(b"CREATE INDEX broken ON metrics", b"CREATE INDEX broken ON \xff\xfe\xfdrics")
    )
    assert "damaged SQLite file" in reason(path)


def test_a_word_in_parquet_that_is_no_utf8(tmp_path: Path) -> None:
    pa: Any = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    pq: Any = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "p.parquet"
    rows = {"run_name": ["name"], "timestamp": ["2025"], "step": [1], "loss": [0.5]}
    pq.write_table(pa.table(rows), path, compression="none", use_dictionary=False)
    path.write_bytes(
        path.read_bytes()
        .replace(b"name\x00", b"na\xb2e\x00")
        .replace(b"\x04\x00\x00\x00name", b"\x04\x00\x00\x00na\xb2e")
    )
    assert "damaged Parquet file" in reason(path)


def test_a_monitor_that_began_at_no_time_at_all(tmp_path: Path) -> None:
    header = '#{"t_start": ' + "9" * 400 + ', "env_id": "x"}\n'
    run = run_of(text(tmp_path / "0.monitor.csv", header + "r,l,t\n" + "1.0,5,0.5\n2.0,5,1.5\n"))
    assert run.curves["r"].value.tolist() == [1, 2] and not np.isfinite(run.curves["r"].time).any()


def test_an_index_that_begins_at_infinity(tmp_path: Path) -> None:
    run = run_of(text(tmp_path / "log.csv", ",loss\n-inf,3\n1,2\n2,1\n"))
    assert run.curves["loss"].value.tolist() == [3, 2, 1]


def test_a_text_log_with_epochs_beyond_all(tmp_path: Path) -> None:
    lines = [f"(epoch: {epoch}, iters: {n}) loss: 0.5 \n" for epoch, n in (("1e300", 9007199254740993), (1, 2), (2, 1))]
    found = items(text(tmp_path / "loss_log.txt", "".join(lines * 3)))
    assert isinstance(found[0], Run)


def test_the_harness_notices_memory() -> None:
    with bounds(), pytest.raises(MemoryError):
        bytearray(400 << 20)
    with bounds():
        bytearray(200 << 20)


def test_a_parquet_file_that_names_words_it_does_not_hold(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"name": list("abcabcab")}), path, compression="none")
    assert [dict(batch)["name"].cells() for batch in batches(path)] == [list("abcabcab")]
    # 2 bits each, one group of eight: 0 1 2 0, 1 2 0 1
    (before, after) = path.read_bytes().split(b"\x02\x03\x24\x49")
    path.write_bytes(before + b"\x02\x03\xff\xff" + after)
    with pytest.raises(UnreadableError, match="a damaged Parquet file"):
        list(batches(path))


def test_a_parameter_that_no_float_can_hold_is_text(tmp_path: Path) -> None:
    text(tmp_path / "metrics.csv", "step,loss\n" + "".join(f"{step},{9 - step}\n" for step in range(9)))
    text(tmp_path / "hparams.yaml", f"max_steps: {'1' * 400}\nseed: 0x{'f' * 4000}\nbatch: {'1' * 300}\n")
    run = run_of(tmp_path)
    assert run.params["max_steps"] == hex(int("1" * 400)) and run.params["seed"] == "0x" + "f" * 4000
    assert run.params["batch"] == int("1" * 300)
    told = judge(run, registry.detectors())
    assert not [outcome for outcome in told.outcomes if outcome.outcome == "crashed"]
    assert list(changes([run.params], {**run.params, "batch": 1})) != []


def test_a_bar_of_no_known_length(tmp_path: Path) -> None:
    """tqdm wipes its bar, writes the line, and draws the bar again."""
    bar = "\r{}%|##        | {}/{} [00:03<01:28,  3.26it/s]"
    told = [(bar.format(step // 3, step, 300), step) for step in (10, 20, 30)]
    lines = [f"{drawn}\r{{'loss': '{40 - step}', 'epoch': '{step / 100}'}}\n{drawn}" for drawn, step in told]
    path = text(tmp_path / "run.log", "".join([bar.format(0, 0, "nan"), *lines, "\n"]))
    loss = run_of(path).curves["loss"]
    assert (loss.step.tolist(), loss.value.tolist()) == ([10, 20, 30], [30, 20, 10])


def test_steps_that_are_infinite_beside_their_total(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_text("".join(f"step:{step}/1750 val_loss:4.5 step_avg:9ms\n" for step in (0, "inf", "Infinity", 250)))
    assert all(isinstance(item, Run | UnreadableError) for item in items(path))
