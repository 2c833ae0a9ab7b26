"""Tables that other programs read: nothing is lost, and nothing is added."""

from __future__ import annotations

import csv
import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from loglens.cli import main
from loglens.errors import LoglensError
from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.renderers import point_tables as export
from tests.curves import run as run_of

LAST = 2**63 - 1
VALUES = [0.1, np.nan, np.inf, -np.inf, -0.0, 5e-324, float(np.float32(0.1)), 1e300]


def run(name: str = "a", **changes: Any) -> Run:
    """Two tags with all that is hard to write: gaps, NaN, the largest step, unknown times."""
    step = np.array([0, 0, 1, 1, 2, 3, LAST - 1, LAST])
    columns = Columns(
        ("loss", 'odd, "tag"\n'),
        np.array([0, 1, 0, 1, 0, 0, 1, 0], np.int32),
        step,
        np.array([1.7e9, np.nan, 1.7e9 + 0.1, np.nan, 1, 2, 3, np.nan]),
        np.array(VALUES),
        np.zeros(8, np.int32),
    )
    return Run(name, Path(name), "test", **{"columns": columns, **changes})


def resumed() -> Run:
    """Steps 0 to 4, then again from 2 to 3; and two values at step 3."""
    step, value = [0, 1, 2, 3, 4, 2, 3, 3], [0.0, 1, 2, 3, 4, 20, 30, 31]
    return run(columns=Columns.from_curves({"loss": (step, value)}))


def same(one: Any, two: Any) -> bool:
    """Bit for bit; NaN equals NaN."""
    return np.array_equal(np.asarray(one, float).view(np.int64), np.asarray(two, float).view(np.int64))


def tidy_csv(path: Path) -> pd.DataFrame:
    """As pandas reads it: blank and nan apart, numbers exact."""
    return pd.read_csv(path, keep_default_na=False, dtype={"time": str, "value": str}, lineterminator="\n")


def call(*args: object) -> Result:
    return CliRunner().invoke(main, ["export", *map(str, args)])


def log(folder: Path, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_text("step,loss,acc\n" + "".join(f"{i},{1 / (i + 1)},{i / 9 if i % 2 else ''}\n" for i in range(9)))
    return path


def test_tidy_csv_round_trip(tmp_path: Path) -> None:
    count = export.write([run(), run("b")], tmp_path / "t.csv", ".csv", wide=False)
    table, columns = tidy_csv(tmp_path / "t.csv"), run().columns
    assert count == (2, 16, 0) and list(table) == ["run", "tag", "step", "time", "value"]
    for name, part in table.groupby("run"):
        assert name in ("a", "b") and part.tag.tolist() == [columns.tags[code] for code in columns.tag]
        assert part.step.dtype == np.int64 and part.step.tolist() == columns.step.tolist()
        assert same([float(text) for text in part.value], VALUES)
        assert [text == "" for text in part.time] == np.isnan(columns.time).tolist()
        assert same([float(text or "nan") for text in part.time], columns.time)


def test_wide_csv_tells_a_blank_from_a_logged_nan(tmp_path: Path) -> None:
    export.write([run()], tmp_path / "t.csv", ".csv", wide=True)
    table = pd.read_csv(tmp_path / "t.csv", keep_default_na=False, dtype=str)
    assert list(table) == ["run", "step", *run().tags]
    assert table.step.tolist() == ["0", "1", "2", "3", str(LAST - 1), str(LAST)]
    assert table["loss"].tolist() == ["0.1", "inf", "-0.0", "5e-324", "", "1e+300"]
    assert table[run().tags[1]].tolist() == ["nan", "-inf", "", "", "0.10000000149011612", ""]


def test_wide_has_every_run_s_columns_and_no_clash(tmp_path: Path) -> None:
    runs = [
        run("a", columns=Columns.from_curves({"x": ([1], [1.0]), "step": ([1], [7.0])})),
        run("b", columns=Columns.empty()),
    ]
    runs.append(run("c", columns=Columns.from_curves({"y": ([1, 2], [2.0, 3.0])})))
    export.write(runs, tmp_path / "t.csv", ".csv", wide=True)
    assert (tmp_path / "t.csv").read_text() == "run,step,x,scalar/step,y\na,1,1.0,7.0,\nc,1,,,2.0\nc,2,,,3.0\n"


def test_wide_is_the_surviving_curve_and_tidy_every_row(tmp_path: Path) -> None:
    assert export.write([resumed()], tmp_path / "w.csv", ".csv", wide=True) == (1, 4, 4)
    assert (tmp_path / "w.csv").read_text() == "run,step,loss\na,0,0.0\na,1,1.0\na,2,20.0\na,3,31.0\n"
    assert export.write([resumed()], tmp_path / "t.csv", ".csv", wide=False) == (1, 8, 0)
    assert tidy_csv(tmp_path / "t.csv").step.tolist() == [0, 1, 2, 3, 4, 2, 3, 3]


def test_jsonl_is_strict_json(tmp_path: Path) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    for wide in (False, True):
        export.write([run()], tmp_path / "t.jsonl", ".jsonl", wide=wide)
        lines = (tmp_path / "t.jsonl").read_text().splitlines()
        rows = [json.loads(line, parse_constant=refuse) for line in lines]
        words = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}
        if wide:
            assert rows[0] == {"run": "a", "step": 0, "loss": 0.1, run().tags[1]: "NaN"}
            assert rows[-1] == {"run": "a", "step": LAST, "loss": 1e300}, "no value is no key"
        else:
            assert same([words.get(row["value"], row["value"]) for row in rows], VALUES)
            assert [row["step"] for row in rows] == run().columns.step.tolist()
            assert rows[1]["time"] is None and rows[0]["time"] == 1.7e9


def test_parquet_round_trip(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    pq: Any = pytest.importorskip("pyarrow.parquet")
    hostile = run("b\udcff")  # a folder name that is no UTF-8
    assert export.write([run(), hostile], tmp_path / "t.parquet", ".parquet", wide=False) == (2, 16, 0)
    table, columns = pq.read_table(tmp_path / "t.parquet"), run().columns
    assert table["run"].to_pylist() == ["a"] * 8 + ["b\\udcff"] * 8
    assert table["tag"].to_pylist() == [columns.tags[code] for code in columns.tag] * 2
    assert table["step"].to_pylist() == columns.step.tolist() * 2
    assert same(table["value"].to_pylist(), VALUES * 2) and table["value"].null_count == 0
    assert [time is None for time in table["time"].to_pylist()] == np.isnan(columns.time).tolist() * 2
    export.write(
        [run(), run("b", columns=Columns.from_curves({"x": ([5], [np.nan])}))], tmp_path / "w", ".parquet", wide=True
    )
    table = pq.read_table(tmp_path / "w")
    assert table["step"].to_pylist() == [0, 1, 2, 3, LAST - 1, LAST, 5]
    odd = table[run().tags[1]].to_pylist()
    assert odd[1:] == [-np.inf, None, None, float(np.float32(0.1)), None, None] and np.isnan(odd[0])
    assert table["x"].null_count == 6 and np.isnan(table["x"].to_pylist()[-1])


def test_parquet_without_pyarrow_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    done = call(log(tmp_path), "-o", tmp_path / "t.parquet")
    assert done.exit_code == 2 and done.stderr.count("\n") == 1 and "loglens[parquet]" in done.stderr
    assert not (tmp_path / "t.parquet").exists()


def test_rows_beyond_one_chunk_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = []
    for chunk in (3, 1 << 15):
        monkeypatch.setattr(export, "CHUNK", chunk)
        for suffix, wide in ((".csv", False), (".csv", True), (".jsonl", False), (".jsonl", True)):
            export.write([run(), resumed()], tmp_path / "t", suffix, wide=wide)
            texts.append((tmp_path / "t").read_text())
    assert texts[:4] == texts[4:]


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    done = call(log(tmp_path), "-o", tmp_path / "t.csv")
    assert done.exit_code == 0 and done.stdout == ""
    assert done.stderr.startswith("wrote ") and done.stderr.endswith("t.csv: 13 points of 1 run\n")
    assert len(tidy_csv(tmp_path / "t.csv")) == 13
    assert call(tmp_path / "log.csv", "--wide", "-q", "-o", tmp_path / "w.CSV").stderr == ""
    assert (tmp_path / "w.CSV").read_text().splitlines()[1:3] == ["log.csv,0,1.0,", "log.csv,1,0.5,0.1111111111111111"]


def test_what_a_wide_table_leaves_out_is_said(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("step,loss\n" + "".join(f"{i},{i}\n" for i in [*range(9), *range(5, 9)]))
    done = call(tmp_path / "log.csv", "--wide", "-o", tmp_path / "w.csv")
    assert done.stderr.startswith("4 points left out") and "--tidy keeps all" in done.stderr


@pytest.mark.parametrize("name", ["t.txt", "t", "none/t.csv", "folder.csv"])
def test_a_file_that_cannot_be_written_is_2_and_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    done = call(log(tmp_path), "-o", tmp_path / name)
    assert done.exit_code == 2 and done.stderr.count("\n") == 1 and name in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"log.csv", "folder.csv"}


def test_nothing_readable_leaves_the_old_file(tmp_path: Path) -> None:
    old = tmp_path / "t.csv"
    old.write_text("old")
    done = call(tmp_path / "missing", "-o", old)
    assert done.exit_code == 2 and "missing" in done.stderr and old.read_text() == "old"
    done = call(log(tmp_path), tmp_path / "missing", "-o", old)
    assert done.exit_code == 0 and "missing" in done.stderr and "13 points" in done.stderr


def test_a_crash_half_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(runs: object, path: Path, *_: object) -> None:
        path.write_text("half")
        raise MemoryError

    monkeypatch.setattr(export, "_tidy_csv", crash)
    old = tmp_path / "t.csv"
    old.write_text("old")
    assert call(log(tmp_path), "-o", old).exit_code == 4
    assert old.read_text() == "old" and {path.name for path in tmp_path.iterdir()} == {"log.csv", "t.csv"}


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe, got = tmp_path / "p.csv", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    assert call(log(tmp_path), "-o", pipe).exit_code == 0
    reader.join(10)
    assert got[0].startswith("run,tag,step,time,value\n") and pipe.is_fifo()


def test_an_unknown_suffix_names_the_known() -> None:
    with pytest.raises(LoglensError, match=r"\.csv, \.parquet, \.jsonl"):
        export.write([], Path("t.xls"), ".xls", wide=False)


@pytest.mark.parametrize("wide", [False, True])
def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path, wide: bool) -> None:
    names = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\tx", "loss"]
    found = run_of({name: np.linspace(1.0, -1.0, 3) for name in names})
    export.write([replace(found, name="=1+1")], tmp_path / "t.csv", ".csv", wide=wide)
    with (tmp_path / "t.csv").open(newline="") as stream:
        words = {cell for row in csv.reader(stream) for cell in row}
    assert not {word for word in words if word.startswith(("=", "+", "@", "\t"))}
    assert {"'=1+1", "'@SUM(A1)", "loss", "-1.0"} <= words
    export.write([found], tmp_path / "raw.csv", ".csv", wide=wide, raw_text=True)
    raw = (tmp_path / "raw.csv").read_text()
    assert "@SUM(A1)" in raw and "'@" not in raw


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_wide_table_of_blanks_is_refused(tmp_path: Path, suffix: str) -> None:
    rows = "".join(f'{{"step": {n}, "loss": 1, "k{n}": 1}}\n' for n in range(400))
    (tmp_path / "log.jsonl").write_text(rows)
    words = ["export", str(tmp_path / "log.jsonl"), "-o", str(tmp_path / f"o{suffix}"), "--wide"]
    done = CliRunner().invoke(main, [*words, "--limit", "cells=100000"])
    assert done.exit_code == 2 and "--limit cells" in done.stderr and "--tidy" in done.stderr
    assert not (tmp_path / f"o{suffix}").exists()
    assert CliRunner().invoke(main, [*words, "--limit", "cells=200000"]).exit_code == 0
