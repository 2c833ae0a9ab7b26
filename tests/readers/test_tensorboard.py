"""The TensorBoard reader beside TensorBoard's own, on files of the real writers."""

from __future__ import annotations

import bz2
import gzip
import lzma
import math
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.compat.proto import types_pb2
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util

import loglens
from loglens.errors import UnreadableError
from loglens.model.source import Source
from loglens.readers.tensorboard import reader as tensorboard
from tests.readers.tensorboard_writer import packed, points, record, run, runs, scalar, write

DATA = Path(__file__).parent / "data" / "tensorboard"
REAL = Path(__file__).parents[2].parent / "shared" / "real_logs"


def reference(path: Path) -> list[tuple[int, bytes, bytes]]:
    """Step, wall time and value of every scalar as TensorBoard's loader has them, in order."""
    found = []
    for event in EventFileLoader(str(path)).Load():
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name == "scalars":
                number = np.float64(tensor_util.make_ndarray(value.tensor).item())
                found.append((event.step, np.float64(event.wall_time).tobytes(), number.tobytes()))
    return found


def event_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*tfevents*") if path.suffix != ".profile-empty")


@pytest.mark.parametrize("path", event_files(DATA), ids=lambda path: str(path.relative_to(DATA).parent))
def test_same_points_as_tensorboard(path: Path) -> None:
    found = [row[1:] for row in points(run(path))]
    assert found == reference(path)


def test_same_points_as_tensorboard_on_real_logs() -> None:
    if not REAL.is_dir():
        pytest.skip(f"no folder of real logs at {REAL}")
    files = event_files(REAL)
    assert files
    for path in files[::3]:
        assert [row[1:] for row in points(run(path))] == reference(path), path


def test_torch_run_with_all_that_belongs_to_it() -> None:
    found = run(DATA / "torch")
    assert found.tags == (
        *("train/loss", "train/grad_norm", "lr", "new/style", "negative", "huge"),
        *("Loss/train", "Loss/val"),
    )
    assert found.series("Loss/val").value.tolist() == [2.0, 1.5]
    assert found.series("Loss/val").step.tolist() == [5, 6]
    assert found.series("negative").step.tolist() == [-3]
    assert found.series("huge").step.tolist() == [2**62 + 11]
    assert found.series("lr").value[299] == 1e-3 * 0.99**299  # double precision is kept
    norm = found.series("train/grad_norm")
    assert np.isnan(norm.value[250])
    assert np.isinf(norm.value[251])
    assert found.params["cell"] == "lstm"
    assert found.params["optim/name"] == "adamw"
    assert found.params["fp16"] is True
    assert found.params["text/notes"] == "learning rate was halved"
    assert found.params["metric/hparam/acc"] == pytest.approx(0.9)
    assert "status" not in found.params  # torch says success before the first step
    assert found.notes == ()
    assert len(found.files) == 4


def test_histograms_are_exact() -> None:
    weights = np.random.default_rng(0).normal(size=500)
    whole, with_nan = run(DATA / "torch").histogram_rows
    assert whole.norm == pytest.approx(np.linalg.norm(weights), rel=1e-14)
    assert (whole.min, whole.max, whole.count, whole.nonfinite) == (weights.min(), weights.max(), 500, 0)
    assert len(whole.edges) == len(whole.counts) + 1
    assert whole.counts.sum() == 500
    inside = ((weights >= whole.edges[:-1, None]) & (weights < whole.edges[1:, None])).sum(axis=1)
    assert np.array_equal(inside, whole.counts)
    assert whole.exact
    assert (with_nan.nonfinite, with_nan.step) == (7, 2)
    assert np.isnan(with_nan.sum)


def test_histograms_of_tensorflow_2() -> None:
    spread, equal = run(DATA / "tf2").histogram_rows
    assert (spread.step, spread.count, spread.min, spread.max, spread.exact) == (7, 100, 0.0, 99.0, False)
    assert spread.norm == pytest.approx(np.linalg.norm(np.arange(100.0)), rel=0.02)
    assert (equal.count, equal.min, equal.max) == (5, 2.0, 2.0)
    assert equal.norm == pytest.approx(np.sqrt(20))


def tf2_histogram(tag: str, step: int, rows: list[list[float]]) -> Event:
    """A histogram as TensorFlow 2 writes it: rows of left edge, right edge, count."""
    event = Event(wall_time=1.0, step=step)
    value = event.summary.value.add(tag=tag)
    value.metadata.plugin_data.plugin_name = "histograms"
    value.tensor.dtype = 2  # DT_DOUBLE
    value.tensor.tensor_shape.dim.add(size=len(rows))
    value.tensor.tensor_shape.dim.add(size=3)
    value.tensor.tensor_content = np.array(rows, float).tobytes()
    return event


def test_histograms_of_nan_alone(tmp_path: Path) -> None:
    """Of a tensor that is all NaN, TensorFlow 2 writes edges that are NaN."""
    edges = [[math.nan, math.nan, 0.0]] * 29 + [[math.nan, math.nan, 64.0]]
    events = [tf2_histogram("weights/fc1", n, [[0.0, 1.0, 64.0]] if n < 3 else edges) for n in range(6)]
    found = run(write(tmp_path / "events.out.tfevents.1.host", events))
    assert [(row.count, row.nonfinite) for row in found.histogram_rows] == [(64, 0)] * 3 + [(64, 64)] * 3
    assert np.isnan(found.norms["weights/fc1"].value).tolist() == [False] * 3 + [True] * 3
    report = loglens.diagnose(tmp_path)
    assert report.runs[0].verdict == "failed" and report.findings[0].condition == "non-finite-metric"
    for form in ("html", "text", "json"):
        assert report.render(form)


@pytest.mark.parametrize("size", [1e200, 1e308])
def test_histograms_of_values_as_large_as_numbers_get(size: float, tmp_path: Path) -> None:
    event = tf2_histogram("weights", 1, [[-size, size, 3.0], [size, size, 1e300]])
    (found,) = run(write(tmp_path / "events.out.tfevents.1.host", [event])).histogram_rows
    assert (found.min, found.max, found.count) == (-size, size, 1e300)
    assert found.sum_squares == np.inf and found.nonfinite == 0


def test_merged_summary_of_tensorflow_1() -> None:
    found = run(DATA / "tf1")
    assert found.series("second").value.tolist() == [2.0 * step for step in range(20)]
    assert [row.sum for row in found.histogram_rows] == [3.0 * step for step in range(20)]


def test_keras_splits_are_one_run() -> None:
    found = run(DATA / "keras")
    assert {"train/epoch_loss", "validation/epoch_loss"} <= set(found.tags)
    assert found.source == DATA / "keras"
    assert len(found.series("validation/epoch_loss")) == 3
    assert {row.tag for row in found.histogram_rows} == {
        "train/sequential/dense/kernel/histogram",
        "train/sequential/dense/bias/histogram",
    }


def test_tensorboardx_sub_runs() -> None:
    found = run(DATA / "tensorboardx")
    assert found.tags == ("a_tag_with_blanks", "no_step", "Loss/all/train", "Loss/all/val")


def test_resumed_run_rewinds() -> None:
    found = run(DATA / "torch_resumed")
    loss = found.series("loss")
    assert len(found.columns) == 50
    assert loss.step.tolist() == list(range(40))
    assert loss.value.tolist() == [float(s) for s in range(20)] + [2000.0 + s for s in range(20, 40)]
    assert found.rewinds["loss"] == [(29, 20)]


def test_session_mark_inside_a_file(tmp_path: Path) -> None:
    mark = Event(wall_time=3.0, step=2, session_log=SessionLog(status=SessionLog.SessionStatus.START))
    stop = Event(wall_time=3.0, step=2, session_log=SessionLog(status=SessionLog.SessionStatus.STOP))
    events = [scalar("a", 1.0, 1), scalar("a", 2.0, 2), mark, scalar("a", 9.0, 2), stop, scalar("a", 3.0, 3)]
    found = run(write(tmp_path / "events.out.tfevents.1.host", events))
    assert np.diff(found.columns.session).tolist() == [0, 1, 0]
    assert found.series("a").value.tolist() == [1.0, 9.0, 3.0]


def start(step: int) -> Event:
    return Event(wall_time=3.0, step=step, session_log=SessionLog(status=SessionLog.SessionStatus.START))


@pytest.mark.parametrize(
    ("events", "a", "b"),
    [
        # TensorBoard's event_accumulator_test: a start at 201 takes back what lies beyond it, of every tag
        ([("a", 100), ("a", 200), ("b", 202), ("b", 203), ("a", 300), ("a", 400), 201], [100, 200], []),
        ([("a", 100), ("b", 202), ("a", 300), 201, ("a", 210), ("a", 250)], [100, 210, 250], []),
        ([("a", 10), ("b", 15), ("a", 20), ("b", 25), 20, ("a", 30)], [10, 30], [15]),
        ([("a", 10), ("b", 15), 0], [10], [15]),  # a start from scratch takes nothing back
    ],
)
def test_a_session_that_starts_at_a_step_takes_back_what_lies_beyond_it(
    tmp_path: Path, events: list[tuple[str, int] | int], a: list[int], b: list[int]
) -> None:
    rows = [start(each) if isinstance(each, int) else scalar(each[0], 1.0, each[1]) for each in events]
    found = run(write(tmp_path / "events.out.tfevents.1.host", rows))
    left = {tag: curve.step.tolist() for tag, curve in found.curves.items()}
    assert (left.get("a", []), left.get("b", [])) == (a, b)
    assert len(found.columns) == sum(not isinstance(each, int) for each in events)  # the table keeps them all


def test_a_purge_in_a_new_file_holds_for_the_file_before(tmp_path: Path) -> None:
    """torch's SummaryWriter(purge_step=50)."""
    write(tmp_path / "events.out.tfevents.1.host", [scalar("a", 1.0, at) for at in range(0, 90, 10)])
    write(tmp_path / "events.out.tfevents.2.host", [start(50), scalar("a", 2.0, 60), scalar("a", 2.0, 70)])
    found = run(tmp_path)
    assert found.curves["a"].step.tolist() == [0, 10, 20, 30, 40, 60, 70]
    assert found.rewinds["a"] == [(80, 50)]


def test_files_follow_one_another_by_name(tmp_path: Path) -> None:
    write(tmp_path / "events.out.tfevents.2.host", [scalar("a", 2.0, 0)])
    write(tmp_path / "events.out.tfevents.1.host", [scalar("a", 1.0, 0)])
    found = run(tmp_path)
    assert found.columns.value.tolist() == [1.0, 2.0]
    assert found.columns.session.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("dtype", "fields", "value"),
    [
        (types_pb2.DT_FLOAT, {"float_val": [0.5]}, 0.5),
        (types_pb2.DT_FLOAT, {"tensor_content": np.float32(0.25).tobytes()}, 0.25),
        (types_pb2.DT_DOUBLE, {"double_val": [1e-300]}, 1e-300),
        (types_pb2.DT_DOUBLE, {"tensor_content": np.float64(1e300).tobytes()}, 1e300),
        (types_pb2.DT_INT32, {"int_val": [-7]}, -7.0),
        (types_pb2.DT_INT64, {"int64_val": [2**40]}, 2.0**40),
        (types_pb2.DT_UINT64, {"uint64_val": [2**63]}, 2.0**63),
        (types_pb2.DT_BOOL, {"bool_val": [True]}, 1.0),
        (types_pb2.DT_HALF, {"half_val": [int(np.float16(1.5).view(np.uint16))]}, 1.5),
        (types_pb2.DT_HALF, {"tensor_content": np.float16(-2.5).tobytes()}, -2.5),
        (types_pb2.DT_BFLOAT16, {"half_val": [0x3FC0]}, 1.5),
        (types_pb2.DT_FLOAT, {}, 0.0),
    ],
)
@pytest.mark.parametrize("count", [1, 200])  # one by one, and many at once
def test_tensor_scalars(tmp_path: Path, count: int, dtype: int, fields: dict[str, object], value: float) -> None:
    events = []
    for step in range(count):
        event = Event(wall_time=1.0, step=step)
        entry = event.summary.value.add(tag="t", tensor=TensorProto(dtype=dtype, **fields))
        entry.metadata.plugin_data.plugin_name = "scalars"
        events.append(event)
    found = run(write(tmp_path / "events.out.tfevents.1.host", events))
    assert found.columns.value.tolist() == [value] * count
    assert found.columns.step.tolist() == list(range(count))


def test_many_tags_a_record_in_order(tmp_path: Path) -> None:
    events = []
    for step in range(300):
        event = Event(wall_time=1.0 + step, step=step)
        for tag in range(40):
            event.summary.value.add(tag=f"layer{tag}/{step % 3}", simple_value=step * 40 + tag)
        events.append(event)
    found = run(write(tmp_path / "events.out.tfevents.1.host", events))
    assert found.columns.value.tolist() == [float(i) for i in range(300 * 40)]
    names = [found.tags[code] for code in found.columns.tag]
    assert names == [f"layer{tag}/{step % 3}" for step in range(300) for tag in range(40)]


def test_thousands_of_tags(tmp_path: Path) -> None:
    events = [scalar(f"tag{i % 7000:05}", float(i), i) for i in range(14000)]
    found = run(write(tmp_path / "events.out.tfevents.1.host", events))
    assert found.tags == tuple(f"tag{i:05}" for i in range(7000))
    assert found.columns.value.tolist() == [float(i) for i in range(14000)]


def test_nan_time_is_kept(tmp_path: Path) -> None:
    events = [scalar("a", 1.0, step, time=float("nan") if step == 3 else 5.0) for step in range(40)]
    time = run(write(tmp_path / "events.out.tfevents.1.host", events)).columns.time
    assert np.isnan(time).nonzero()[0].tolist() == [3]


def test_trusted_status(tmp_path: Path) -> None:
    data = plugin_data_pb2.HParamsPluginData()
    data.session_end_info.status = 2
    data.session_end_info.end_time_secs = 5.0
    event = Event(wall_time=1.0)
    entry = event.summary.value.add(tag="_hparams_/session_end_info")
    entry.metadata.plugin_data.plugin_name = "hparams"
    entry.metadata.plugin_data.content = data.SerializeToString()
    assert run(write(tmp_path / "events.out.tfevents.1.host", [event])).params == {"status": "failure"}


def test_runs_below_a_stray_file_stay_apart(tmp_path: Path) -> None:
    write(tmp_path / "events.out.tfevents.1.host", [])
    for name in ("a", "b/train", "b/validation", "c/eval_test"):
        events = [scalar("loss", 1.0, 1), scalar("acc", 1.0, 1)]
        write(tmp_path / name / "events.out.tfevents.1.host", events)
    write(tmp_path / "c" / "events.out.tfevents.1.host", [scalar("loss", 1.0, 1)])
    found = {item.name.removeprefix(tmp_path.name): item.tags for item in runs(tmp_path)}
    assert found == {
        "": (),
        "/a": ("loss", "acc"),
        "/b": ("train/loss", "train/acc", "validation/loss", "validation/acc"),
        "/c": ("loss", "eval_test/loss", "eval_test/acc"),
    }


def test_sibling_runs_are_not_one(tmp_path: Path) -> None:
    for name in ("version_0", "version_1"):
        write(tmp_path / name / "events.out.tfevents.1.host", [scalar("loss", 1.0, 1)])
    assert [item.name for item in runs(tmp_path)] == ["version_0", "version_1"]


def test_gzip(tmp_path: Path) -> None:
    plain = max((path.read_bytes() for path in event_files(DATA / "torch")), key=len)
    compressed = tmp_path / "events.out.tfevents.1.host.gz"
    compressed.write_bytes(gzip.compress(plain))
    whole = tmp_path / "plain" / "events.out.tfevents.1.host"
    whole.parent.mkdir()
    whole.write_bytes(plain)
    assert points(run(compressed)) == points(run(whole))
    compressed.write_bytes(gzip.compress(plain)[:-2000])
    cut = run(compressed)
    assert points(cut) == points(run(whole))[: len(cut.columns)]
    assert "truncated" in {note.kind for note in cut.notes}


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)])
@pytest.mark.parametrize("members", [1, 2, 3, 40])
def test_every_member_of_a_compressed_file_is_read(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes], members: int
) -> None:
    records = packed(scalar("loss", 1 / (n + 1) if n < 50 else math.nan, n) for n in range(100))
    cuts = [len(records) * k // members for k in range(members + 1)]
    path = tmp_path / f"events.out.tfevents.1.host.{suffix}"
    data = b"".join(pack(b"".join(records[a:b])) for a, b in pairwise(cuts))
    for after, kinds in ((b"", []), (bytes(512), []), (b"trailing bytes", ["corrupt"]), (pack(b"x")[:8], None)):
        path.write_bytes(data + after)
        found = run(path)
        assert len(found.columns) == 100 and np.isnan(found.columns.value).sum() == 50
        if kinds is not None:
            assert [note.kind for note in found.notes] == kinds
        else:
            assert {note.kind for note in found.notes} <= {"truncated", "corrupt"} and found.notes
    if members > 1:
        path.write_bytes(data[:-5] + pack(b""))  # the last member is cut off, and another one follows
        assert {note.kind for note in run(path).notes} & {"corrupt", "truncated"}


def test_sniff(tmp_path: Path) -> None:
    real = event_files(DATA / "torch")[0]
    renamed = tmp_path / "renamed.log"
    renamed.write_bytes(real.read_bytes())
    other = tmp_path / "dataset.tfrecord"
    other.write_bytes(record(b"not an event, but a record"))
    profile = tmp_path / "events.out.tfevents.1.host.profile-empty"
    profile.write_bytes(real.read_bytes())
    notes = tmp_path / "about_tfevents.txt"
    notes.write_text("nothing")
    assert [tensorboard.sniff(path) for path in (real, renamed)] == [True, True]
    strangers = (other, profile, notes, tmp_path, tmp_path / "missing", Path(os.devnull))
    assert not any(tensorboard.sniff(path) for path in strangers)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "not a TensorBoard event file"),
        (b"PK\x03\x04" + bytes(100), "unpack"),
        (b"\x1f\x8b" + bytes(100), "compressed"),
    ],
)
def test_unreadable(tmp_path: Path, content: bytes, why: str) -> None:
    bad = tmp_path / "events.out.tfevents.1.host"
    bad.write_bytes(content)
    assert tensorboard.sniff(bad)
    with pytest.raises(UnreadableError, match=why):
        run(bad)
    write(tmp_path / "events.out.tfevents.2.host", [scalar("a", 1.0, 1)])
    found = run(tmp_path)  # beside a good file it is a note
    assert len(found.columns) == 1
    assert [(note.kind, note.file) for note in found.notes] == [("unreadable", str(bad))]


def test_pipe_and_folder(tmp_path: Path) -> None:
    pipe = tmp_path / "events.out.tfevents.1.host"
    os.mkfifo(pipe)
    folder = tmp_path / "events.out.tfevents.2.host"
    folder.mkdir()
    for path in (pipe, folder, tmp_path / "events.out.tfevents.missing"):
        with pytest.raises(UnreadableError, match=r"copy the events|cannot be read"):
            list(tensorboard.read(Source(path, (path,), "x")))


def test_nothing_logged(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "events.out.tfevents.1.host").touch()
    write(tmp_path / "b" / "events.out.tfevents.1.host", [])
    for found in runs(tmp_path):
        assert len(found.columns) == 0
        assert "empty" in {note.kind for note in found.notes}


def test_light_import() -> None:
    heavy = ("pandas", "scipy", "tensorboard", "google.protobuf")
    code = f"import sys, loglens.readers.tensorboard; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize("counts", [[2.0], [1.0, 0.0, 3.0]])
def test_the_last_bucket_ends_at_the_maximum(tmp_path: Path, counts: list[float]) -> None:
    """As RustBoard has it: writers close it with DBL_MAX, of which no mean can be made."""
    event = Event(wall_time=1.0, step=0)
    histo = event.summary.value.add(tag="w").histo
    histo.min, histo.max, histo.num, histo.sum = -1.0, 1.0, sum(counts), 0.0
    histo.bucket_limit.extend([*np.linspace(-0.5, 0.5, len(counts) - 1), np.finfo(float).max])
    histo.bucket.extend(counts)
    write(tmp_path / "events.out.tfevents.1.h", [event])
    (row,) = run(tmp_path).histogram_rows
    assert row.edges[0] == -1.0 and row.edges[-1] == 1.0 and (np.diff(row.edges) >= 0).all()


def test_a_session_that_starts_at_a_step_takes_back_histograms(tmp_path: Path) -> None:
    def histogram(step: int) -> Event:
        event = Event(wall_time=2.0, step=step)
        body = event.summary.value.add(tag="h").histo
        body.min, body.max, body.num, body.sum, body.sum_squares = 0.0, 1.0, 2.0, 1.0, 1.0
        body.bucket_limit.extend([0.0, 1.0])
        body.bucket.extend([1.0, 1.0])
        return event

    rows = [histogram(1), histogram(5), histogram(9), start(5), histogram(6), histogram(8), start(8), histogram(7)]
    found = run(write(tmp_path / "events.out.tfevents.1.host", rows))
    assert [row.step for row in found.histogram_rows] == [1, 6, 7]


@pytest.mark.parametrize("count", [1, 3, 40, 400])
@pytest.mark.parametrize(("plugin", "read"), [("you_are_it", False), ("scalars", True), ("", True)])
def test_a_plugin_that_is_named_once_holds_for_all_records(tmp_path: Path, count: int, plugin: str, read: bool) -> None:
    """As TensorBoard's test of the first metadata has it; how many records there are does not matter."""
    events = []
    for step in range(count + 1):
        event = Event(wall_time=2.0, step=step)
        value = event.summary.value.add(tag="t")
        value.tensor.dtype = 1
        value.tensor.float_val.append(step + 0.5)
        if step == 0 and plugin:
            value.metadata.plugin_data.plugin_name = plugin
        events.append(event)
    found = run(write(tmp_path / "events.out.tfevents.1.host", events))
    assert len(found.columns) == (count + 1 if read else 0)
