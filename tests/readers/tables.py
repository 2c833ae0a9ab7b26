"""What the tests of the table readers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from loglens.model.run import Run
from loglens.model.source import Source

DATA = Path(__file__).parent / "data"
REAL = Path(__file__).parents[3] / "shared" / "real_logs"

needs_real_logs = pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real logs is not here")

Reader = Callable[[Source], Iterator[Run]]
Points = dict[str, list[tuple[int, float]]]


def read_all(read: Reader, *paths: Path, home: Path | None = None) -> list[Run]:
    home = home or paths[0]
    return list(read(Source(home, paths, "run")))


def read_one(read: Reader, *paths: Path, home: Path | None = None) -> Run:
    (run,) = read_all(read, *paths, home=home)
    return run


def rows(run: Run, tag: str) -> list[tuple[int, float]]:
    """The points of a tag as written."""
    columns = run.columns
    mine = columns.tag == columns.tags.index(tag)
    return list(zip(columns.step[mine].tolist(), columns.value[mine].tolist(), strict=True))


def values(run: Run, tag: str) -> list[float]:
    return [value for _, value in rows(run, tag)]


def kinds(run: Run) -> list[str]:
    return [note.kind for note in run.notes]


def same(found: list[float], wanted: list[float]) -> bool:
    """Equal to the last bit, NaN to NaN."""
    return np.array_equal(np.array(found, np.float64), np.array(wanted, np.float64), equal_nan=True)


def equal(run: Run, wanted: Points) -> bool:
    """Same tags, steps and values, to the last bit and NaN for NaN."""
    points = {tag: rows(run, tag) for tag in run.tags}
    return points.keys() == wanted.keys() and all(
        [step for step, _ in points[tag]] == [step for step, _ in wanted[tag]]
        and same([value for _, value in points[tag]], [value for _, value in wanted[tag]])
        for tag in wanted
    )


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
