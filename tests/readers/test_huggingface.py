"""trainer_state.json: real ones, checkpoints that begin alike, resumed runs, damaged files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.errors import UnreadableError
from loglens.model.source import Source
from loglens.readers import huggingface
from tests.readers.tables import DATA, REAL, kinds, needs_real_logs, read_all, read_one, rows, same, values, write

NAN = math.nan


def state(path: Path, history: Any, **keys: Any) -> Path:
    return write(path, json.dumps({"epoch": 1.0, "global_step": 0, "max_steps": 0, **keys, "log_history": history}))


def losses(*steps: int, loss: float = 1.0) -> list[dict[str, float]]:
    return [{"step": step, "loss": loss, "epoch": step / 10} for step in steps]


def test_run_of_the_real_trainer_with_its_checkpoints() -> None:
    files = sorted((DATA / "hf").rglob("trainer_state.json"))
    assert len(files) == 3
    assert all(huggingface.sniff(path) for path in files)
    assert {huggingface.home(path, frozenset(files)) for path in files} == {DATA / "hf"}
    run = read_one(huggingface.read, *files, home=DATA / "hf")
    assert [step for step, _ in rows(run, "loss")] == [1, 2, 3, 4, 5, 6]
    assert [math.isnan(value) for value in values(run, "loss")] == [False] * 4 + [True] * 2
    assert [step for step, _ in rows(run, "eval_loss")] == [3, 6]
    assert [step for step, _ in rows(run, "train_loss")] == [6]
    assert "step" not in run.tags
    assert run.params["max_steps"] == 6
    assert run.params["train_batch_size"] == 4
    assert run.notes == ()


def test_histories_that_one_begins_with_are_not_counted_twice(tmp_path: Path) -> None:
    short = state(tmp_path / "checkpoint-20" / "trainer_state.json", losses(10, 20, loss=NAN), global_step=20)
    long = state(tmp_path / "checkpoint-30" / "trainer_state.json", losses(10, 20, 30, loss=NAN), global_step=30)
    run = read_one(huggingface.read, short, long, home=tmp_path)
    assert [step for step, _ in rows(run, "loss")] == [10, 20, 30]


def test_a_history_that_was_given_up_comes_first(tmp_path: Path) -> None:
    given_up = state(tmp_path / "checkpoint-30" / "trainer_state.json", losses(10, 20, 30, loss=9.0), global_step=30)
    last = state(tmp_path / "trainer_state.json", losses(10, 20, 30, 40), global_step=40)
    run = read_one(huggingface.read, given_up, last, home=tmp_path)
    assert [step for step, _ in rows(run, "loss")] == [10, 20, 30, 10, 20, 30, 40]
    assert run.columns.session.max() == 1
    assert run.curves["loss"].value.tolist() == [1.0] * 4
    assert kinds(run) == ["restart"]


def test_a_run_resumed_from_a_checkpoint_parts_from_the_history_there(tmp_path: Path) -> None:
    common = losses(10, 20)
    first = state(
        tmp_path / "checkpoint-40" / "trainer_state.json", [*common, *losses(30, 40, loss=9.0)], global_step=40
    )
    later = state(tmp_path / "trainer_state.json", [*common, *losses(30, 40, 50)], global_step=50)
    run = read_one(huggingface.read, first, later, home=tmp_path)
    assert [step for step, _ in rows(run, "loss")] == [10, 20, 30, 40, 30, 40, 50]
    assert run.rewinds["loss"] == [(40, 30)]
    assert run.curves["loss"].value.tolist() == [1.0] * 5


def test_a_run_that_did_not_finish(tmp_path: Path) -> None:
    path = state(tmp_path / "trainer_state.json", losses(10), global_step=10, max_steps=100)
    assert kinds(read_one(huggingface.read, path)) == ["unfinished"]


def test_one_bad_checkpoint_is_a_note(tmp_path: Path) -> None:
    good = state(tmp_path / "checkpoint-10" / "trainer_state.json", losses(10))
    bad = write(tmp_path / "checkpoint-20" / "trainer_state.json", '{"log_history": [')
    run = read_one(huggingface.read, good, bad, home=tmp_path)
    assert kinds(run) == ["unreadable"]
    assert len(run.columns) == 2


@pytest.mark.parametrize("key", ["epoch", "max_steps"])
def test_whole_numbers_stay_whole(tmp_path: Path, key: str) -> None:
    run = read_one(huggingface.read, state(tmp_path / "trainer_state.json", losses(1), **{key: 3}))
    assert repr(run.params[key]) == "3"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "empty file"),
        ("version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ('{"log_history": [{"loss": 1', "no valid JSON"),
        ("[" * 100_000, "no valid JSON"),
        ("[]", "holds no list log_history"),
        ('{"log_history": {}}', "holds no list log_history"),
        ('{"log_history": []}', "log_history is empty"),
    ],
)
def test_unreadable(tmp_path: Path, content: str, why: str) -> None:
    path = write(tmp_path / "trainer_state.json", content)
    assert huggingface.sniff(path)
    with pytest.raises(UnreadableError, match=why):
        read_all(huggingface.read, path)


@pytest.mark.parametrize(
    "row",
    [{"loss": 1.0}, {"step": NAN, "loss": 1.0}, {"step": "x", "loss": 1.0}, {"step": 10**30, "loss": 1.0}],
)
def test_rows_without_a_step_stand_at_that_of_the_row_before(tmp_path: Path, row: dict[str, Any]) -> None:
    path = state(tmp_path / "trainer_state.json", [*losses(5), row, 3, None])
    assert rows(read_one(huggingface.read, path), "loss") == [(5, 1.0), (5, 1.0)]


@pytest.mark.parametrize(
    ("name", "content", "mine"),
    [
        ("trainer_state.json", "", True),
        ("state_of_seed_1.json", '{"epoch": 1, "log_history": []}', True),
        ("train_results.json", '{"epoch": 1, "train_loss": 2}', False),
        ("log_history.txt", '{"log_history": []}', False),
    ],
)
def test_sniff(tmp_path: Path, name: str, content: str, mine: bool) -> None:
    assert huggingface.sniff(write(tmp_path / name, content)) is mine


def test_a_renamed_copy_stands_for_itself(tmp_path: Path) -> None:
    assert huggingface.home(tmp_path / "seed_1.json", frozenset()) == tmp_path / "seed_1.json"


@given(cut=st.integers(0, 2300))
def test_any_prefix_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    whole = (DATA / "hf" / "trainer_state.json").read_bytes()
    path = write(tmp_path_factory.mktemp("cut") / "trainer_state.json", whole[:cut])
    if cut < len(whole.rstrip()):
        with pytest.raises(UnreadableError):
            read_all(huggingface.read, path)
    else:
        assert len(values(read_one(huggingface.read, path), "loss")) == 6


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["step", "loss", "_type"]), inner)
        ),
    )
)
def test_any_history_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, history: Any) -> None:
    path = state(tmp_path_factory.mktemp("any") / "trainer_state.json", history)
    try:
        for run in huggingface.read(Source(path, (path,), "run")):
            assert run.files == (path,)
            assert run.curves is not None
    except UnreadableError as error:
        assert str(error)


@needs_real_logs
@pytest.mark.parametrize("name", sorted(path.name for path in REAL.glob("hf_*")) if REAL.is_dir() else [])
def test_as_many_points_as_an_independent_parse(name: str) -> None:
    folder = REAL / name
    files = sorted(folder.rglob("trainer_state.json"))
    run = read_one(huggingface.read, *files, home=folder)
    wanted: dict[str, list[tuple[int, float]]] = {}
    for row in json.loads((folder / "trainer_state.json").read_text())["log_history"]:
        for key, value in row.items():
            if key != "step":
                wanted.setdefault(key, []).append((row["step"], float(value)))
    assert set(run.tags) == set(wanted)
    for tag, points in wanted.items():
        assert [step for step, _ in rows(run, tag)] == [step for step, _ in points]
        assert same(values(run, tag), [value for _, value in points])
