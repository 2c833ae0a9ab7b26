"""Blocks of lines that differ in their digits alone are split by their shape, and every one as it is line by line."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loglens.readers.text import reader as text
from loglens.readers.text import repeated_lines as repeated
from loglens.readers.text.digit_runs import DigitRuns
from loglens.readers.text.line_collector import LineCollector
from loglens.readers.text.repeated_lines import repeated_lines
from loglens.readers.text.templates import split_lines
from tests.readers.tables import read_one, rows, same, values, write

#: "0" stands for any digits. What is split by other rules than the digits of a line alone is among them.
FORMS = """step 0 | loss 0.0 | lr 0e-0
Epoch 0/0 Step [0/0] loss: -0.0, acc: 0.0% conv0: 0.0
2024-00-00 00:00:00,000 [INFO] trainer: step 0 loss=0.0 lr=0e+0
2024-00-00T00:00:00.000 step 0 loss 0,000.0, tokens 0,000 words 0,00
loss: nan, acc: inf step 0
[0.0,0.0,0,000] loss 0. .0 -0
  0%|          | 0/0 [00:00<00:00, 0.0it/s, loss=0.0]
Epoch 0:  00%|#0   | 0/0 [00:00<00:00, 0.0it/s, loss=0.0, lr=0e-0]
Saved model_0.pt after epoch 0, Top 0: 0.0 Acc@0 0.0
Step0: loss 0.0 value 0.0D+00 |0|0|0.0|
layer0.weight 0.0 0x00
loss： 0.0，acc： 0.0、 step 0
epoch  train_loss  valid_loss
0  0.0  0.0
| step | loss |
| --- | --- |
| 0 | 0.0 |
# epoch
# loss
0 0.0 0.0
\x1b[00mstep 0\x1b[0m loss 0.0
tensor(0.0) loss np.float64(0.0) step 0
0it/s]loss 0.0
CUDA error: device 0 at step 0
words alone
{'loss': 0.0,
 'step': 0}
| step | loss |  0
--------------------
| 0 | 0.0 |
""".splitlines()
NUMBERS = st.sampled_from("0 5 07 12 100 1234 00012 999999999999999999 1234567890123456789012".split())


@pytest.fixture
def any_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated, "LEAST", 0)
    monkeypatch.setattr(repeated, "_MAX_SPLIT", 2.0)


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    forms = draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=4))
    digits = draw(st.randoms(use_true_random=False))
    lengths = draw(st.booleans())
    lines = []
    for form in draw(st.lists(st.sampled_from(forms), min_size=1, max_size=30)):
        chosen = (str(digits.randrange(10)) if each == "0" else each for each in form)
        line = "".join(each + digits.choice(["", "0", "12", "5" * 17]) * (lengths and each == "5") for each in chosen)
        lines.append(line + digits.choice(["\n"] * 20 + ["\r", "\r\n"]))
    return "".join(lines).encode()


def collected(block: bytes, least: int) -> list[object]:
    """All that is found in a block, with shapes or without."""
    repeated.LEAST = least
    texts: list[str] = []
    collector = LineCollector(texts.append)
    for part in (block, b"step 1 loss 2\n"):
        collector.add(part)
    names = ("form", "step", "epoch", "total", "time", "rank", "owner", "nth", "value")
    found: list[object] = [collector.column(name).tobytes() for name in names]
    return [*found, collector.templates.forms, collector.templates.unread.repeated(), collector.last_value_line, texts]


@settings(max_examples=15, deadline=None)
@given(block=logs())
@example(block=b"--------------------\n")
def test_lines_are_split_by_shape_as_they_are_one_by_one(block: bytes) -> None:
    before = repeated.LEAST, repeated._MAX_SPLIT
    try:
        repeated._MAX_SPLIT = 2.0
        assert collected(block, 0) == collected(block, 1 << 40)
    finally:
        repeated.LEAST, repeated._MAX_SPLIT = before


@settings(max_examples=20, deadline=None)
@given(
    words=st.lists(
        st.tuples(
            st.sampled_from(["", "-"]),
            NUMBERS,
            st.one_of(st.just(""), NUMBERS.map(".{}".format)),
            st.one_of(st.just(""), st.sampled_from(["e-5", "E+22", "e-23", "e300", "e-0340", "e400"])),
        ).map("".join),
        min_size=1,
        max_size=8,
    )
)
def test_numbers_are_rounded_as_python_rounds(words: list[str]) -> None:
    block = ("loss=" + " loss=".join(words) + "\n").encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeated, "LEAST", 0)
        patch.setattr(repeated, "_MAX_SPLIT", 2.0)
        lines = repeated_lines(block, lambda _: True)
    assert lines is not None and lines.size == len(words)
    found = lines.floats(np.arange(len(words)))
    assert found.tobytes() == np.array([float(word) for word in words]).tobytes()


def test_a_long_log_is_read_to_the_last_bit(tmp_path: Path) -> None:
    draw = random.Random(4)  # noqa: S311 - no secret
    losses = [draw.choice([draw.random(), draw.gauss(0, 1e-7), 1e22 * draw.random()]) for _ in range(3000)]
    losses[700:800:7], losses[900] = [float("nan")] * 15, float("-inf")
    lines = []
    for step, loss in enumerate(losses):
        clock = f"09:{step // 60:02d}:{step % 60:02d},{step % 1000:03d}"
        lines.append(f"2024-03-11 {clock} step {step}/3000 loss: {loss!r} acc: {step % 97}%\n")
        if step % 100 == 0:
            lines.append(f"saved to ckpt_{step}.pt\n")
    path = write(tmp_path / "train.log", "".join(lines).encode())
    assert path.stat().st_size > 2 * repeated.LEAST
    run = read_one(text.read, path)
    assert same(values(run, "loss"), losses)
    assert rows(run, "acc") == [(step, float(step % 97)) for step in range(3000)]
    assert run.columns.time[-1] - run.columns.time[0] == pytest.approx(2999.999)


@pytest.mark.usefixtures("any_block")
def test_few_lines_of_a_block_are_split() -> None:
    block = "".join(f"step {step} | loss {step / 7:.4f} | lr {1e-5 * step:g}\n" for step in range(500)).encode()
    lines = repeated_lines(block, lambda some: some.count(b"\n") < 40)
    assert lines is not None
    numbers = lines.floats(np.arange(lines.size)).tolist()
    assert numbers == [float(word) for word in split_lines(block).numbers]


@pytest.mark.parametrize(
    "odd", ["\x1b[32mstep 3\x1b[0m loss 5", "1it/s]loss 5", "tensor(0.5) at step 3", "epoch\x08\x08 5"]
)
@pytest.mark.usefixtures("any_block")
def test_a_block_with_lines_that_others_can_change_is_split_line_by_line(odd: str) -> None:
    assert repeated_lines(("step 1 loss 2\n" * 50 + odd + "\n").encode(), lambda _: True) is None


@pytest.mark.usefixtures("any_block")
def test_a_table_is_left_to_those_that_rewrite_it() -> None:
    assert repeated_lines(b"step 1 loss 2\n" * 50, lambda _: False) is None


def test_the_runs_of_digits_of_lines() -> None:
    runs = DigitRuns(b"a1b22\rstep 3\r\nx 4.5\n")
    assert runs.shapes == [b"a\xffb\xff", b"step \xff ", b"x \xff.\xff", b""]
    assert runs.first.tolist() == [0, 2, 3, 5] and runs.line_of_file().tolist() == [0, 0, 1, 2]
    assert [runs.text(line) for line in range(4)] == [b"a1b22\r", b"step 3\r\n", b"x 4.5\n", b""]


def test_a_bar_above_a_line_of_names_is_no_row() -> None:
    collector = LineCollector(lambda _: None)
    collector.add(b"  0%|          | 0/9 [00:00<?, ?it/s]\nepoch  train_loss  valid_loss\n0  0.5  0.7\n")
    assert collector.column("value").tolist() == [0.5, 0.7]
