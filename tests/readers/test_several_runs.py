"""Several runs in one table: told apart by a column that names them, and never where it names something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.errors import UnreadableError
from loglens.readers.csv import reader as csv
from loglens.readers.jsonl import reader as jsonl
from tests.readers.tables import DATA, read_all, read_one, rows, write

SEVERAL = DATA / "csv" / "several"


def test_three_seeds_in_one_file() -> None:
    runs = read_all(csv.read, SEVERAL / "dog-walk.csv")
    assert [run.name for run in runs] == ["run/seed=2", "run/seed=1", "run/seed=3"]
    assert [run.params["seed"] for run in runs] == [2, 1, 3]
    assert all(run.tags == ("reward",) and not run.rewinds for run in runs)
    assert rows(runs[0], "reward")[:2] == [(0, 7.3), (100000, 14.5)]  # the first two lines of the file
    assert [len(run.columns) for run in runs] == [8, 8, 8]


@pytest.mark.parametrize(
    ("header", "lines", "names"),
    [
        ("env,seed,step,reward", [f"{e},{s},{t},1.5" for e in "ab" for s in (1, 2) for t in range(3)],
         ["a/seed=1", "a/seed=2", "b/seed=1", "b/seed=2"]),
        ("agent,environment_name,seed,iteration,episode_return",
         [f"dqn,{e},{s},{t},1.5" for e in ("pong", "breakout") for s in (1, 2) for t in range(3)],
         ["pong/seed=1", "pong/seed=2", "breakout/seed=1", "breakout/seed=2"]),
        ("dataset_name,epoch,loss", [f"{d},{t},0.5" for d in "ab" for t in range(4)], ["a", "b"]),
        ("step,run,loss", [f"{t},{r},{t}.5" for t in range(4) for r in ("x", "y")], ["x", "y"]),  # taking turns
        ("fold;epoch;loss", [f"{f};{t};{t},5" for f in range(3) for t in range(1, 6)], ["fold=0", "fold=1", "fold=2"]),
        ("run,metric,step,value", [f"{r},{m},{t},0.5" for r in ("x", "y") for m in ("loss", "acc") for t in range(3)],
         ["x", "y"]),
    ],
)  # fmt: skip
def test_columns_that_name_a_run(tmp_path: Path, header: str, lines: list[str], names: list[str]) -> None:
    runs = read_all(csv.read, write(tmp_path / "log.csv", "\n".join([header, *lines, ""])))
    assert [run.name for run in runs] == [f"run/{name}" for name in names]
    assert not any(run.rewinds for run in runs)


@pytest.mark.parametrize(
    ("header", "lines"),
    [
        ("step,seed,loss", [f"{t},1,0.5" for t in range(9)]),  # one seed
        ("step,seed,loss", [f"{t},{t * 7},0.5" for t in range(9)]),  # a seed for each row
        ("step,run,loss", [f"{t},{t // 3},0.5" for t in range(9)]),  # a run that was resumed twice
        ("step,run,loss", [f"{t},{r},0.5" for r, ts in ((1, range(9)), (2, range(6, 12))) for t in ts]),  # a step back
        ("step,env,reward", [f"{t},{e},0.5" for t in range(6) for e in range(2)]),  # environments of one run
        ("seed,loss", [f"{s},0.5" for s in range(3) for _ in range(3)]),  # no counter
    ],
)
def test_columns_that_name_none(tmp_path: Path, header: str, lines: list[str]) -> None:
    run = read_one(csv.read, write(tmp_path / "log.csv", "\n".join([header, *lines, ""])))
    assert run.name == "run"
    assert len(rows(run, header.split(",")[-1])) == len(lines)


def test_json_lines_of_two_trials(tmp_path: Path) -> None:
    lines = [f'{{"trial": "{t}", "step": {s}, "loss": {s}.5}}' for t in "ab" for s in range(4)]
    runs = read_all(jsonl.read, write(tmp_path / "log.jsonl", "\n".join([*lines, ""])))
    assert [run.name for run in runs] == ["run/a", "run/b"]
    assert all(rows(run, "loss") == [(s, s + 0.5) for s in range(4)] for run in runs)


@pytest.mark.parametrize("name", ["runs.csv"])
def test_a_table_of_runs_is_no_series(name: str) -> None:
    with pytest.raises(UnreadableError, match="one row a run"):
        read_all(csv.read, SEVERAL / name)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.floats(allow_nan=False)), min_size=1, max_size=60),
)
def test_no_point_is_lost_or_invented(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[int, int, float]]
) -> None:
    content = "\n".join(["seed,step,loss", *(f"{a},{b},{c!r}" for a, b, c in points), ""])
    path = write(tmp_path_factory.mktemp("any") / "log.csv", content)
    found = [value for run in read_all(csv.read, path) for _, value in rows(run, "loss")]
    assert sorted(found) == sorted(value for *_, value in points)
