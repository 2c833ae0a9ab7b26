"""Tables in consoles whose rows are labelled, whose cells are blank or lists, and logs under strange suffixes."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglens.readers.csv import reader as csv
from loglens.readers.jsonl import reader as jsonl
from loglens.readers.text import reader
from loglens.readers.text import reader as text
from tests.readers.tables import read_one, rows, write
from tests.readers.test_text_grammar import LOSSES, read


def test_rows_with_labels_under_a_header_that_comes_again(tmp_path: Path) -> None:
    lines = ["Number of weights: 123456", "! Starting training ..."]
    for epoch, loss in enumerate(LOSSES):
        lines += ["", "training", "# Epoch batch         loss        f_mae"]
        lines += [f"      {epoch}    {10 * k}        {loss + k}        24.3" for k in (1, 2)]
        lines += [
            "",
            "validation",
            "# Epoch batch         loss        f_mae",
            f"      {epoch}     5        {loss}        24.3",
        ]
        lines += ["", "", "  Train      #    Epoch      wal       LR         loss        f_mae"]
        lines += [
            f"! {name}      {epoch}    31.1    0.005        {loss + k}       24.3"
            for k, name in enumerate(("Train     ", "Validation"))
        ]
        lines += ["Wall time: 31.1", f"! Best model        {epoch}    {loss}"]
    run = read(tmp_path, lines)
    assert rows(run, "epoch/train/loss") == list(enumerate(LOSSES))
    assert rows(run, "epoch/val/loss") == [(epoch, loss + 1) for epoch, loss in enumerate(LOSSES)]
    assert [value for _, value in rows(run, "train/loss")] == [loss + k for loss in LOSSES for k in (1, 2)]
    assert len(rows(run, "val/loss")) == len(LOSSES) and len(rows(run, "train/LR")) == len(LOSSES)


def test_a_sentence_above_numbers_heads_no_table(tmp_path: Path) -> None:
    lines = ["we run one more epoch of the data now", "1 2 3 4 5 6 7 8 9"]
    run = read(tmp_path, [*lines, *(f"step {i} loss: {loss}" for i, loss in enumerate(LOSSES))])
    assert run.columns.tags == ("loss",)


def test_cells_that_are_lists(tmp_path: Path) -> None:
    lines = ["Training model...", "", "Step      Train loss                Test loss                 Test metric"]
    for i, loss in enumerate(LOSSES):
        lines.append(
            f"{1000 * i:<10}[{loss:.2e}, {2 * loss:.2e}]      [{loss:.2e}, {3 * loss:.2e}]      [{loss / 9:.2e}]"
        )
    run = read(tmp_path, lines)
    assert rows(run, "Train_loss2") == [(1000 * i, float(f"{2 * loss:.2e}")) for i, loss in enumerate(LOSSES)]
    assert len(rows(run, "Test_loss1")) == len(rows(run, "Test_metric")) == len(LOSSES)


def test_cells_that_are_blank(tmp_path: Path) -> None:
    """Chainer's PrintReport with its progress bar between the rows: the validation is evaluated each second time."""
    lines = ["epoch       iteration   main/loss   validation/main/loss  elapsed_time"]
    for i, loss in enumerate(LOSSES, 1):
        lines += ["     total [###...............]  7.50%", f"       {600 * i - 300} iter, {i - 1} epoch / 30 epochs"]
        held = f"{loss + 1:<20.6g}" if i % 2 == 0 else " " * 20
        lines.append(f"\x1b[4A\x1b[J{i:<10}  {600 * i:<10}  {loss:<10.6g}  {held}  {12.5 * i:<12.6g}")
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "main/loss")] == LOSSES
    assert [value for _, value in rows(run, "val/main/loss")] == [round(loss + 1, 6) for loss in LOSSES[1::2]]


@pytest.mark.parametrize("name", ["caffe.INFO", "solver.host.user.log.INFO.20230314-091244.4242", "train.progress"])
def test_the_content_decides_under_a_strange_suffix(tmp_path: Path, name: str) -> None:
    head = "I0314 09:12:44.153000  4242 solver.cpp:239] "
    lines = [f"{head}Iteration {40 * i} (1.37 iter/s, 29.1s/40 iters), loss = {loss}" for i, loss in enumerate(LOSSES)]
    assert rows(read(tmp_path, lines, name), "loss") == [(40 * i, loss) for i, loss in enumerate(LOSSES)]


def test_a_program_is_no_log(tmp_path: Path) -> None:
    lines = b"".join(b"# step %d loss: 0.5\n" % i for i in range(30))
    assert not text.sniff(write(tmp_path / "plot.py", lines))
    assert not text.sniff(write(tmp_path / "notes.foo", b"one\ntwo 2\nthree 3.5\n" * 20))


def test_lines_of_json_under_another_suffix(tmp_path: Path) -> None:
    lines = ['{"loss": 7.0, "mode": "eval", "epoch": null, "mae_e": 5.0}']
    for epoch, loss in enumerate(LOSSES):
        lines += [f'{{"loss": {loss}, "mode": "opt", "epoch": {epoch}}}'] * 2
        lines.append(f'{{"loss": {loss + 1}, "mode": "eval", "epoch": {epoch}, "mae_e": {loss}}}')
    path = write(tmp_path / "model_run-123_train.txt", "".join(f"{line}\n" for line in lines).encode())
    assert jsonl.sniff(path)
    run = read_one(jsonl.read, path)
    assert [value for _, value in rows(run, "opt/loss")] == [loss for loss in LOSSES for _ in range(2)]
    assert [value for _, value in rows(run, "eval/mae_e")] == [5.0, *LOSSES]


def test_records_that_count_nothing_are_no_log(tmp_path: Path) -> None:
    assert not jsonl.sniff(write(tmp_path / "data.txt", b'{"question": "loss?", "answer": 3.5}\n' * 20))


def test_a_table_of_text_under_any_suffix(tmp_path: Path) -> None:
    """As Kaldi writes its accuracy.output.report."""
    lines = ["%Iter\tduration\ttrain_objective\tvalid_objective\tdifference"]
    lines += [f"{i}\t{86 + i}.0\t{loss}\t{loss + 1}\t-1.0" for i, loss in enumerate(LOSSES)]
    path = write(tmp_path / "accuracy.output.report", "".join(f"{line}\n" for line in lines).encode())
    assert csv.sniff(path)
    assert rows(read_one(csv.read, path), "valid_objective") == [(i, loss + 1) for i, loss in enumerate(LOSSES)]
    assert not csv.sniff(write(tmp_path / "table.tex", b"step loss\n1 2\n3 4\n"))


def test_rows_that_name_the_epoch_alone_come_one_by_one(tmp_path: Path) -> None:
    lines = [f"Epoch[{epoch}] Loss={loss}, P=0.6, R=0.1, Speed = 7.2 samples/s" for epoch in (0, 1) for loss in LOSSES]
    run = read(tmp_path, lines)
    assert rows(run, "Loss") == list(enumerate(LOSSES * 2)) and run.axes["Loss"] == "row"


def test_a_part_of_the_data_between_bars(tmp_path: Path) -> None:
    """As DeepSpeech draws its bars."""
    text = ""
    for epoch in range(3):
        for part, batches in (("  Training", 30), ("Validation", 10)):
            bars = [
                f"Epoch {epoch} | {part} | Elapsed Time: 0:00:{i:02d} | Steps: {i} | Loss: {LOSSES[i] - epoch / 100:f}"
                for i in range(batches)
            ]
            text += "\r".join(bars) + "\n"
    run = read_one(reader.read, write(tmp_path / "train.log", text.encode()))
    assert len(rows(run, "Loss")) == 90 and len(rows(run, "val/Loss")) == 30 and len(set(rows(run, "Loss"))) == 90


def test_a_header_over_two_lines_between_rules(tmp_path: Path) -> None:
    """As MATLAB's trainNetwork prints it."""
    rule = "|" + "=" * 88 + "|"
    lines = ["Training on single GPU.", rule]
    lines += ["|  Epoch  |  Iteration  |  Time Elapsed  |  Mini-batch  |  Mini-batch  |  Base Learning  |"]
    lines += ["|         |             |   (hh:mm:ss)   |   Accuracy   |     Loss     |      Rate       |", rule]
    lines += [
        f"| {1 + i // 5:7d} | {50 * i:11d} |       00:00:{i:02d} | {10 + i:11.2f}% | {loss:12.4f} | {0.01:15.4f} |"
        for i, loss in enumerate(LOSSES, 1)
    ]
    run = read(tmp_path, [*lines, rule])
    assert rows(run, "Mini-batch Loss") == [(50 * i, loss) for i, loss in enumerate(LOSSES, 1)]
    assert rows(run, "Mini-batch Accuracy")[0] == (50, 11.0) and rows(run, "Base Learning Rate")[-1] == (1500, 0.01)
