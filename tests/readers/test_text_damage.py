"""Text logs, damaged: stray bytes, lines cut off, other encodings, lines without end, adverse lines."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.model.source import Source
from loglens.readers.text import blocks as _textblocks
from loglens.readers.text import reader as text
from tests.readers.tables import DATA, kinds, read_one, rows, same, values, write

FOLDER = DATA / "text"
FILES = sorted(path.name for path in FOLDER.iterdir())


def one(path: Path) -> Run:
    return read_one(text.read, path)


@pytest.mark.parametrize("file", FILES)
def test_logs_are_known_and_stray_bytes_cost_one_line(file: str, tmp_path: Path) -> None:
    path = FOLDER / file
    assert text.sniff(path)
    whole = one(path)
    middle = path.read_bytes()
    cut = middle.index(b"\n", len(middle) // 2) + 1
    junk = middle[:cut] + b"\x00\xff\xfe\x01 loss\x02: \x80\x81 \x00\n" + middle[cut:]
    damaged = one(write(tmp_path / file, junk))
    assert len(damaged.columns) == len(whole.columns)
    assert "corrupt" in kinds(damaged)
    assert same(damaged.columns.value.tolist(), whole.columns.value.tolist())


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    "change", [lambda data: data.replace(b"\n", b"\r\n"), lambda data: data.decode().encode("utf-16")]
)
def test_line_ends_and_encodings(file: str, change: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = FOLDER / file
    run = one(write(tmp_path / file, change(path.read_bytes())))
    assert same(run.columns.value.tolist(), one(path).columns.value.tolist())


@pytest.mark.parametrize("file", [file for file in FILES if not file.startswith(("keras", "hf_v5", "lightning"))])
def test_a_cut_anywhere_leaves_a_prefix(file: str, tmp_path: Path) -> None:
    data = (FOLDER / file).read_bytes()
    whole = {(tag, value) for tag in one(FOLDER / file).tags for value in map(str, values(one(FOLDER / file), tag))}
    for cut in range(len(data) * 2 // 3, len(data), 7):
        run = one(write(tmp_path / file, data[:cut]))
        for tag in run.tags:
            assert {(tag, str(value)) for value in values(run, tag)[:-1]} <= whole | {
                (tag.removeprefix("epoch/"), value) for _, value in whole
            }


def test_truncated_last_line(tmp_path: Path) -> None:
    log = "".join(f"iter {i}: loss 2.1{i}34, time 12.00ms\n" for i in range(5))
    for last in ("iter 5: loss 2.15", "iter 5: lo", "iter 5: loss 2.1534, time 1", "iter 5: loss 2.1534, time 12.00m"):
        run = one(write(tmp_path / "a.log", log + last))
        assert len(rows(run, "loss")) == 5, last
        assert kinds(run) == ["truncated"], last
    run = one(write(tmp_path / "a.log", log + "iter 5: loss 2.1534, time 12.00ms"))
    assert len(rows(run, "loss")) == 6
    assert not run.notes
    assert not one(write(tmp_path / "a.log", log + "saving checkpoint to out")).notes


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="not a training log that loglens knows"):
        one(write(tmp_path / "a.log", "hello\nworld 3\n"))
    with pytest.raises(UnreadableError, match="empty"):
        one(write(tmp_path / "b.log", ""))


def test_several_files(tmp_path: Path) -> None:
    good = write(tmp_path / "a.log", (FOLDER / "nanogpt.log").read_bytes())
    bad = write(tmp_path / "b.log", "nothing\n")
    (run,) = text.read(Source(tmp_path, (bad, good), "run"))
    assert run.name == "run/a"
    assert [(note.kind, note.file) for note in run.notes] == [("unreadable", "b.log")]
    assert text.home(good, frozenset()) == good


def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_textblocks, "MAX_LENGTH", 1 << 16)
    monkeypatch.setattr(_textblocks, "BLOCK", 1 << 12)
    log = "".join(f"step {i} | loss 2.{i}\n" for i in range(50))
    run = one(write(tmp_path / "a.log", log + "loss: 1 " * 50_000 + "\n" + log.replace("step ", "step 1")))
    assert len(rows(run, "loss")) == 100
    assert kinds(run)[0] == "corrupt"


ADVERSE = {
    "blanks": " ", "digits": "1", "thousands": "1,000", "dots": "a.", "words": "loss ", "pairs": "k=1, ",
    "brackets": "[", "dashes": "-", "bars": "| ", "escapes": "\x1b[", "titles": "\x1b]", "signs": "+-",
    "names": "train_a 1 ", "dicts": "{'a': '", "nans": "nan ", "keras": "[=", "hashes": "|#", "dates": "2024-01-01 ",
}  # fmt: skip


@pytest.mark.parametrize("name", ADVERSE)
def test_no_line_takes_long(name: str, tmp_path: Path) -> None:
    good = "".join(f"step {i} loss: 2.5\n" for i in range(20))
    unit = ADVERSE[name]
    path = write(tmp_path / "a.log", good + unit * (400_000 // len(unit)) + "\n" + good)
    start = time.process_time()
    text.sniff(path)
    assert len(rows(one(path), "loss")) == 40
    assert time.process_time() - start < 5


def test_speed(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.log", "".join(f"iter {i}: loss {3 + 1 / (1 + i):.4f}, time 135.11ms\n" for i in range(100_000))
    )
    start = time.process_time()
    assert len(one(path).columns) == 200_000
    assert path.stat().st_size / (time.process_time() - start) > 2e6  # ten times this where nothing else runs


@given(st.binary(max_size=3000), st.integers(0, 2000))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int) -> None:
    data = b"".join((FOLDER / file).read_bytes()[:600] for file in FILES[:6])
    for content in (junk, data[:at] + junk + data[at:]):
        path = write(tmp_path_factory.mktemp("any") / "a.log", content)
        text.sniff(path)
        try:
            one(path)
        except UnreadableError:
            continue
