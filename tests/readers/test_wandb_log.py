"""The binary W&B log: what the writer left, whatever state it is in."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.discovery import find as discover
from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.model.source import Source
from loglens.readers.files import block_log as _blocklog
from loglens.readers.wandb import key_value_pairs as _pairs
from loglens.readers.wandb import transaction_log as wandb_log
from loglens.registry import load as registry
from tests.readers import wandb_plain, wandb_writer
from tests.reading import load

DATA = Path(__file__).parent / "data" / "offline"
SHARED = Path(__file__).parents[2].parent / "shared"
FILE = DATA / "run-demo1234.wandb"

#: Points in the history, without _step and _timestamp, of runs that other people made. The manifest
#: that lies beside them counts those two as well, and the curves that the console shows.
REAL = {
    "wandb_asquared_empty_ysa65ot4": 0,
    "wandb_asquared_trunc_t9nlj7ce": 126 - 2 * 18 - 18,
    "wandb_diffuseq_offline": 3684 - 2 * 176,
    "wandb_nanogpt_crash_nohistory": 0,
    "wandb_nanogpt_gpt2_short": 2677 - 2 * 13 - (2547 + 2 * 13),
    "wandb_resnetopt_1epoch": 15 - 2 * 1 - 4,
    "wandb_scaling_efr29yl1": 4200 - 2 * 840,
    "wandb_scaling_f4zqxdig": 9371 - 2 * 940,
    "wandb_scaling_no7l0crt": 16311 - 2 * 3731,
}


def read(path: Path) -> Run:
    assert wandb_log.sniff(path)
    (run,) = wandb_log.read(Source(path, (path,), path.name))
    return run


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "run-x.wandb"
    path.write_bytes(data)
    return path


def kinds(run: Run) -> list[str]:
    return [note.kind for note in run.notes]


def own_points(run: Run) -> int:
    """How many points are not system metrics."""
    tags = run.columns.tags
    return sum(n for code, n in Counter(run.columns.tag.tolist()).items() if not tags[code].startswith("system/"))


def same_as_plain(path: Path) -> None:
    """Every number of every row, its step and its time, bit for bit and in order."""
    run = read(path)
    columns = run.columns
    rows = wandb_plain.rows(path)
    wanted: dict[str, list[tuple[int, float, float]]] = {}
    for row in rows:
        for key, value in row.items():
            if type(value) in (int, float) and key not in ("_step", "_timestamp"):
                wanted.setdefault(key, []).append((row["_step"], row["_timestamp"], float(value)))
    assert {tag for tag in run.tags if not tag.startswith("system/")} == set(wanted)
    for tag, points in wanted.items():
        mine = columns.tag == columns.tags.index(tag)
        step, time, value = (np.array(each) for each in zip(*points, strict=True))
        assert np.array_equal(columns.value[mine], value, equal_nan=True)
        assert np.array_equal(columns.time[mine], time)
        if run.axes.get(tag, "step") == "step" and path != FILE:
            assert np.array_equal(columns.step[mine], step)


def test_every_number_that_the_writer_left() -> None:
    same_as_plain(FILE)
    run = read(FILE)
    assert len(run.curves["train/loss"]) == 40
    assert math.isnan(run.curves["train/loss"].value[20])
    assert run.curves["train/grad_norm"].value[20] == math.inf
    assert "nested.b.c" in run.tags and "flag" not in run.tags and "word" not in run.tags


def test_a_step_metric_is_the_axis() -> None:
    run = read(FILE)
    assert run.curves["val/loss"].step.tolist() == [90, 190, 290, 390]
    assert run.curves["train/loss"].step.tolist() == list(range(40))


def test_histograms_are_summaries() -> None:
    run = read(FILE)
    assert [(row.tag, row.step, row.count) for row in run.histogram_rows] == [
        ("gradients/w", 0, 20),
        ("gradients/w", 20, 20),
    ]
    assert not any(tag.startswith("gradients") for tag in run.tags)
    assert run.histogram_rows[0].time == run.curves["train/loss"].time[0]


def test_configuration_and_exit() -> None:
    run = read(FILE)
    want = {"run_name": "first try", "optimizer/lr": 0.001, "optimizer/name": "adamw", "batch_size": 64, "exit_code": 3}
    assert want.items() <= run.params.items()
    assert not any("_wandb" in key for key in run.params)
    assert kinds(run) == ["failed"]


def test_system_metrics_have_times_and_no_steps(tmp_path: Path) -> None:
    samples = [wandb_writer.stats({"cpu": n / 2, "gpu.0.temp": 50}, 1000 + n) for n in range(30)]
    data = wandb_writer.blocks(wandb_writer.record(n, wandb_writer.STATS, each) for n, each in enumerate(samples))
    run = read(written(tmp_path, data))
    curve = run.curves["system/cpu"]
    assert curve.axis == "sample" and curve.step.tolist() == list(range(30))
    assert curve.time.tolist() == [1000.5 + n for n in range(30)]
    assert kinds(run) == ["unfinished", "empty"]


@pytest.mark.parametrize("nested", [True, False])
def test_both_ways_to_write_a_key(tmp_path: Path, nested: bool) -> None:
    rows = [{"_step": n, "_timestamp": 9.5 + n, "loss": 1 / (n + 1), "a.b": n} for n in range(50)]
    run = read(written(tmp_path, wandb_writer.log(rows, nested=nested)))
    assert run.curves["loss"].value.tolist() == [1 / (n + 1) for n in range(50)]
    assert run.curves["a.b"].step.tolist() == list(range(50))


def test_values_that_the_old_backend_wrote_whole(tmp_path: Path) -> None:
    image = {"_type": "image-file", "width": 3}
    histogram = {"_type": "histogram", "values": [1, 2], "bins": [0, 1, 2]}
    rows = [{"m": {"a": n, "h": histogram}, "g": histogram, "i": image, "w": '"NaN"', "s": "text"} for n in range(3)]
    run = read(written(tmp_path, wandb_writer.log([{**row, "s": '"text"'} for row in rows], nested=False)))
    assert set(run.tags) == {"m.a", "w"}
    assert [row.tag for row in run.histogram_rows] == ["m.h", "g"] * 3 or {row.tag for row in run.histogram_rows} == {
        "m.h",
        "g",
    }
    assert np.isnan(run.curves["w"].value).all()


def test_media_in_parts_are_no_curves(tmp_path: Path) -> None:
    rows = [{"img\t_type": '"image-file"', "img\twidth": 3, "img\tsize": 99, "imgs": 1.0} for _ in range(3)]
    assert read(written(tmp_path, wandb_writer.log(rows))).tags == ("imgs",)


def test_steps_without_items_come_from_the_row(tmp_path: Path) -> None:
    run = read(written(tmp_path, wandb_writer.log([{"loss": 1.0 / (n + 1)} for n in range(300)])))
    assert run.curves["loss"].step.tolist() == list(range(300))


def test_numbers_of_every_form(tmp_path: Path) -> None:
    texts = ["NaN", "-Infinity", "Infinity", "1e999", "9" * 400, "-0.0", "1E-5", "123456789012345678901234567890"]
    run = read(written(tmp_path, wandb_writer.log([{"x": text} for text in texts])))
    want = [math.nan, -math.inf, math.inf, math.inf, math.inf, -0.0, 1e-5, 1.2345678901234568e29]
    assert np.array_equal(run.columns.value, want, equal_nan=True)
    assert math.copysign(1, run.columns.value[5]) == -1


def test_text_that_only_begins_like_a_number_is_no_point(tmp_path: Path) -> None:
    texts = ["1,2", "1],[2", "Nothing", "-", "12", ""]
    run = read(written(tmp_path, wandb_writer.log([{"x": text} for text in texts])))
    assert run.columns.value.tolist() == [12.0]


def test_nulls_among_numbers_are_named(tmp_path: Path) -> None:
    run = read(written(tmp_path, wandb_writer.log([{"x": "null" if n % 2 else "1.5", "y": "null"} for n in range(4)])))
    assert len(run.columns) == 2 and kinds(run) == ["null"]
    assert "of x:" in run.notes[0].message


@pytest.mark.parametrize("values", [[0, 0, 0, 0, 0], [5, 4, 3, 2, 1], [0.5, 1, 1.5, 2, 2.5]])
def test_a_step_metric_that_does_not_count_is_no_axis(tmp_path: Path, values: list[float]) -> None:
    metric = wandb_writer.record(1, wandb_writer.METRIC, wandb_writer.field(2, "*") + wandb_writer.field(4, "epoch"))
    rows = [wandb_writer.history({"epoch": value, "loss": 1.0}, n) for n, value in enumerate(values)]
    data = wandb_writer.blocks(
        [metric, *(wandb_writer.record(n, wandb_writer.HISTORY, row) for n, row in enumerate(rows))]
    )
    assert read(written(tmp_path, data)).curves["loss"].step.tolist() == [0, 1, 2, 3, 4]


def test_a_step_metric_holds_until_the_next(tmp_path: Path) -> None:
    metric = wandb_writer.record(
        1, wandb_writer.METRIC, wandb_writer.field(2, "val/*") + wandb_writer.field(4, "epoch")
    )
    rows = [{"epoch": n // 2} if n % 2 == 0 else {"val/loss": 1.0} for n in range(20)]
    records = [wandb_writer.record(n, wandb_writer.HISTORY, wandb_writer.history(row, n)) for n, row in enumerate(rows)]
    curve = read(written(tmp_path, wandb_writer.blocks([metric, *records]))).curves["val/loss"]
    assert curve.axis == "epoch" and curve.step.tolist() == list(range(10))


def test_launches_of_one_run_id_are_one_run(tmp_path: Path) -> None:
    for stamp, first, code in (("20240101_000000", 0, None), ("20240102_000000", 60, 0)):
        folder = tmp_path / "wandb" / f"run-{stamp}-abc123"
        folder.mkdir(parents=True)
        rows = [{"_step": n, "loss": float(first + n)} for n in range(first, 100)]
        (folder / "run-abc123.wandb").write_bytes(wandb_writer.log(rows, code))
    (tmp_path / "wandb" / "latest-run").symlink_to(folder)
    (run,) = load(discover.find([tmp_path], registry.readers()))
    assert isinstance(run, Run)
    assert run.curves["loss"].step.tolist() == list(range(100))
    assert run.curves["loss"].value[60:].tolist() == [float(n + 60) for n in range(60, 100)]
    assert kinds(run) == ["restart"]
    assert len(run.files) == 2


def test_wide_rows_and_records_of_many_blocks(tmp_path: Path) -> None:
    rows = [{"_step": n, **{f"metric_{k}": n + k / 7 for k in range(3000)}} for n in range(3)]
    path = written(tmp_path, wandb_writer.log(rows))
    run = read(path)
    assert len(run.columns) == 9000 and kinds(run) == []
    assert run.curves["metric_2999"].value.tolist() == [n + 2999 / 7 for n in range(3)]


def test_side_by_side_and_one_by_one_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{f"k{k}\tx{k % 3}": n / (k + 1) for k in range(n % 20)} for n in range(200)]
    path = written(tmp_path, wandb_writer.log(rows))
    fast = read(path)
    monkeypatch.setattr(_pairs, "FEW", 10**9)
    slow = read(path)
    assert fast.columns.value.tolist() == slow.columns.value.tolist()
    assert fast.tags == slow.tags and fast.columns.step.tolist() == slow.columns.step.tolist()


def test_pieces_of_any_size_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"_step": n, **{f"m{k}": n * k / 7 for k in range(n % 300)}} for n in range(300)]
    path = written(tmp_path, wandb_writer.log(rows))
    whole = read(path)
    monkeypatch.setattr(_blocklog, "PIECE", _blocklog.BLOCK)
    parts = read(path)
    assert parts.columns.value.tolist() == whole.columns.value.tolist() and parts.tags == whole.tags
    assert not parts.notes


# --- damage


def many(tmp_path: Path, count: int = 3000) -> tuple[Path, bytes]:
    rows = [{"_step": n, "_timestamp": 5.0 + n, "loss": n / 3} for n in range(count)]
    data = wandb_writer.log(rows)
    return written(tmp_path, data), data


def test_one_flipped_byte_costs_one_record(tmp_path: Path) -> None:
    path, data = many(tmp_path)
    draw = np.random.default_rng(0)
    for at in [*draw.integers(0, len(data), 50).tolist(), 0, 4, 6, 7, len(data) - 1]:
        broken = bytearray(data)
        broken[at] ^= 1 << int(draw.integers(8))
        path.write_bytes(broken)
        run = read(path)
        assert own_points(run) >= 2999, at
        assert kinds(run) != [] or run.params.get("exit_code") == 0
        good = run.curves["loss"]
        assert np.array_equal(good.value, good.step / 3), at


def test_zeroed_blocks_cost_what_stood_there(tmp_path: Path) -> None:
    path, data = many(tmp_path)
    broken = bytearray(data)
    broken[50_000:60_000] = bytes(10_000)
    path.write_bytes(broken)
    run = read(path)
    size = len(data) / 3000
    assert own_points(run) >= 3000 - 10_000 / size - 5
    assert kinds(run) == ["corrupt"]


def test_every_truncation_is_a_prefix() -> None:
    data = FILE.read_bytes()
    last = 0
    for end in (*range(7, len(data) - 400, 5), *range(len(data) - 400, len(data))):
        log = _blocklog.BlockLog(FILE, b":W&B")
        batch = log._walk(data[:end], 0)
        assert len(batch.start) >= last
        assert not log.lost, end
        last = len(batch.start)
    assert last > 40


def test_a_truncated_tail_is_a_note(tmp_path: Path) -> None:
    path, data = many(tmp_path)
    path.write_bytes(data[:-60])
    run = read(path)
    assert kinds(run) == ["truncated", "unfinished"]
    path.write_bytes(data[:-60] + bytes(5000))  # what a crash of the machine leaves
    assert own_points(read(path)) >= 2998


def test_many_truncated_places(tmp_path: Path) -> None:
    path, data = many(tmp_path, 400)
    whole = read(path).columns.value
    for end in range(len(data) - 3000, len(data), 61):
        path.write_bytes(data[:end])
        value = read(path).columns.value
        assert len(value) and np.array_equal(value, whole[: len(value)])


@given(st.binary(max_size=2000), st.booleans())
def test_random_bytes_raise_nothing_else(tmp_path_factory: pytest.TempPathFactory, data: bytes, framed: bool) -> None:
    path = tmp_path_factory.mktemp("x") / "run-x.wandb"
    path.write_bytes(wandb_writer.blocks([data, data[1:], b"\x08\x01\x12" + data]) if framed else data)
    try:
        read(path)
    except UnreadableError as error:
        assert "\n" not in str(error)


@given(st.integers(1, 25_000), st.binary(min_size=1, max_size=40))
def test_garbage_inside_valid_frames(tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes) -> None:
    """Right checksums over wrong contents: what a writer of another version might leave."""
    records = list(wandb_plain.records(FILE.read_bytes()))
    broken, pieces = at, []
    for record in records:
        if 0 <= broken < len(record):
            record = record[:broken] + junk + record[broken + len(junk) :]
        broken -= len(record)
        pieces.append(record)
    path = tmp_path_factory.mktemp("x") / "run-x.wandb"
    path.write_bytes(wandb_writer.blocks(pieces))
    read(path)


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"", "empty file"), (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"), (b"x" * 100, "no intact")],
)
def test_what_is_no_log_says_why(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read(written(tmp_path, data))


def test_deep_json_is_passed_over(tmp_path: Path) -> None:
    deep = "[" * 100_000
    nested = json.dumps({"a": 1})
    run = read(written(tmp_path, wandb_writer.log([{"x": deep, "d\tvalues": deep, "y": nested} for _ in range(3)])))
    assert run.tags == ("y.a",)


# --- files of others


@pytest.mark.parametrize("name", REAL)
def test_real_logs(name: str) -> None:
    folder = SHARED / "real_logs" / name
    if not folder.is_dir():
        pytest.skip("the collection of real logs is not here")
    (path,) = folder.glob("*.wandb")
    same_as_plain(path)
    run = read(path)
    assert own_points(run) == REAL[name]
    values = [
        v for row in wandb_plain.rows(path, wandb_plain.STATS, 3) for v in row.values() if type(v) in (int, float)
    ]
    assert len(run.columns) - own_points(run) == len(values)
    assert ("truncated" in kinds(run)) == ("asquared" in name)


def test_the_file_of_the_current_writer() -> None:
    path = SHARED / "written_by" / "wandb_0.31.0_offline.wandb"
    if not path.is_file():
        pytest.skip("the collection of written files is not here")
    run = read(path)
    assert run.params["model/act"] == "relu" and run.params["exit_code"] == 1
    assert len(run.histogram_rows) == 2 and math.isnan(run.curves["nan"].value[0])
