"""Choose the curves of a figure: a panel for each finding, and further ones for its other curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from loglens.model.plain_text import words
from loglens.model.report import Diagnosis
from loglens.model.reported_finding import ReportedFinding
from loglens.model.series import Series
from loglens.renderers.shared.summary import main_curve, say, title, when

#: Axis labels of roles whose name in words would not do.
NAMES = {"lr": "learning rate", "grad_norm_global": "gradient norm", "grad_norm_layer": "gradient norm"}


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves in one plot, and how many of their values are not finite.

    The finding that they show, its number in the run, and whether it has a plot before.
    """

    curves: tuple[Series, ...]
    bad: int
    finding: ReportedFinding | None = None
    number: int = 0
    further: bool = False

    @property
    def heading(self) -> str:
        """ "1  exploding gradient, from step 412", or nothing where no finding is shown."""
        if self.finding is None:
            return ""
        said = f"{self.number}  {title(self.finding)}"
        if self.further:
            return f"{said}: {self.quantity}"
        since = when(self.finding).partition(" to ")[0]
        return f"{said}, {since}" if since else said

    @property
    def quantity(self) -> str:
        """What the value axis shows."""
        role = self.curves[0].role or "value"
        return NAMES.get(role) or say(words(role.removesuffix("_global").removeprefix("rl_")), 40)

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last step."""
        steps = [curve.step for curve in self.curves]
        return min(int(step[0]) for step in steps), max(int(step[-1]) for step in steps)


def panels(run: Diagnosis, findings: Sequence[tuple[int, ReportedFinding]]) -> Iterator[Panel]:
    """Yield for each finding its curves by role: the first group always, others if no other panel has them."""
    if not findings and (main := main_curve(run)) is not None:
        yield _panel((main,), run)
    grouped = [(place, finding, _groups(finding, run)) for place, finding in findings]
    shown = {curve.tag for *_, groups in grouped for curve in groups[0]}
    for place, finding, groups in grouped:
        yield _panel(groups[0], run, finding, place)
        for group in groups[1:]:
            if not shown.issuperset(curve.tag for curve in group):
                shown |= {curve.tag for curve in group}
                yield _panel(group, run, finding, place, further=True)


def _panel(curves: tuple[Series, ...], run: Diagnosis, *about: Any, **more: Any) -> Panel:
    # a long curve holds only the points to draw; `run.curve_roles` has the number logged
    logged = {part.tag: part.nonfinite for part in run.curve_roles}
    return Panel(curves, sum(max(curve.nonfinite, logged.get(curve.tag, 0)) for curve in curves), *about, **more)


def _groups(finding: ReportedFinding, run: Diagnosis) -> list[tuple[Series, ...]]:
    groups: dict[tuple[str | None, str, bool], list[Series]] = {}
    for curve in finding.series:
        if len(curve):
            groups.setdefault((curve.role, curve.axis, curve.layer is not None), []).append(_whole(curve, run))
    return [tuple(group) for group in groups.values()]


def _whole(curve: Series, run: Diagnosis) -> Series:
    """The whole curve of which a finding holds only the part that it is about."""
    same = [other for other in (*run.curves, run.lead) if other is not None and other.tag == curve.tag]
    return max([curve, *same], key=lambda other: int(other.step[-1]) - int(other.step[0]) if len(other) else -1)
