"""What a person found in a log by reading it, and how the curves that loglens reads differ from that.

A row of an expectation is one curve of a case: its role, its name as the file writes it, its steps ("epoch 1..10",
several ways apart by " or ", "row" where the file tells no steps that an integer can hold), the number of points that
no resume replaced, its first and last value, and the mean of the finite ones. A row with the role "runs" is the number
of runs in the case.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglens.model.series import Series
from loglens.stats.arrays import Floats

#: Relative difference below which two values are one: the rows hold ten digits, event files single precision.
CLOSE = 1e-6

#: Roles that a curve has to earn: one that no row names has it by mistake.
MAIN = frozenset({"loss", "lr", "grad_norm_global"})

#: Ways in which a curve can differ (axis, points, first, last, mean, role): a curve that is not there differs in all.
KINDS = 6


@dataclass(frozen=True)
class Expected:
    """One row. differs: in what loglens is known to differ (words as of `differences`); reason: why."""

    case: str
    run: str
    role: str
    tag: str
    steps: str
    points: int
    first: str
    last: str
    mean: str
    differs: frozenset[str]
    reason: str


def load(path: Path) -> list[Expected]:
    """Read the rows of a file of expectations."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Expected(
                **{key: row[key] for key in ("case", "run", "role", "tag", "steps", "first", "last", "mean", "reason")},
                points=int(row["points"]),
                differs=frozenset(row["differs"].split()),
            )
            for row in csv.DictReader(file)
        ]


def differences(expected: Expected, curve: Series | None) -> frozenset[str]:
    """The ways in which a curve is not the expected one: axis, points, first, last, mean, role; or absent."""
    if curve is None:
        return frozenset({"absent"})
    agrees = {
        "axis": any(_same_steps(steps, curve) for steps in expected.steps.split(" or ")),
        "points": len(curve) == expected.points,
        "first": _same_value(expected.first, curve.value[0]),
        "last": _same_value(expected.last, curve.value[-1]),
        "mean": len(curve) != expected.points or _same_mean(expected.mean, curve.finite.value),
        "role": any(_same_role(role, curve) for role in expected.role.split(" or ")),
    }
    return frozenset(word for word, same in agrees.items() if not same)


def closest(expected: Expected, curves: Iterable[Series]) -> Series | None:
    """The curve that is meant: one whose name ends in the expected name, the one that agrees best among several.

    Where no name agrees, a curve with the expected values has another name for the same thing.
    """
    known = list(curves)
    named = [curve for curve in known if _words(curve.tag).endswith(_words(expected.tag))]
    same = [curve for curve in known if not differences(expected, curve) & {"points", "first", "last"}]
    return min([*named, *same], key=lambda curve: len(differences(expected, curve)), default=None)


def assigned(rows: Sequence[Expected], runs: Sequence[Sequence[Series]]) -> dict[str, Sequence[Series]]:
    """For each expected run the run that agrees best with its rows and that no other one has taken."""
    taken: set[int] = set()
    result: dict[str, Sequence[Series]] = {}
    for name in dict.fromkeys(row.run for row in rows if row.role != "runs"):
        own = [row for row in rows if row.run == name and row.role != "runs"]
        free = [index for index in range(len(runs)) if index not in taken]
        cost = {index: sum(_cost(row, closest(row, runs[index])) for row in own) for index in free}
        best = min(free, key=cost.__getitem__, default=None)
        result[name] = runs[best] if best is not None else ()
        taken |= {best} if best is not None else set()
    return result


def unexpected(rows: Sequence[Expected], runs: Sequence[Sequence[Series]]) -> list[str]:
    """The names of curves that have a main role although no row of the case names them as one that has it."""
    own = assigned(rows, runs)
    meant = {id(closest(row, own[row.run])) for row in rows if row.role != "runs"}
    known = {_bare(re.sub(r" \(.*\)", "", row.tag)) for row in rows if row.role.partition("@")[0] in MAIN}
    main = [curve for curves in runs for curve in curves if curve.role in MAIN]
    return [curve.tag for curve in main if id(curve) not in meant and _bare(curve.tag) not in known]


def _cost(row: Expected, curve: Series | None) -> int:
    return len(differences(row, curve)) if curve is not None else KINDS


def _same_steps(text: str, curve: Series) -> bool:
    rises = bool((np.diff(curve.step) > 0).all())
    if text == "row":
        return rises
    axis, _, span = text.partition(" ")
    first, last = map(int, span.split(".."))
    kind = "epoch" if curve.axis == "epoch" else "step"
    return rises and kind == axis and (curve.step[0], curve.step[-1]) == (first, last)


def _same_value(text: str, value: float) -> bool:
    wanted = float(text)
    return (math.isnan(wanted) and math.isnan(value)) or math.isclose(wanted, value, rel_tol=CLOSE, abs_tol=1e-300)


def _same_mean(text: str, values: Floats) -> bool:
    if not len(values):
        return math.isnan(float(text))
    return math.isclose(float(text), values.mean(), rel_tol=CLOSE, abs_tol=CLOSE * np.abs(values).max())


def _same_role(text: str, curve: Series) -> bool:
    role, _, split = text.partition("@")
    if text == "none":
        return curve.role is None
    unmarked = curve.split in {None, "none"} and split == "train"
    return curve.role == role and (not split or curve.split == split or unmarked)


def _words(tag: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", tag.lower()))


def _bare(tag: str) -> str:
    return re.sub(r"^(train|val|validation|test) ", "", _words(tag))
