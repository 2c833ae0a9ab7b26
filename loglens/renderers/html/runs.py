"""The table of many runs: its columns, and the curves that the page can draw over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loglens.model.numbers import number
from loglens.model.report import Diagnosis
from loglens.model.series import Series
from loglens.model.vocabulary import HIGHER
from loglens.renderers.html import clock
from loglens.renderers.html.figures import DRAWN, TITLES, packed
from loglens.renderers.shared.summary import say
from loglens.renderers.shared.thinning import MIN_POINTS, points_for_screen
from loglens.renderers.shared.wording import condition
from loglens.stats.parameter_splits import NO_SETTINGS

#: Limit on the points of all curves that can be drawn over each other, on those of one, and on the kinds of curves.
POINTS, CURVE_POINTS, KINDS = 130_000, 600, 8
#: Parameters that have a column, and those of them that are shown at first.
PARAMS, SHOWN_PARAMS = 40, 3
#: Kinds of curves that have columns of values.
VALUED = 4
#: Characters of a text in a cell, and of one that is not shown unless its column is chosen.
TEXT, LONG = 60, 30

#: A kind of curve: role, split, and step axis.
Kind = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table, a value for each run: a number, a text, or None where it has none.

    kind: "number", "time" (seconds) or "text". shown: whether it is shown before columns are chosen. setting: whether
    it is a parameter that differs between runs and that most of them have. better: 1 where higher is
    better, -1 where lower is.
    """

    title: str
    kind: str
    values: Sequence[float | str | None]
    shown: bool = True
    setting: bool = False
    better: int = 0

    def text(self, row: int) -> str:
        """The value of a run as it stands in the table without a script."""
        value = self.values[row]
        if value is None:
            return "–"
        return clock.in_words(value) if self.kind == "time" and isinstance(value, float) else number(value)


def columns(runs: Sequence[Diagnosis]) -> list[Column]:
    """The columns that a reader can show, sort by and filter by."""
    causes = [condition(run.primary) if run.primary and run.verdict in ("failed", "suspect") else None for run in runs]
    times = [clock.duration(run) for run in runs]
    steps = [run.last_step for run in runs]
    found = [
        Column("Cause", "text", causes, shown=False),
        *_values(runs),
        Column("Last step", "number", steps),
        Column("Duration", "time", times),
        *_parameters(runs),
    ]
    return [column for column in found if any(value is not None for value in column.values)]


def curves(runs: Sequence[Diagnosis]) -> list[dict[str, Any]]:
    """The kinds of curves that most runs have, each with the thinned curve of every run (None where it has none)."""
    kinds = _kinds(runs)
    few = max(min(POINTS // (max(len(runs), 1) * MIN_POINTS), KINDS), 1)
    points = max(min(POINTS // (max(len(runs), 1) * few), CURVE_POINTS), MIN_POINTS)
    drawn = []
    for kind, members in list(kinds.items())[:few]:
        thin = [None if curve is None else packed("", points_for_screen(curve, points), 4) for curve in members]
        drawn.append({"title": _title(kind, members), "axis": say(kind[2], 30), "curves": thin})
    return drawn


def _kinds(runs: Sequence[Diagnosis]) -> dict[Kind, list[Series | None]]:
    """The curves of the runs by kind, those of most runs first."""
    kinds: dict[Kind, list[Series | None]] = {}
    for place, run in enumerate(runs):
        for curve in (*(() if run.lead is None else (run.lead,)), *run.curves):
            if curve.role in DRAWN and curve.layer is None and len(curve):
                members = kinds.setdefault((curve.role, curve.split or "", curve.axis), [None] * len(runs))
                members[place] = members[place] or curve
    has = {kind: sum(curve is not None for curve in members) for kind, members in kinds.items()}
    return dict(sorted(kinds.items(), key=lambda item: (-has[item[0]], DRAWN.index(item[0][0]), item[0])))


def _title(kind: Kind, members: Sequence[Series | None]) -> str:
    """The tag where all runs have the same, else the role and the split."""
    tags = {curve.tag for curve in members if curve is not None}
    if len(tags) == 1:
        return say(tags.pop(), TEXT)
    role = TITLES.get(kind[0], kind[0].replace("_", " ").capitalize())
    return f"{role} ({say(kind[1], 20)})" if kind[1] else role


def _values(runs: Sequence[Diagnosis]) -> list[Column]:
    """Last and best value of losses, metrics and rewards; those of the main one are shown."""
    judged = ("metric", "loss", "rl_re")
    kinds = [item for item in _kinds(runs).items() if item[0][0].startswith(judged) and item[0][0] in DRAWN]
    kinds = [item for item in kinds if item[0][0] != "loss_scale"]
    most = max((_count(members) for _, members in kinds), default=0)
    # the main one: a metric before a loss, of validation before training, among those of at least half the runs
    kinds.sort(key=lambda item: (_count(item[1]) * 2 < most, item[0][0] == "loss", item[0][1] == "train"))
    found = []
    for place, (kind, members) in enumerate(kinds[:VALUED]):
        title = _title(kind, members)
        best = [None if curve is None else _best(curve, kind[0] in HIGHER) for curve in members]
        last = [None if curve is None else _plain(float(curve.value[-1])) for curve in members]
        found += [
            Column(f"{title} last", "number", last, place == 0),
            Column(f"{title} best", "number", best, place == 0, better=1 if kind[0] in HIGHER else -1),
        ]
    return found


def _count(members: Sequence[Series | None]) -> int:
    return sum(curve is not None for curve in members)


def _best(curve: Series, higher: bool) -> float | str | None:
    finite = curve.finite.value
    return _plain(float(finite.max() if higher else finite.min())) if len(finite) else None


def _plain(value: float) -> float | str:
    """A value for JSON, which has no NaN: those that are not finite by name."""
    return float(f"{value:.6g}") if np.isfinite(value) else number(value)


def _parameters(runs: Sequence[Diagnosis]) -> list[Column]:
    """The parameters, first those to show: settings that differ between runs and that most runs have."""
    names = dict.fromkeys(name for run in runs for name in run.params)
    found = [(name, [_cell(run.params.get(name)) for run in runs]) for name in names]
    found.sort(key=lambda item: (len(set(item[1])) < 2, not _is_setting(*item)))
    settings = [name for name, values in found if len(set(values)) > 1 and _is_setting(name, values)]
    shown = settings[:SHOWN_PARAMS]
    return [
        Column(say(name, TEXT), "number", values, name in shown, name in settings)
        if all(isinstance(value, float | None) for value in values)
        else Column(
            say(name, TEXT), "text", [None if v is None else number(v) for v in values], name in shown, name in settings
        )
        for name, values in found[:PARAMS]
    ]


def _is_setting(name: str, values: Sequence[float | str | None]) -> bool:
    """Whether a parameter is a setting that at least half the runs have, not the name of a run or a long text."""
    known = [value for value in values if value is not None]
    short = all(isinstance(value, float) or len(value) < LONG for value in known)
    return name.rpartition("/")[2] not in NO_SETTINGS and len(known) * 2 >= len(values) and short


def _cell(value: Any) -> float | str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return say(number(value), TEXT)
    return _plain(float(value)) if abs(value) < 1e300 else say(str(value), TEXT)
