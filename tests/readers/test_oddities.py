"""Steps, times and names that no training has, and databases that are something else: read or refused in a line."""

from __future__ import annotations

import gzip
import json
import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import loglens
from loglens.model.report import Report
from loglens.roles.assign import assign_roles
from tests.readers.tensorboard_writer import scalar, write
from tests.slow.fuzz.check import bounds

DATA = Path(__file__).parent / "data" / "offline"
FORMATS = ("text", "json", "markdown", "sarif", "junit", "github")
STEPS = (2**63 - 1, -(2**63), -1, 2**62, 0)
TIMES = (1e300, -1e300, math.nan, math.inf, -math.inf, 1e18, -1e12, 0.0)


def judged(path: Path) -> Report:
    """The report, once no rule has crashed and all formats could be written."""
    report = loglens.diagnose(path)
    assert not [outcome for run in report.runs for outcome in run.outcomes if outcome.outcome == "crashed"]
    for name in FORMATS:
        report.render(name)
    return report


@pytest.mark.parametrize("odd", STEPS)
def test_steps_beyond_all_in_an_event_file(tmp_path: Path, odd: int) -> None:
    steps = [*range(20), odd, *range(20, 40)]
    write(tmp_path / "events.out.tfevents.1.h", [scalar("loss", 1.0 + n, step) for n, step in enumerate(steps)])
    judged(tmp_path)
    (run,) = loglens.read(tmp_path)
    assert run.columns.step.tolist() == steps


@pytest.mark.parametrize("odd", STEPS)
@pytest.mark.parametrize("name", ["log.csv", "log.jsonl", "wandb-history.jsonl"])
def test_steps_beyond_all_in_text(tmp_path: Path, name: str, odd: int) -> None:
    steps = [*range(20), odd, *range(20, 40)]
    if name.endswith(".csv"):
        lines = ["step,loss", *(f"{step},{1 + n}" for n, step in enumerate(steps))]
    else:
        key = "_step" if "wandb" in name else "step"
        lines = [json.dumps({key: step, "_runtime": 1.0, "loss": 1 + n}) for n, step in enumerate(steps)]
    (tmp_path / name).write_text("\n".join([*lines, ""]))
    judged(tmp_path)
    (run,) = loglens.read(tmp_path)
    loss = run.columns.value[run.columns.tag == run.tags.index("loss")]
    assert loss.tolist() == list(range(1, 42))


@pytest.mark.parametrize("odd", TIMES)
def test_times_beyond_all(tmp_path: Path, odd: float) -> None:
    events = [scalar("loss", 1.0 if n < 30 else math.nan, n, odd if n % 7 == 0 else 1.7e9 + n) for n in range(40)]
    write(tmp_path / "tb" / "events.out.tfevents.1.h", events)
    rows = [json.dumps({"_step": n, "_timestamp": odd, "_runtime": odd, "loss": 1 / (n + 1)}) for n in range(40)]
    (tmp_path / "wandb-history.jsonl").write_text("\n".join([*rows, ""]))
    (tmp_path / "log.csv").write_text("step,time,loss\n" + "".join(f"{n},{odd},{1 / (n + 1)}\n" for n in range(40)))
    document = json.loads(judged(tmp_path).render("json"))
    assert len(document["runs"]) == 3
    assert "nan-loss" in [found["condition"] for run in document["runs"] for found in run["findings"]]


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00", "9999-12-31T23:59:59+00:00", "2025-13-45", "now", "", None])
def test_dates_beyond_all_in_a_database(tmp_path: Path, date: str | None) -> None:
    path = tmp_path / "trackio.db"
    path.write_bytes(gzip.decompress((DATA / "trackio.db.gz").read_bytes()))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE OR IGNORE metrics SET timestamp = ?", (date or "",))
        connection.commit()
    judged(path)
    assert all(len(run.columns) for run in loglens.read(path))


@pytest.mark.parametrize(
    "name", ["lоss", "ｌｏｓｓ", "ＬＯＳＳ", "l\u200boss", "lo\u0301ss", "\u202essol", "lоss/train"]
)
def test_a_name_that_only_looks_like_loss_has_no_role(tmp_path: Path, name: str) -> None:
    (tmp_path / "log.csv").write_text(f"step,{name}\n" + "".join(f"{n},{1 / (n + 1)}\n" for n in range(20)))
    (run,) = loglens.read(tmp_path)
    assert [curve.role for curve in assign_roles(run)] == [None]
    assert judged(tmp_path).runs[0].verdict == "not-judged"


def test_keys_and_columns_that_stand_twice(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("".join(f'{{"step": {n}, "loss": 9, "loss": 1}}\n' for n in range(20)))
    (run,) = loglens.read(tmp_path)
    assert set(run.curves["loss"].value.tolist()) == {1}  # as every JSON parser has it: the last one holds


@pytest.mark.parametrize("form", ["csv", "jsonl", "events"])
def test_names_that_differ_in_case_alone_are_two_curves(tmp_path: Path, form: str) -> None:
    """None hides the other: one of them is fine, and the one that is not is found."""
    fine, bad = [1 / (n + 1) for n in range(20)], [1 / (n + 1) if n < 10 else math.nan for n in range(20)]
    rows = list(zip(range(20), fine, bad, strict=True))
    if form == "csv":
        (tmp_path / "log.csv").write_text("step,Loss,LOSS\n" + "".join(f"{n},{a},{b}\n" for n, a, b in rows))
    elif form == "jsonl":
        lines = (json.dumps({"step": n, "Loss": a, "LOSS": b}) + "\n" for n, a, b in rows)
        (tmp_path / "log.jsonl").write_text("".join(lines))
    else:
        events = [scalar(tag, value, n) for n, a, b in rows for tag, value in (("Loss", a), ("LOSS", b))]
        write(tmp_path / "events.out.tfevents.1.h", events)
    (run,) = loglens.read(tmp_path)
    assert {tag: curve.nonfinite for tag, curve in run.curves.items()} == {"Loss": 0, "LOSS": 10}
    (diagnosis,) = loglens.diagnose(tmp_path).runs
    assert diagnosis.verdict == "failed" and diagnosis.findings[0].condition == "nan-loss"


def test_parquet_columns_that_stand_twice(tmp_path: Path) -> None:
    pa: Any = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    pq: Any = pytest.importorskip("pyarrow.parquet")
    cells = [pa.array(range(20)), pa.array([1.0] * 20), pa.array([2.0] * 20)]
    pq.write_table(pa.Table.from_arrays(cells, ["_step", "loss", "loss"]), tmp_path / "0_1.parquet")
    report = judged(tmp_path)
    assert report.unread or len(report.runs) == 1


@pytest.mark.parametrize("name", ["mlflow.db", "x.sqlite", "trackio.sqlite3"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"step,loss\n1,2\n", "text file"),
        (b"\x89PNG\r\n\x1a\n0000", "PNG"),
        (b"SQLite format 3\0", "SQLite"),
        (b"SQLite format 3\0" + b"metrics run_uuid is_nan latest_metrics run_name configs timestamp" * 99, "SQLite"),
        (b"", "empty"),
    ],
)
def test_a_database_that_is_something_else(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(loglens.UnreadableError) as caught:
        loglens.read(path)
    assert said in str(caught.value) and len(str(caught.value).splitlines()) == 1


COUNTLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
ROWS = "SELECT 'r' run_id, 'r' run_name, i step, '{}' metrics, '' timestamp FROM n"


@pytest.mark.parametrize(
    "statements",
    [
        f"DROP TABLE metrics; CREATE VIEW metrics AS {COUNTLESS} {ROWS}",
        "ALTER TABLE metrics RENAME TO m; CREATE VIEW metrics AS SELECT a.* FROM m a, m b, m c, m d, m e",
        f"CREATE VIEW boom AS {COUNTLESS} {ROWS}; "  # noqa: S608 - a test of just that
        "CREATE TRIGGER t AFTER INSERT ON metrics BEGIN DELETE FROM metrics; END",
        "DROP TABLE configs; "
        "CREATE TABLE configs (run_id, run_name, created_at, config AS (printf('%.*c', 60000000, 'x')))",
    ],
)
def test_views_triggers_and_computed_columns_are_not_run(tmp_path: Path, statements: str) -> None:
    path = tmp_path / "trackio.db"
    path.write_bytes(gzip.decompress((DATA / "trackio.db.gz").read_bytes()))
    whole = [len(run.columns) for run in loglens.read(path)]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(statements)
        if "printf" in statements:
            connection.executemany(
                "INSERT INTO configs VALUES (?, ?, ?)", [("r", "r", "")] * 8
            )  # 480 MB, if they were read
        connection.commit()
    before = path.read_bytes()
    with bounds():
        report = judged(path)
    assert path.read_bytes() == before
    if "metrics AS" in statements:
        assert [item.why for item in report.unread] and not report.runs
    else:
        assert [run.points for run in report.runs] == whole


def test_a_loss_that_is_not_a_number_in_every_way(tmp_path: Path) -> None:
    words = ("nan", "NaN", "-nan", "inf", "-inf", "Infinity", "1e999", "")
    (tmp_path / "log.csv").write_text("step,loss\n" + "".join(f"{n},{word}\n" for n, word in enumerate(words)))
    (run,) = loglens.read(tmp_path)
    assert len(run.columns) == 7 and not np.isfinite(run.columns.value).any()
