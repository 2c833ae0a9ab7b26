"""The tables of tests/data/roles: an empty cell, "-" and "none" say that there is no role, split or layer."""

from __future__ import annotations

import csv
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "roles"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def value(cell: str) -> str | None:
    return None if cell in ("", "-", "none") else cell


def table(name: str) -> list[tuple[str | None, ...]]:
    return [tuple(map(value, row.values())) for row in rows(FOLDER / name)]
