"""How the metrics of a recipe move over its runs: changes of level, and whether the last ones are for the worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loglens.compare.curves import Curves
from loglens.compare.regression import final
from loglens.model.numbers import number, plural
from loglens.model.plain_text import safe, shorten
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.model.strict_json import to_strict
from loglens.model.vocabulary import HIGHER, LOWER
from loglens.renderers.terminal.look import TextStyle
from loglens.roles.from_tags import main_curve
from loglens.stats.change_points import MIN_SIDE, ChangePoint, change_points

#: Drift of less than this share of the level is not said; of a change that is none, the chance allowed for one metric.
MIN_DRIFT, MAX_CHANCE = 0.02, 0.001
#: Characters of a name.
NAME = 60


@dataclass(frozen=True, slots=True)
class Drift:
    """A metric over the runs that have it. names, values: of these runs, in their order. worse: by what share the last
    level is worse than the best one that lasted, negative where better; None where it is not known which is better."""

    tag: str
    role: str | None
    names: tuple[str, ...]
    values: tuple[float, ...]
    points: tuple[ChangePoint, ...]
    worse: float | None

    @property
    def drifted(self) -> bool:
        """Whether the last level is worse than one before, by more than is let pass."""
        return bool(self.points) and self.worse is not None and self.worse >= MIN_DRIFT

    def as_dict(self) -> dict[str, Any]:
        changes = [
            {"run": self.names[point.at], "before": point.before, "after": point.after, "chance": point.chance}
            for point in self.points
        ]
        document: dict[str, Any] = to_strict(
            {
                "tag": self.tag,
                "role": self.role,
                "runs": list(self.names),
                "values": list(self.values),
                "changes": changes,
                "worse": self.worse,
                "drifted": self.drifted,
            }
        )
        return document


def in_order(runs: Sequence[tuple[Run, Curves]]) -> list[tuple[Run, Curves]]:
    """Sort runs by the time of their first record, or where a log has no times by that of its oldest file."""

    def begun(run: Run) -> float:
        times = run.columns.time[np.isfinite(run.columns.time)]
        if len(times):
            return float(times.min())
        return min((file.stat().st_mtime for file in run.files if file.exists()), default=0.0)

    return sorted(runs, key=lambda entry: (begun(entry[0]), entry[0].name))


def drifts(runs: Sequence[tuple[Run, Curves]], metrics: Sequence[str] = ()) -> list[Drift]:
    """The metrics that enough runs have, each with its changes of level; those that drifted first.

    runs: in their order. metrics: tags; without them every curve of which it is known whether low or high is better.
    """
    names = {curve.tag for _, curves in runs for curve in curves if _counts(curve, metrics)}
    found = [_drift(tag, [(run.name, curve) for run, curves in runs if (curve := _of(curves, tag))]) for tag in names]
    enough = [drift for drift in found if len(drift.values) >= 2 * MIN_SIDE]
    return sorted(enough, key=lambda drift: (not drift.drifted, not drift.points, drift.tag))


def _counts(curve: Series, metrics: Sequence[str]) -> bool:
    return curve.tag in metrics if metrics else curve.role in LOWER | HIGHER and curve.layer is None


def _of(curves: Curves, tag: str) -> Series | None:
    fitting = [curve for curve in curves if curve.tag == tag and len(curve)]
    return main_curve(fitting) if fitting else None


def _drift(tag: str, runs: Sequence[tuple[str, Series]]) -> Drift:
    """One metric: the level at which each run ends, and where that changes. Runs that end in NaN are left out."""
    ends = [(name, value) for name, curve in runs if np.isfinite(value := final(curve))]
    role = runs[-1][1].role
    levels = np.array([value for _, value in ends])
    points = change_points(levels, max_chance=MAX_CHANCE, min_change=MIN_DRIFT)
    worse = None
    if points and role in LOWER | HIGHER:
        before, last = [point.before for point in points], points[-1].after
        best = max(before) if role in HIGHER else min(before)
        worse = (best - last if role in HIGHER else last - best) / (abs(best) or 1.0)
    return Drift(tag, role, tuple(name for name, _ in ends), tuple(levels.tolist()), tuple(points), worse)


def text(found: Sequence[Drift], runs: int, look: TextStyle) -> str:
    """The history as text: a metric a line, and below it its changes."""
    return "\n".join(_lines(found, runs, look)) + "\n"


def _lines(found: Sequence[Drift], runs: int, look: TextStyle) -> Iterator[str]:
    drifted = sum(drift.drifted for drift in found)
    yield f"{plural(runs, 'run')}, {plural(len(found), 'metric')}: {drifted} drifted for the worse"
    if not found:
        yield f"no metric with a known direction in {2 * MIN_SIDE} runs or more; --metric TAG names one"
    for drift in found:
        mark = look.mark("failed" if drift.drifted else "note" if drift.points else "clean")
        way = "" if drift.worse is None else f", {abs(drift.worse):.1%} {'worse' if drift.worse > 0 else 'better'}"
        levels = f"{number(drift.values[0])} to {number(drift.values[-1])}"
        yield f"{mark} {shorten(safe(drift.tag), NAME)}  {plural(len(drift.values), 'run')}, {levels}{way}"
        for point in drift.points:
            name = shorten(safe(drift.names[point.at]), NAME)
            yield f"    from {name} on: {number(point.before)} -> {number(point.after)} ({point.change:+.1%})"
