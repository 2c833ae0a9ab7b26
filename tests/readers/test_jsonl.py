"""Lines of JSON: detectron2, mmengine, mmdetection and everyone's own, whole and damaged."""

from __future__ import annotations

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.errors import UnreadableError
from loglens.model.source import Note, Source
from loglens.readers.files import json_file as _json
from loglens.readers.files import text_file as _text
from loglens.readers.jsonl import reader as jsonl
from tests.readers.tables import REAL, kinds, needs_real_logs, read_all, read_one, rows, same, values, write

NAN, INF = math.nan, math.inf


def lines(path: Path, *objects: dict[str, Any], end: str = "\n") -> Path:
    return write(path, "".join(json.dumps(each) + "\n" for each in objects).rstrip("\n") + end)


def test_values_that_json_cannot_have_and_values_that_are_none(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "log.jsonl",
        {"step": 1, "loss": 2.0, "opt": {"lr": 0.1, "groups": {"0": 1}}, "name": "x", "ok": True},
        {"step": 2, "loss": NAN, "lr": [0.1], "many": [1, 2]},
        {"step": 3, "loss": "NaN", "acc": -INF, "big": 10**400},
        {"step": 4, "loss": None, "acc": "-Infinity"},
    )
    assert jsonl.sniff(path)
    run = read_one(jsonl.read, path)
    assert [step for step, _ in rows(run, "loss")] == [1, 2, 3]
    assert same(values(run, "loss"), [2.0, NAN, NAN])
    assert rows(run, "acc") == [(3, -INF), (4, -INF)]
    assert rows(run, "opt/groups/0") == [(1, 1.0)]
    assert rows(run, "lr") == [(2, 0.1)]
    assert rows(run, "big") == [(3, INF)]
    assert {"name", "ok", "many"}.isdisjoint(run.tags)


def test_numbers_with_their_unit(tmp_path: Path) -> None:
    rows_of = ({"step": n, "loss": 0.5, "mem": f"{n}.5GB", "t": f"{n} ms", "m": f"{n} m"} for n in range(3))
    run = read_one(jsonl.read, lines(tmp_path / "log.jsonl", *rows_of))
    assert values(run, "mem") == [0.5e9, 1.5e9, 2.5e9] and values(run, "t") == [0.0, 0.001, 0.002]
    assert "m" not in run.tags and "'m'" in run.notes[0].message


def test_numbers_between_quotes(tmp_path: Path) -> None:
    """What f"{loss:.4f}" leaves; a constant whole number, and words, stay text."""
    rows_of = [
        {"step": str(n), "loss": f"{1 / (n + 1):.4f}", "lr": "1e-05", "seed": "3", "id": f"00{n}", "note": "warm"}
        for n in range(5)
    ]
    run = read_one(jsonl.read, lines(tmp_path / "log.jsonl", *rows_of))
    assert rows(run, "loss") == [(n, float(f"{1 / (n + 1):.4f}")) for n in range(5)]
    assert values(run, "lr") == [1e-5] * 5 and {"seed", "id", "note"}.isdisjoint(run.tags)
    mixed = [row | {"acc": n / 5} for n, row in enumerate(rows_of)]
    mixed[3]["loss"] = "diverged"
    found = read_one(jsonl.read, lines(tmp_path / "mixed.jsonl", *mixed))
    assert "loss" not in found.tags and rows(found, "acc") == [(n, n / 5) for n in range(5)]
    whole = write(tmp_path / "log.json", json.dumps(rows_of))
    assert rows(read_one(jsonl.read, whole), "loss") == rows(run, "loss")


def test_truncated_last_line(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", '{"step": 1, "loss": 2}\n{"step": 2, "lo')
    run = read_one(jsonl.read, path)
    assert rows(run, "loss") == [(1, 2.0)]
    assert kinds(run) == ["truncated"]


def test_a_bad_line_in_the_middle_is_lost_alone(tmp_path: Path) -> None:
    content = '{"step": 1, "loss": 2}\n{"step": \x00\n[1]\n\n{"step": 3, "loss": 1}'
    run = read_one(jsonl.read, write(tmp_path / "log.jsonl", content))
    assert rows(run, "loss") == [(1, 2.0), (3, 1.0)]
    (note,) = run.notes
    assert note.kind == "corrupt"
    assert note.message.startswith("2 lines are not JSON objects, left out (the first is line 2)")


def test_several_runs_in_one_file(tmp_path: Path) -> None:
    steps = [19, 39, 59, 19, 39, 19]
    path = lines(tmp_path / "metrics.json", *({"iteration": step, "total_loss": 1.0} for step in steps))
    assert jsonl.sniff(path)
    run = read_one(jsonl.read, path)
    assert [step for step, _ in rows(run, "total_loss")] == steps
    assert run.columns.session.tolist() == [0, 0, 0, 1, 1, 2]


def test_mmengine_validation_rows_count_in_epochs(tmp_path: Path) -> None:
    train = [{"lr": 0.1, "loss": 9 - i, "time": 0.5, "iter": 50 * i, "epoch": i, "step": 50 * i} for i in (1, 2)]
    val = [{"coco/bbox_mAP": 0.1 * i, "time": 0.2, "step": i} for i in (1, 2)]
    run = read_one(jsonl.read, lines(tmp_path / "scalars.json", train[0], val[0], train[1], val[1]))
    assert rows(run, "loss") == [(50, 8.0), (100, 7.0)]
    assert rows(run, "val/coco/bbox_mAP") == [(1, 0.1), (2, 0.2)]
    assert rows(run, "time") == [(50, 0.5), (100, 0.5)]
    assert rows(run, "val/time") == [(1, 0.2), (2, 0.2)]
    assert run.axes == {"val/coco/bbox_mAP": "epoch", "val/time": "epoch"}
    assert run.rewinds == {}


def test_mmdetection_counts_iterations_within_the_epoch(tmp_path: Path) -> None:
    objects: list[dict[str, Any]] = [{"env_info": "linux", "seed": None}]
    for epoch in (1, 2):
        objects += [{"mode": "train", "epoch": epoch, "iter": i, "loss": 1.0} for i in (50, 100)]
        objects += [{"mode": "val", "epoch": epoch, "iter": 30, "loss": 2.0, "bbox_mAP": 0.3}]
    run = read_one(jsonl.read, lines(tmp_path / "a.log.json", *objects))
    assert [step for step, _ in rows(run, "loss")] == [50, 100, 150, 200]
    assert rows(run, "val/loss") == [(1, 2.0), (2, 2.0)]
    assert run.axes["val/bbox_mAP"] == "epoch"
    assert run.params == {"env_info": "linux"}


def test_rows_of_a_split(tmp_path: Path) -> None:
    objects = [{"split": split, "step": i, "loss": i} for i in (1, 2) for split in ("train", "val")]
    run = read_one(jsonl.read, lines(tmp_path / "log.jsonl", *objects))
    assert rows(run, "val/loss") == [(1, 1.0), (2, 2.0)]


def test_stylegan_statistics(tmp_path: Path) -> None:
    objects = [
        {
            "Loss/G/loss": {"num": 4, "mean": 0.5 * i, "std": 0.1},
            "Progress/kimg": {"num": 1, "mean": 4 * i, "std": 0},
            "timestamp": 1.7e9,
        }
        for i in (1, 2)
    ]
    run = read_one(jsonl.read, lines(tmp_path / "stats.jsonl", *objects))
    assert rows(run, "Loss/G/loss") == [(4, 0.5), (8, 1.0)]
    assert run.axes == {"Loss/G/loss": "samples"}
    assert run.columns.time.tolist() == [1.7e9, 1.7e9]


@pytest.mark.parametrize(
    "content",
    [
        '[{"epoch": 0, "loss": 2.0}, {"epoch": 1, "loss": NaN}]',
        '{"loss": [2.0, NaN]}',
        '{"loss": [2.0, NaN], "epoch": [0, 1]}\n',
        '{\n  "loss": [\n 2.0,\n NaN\n ]\n}',
    ],
)
def test_whole_documents(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "history.json", content)
    assert jsonl.sniff(path)
    run = read_one(jsonl.read, path)
    assert run.tags == ("loss",)
    assert [step for step, _ in rows(run, "loss")] == [0, 1]
    assert same(values(run, "loss"), [2.0, NAN])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "log.jsonl", '{"step": 1, "größe": 2}\r\n{"step": 2, "größe": 1}\r\n'.encode(encoding))
    assert jsonl.sniff(path)
    assert rows(read_one(jsonl.read, path), "größe") == [(1, 2.0), (2, 1.0)]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("log.jsonl", "", "empty file"),
        ("log.jsonl", "version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("log.jsonl", "\x00\x01\x02\x03" * 9, "a binary file"),
        ("log.jsonl", '{"prompt": "a"}\n{"prompt": "b"}\n', "no line is a JSON object with a number"),
        ("log.jsonl", '{"step": 1}\n{"step": 2}\n', "no number that changes"),
        ("log.jsonl", "[" * 100_000, "no line is a JSON object"),
        ("log.json", '[{"epoch": 0, "loss": 2.0},', "no valid JSON"),
        ("log.json", '[{"epoch": 0, "loss": 2.0},' + "[" * 100_000, "no valid JSON"),
    ],
)
def test_unreadable(tmp_path: Path, name: str, content: str, why: str) -> None:
    path = write(tmp_path / name, content)
    jsonl.sniff(path)
    with pytest.raises(UnreadableError, match=why):
        read_all(jsonl.read, path)


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_text, "BLOCK", 64)
    monkeypatch.setattr(_text, "MAX_LINE", 512)
    monkeypatch.setattr(_json, "MAX_SIZE", 1024)
    path = lines(tmp_path / "log.jsonl", {"step": 1, "loss": 2.0}, {"step": 2, "text": "x" * 2000})
    run = read_one(jsonl.read, path)
    assert rows(run, "loss") == [(1, 2.0)]
    assert kinds(run) == ["corrupt"]
    rows_ = json.dumps([{"epoch": i, "loss": 1.0} for i in range(100)])
    with pytest.raises(UnreadableError, match="in one piece"):
        read_all(jsonl.read, write(tmp_path / "log.json", rows_))


def test_deep_rows_are_cut_off_not_followed(tmp_path: Path) -> None:
    deep = '{"a": ' * 500 + "1" + "}" * 500
    path = write(tmp_path / "log.jsonl", f'{{"step": 1, "loss": 2, "deep": {deep}}}\n{{"step": 2, "loss": 1}}\n')
    assert read_one(jsonl.read, path).tags == ("loss",)


@pytest.mark.parametrize(
    ("name", "content", "mine"),
    [
        ("a.jsonl", '{"step": 1}\n', True),
        ("metrics.json", '{"iteration": 19, "total_loss": 1}\n', True),
        ("x.json", '{"iteration": 19, "loss": 1}\n{"iteration": 39, "loss": 1}\n', True),
        ("result.json", '{"a": ' + '{"b": 1}' * 900, True),
        ("x.json", '{"iteration": 19, "loss": 1}', False),
        ("config.json", '{\n  "lr": 0.1\n}\n', False),
        ("metrics.json", '{\n  "loss": 0.1\n}\n', False),
        ("a.jsonl", '{"_step": 1, "_timestamp": 2}\n', False),
        ("metrics.jsonl", '[{"type": "training_stats_scalar"}]\n', False),
        ("labels.json", '[{"a": {"loss": 1, "step": 2}}]', False),
        ("boxes.json", '[{"id": 1, "area": 2}]', False),
        ("sizes.json", '{"train": [1, 2]}', False),
        ("trainer_state.json", '{"log_history": [{"step": 1, "loss": 2}]}', False),
        ("a.json", "", False),
    ],
)
def test_sniff(tmp_path: Path, name: str, content: str, mine: bool) -> None:
    assert jsonl.sniff(write(tmp_path / name, content)) is mine


NUMBERS = st.one_of(st.floats(), st.integers(-(10**20), 10**20), st.none())


@given(st.lists(st.dictionaries(st.sampled_from(["loss", "lr", "acc"]), NUMBERS), min_size=2, max_size=8))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, float | None]]) -> None:
    numbered = [{"global_step": i, **each} for i, each in enumerate(objects)]
    path = lines(tmp_path_factory.mktemp("round") / "log.jsonl", *numbered)
    wanted: dict[str, list[tuple[int, float]]] = {}
    for step, each in enumerate(objects):
        for tag, value in each.items():
            if value is not None:
                wanted.setdefault(tag, []).append((step, float(value)))
    if not wanted:
        with pytest.raises(UnreadableError):
            read_all(jsonl.read, path)
        return
    run = read_one(jsonl.read, path)
    assert set(run.tags) == set(wanted)
    for tag, points in wanted.items():
        assert [step for step, _ in rows(run, tag)] == [step for step, _ in points]
        assert same(values(run, tag), [value for _, value in points])


@given(
    st.one_of(st.binary(max_size=200), st.text('{}[]":,steploss0123456789.eNaIfy\n -', max_size=200).map(str.encode))
)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name in ("a.jsonl", "metrics.json", "a.json"):
        path = write(folder / name, content)
        jsonl.sniff(path)
        try:
            for run in jsonl.read(Source(path, (path,), "run")):
                assert run.curves
        except UnreadableError as error:
            assert str(error)


@given(cut=st.integers(0, 200))
def test_any_prefix_gives_a_prefix_of_the_points(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    whole = "".join(json.dumps({"step": i, "loss": 0.5 * i}) + "\n" for i in range(8)).encode()
    path = write(tmp_path_factory.mktemp("cut") / "log.jsonl", whole[:cut])
    complete = whole[:cut].count(b"}")
    try:
        run = read_one(jsonl.read, path)
    except UnreadableError:
        assert complete == 0
        return
    assert rows(run, "loss") == [(i, 0.5 * i) for i in range(complete)]


# --- files that others wrote


@needs_real_logs
@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("d2_maskrcnn_restarts/metrics.json", "iteration"),
        ("d2_short/metrics.json", "iteration"),
        ("jsonl_gdp_metrics/metrics.json", "iteration"),
        ("rllib_flow_ring/result.json", "timesteps_total"),
    ],
)
def test_as_many_points_as_an_independent_parse(name: str, step: str) -> None:
    wanted: dict[str, list[tuple[int, float]]] = {}

    def walk(prefix: str, node: dict[str, Any], at: int) -> None:
        for key, value in node.items():
            if isinstance(value, dict):
                walk(f"{prefix}{key}/", value, at)
            elif type(value) in {int, float}:
                wanted.setdefault(prefix + key, []).append((at, float(value)))

    for line in (REAL / name).read_text().splitlines():
        row = json.loads(line)
        row.pop("config", None)  # parameters, repeated in each row
        walk("", row, row[step])
    for axis in (step, "timestamp"):
        wanted.pop(axis, None)
    run = read_one(jsonl.read, REAL / name)
    assert {tag: rows(run, tag) for tag in run.tags} == wanted


@given(
    st.lists(
        st.sampled_from(
            [b"{}", b'{"a": 1}', b'{"a": 1', b'"b": 2}', b"[1", b"2]", b"", b" ", b"0", b"\xff{}", b"{},0,{}"]
        )
        | st.binary(max_size=6).filter(lambda text: b"\n" not in text and b"\r" not in text),
        max_size=9,
    )
)
def test_lines_parsed_together_are_those_parsed_one_by_one(lines: list[bytes]) -> None:
    if b"{},0,{}" not in lines:  # two rows on a line, which nobody writes
        for exact in (True, False):
            assert _json._values(lines, exact) == [_json._value(line, exact) for line in lines]
    notes = list[Note]()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        path.write_bytes(b'{"first": 1}\n' * 40 + b"\n".join(lines) + b"\n{}\n")
        rows = list(_json.objects(path, notes))
    assert rows[0] == {"first": 1} and rows[-1] == {}
