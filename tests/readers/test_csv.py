"""CSV logs: what every writer leaves, what cannot be read, and that nothing is lost or invented."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import loglens
from loglens.errors import UnreadableError
from loglens.model.source import Source
from loglens.readers.csv import reader as csv
from loglens.readers.files import text_file as _text
from loglens.readers.tables import cell_values as _points
from loglens.readers.tables import delimited as _cells
from tests.readers.tables import DATA, REAL, kinds, needs_real_logs, read_all, read_one, rows, same, values, write

NAN, INF = math.nan, math.inf


def text(tmp_path: Path, content: str | bytes, name: str = "log.csv") -> Path:
    return write(tmp_path / name, content)


# --- files of the real writers


def test_lightning_csv_logger() -> None:
    folder = DATA / "csv" / "lightning" / "version_0"
    path = folder / "metrics.csv"
    assert csv.sniff(path)
    assert csv.home(path, frozenset({path})) == folder
    run = read_one(csv.read, path, home=folder)
    assert run.tags == ("epoch", "train_loss", "val_loss")
    assert [step for step, _ in rows(run, "train_loss")] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert same(values(run, "train_loss"), [1.0, 0.5, 1 / 3, 0.25, INF, NAN, NAN, 0.125])
    assert rows(run, "val_loss") == [(3, 0.5), (7, 0.5)]
    assert run.axes == {}
    assert run.params == {"amp": True, "lr": 0.1, "optimizer/name": "adam"}


@pytest.mark.parametrize("name", ["keras.csv", "keras_semicolon.log"])
def test_keras_csv_logger_appended_twice(name: str) -> None:
    path = DATA / "csv" / name
    assert csv.sniff(path)
    run = read_one(csv.read, path)
    assert set(run.axes.values()) == {"epoch"}
    assert [step for step, _ in rows(run, "loss")] == [0, 1, 2, 0, 1, 2]
    assert [math.isnan(value) for value in values(run, "loss")] == [False, False, True] * 2
    assert [step for step, _ in rows(run, "val_loss")] == [1, 1]  # NA is no point
    assert run.columns.session.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert len(run.curves["loss"]) == 3
    assert run.rewinds["loss"] == [(2, 0)]


def test_dvclive_of_the_real_writer(tmp_path: Path) -> None:
    shutil.copytree(DATA / "csv" / "dvclive", tmp_path / "dvclive")
    (run,) = loglens.read(tmp_path / "dvclive")
    assert run.format == "csv" and run.notes == ()
    assert rows(run, "val/loss") == [(2, 0.5), (5, 0.5)]
    assert same(values(run, "train/loss"), [1.0, 0.5, 1 / 3, 0.25, NAN, 1 / 6])
    assert np.array_equal(np.isfinite(run.columns.time), run.columns.tag == run.tags.index("train/loss"))
    assert run.params == {"lr": 0.1, "optimizer/name": "adam"}

    cut_off = tmp_path / "dvclive" / "plots" / "metrics" / "train" / "loss.tsv"
    cut_off.write_bytes(cut_off.read_bytes()[:-22])  # within the last line
    (run,) = loglens.read(tmp_path / "dvclive")
    assert same(values(run, "train/loss"), [1.0, 0.5, 1 / 3, 0.25, NAN])
    assert kinds(run) == ["truncated"]


# --- shapes that other writers leave


def test_padded_header_and_cells_of_yolov5(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "   epoch,   train/box_loss\n     0,     0.5\n     1,     nan\n"))
    assert run.tags == ("train/box_loss",)
    assert same(values(run, "train/box_loss"), [0.5, NAN])


def test_shifted_rows_of_timm_are_left_out_not_misread(tmp_path: Path) -> None:
    content = "epoch,train_loss,eval_loss,lr\n0,2.0,2.1,0.1\n1,1.9,0.1\n2,1.8,2.0,0.1\n"
    run = read_one(csv.read, text(tmp_path, content))
    assert rows(run, "eval_loss") == [(0, 2.1), (2, 2.0)]
    (note,) = run.notes
    assert note.kind == "ragged"
    assert "line 3" in note.message


def test_repeated_header_starts_a_session(tmp_path: Path) -> None:
    content = "epoch,train_loss,time\n0,2.0,00:31\n1,None,00:30\nepoch,train_loss,time\n0,1.5,00:29\n"
    run = read_one(csv.read, text(tmp_path, content, "history.csv"))
    assert rows(run, "train_loss") == [(0, 2.0), (0, 1.5)]
    assert run.columns.session.tolist() == [0, 1]
    assert run.tags == ("train_loss",)
    assert kinds(run) == ["restart"]


def test_repeated_header_with_other_columns(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "step,loss,acc\n1,2.0,0.1\nstep,acc,loss\n2,0.2,1.0\n"))
    assert rows(run, "loss") == [(1, 2.0), (2, 1.0)]
    assert rows(run, "acc") == [(1, 0.1), (2, 0.2)]


def test_delimiter_at_the_end_of_each_line(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "step,loss\n1,2.0,\n2,1.0,\n"))
    assert rows(run, "loss") == [(1, 2.0), (2, 1.0)]
    assert run.notes == ()


def test_truncated_last_line(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "step,loss,acc\n1,2.0,0.5\n2,1."))
    assert rows(run, "loss") == [(1, 2.0)]
    assert kinds(run) == ["truncated"]


@pytest.mark.parametrize(
    ("last", "believed"),
    [("0.25", True), ("0.125", True), ('"0.2"', True), ("0.2", False), ("0. ", False), ("1e-5", True), ("1e-", False)],
)
def test_a_last_cell_shorter_than_all_above_is_cut(tmp_path: Path, last: str, believed: bool) -> None:
    """An export may end without a line end: what is as short as any of its like is believed."""
    whole = [(1, 0.5, 0.75), (2, 0.6, 0.625), (3, 0.7, 0.5625)]
    above = "".join(f"{step},{acc},{loss}\n" for step, acc, loss in whole)
    run = read_one(csv.read, text(tmp_path, f"step,acc,loss\n{above}4,0.8,{last}"))
    assert rows(run, "acc") == [*((step, acc) for step, acc, _ in whole), (4, 0.8)]
    assert rows(run, "loss")[:3] == [(step, loss) for step, _, loss in whole]
    assert rows(run, "loss")[3:] == ([(4, float(last.strip('"')))] if believed else [])
    assert kinds(run) == ([] if believed else ["truncated"])


def test_a_single_row_without_a_line_end(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "step,train_loss\n1,2"))
    assert rows(run, "train_loss") == [(1, 2.0)] and run.notes == ()


def test_decimal_comma(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "step;loss\n1;0,5\n2;1,25e-3\n"))
    assert rows(run, "loss") == [(1, 0.5), (2, 0.00125)]


def test_columns_parted_by_blanks(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "# step  loss\n 0  1.5\n 10 nan\n", "log.txt"))
    assert same(values(run, "loss"), [1.5, NAN])


def test_spinning_up_progress(tmp_path: Path) -> None:
    path = text(tmp_path, "Epoch\tAverageEpRet\tTotalEnvInteracts\n0\t-5.5\t4000\n1\t-4.0\t8000\n", "progress.txt")
    assert csv.sniff(path)
    assert rows(read_one(csv.read, path), "AverageEpRet") == [(4000, -5.5), (8000, -4.0)]


def test_openai_logger_rows_without_a_step(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "loss,step,eval_loss\n1.0,0,\n,,0.9\n0.5,20,\n"))
    assert rows(run, "eval_loss") == [(0, 0.9)]
    assert kinds(run) == ["no-step"]


def test_iteration_that_begins_again_each_epoch(tmp_path: Path) -> None:
    lines = [f"{epoch},{batch},{1 / (1 + epoch)}" for epoch in range(3) for batch in range(4)]
    run = read_one(csv.read, text(tmp_path, "\n".join(["epoch,batch,loss", *lines, ""])))
    assert [step for step, _ in rows(run, "loss")] == list(range(12))
    assert run.rewinds == {}


def test_iteration_beside_a_counter_of_the_whole_run(tmp_path: Path) -> None:
    lines = [f"{epoch},{batch},{4 * epoch + batch},0.5" for epoch in range(3) for batch in range(4)]
    run = read_one(csv.read, text(tmp_path, "\n".join(["epoch,batch,update,loss", *lines, ""])))
    assert [step for step, _ in rows(run, "loss")] == list(range(12))
    assert "batch" in run.tags


def test_fractional_epochs_count_rows(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "epoch,loss\n0.5,2\n1.0,1\n1.5,0.5\n"))
    assert rows(run, "epoch") == [(0, 0.5), (1, 1.0), (2, 1.5)]
    assert run.axes == {"epoch": "row", "loss": "row"}


def test_axis_of_samples(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "consumed_samples,lm loss\n512,7.5\n1024,7.0\n"))
    assert run.axes == {"lm loss": "samples"}


def test_index_that_pandas_writes_is_no_series(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, ",loss\n0,2\n1,1\n"))
    assert run.tags == ("loss",)


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "epoch,epoch,loss\n0,0.46,2\n1,0.93,1\n"))
    assert rows(run, "epoch.2") == [(0, 0.46), (1, 0.93)]


def test_names_of_time_are_unix_time_only_by_their_values(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "step,time,timestamp,loss\n1,0.5,1700000000000,2\n2,0.6,1700000060000,1\n"))
    assert values(run, "time") == [0.5, 0.6]
    assert run.curves["loss"].time.tolist() == [1.7e9, 1.70000006e9]


def test_dates_are_time(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "date,loss\n1970-01-02 00:00:00,2\n1970-01-02T00:01:00Z,1\n"))
    assert run.curves["loss"].time.tolist() == [86400.0, 86460.0]


def test_tidy_table(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "tag,step,value\nloss,1,2\nacc,1,0.5\nloss,2,nan\n"))
    assert same(values(run, "loss"), [2.0, NAN])
    assert rows(run, "acc") == [(1, 0.5)]


def test_rows_of_train_and_val(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "epoch,phase,loss\n0,train,2\n0,val,3\n1,train,1\n1,val,2.5\n"))
    assert rows(run, "train/loss") == [(0, 2.0), (1, 1.0)]
    assert rows(run, "val/loss") == [(0, 3.0), (1, 2.5)]


def test_sb3_monitors_of_two_environments_are_one_run(tmp_path: Path) -> None:
    first = text(tmp_path, '#{"t_start": 1000000000.0, "env_id": "a"}\nr,l,t\n1,10,1.0\n3,10,3.0\n', "0.monitor.csv")
    second = text(tmp_path, '#{"t_start": 1000000001.0, "env_id": "a"}\nr,l,t\n2,10,1.0\n', "1.monitor.csv")
    inside = frozenset({first, second})
    assert {csv.home(path, inside) for path in inside} == {tmp_path}
    run = read_one(csv.read, first, second, home=tmp_path)
    assert rows(run, "r") == [(0, 1.0), (1, 2.0), (2, 3.0)]
    assert run.curves["r"].time.tolist() == [1000000001.0, 1000000002.0, 1000000003.0]
    assert set(run.axes.values()) == {"episode"}


def test_sb3_progress(tmp_path: Path) -> None:
    content = "time/iterations,time/total_timesteps,train/loss\n1,2048,\n2,4096,0.5\n"
    assert rows(read_one(csv.read, text(tmp_path, content, "progress.csv")), "train/loss") == [(4096, 0.5)]


def test_rllib_columns_of_the_configuration_are_parameters(tmp_path: Path) -> None:
    content = "training_iteration,info/loss,config/lr,config/env\n1,2.0,0.001,ring\n2,1.0,0.001,ring\n"
    run = read_one(csv.read, text(tmp_path, content, "progress.csv"))
    assert run.tags == ("info/loss",)
    assert run.params == {"lr": 0.001, "env": "ring"}


def test_deepspeed_files_of_one_metric_are_one_run(tmp_path: Path) -> None:
    loss = text(tmp_path, "step,train_loss\n64,2.0\nstep,train_loss\n128,1.0\n", "Train_Samples_train_loss.csv")
    rate = text(tmp_path, "step,lr\n64,0.1\n", "Train_Samples_lr.csv")
    assert csv.home(loss, frozenset()) == csv.home(rate, frozenset()) == tmp_path
    run = read_one(csv.read, loss, rate, home=tmp_path)
    assert rows(run, "Train/Samples/train_loss") == [(64, 2.0), (128, 1.0)]
    assert rows(run, "Train/Samples/lr") == [(64, 0.1)]


def test_dvclive(tmp_path: Path) -> None:
    path = text(tmp_path, "timestamp\tstep\tloss\n1700000000000\t0\t2.0\n", "dvclive/plots/metrics/train/loss.tsv")
    assert csv.home(path, frozenset()) == tmp_path / "dvclive"
    run = read_one(csv.read, path, home=tmp_path / "dvclive")
    assert rows(run, "train/loss") == [(0, 2.0)]
    assert run.columns.time.tolist() == [1.7e9]


def test_download_of_tensorboard(tmp_path: Path) -> None:
    path = text(tmp_path, "Wall time,Step,Value\n1700000000.5,10,0.25\n", "run-a_b-tag-train_loss.csv")
    run = read_one(csv.read, path, home=tmp_path)
    assert rows(run, "train_loss") == [(10, 0.25)]
    assert run.columns.time.tolist() == [1700000000.5]
    assert "sampled" in kinds(run)


def test_evaluations_of_algoperf_are_not_counted_twice(tmp_path: Path) -> None:
    whole = text(tmp_path, "global_step,loss,validation/loss\n0,2.0,\n1,,1.9\n", "measurements.csv")
    part = text(tmp_path, "global_step,validation/loss\n1,1.9\n", "eval_measurements.csv")
    assert csv.home(part, frozenset()) == csv.home(whole, frozenset())
    assert rows(read_one(csv.read, whole, part, home=tmp_path), "validation/loss") == [(1, 1.9)]


# --- blank for good


def table_with_tail(blank_from: int, total: int) -> str:
    lines = ["global_step,loss,grad_norm,lr,val_loss"]
    for step in range(total):
        lost = step >= blank_from
        lines.append(f"{step},,,,0.5" if step % 5 == 4 else f"{step},{'' if lost else 1.0},{'' if lost else 2.0},0.1,")
    return "\n".join([*lines, ""])


def test_columns_that_go_blank_while_their_rows_continue(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, table_with_tail(20, 40)))
    (note,) = run.notes
    assert note.kind == "blank-tail"
    assert note.message.startswith("loss, grad_norm are blank in all 16 rows from step 20 on")
    assert len(values(run, "loss")) == 16  # nothing invented


@pytest.mark.parametrize(
    "content",
    [
        table_with_tail(40, 40),  # to the end
        table_with_tail(38, 40),  # a tail too short to tell
        "step,loss,eval\n" + "".join(f"{i},{i % 3 or ''},{i}\n" for i in range(30)),  # gaps all along
        "step,a,b\n" + "".join(f"{i},1,\n" if i < 20 else f"{i},,1\n" for i in range(40)),  # another phase
        "step,loss,lr\n" + "".join(f"{i},1,0.1\n" if i % 4 == 0 else f"{i},,0.1\n" for i in range(44)),
    ],
)
def test_columns_that_merely_pause(tmp_path: Path, content: str) -> None:
    assert "blank-tail" not in kinds(read_one(csv.read, text(tmp_path, content)))


# --- encodings, quotes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, end: str) -> None:
    content = end.join(["step,loss,größe", "1,2.5,3", "2,nan,", ""]).encode(encoding)
    run = read_one(csv.read, text(tmp_path, content))
    assert same(values(run, "loss"), [2.5, NAN])
    assert rows(run, "größe") == [(1, 3.0)]


def test_zeros_that_a_crash_left_cost_their_line_alone(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, b"step,loss\n1,2\n" + bytes(9) + b"\n3,1\n"))
    assert rows(run, "loss") == [(1, 2.0), (3, 1.0)]
    assert kinds(run) == ["ragged"]


def test_quoted_cells_with_delimiters_and_line_ends(tmp_path: Path) -> None:
    content = 'step,note,loss\n"1","a, ""b""\nc","0.5"\n2,,"nan"\n3,"[1, 2]",\n'
    run = read_one(csv.read, text(tmp_path, content))
    assert run.tags == ("loss",)
    assert [step for step, _ in rows(run, "loss")] == [1, 2]


def test_quoted_line_end_at_the_edge_of_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_text, "BLOCK", 16)
    content = "step,note,loss\n" + "".join(f'{i},"x\ny\nz",{i}.5\n' for i in range(20))
    run = read_one(csv.read, text(tmp_path, content))
    assert rows(run, "loss") == [(i, i + 0.5) for i in range(20)]


def test_words_that_python_would_take_for_numbers(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, "step,loss,id\n1,2.0,1_2\n2,1_0,3_4\n3,1 0,5 6\n4,0.5,7_8\n5,0.2,\n"))
    assert rows(run, "loss") == [(1, 2.0), (4, 0.5), (5, 0.2)]
    assert "id" not in run.tags
    assert kinds(run) == ["corrupt"]


def test_tensors_written_as_they_print(tmp_path: Path) -> None:
    content = "step,loss,lr\n1,tensor(0.5),0.1\n2,\"tensor(nan, device='cuda:0')\",tensor([1])\n3,,0.2\n"
    run = read_one(csv.read, text(tmp_path, content))
    assert same(values(run, "loss"), [0.5, NAN])
    assert values(run, "lr") == [0.1, 0.2]


def test_huge_integers(tmp_path: Path) -> None:
    run = read_one(csv.read, text(tmp_path, f"step,tokens_seen_total\n1,{10**30}\n2,{'9' * 400}\n"))
    assert values(run, "tokens_seen_total") == [1e30, INF]


# --- what cannot be read


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty file"),
        (b" \n\n", "empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "git lfs pull"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "PNG image"),
        (bytes(range(256)) * 20, "a binary file"),
        (b"step,loss\n", "a header and no row"),
        (b"step,loss", "a header and no row"),
        (b"step,loss\n1,2,3\n", "a header and no row"),
        (b"word,mood\nday,good\nnight,bad\n", "no numeric column"),
        (b"step,mood\n1,good\n2,bad\n", "no numeric column"),
        (b"step,loss\n1,\n2,\n", "all cells are blank"),
        (b"0.5,1.5\n0.25,1.0\n", "no header line"),
        (b"run_name,lr,val_loss\na,0.1,1.5\nb,0.2,1.6\n", "a summary table"),
        (b"run_name,seed,val_loss\na,1,1.5\na,2,1.6\nb,1,1.7\n", "a summary table"),
        (b"file,size\nx.png,10\ny.png,20\n", "a summary table"),
    ],
)
def test_unreadable(tmp_path: Path, content: bytes, why: str) -> None:
    path = text(tmp_path, content)
    csv.sniff(path)
    with pytest.raises(UnreadableError) as error:
        read_all(csv.read, path)
    assert why in str(error.value)
    assert str(error.value).startswith("log.csv: ")
    assert "\n" not in str(error.value)


def test_one_bad_file_among_several_is_a_note(tmp_path: Path) -> None:
    good = text(tmp_path, "step,train_loss\n1,2.0\n", "Train_Samples_train_loss.csv")
    bad = text(tmp_path, "", "Train_Samples_lr.csv")
    run = read_one(csv.read, good, bad, home=tmp_path)
    assert [(note.kind, note.file) for note in run.notes] == [("unreadable", "Train_Samples_lr.csv")]


def test_missing_file(tmp_path: Path) -> None:
    assert not csv.sniff(tmp_path / "none.log")
    with pytest.raises(UnreadableError, match="cannot be read"):
        read_all(csv.read, tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("name", "content", "mine"),
    [
        ("a.csv", "anything", True),
        ("wandb_export.csv", "Step,a - loss,a - loss__MIN,a - loss__MAX\n", False),
        ("history.csv", "_step,_runtime,loss\n", False),
        ("runs.csv", "Name,State,Notes,Created,Runtime,lr\n", False),
        ("training.log", "epoch;loss\n0;0.5\n", True),
        ("training.log", "epoch 0: loss 0.5\nepoch 1: loss 0.4\n", False),
        ("training.log", "INFO, step, loss\n1, 2, 3\n", True),
        ("requirements.txt", "numpy\npandas==2\n", False),
        ("notes.txt", "step,loss\nfirst,second\n", False),
        ("data.json", "step,loss\n1,2\n", False),
    ],
)
def test_sniff(tmp_path: Path, name: str, content: str, mine: bool) -> None:
    assert csv.sniff(text(tmp_path, content, name)) is mine


def test_a_line_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_text, "BLOCK", 64)
    monkeypatch.setattr(_text, "MAX_LINE", 1024)
    run = read_one(csv.read, text(tmp_path, "step,loss\n" + "1,2\n" * 40 + "x" * 4096))
    assert len(values(run, "loss")) == 40
    assert "corrupt" in kinds(run)
    with pytest.raises(UnreadableError, match="the first line is longer"):
        read_all(csv.read, text(tmp_path, "x" * 4096))


def test_hundred_thousand_columns(tmp_path: Path) -> None:
    names = ",".join(f"step_{i}" for i in range(100_000))
    cells = ",".join(["1"] * 100_000)
    run = read_one(csv.read, text(tmp_path, f"{names}\n{cells}\n{cells}\n"))
    assert len(run.columns) == 2 * 99_999  # one is the axis


# --- nothing lost, nothing invented


CELLS = st.one_of(
    st.just(""),
    st.sampled_from(["nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-0.0"]),
    st.floats(allow_nan=False).map(repr),
    st.integers(-(10**25), 10**25).map(str),
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 5))
    return draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=12))


@given(
    table=tables(), mark=st.sampled_from(",;\t|"), quoted=st.booleans(), fast=st.booleans(), block=st.integers(8, 200)
)
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], mark: str, quoted: bool, fast: bool, block: int
) -> None:
    path = tmp_path_factory.mktemp("round") / "log.csv"
    names = ["global_step", *(f"m{i}" for i in range(len(table[0])))]
    lines = [[str(i), *line] for i, line in enumerate(table)]
    if quoted:
        lines = [[f'"{cell}"' for cell in line] for line in lines]
    path.write_text("\n".join(mark.join(line) for line in [names, *lines]) + "\n")
    wanted = {
        name: [(row, float(line[col])) for row, line in enumerate(table) if line[col]]
        for col, name in enumerate(names[1:])
    }
    wanted = {name: points for name, points in wanted.items() if points}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_text, "BLOCK", block)
        patch.setattr(_cells, "wants_pandas", lambda _: fast)
        if not wanted:
            with pytest.raises(UnreadableError):
                read_all(csv.read, path)
            return
        run = read_one(csv.read, path)
    assert sorted(run.tags) == sorted(wanted)
    for tag, points in wanted.items():
        if len(points) > 1 or len(table) > 1:
            assert [row for row, _ in rows(run, tag)] == [row for row, _ in points]
        assert same(values(run, tag), [value for _, value in points])


WORDS = st.sampled_from(["", "nan", "1", "0.5", "NA", "None", "True", "x y", "1_2", "0,5", "-", "2e5", "INF", "é"])


@given(st.lists(st.lists(WORDS, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_both_ways_to_points_are_one(lines: list[list[str]], mark: str) -> None:
    lines = [[cell.replace(mark, "") for cell in line] for line in lines]
    block = "".join(mark.join(line) + "\n" for line in lines if any(line)).encode()
    if not block:
        return
    plain_words, fast_words = _points.Words(set()), _points.Words(set())
    plain = _points.plain_points(block, 3, mark, plain_words, 7)
    grid = _points.to_grid(block, 3, mark)
    assert grid is not None
    fast = _points.grid_points(grid, mark, fast_words, 7)
    assert np.array_equal(fast.sizes, plain.sizes)
    assert np.array_equal(fast.col, plain.col)
    assert np.array_equal(fast.value, plain.value, equal_nan=True)
    assert fast_words.text == plain_words.text
    assert fast_words.count == plain_words.count


@pytest.mark.parametrize("lines", ["1,2,3\n1,2\n1,2,3,4\n", "1,2,3,4\n1,2\n1,2,3\n", "1,2\n1,2,3\n1,2,3,4\n"])
def test_pandas_is_not_trusted_with_ragged_lines(lines: str) -> None:
    assert _points.to_grid(lines.encode(), 3, ",") is None


@given(
    header=st.lists(st.sampled_from(["step", "a b", "", "-", "nan", "None", "True", "1e5x"]), min_size=3, max_size=3),
    lines=st.lists(st.one_of(st.none(), st.lists(WORDS, min_size=2, max_size=4)), min_size=1, max_size=8),
    block=st.integers(8, 80),
)
def test_both_ways_find_the_same_tables(
    tmp_path_factory: pytest.TempPathFactory, header: list[str], lines: list[list[str] | None], block: int
) -> None:
    path = tmp_path_factory.mktemp("ways") / "log.csv"
    path.write_text("\n".join(",".join(line or header) for line in [header, *lines]), "utf-8")
    found: list[object] = []
    for fast in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_text, "BLOCK", block)
            patch.setattr(_cells, "wants_pandas", lambda _, fast=fast: fast)
            try:
                tables, notes = _cells.load(path)
            except UnreadableError as error:
                found.append(str(error))
                continue
        found.append(
            [
                notes,
                *((t.names, t.height, t.row.tolist(), t.col.tolist(), repr(t.value.tolist()), t.text) for t in tables),
            ]
        )
    assert found[0] == found[1]


def test_exact_to_the_last_bit_with_pandas() -> None:
    numbers = np.random.default_rng(0).normal(size=5000) * 10.0 ** np.random.default_rng(1).integers(-300, 300, 5000)
    block = "".join(f"{i},{value!r}\n" for i, value in enumerate(numbers.tolist())).encode()
    grid = _points.to_grid(block, 2, ",")
    assert grid is not None
    assert np.array_equal(_points.grid_points(grid, ",", _points.Words(set()), 0).value[1::2], numbers)


@given(st.one_of(st.binary(max_size=300), st.text('0123456789.,;\t|\n "#-naife_x{}:', max_size=200).map(str.encode)))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name in ("log.csv", "log.txt", "0.monitor.csv", "run-a-tag-b.csv"):
        path = write(folder / name, content)
        csv.sniff(path)
        csv.home(path, frozenset())
        try:
            for run in csv.read(Source(path, (path,), "run")):
                assert run.curves
        except UnreadableError as error:
            assert str(error)


@given(cut=st.integers(0, 150))
def test_any_prefix_of_a_log_gives_a_prefix_of_its_points(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    whole = (DATA / "csv" / "lightning" / "version_0" / "metrics.csv").read_bytes()
    path = write(tmp_path_factory.mktemp("cut") / "metrics.csv", whole[:cut])
    try:
        run = read_one(csv.read, path)
    except UnreadableError:
        assert whole[:cut].count(b"\n") < 2 or b"train_loss" not in whole[:cut]
        return
    full = [(0, 1.0), (1, 0.5), (2, 1 / 3), (3, 0.25), (4, INF)]
    found = rows(run, "train_loss") if "train_loss" in run.tags else []
    complete = max(0, whole[:cut].count(b"\n") - 1)
    assert found[: min(complete, 4)] == full[: min(complete, 4)]


# --- files that others wrote


def independent(path: Path) -> dict[str, list[float]]:
    """Every column's numbers by pandas with its own guesses switched off."""
    head = path.read_text().split("\n", 2)
    skip = 1 if head[0].startswith("#") else 0
    mark = max(";\t,", key=head[skip].count)
    frame = pd.read_csv(path, sep=mark, dtype=str, keep_default_na=False, skiprows=skip, skipinitialspace=True)
    found: dict[str, list[float]] = {}
    for name in frame.columns:
        cells = [cell.strip() for cell in frame[name] if cell.strip() not in {"", "NA"}]
        try:
            found[name.strip()] = [float(cell) for cell in cells]
        except ValueError:
            continue  # a column of text
    return {name: cells for name, cells in found.items() if cells}


#: Columns that are the axis or the time, so that they are no series of their own.
AXES = {
    "step",
    "global_step",
    "epoch",
    "total timesteps",
    "iteration",
    "timesteps_total",
    "timestamp",
    "training_iteration",
}


def real_files() -> list[Path]:
    files = [path for path in sorted(REAL.rglob("*.csv")) if path.parent != REAL] if REAL.is_dir() else []
    return [path for path in files if csv.sniff(path) and "runs_table" not in str(path)]


@needs_real_logs
@pytest.mark.parametrize("path", real_files(), ids=lambda path: "/".join(path.parts[-2:]))
def test_as_many_points_as_an_independent_parse(path: Path) -> None:
    run = read_one(csv.read, path)
    wanted = independent(path)
    for name in [name for name in wanted if name.startswith("config/")]:
        assert wanted.pop(name)  # parameters, repeated in each row
    missing = wanted.keys() - set(run.tags)
    assert len(missing) <= 2
    assert {name.lower() for name in missing} <= AXES
    for name in wanted.keys() - missing:
        assert same(values(run, name), wanted[name]), name
    assert len(run.columns) == sum(len(wanted[name]) for name in wanted.keys() - missing)


@needs_real_logs
def test_monitors_of_sixteen_environments() -> None:
    folder = REAL / "sb3_bipedalhard_ppo"
    files = sorted(folder.glob("*.monitor.csv"))
    run = read_one(csv.read, *files, home=folder)
    wanted = [independent(path) for path in files]
    assert sorted(values(run, "r")) == sorted(value for each in wanted for value in each["r"])
    assert len(run.columns) == 217218
    assert (np.diff(run.curves["r"].time) >= 0).all()


#: The first lines of lcurve.out, as DeePMD-kit 2 writes it.
LCURVE = """#  step      rmse_val    rmse_trn    rmse_e_val  rmse_e_trn    rmse_f_val  rmse_f_trn         lr
# If there is no available reference data, rmse_*_{val,trn} will print nan
      0      3.05e+01    2.96e+01      6.36e-01    6.37e-01      9.65e-01    9.35e-01    1.0e-03
    100      2.51e+01    2.66e+01           nan    6.12e-01      8.01e-01    8.49e-01    1.0e-03
"""


@pytest.mark.parametrize("name", ["lcurve.out", "log", "curve.dat"])
def test_content_decides_not_the_suffix(tmp_path: Path, name: str) -> None:
    path = text(tmp_path, LCURVE, name)
    assert csv.sniff(path)
    run = read_one(csv.read, path)
    assert run.tags[0] == "rmse_val" and run.tags[-1] == "lr" and len(run.tags) == 7
    assert same([value for _, value in rows(run, "rmse_e_val")], [0.636, NAN])
    assert [step for step, _ in rows(run, "lr")] == [0, 100]


@pytest.mark.parametrize(
    "content",
    [
        "epoch loss\n1 0.5\nsaving the model\n2 0.4\n",
        "training step\n1 2\nto be continued\n3 4\n",
        "iter 1 loss 2\niter 2 loss 1\n",
    ],
)
def test_a_console_is_no_table(tmp_path: Path, content: str) -> None:
    assert not csv.sniff(text(tmp_path, content, "job.out"))


def test_percentages_and_grouped_digits_are_numbers(tmp_path: Path) -> None:
    rows = [
        '0,45.3%,"1,000",1:00',
        '1,50.1 %,"-12,000.5",2:00',
        '2,52%,"1,300,000",3:00',
        '3,nan,"0,5",4:00',
        '4,7,"1,00",5:00',
    ]
    path = write(tmp_path / "log.csv", "step,acc,tokens,at\n" + "\n".join(rows) + "\n")
    run = read_one(csv.read, path)
    assert same(values(run, "acc"), [45.3, 50.1, 52.0, NAN, 7.0])
    assert values(run, "tokens") == [1000.0, -12000.5, 1300000.0]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["12 ms", "1.5s", "2min", "250us"], [0.012, 1.5, 120.0, 0.00025]),
        (["1.5GB", "512 MB", "2GiB", "800kB"], [1.5e9, 5.12e8, 2.0 * 1024**3, 8e5]),
        (["3.5 it/s", "4it/s", "nan", "5 it/s"], [3.5, 4.0, NAN, 5.0]),
        (["12.5k", "13K", "1.2M", "-3e2 ms"], [12500.0, 13000.0, 1.2e6, -0.3]),
        (["250W", "60 °C", "300 W", "1.2GHz"], [250.0, 60.0, 300.0, 1.2e9]),
    ],
)
@pytest.mark.parametrize("mark", [",", "\t"])
def test_numbers_with_their_unit(tmp_path: Path, cells: list[str], expected: list[float], mark: str) -> None:
    lines = [mark.join(["step", "loss", "x"]), *(mark.join([str(n), "0.5", cell]) for n, cell in enumerate(cells))]
    run = read_one(csv.read, write(tmp_path / "log.csv", "\n".join(lines) + "\n"))
    assert values(run, "x") == pytest.approx(expected, nan_ok=True) and not run.notes


def test_a_unit_that_is_not_known_is_said(tmp_path: Path) -> None:
    rows = "".join(f"{n},0.5,{n + 1} furlongs,{n}m,abc,v{n},resnet50\n" for n in range(3))
    run = read_one(csv.read, write(tmp_path / "log.csv", "step,loss,way,t,name,tag,net\n" + rows))
    assert run.tags == ("loss",) and [note.kind for note in run.notes] == ["left-out"] * 2
    assert "'way'" in run.notes[0].message and "'t'" in run.notes[1].message
