"""Runs of one setting with different seeds, together: how many went well, and the mean and spread of their result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loglens.model.numbers import estimate, number
from loglens.model.report import Diagnosis
from loglens.renderers.html.runs import Column

#: Settings that are listed, and parameters that name one.
MAX_SETTINGS, MAX_PARAMS = 40, 6
#: Runs of a setting, on average, from which they count as repeated.
REPEATED = 1.5


@dataclass(frozen=True, slots=True)
class Setting:
    """The runs of one setting. values: of each parameter; result: "0.91 ± 0.02 (5 of 6)"."""

    values: tuple[str, ...]
    runs: int
    verdicts: str
    result: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, those with the most healthy runs and the best result first. params, result: heads of columns."""

    params: tuple[str, ...]
    result: str
    rows: tuple[Setting, ...]
    more: int


def settings(runs: Sequence[Diagnosis], table: Sequence[Column]) -> Settings | None:
    """Group the runs by their settings, of which seeds and names are none; None where hardly any was run twice.

    table: the columns of the overview.
    """
    params = [column for column in table if column.setting]
    result = next((column for column in table if column.better and column.shown), None)
    groups: dict[tuple[str, ...], list[int]] = {}
    for place in range(len(runs)):
        groups.setdefault(tuple(column.text(place) for column in params), []).append(place)
    if not params or len(groups) < 2 or len(runs) < REPEATED * len(groups):
        return None
    ordered = sorted(groups.items(), key=lambda item: _rank([runs[i] for i in item[1]], result, item[1]))
    rows = [
        Setting(values[:MAX_PARAMS], len(places), _verdicts([runs[i] for i in places]), _result(result, places))
        for values, places in ordered[:MAX_SETTINGS]
    ]
    heading = "" if result is None else result.title
    return Settings(
        tuple(one.title for one in params[:MAX_PARAMS]), heading, tuple(rows), max(len(ordered) - MAX_SETTINGS, 0)
    )


def _rank(runs: Sequence[Diagnosis], result: Column | None, places: Sequence[int]) -> tuple[float, float]:
    """What to sort by: first the share of healthy runs, then the mean result."""
    known = _known(result, places)
    mean = float(np.mean(known)) if known else -np.inf
    return -float(np.mean([run.verdict == "healthy" for run in runs])), -mean * (0 if result is None else result.better)


def _known(column: Column | None, places: Sequence[int]) -> list[float]:
    return [] if column is None else [float(v) for i in places if isinstance(v := column.values[i], float | int)]


def _verdicts(runs: Sequence[Diagnosis]) -> str:
    """ "3 healthy, 1 failed"."""
    names = [run.verdict.replace("-", " ") for run in runs]
    return ", ".join(f"{names.count(name)} {name}" for name in sorted(set(names), key=names.count, reverse=True))


def _result(column: Column | None, places: Sequence[int]) -> str:
    """Mean and standard deviation over the runs that have a finite value, and how many those are where not all have."""
    known = _known(column, places)
    if not known:
        return "–"
    spread = f" ± {estimate(float(np.std(known, ddof=1)))}" if len(known) > 1 else ""
    some = f" ({len(known)} of {len(places)})" if len(known) < len(places) else ""
    return f"{number(float(np.mean(known)))}{spread}{some}"
