"""Group the curves of a run into panels, and prepare their data for the script of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from markupsafe import Markup

from loglens.model.causal_chain import causal_trees
from loglens.model.numbers import number, plural
from loglens.model.plain_text import words
from loglens.model.report import Diagnosis
from loglens.model.reported_finding import ReportedFinding
from loglens.model.series import Series
from loglens.renderers.html.clock import clock
from loglens.renderers.html.drawing import RAMP, Heat, spark
from loglens.renderers.shared.buckets import Scale
from loglens.renderers.shared.summary import say, title
from loglens.renderers.shared.thinning import MIN_POINTS, Thin, points_for_screen
from loglens.stats.arrays import Floats

#: Limits on the points of all curves of a page together, and of one curve.
MAX_POINTS, MAX_CURVE_POINTS = 300_000, 12_000
#: Curves in one panel, panels of a run that are shown and that are folded, and runs above which each has fewer panels.
CURVES, PANELS, FOLDED, MANY = 5, 12, 60, 40
#: A log scale is offered where positive values span at least this ratio, so that it has two ticks a decade apart.
LOG_USEFUL = 10.0
#: A log scale is chosen where at least this share of the points lies in the lowest tenth of a linear one.
CROWDED = 0.33
#: Roles drawn of every run, the most informative first; others are folded unless a finding rests on them.
DRAWN = """loss metric_higher metric_lower grad_norm_global lr loss_scale weight_norm_global update_norm rl_reward
rl_return rl_entropy rl_kl gan_d_loss gan_g_loss throughput step_time""".split()
TITLES = {
    "grad_norm_global": "Gradient norm",
    "grad_norm_layer": "Gradient norm by layer",
    "weight_norm_global": "Weight norm",
    "lr": "Learning rate",
    "metric_higher": "Metric, higher is better",
    "metric_lower": "Metric, lower is better",
    "rl_reward": "Reward",
    "rl_return": "Return",
    "rl_kl": "KL divergence",
    "rl_entropy": "Policy entropy",
    "rl_entropy_loss": "Entropy loss",
    "rl_value_loss": "Value loss",
    "rl_policy_loss": "Policy loss",
    "rl_clip_frac": "Clipped share of the policy update",
    "rl_explained_var": "Explained variance",
    "rl_truncation": "Truncated completions",
    "gan_d_loss": "Discriminator loss",
    "gan_g_loss": "Generator loss",
    "gan_score_real": "Discriminator score of real data",
    "gan_score_fake": "Discriminator score of generated data",
}


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves that share one plot. rests: whether a finding rests on any of them. heat: drawn as a heat map.

    folded: shown on demand.
    """

    role: str
    axis: str
    curves: tuple[Series, ...]
    rests: bool
    heat: bool = False
    folded: bool = False

    @property
    def title(self) -> str:
        named = TITLES.get(self.role, "") or say(words(self.role.removeprefix("rl_")), 60)
        if self.curves[0].layer is not None:
            named = named.removesuffix(" by layer") + (", layer by step" if self.heat else " of layers")
        return named[:1].upper() + named[1:]


@dataclass(frozen=True, slots=True)
class Figure:
    """One plot of the page: what is shown without a script, and `data` for the script.

    findings: the numbers of the findings that rest on one of its curves.
    """

    id: str
    title: str
    says: tuple[str, ...]
    names: tuple[str, ...]
    still: Markup
    data: Mapping[str, Any]
    rests: bool
    heat: bool
    image: str = ""
    folded: bool = False
    findings: tuple[int, ...] = ()


def numbered(run: Diagnosis) -> list[ReportedFinding]:
    """The findings in the order of the page: chain by chain."""
    chained = [finding for tree in causal_trees(run.findings) for finding in tree]
    return chained + [finding for finding in run.findings if not any(finding is other for other in chained)]


def panels(run: Diagnosis, runs: int) -> list[Panel]:
    """The panels of a run, those that its findings rest on first."""
    whole: dict[str, Series] = {}
    shown = [curve for finding in numbered(run) for curve in finding.series]
    for curve in (*run.curves, *shown, *((run.lead,) if run.lead is not None else ())):
        if len(curve) and (curve.tag not in whole or _span(curve) > _span(whole[curve.tag])):
            whole[curve.tag] = curve  # a finding may hold only a part of a curve
    evidence = dict.fromkeys(curve.tag for curve in shown if curve.tag in whole)
    order = list(evidence)
    if run.lead is not None and len(run.lead):
        order.append(run.lead.tag)
    plain = [c for c in whole.values() if c.role in DRAWN and c.layer is None]
    order += [c.tag for c in sorted(plain, key=lambda c: (DRAWN.index(c.role or ""), c.split or ""))]
    lines = _panels([whole[tag] for tag in dict.fromkeys(order)], evidence)
    heats = list(_heats(whole, evidence))
    if runs > MANY:
        few = 1 if run.verdict == "healthy" or runs > 10 * MANY else 4
        return [] if run.verdict == "healthy" and runs > 10 * MANY else lines[:few]
    firm = max(sum(panel.rests for panel in lines), 1)
    shown_first = [*lines[:firm], *heats, *lines[firm:]]
    drawn = {curve.tag for panel in shown_first for curve in panel.curves}
    others = _panels([curve for tag, curve in whole.items() if tag not in drawn], {})
    folded = [replace(panel, folded=True) for panel in (*shown_first[PANELS:], *others)]
    return [*shown_first[:PANELS], *folded[:FOLDED]]


def _panels(curves: Sequence[Series], evidence: Mapping[str, None]) -> list[Panel]:
    """Plots of curves: those of one role, axis and kind share one, up to a number that can be told apart."""
    groups: dict[tuple[str, str, bool], list[Series]] = {}
    for curve in curves:
        groups.setdefault((curve.role or curve.tag, curve.axis, curve.layer is not None), []).append(curve)
    return [
        Panel(role, axis, tuple(part), any(curve.tag in evidence for curve in part))
        for (role, axis, _), members in groups.items()
        for part in (members[at : at + CURVES] for at in range(0, len(members), CURVES))
    ]


def _heats(whole: Mapping[str, Series], evidence: Mapping[str, None]) -> list[Panel]:
    """Heat maps of per-layer curves, for every role with three layers or more; gradients first."""
    groups: dict[tuple[str, str], list[Series]] = {}
    for curve in whole.values():
        if curve.layer is not None and curve.role:
            groups.setdefault((curve.role, curve.axis), []).append(curve)
    ordered = sorted(groups.items(), key=lambda item: not item[0][0].startswith("grad"))
    return [
        Panel(role, axis, tuple(curves), any(curve.tag in evidence for curve in curves), heat=True)
        for (role, axis), curves in ordered
        if len(curves) >= 3
    ]


def share(groups: Sequence[Sequence[Panel]]) -> int:
    """The limit on the points of each curve of the page."""
    curves = sum(len(panel.curves) for group in groups for panel in group if not panel.heat)
    return max(min(MAX_POINTS // max(curves, 1), MAX_CURVE_POINTS), MIN_POINTS)


def figure(panel: Panel, run: Diagnosis, id: str, max_points: int) -> Figure:
    """The figure of a panel. id: begins with the run's id. most: limit on the points of a curve."""
    drawn = _heat(panel, run, id) if panel.heat else _lines(panel, run, id, max_points)
    return replace(drawn, folded=panel.folded, findings=resting(run, {curve.tag for curve in panel.curves}))


def resting(run: Diagnosis, tags: set[str]) -> tuple[int, ...]:
    """The numbers of the findings that rest on one of the tags."""
    return tuple(place for place, finding in enumerate(numbered(run), 1) if not tags.isdisjoint(finding.tags))


def _lines(panel: Panel, run: Diagnosis, id: str, max_points: int) -> Figure:
    found = _marks(panel, run)
    onsets = [mark["step"] for mark in found if mark["own"]]
    curves = [points_for_screen(curve, max_points, onsets) for curve in panel.curves]
    names = tuple(say(curve.tag, 80) for curve in panel.curves)
    values = np.concatenate([curve.value for curve in panel.curves])
    scale = Scale.of(values)
    data = _common(panel, id, found) | {
        "kind": "lines",
        "log": scale.log and _crowded(values),
        "positive": _spans(values) >= LOG_USEFUL,
        "curves": [packed(name, curve) for name, curve in zip(names, curves, strict=True)],
    }
    still = spark(panel.curves[0], 640, 150, onsets[0] if onsets else None)
    says = tuple(_describe(curve, run) for curve in panel.curves)
    return Figure(id, panel.title, says, names, still, data, panel.rests, heat=False)


def _heat(panel: Panel, run: Diagnosis, id: str) -> Figure:
    heat = Heat.of(list(panel.curves))
    layers = [say(curve.layer or curve.tag, 60) for curve in panel.curves]
    bad = sum(curve.nonfinite for curve in panel.curves)
    data = _common(panel, id, _marks(panel, run)) | {
        "kind": "heat",
        "rows": layers,
        "first": float(heat.edges[0]),
        "last": float(heat.edges[-1]),
        "low": heat.low,
        "high": heat.high,
        "ramp": ["#" + stop for stop in RAMP],
        "bad": bad,
        "cells": [[_cell(value) for value in row] for row in heat.cells.tolist()],
    }
    says = (
        f"{plural(len(layers), 'layer')}, from {layers[0]} at the top to {layers[-1]}, "
        f"{panel.axis} {panel.curves[0].step[0]:,} to {panel.curves[0].step[-1]:,}; values from "
        f"{number(heat.low)} to {number(heat.high)}" + (f"; {plural(bad, 'value')} not finite" if bad else "")
    )
    return Figure(id, panel.title, (says,), (), Markup(""), data, panel.rests, heat=True, image=heat.png())


def _common(panel: Panel, id: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    axis = say(panel.axis, 30)
    steps = [curve.step for curve in panel.curves]
    return {
        "group": f"{id.partition('f')[0]}{axis}",
        "axis": axis,
        "span": [min(int(step[0]) for step in steps), max(int(step[-1]) for step in steps)],
        "clock": clock(panel.curves),
        "marks": found,
    }


def _marks(panel: Panel, run: Diagnosis) -> list[dict[str, Any]]:
    return marks({curve.tag for curve in panel.curves}, panel.axis, run)


def marks(tags: set[str], axis: str, run: Diagnosis) -> list[dict[str, Any]]:
    """The onsets of a run's findings on an axis; `own` are those that rest on one of the tags."""
    return [
        {
            "n": place,
            "step": finding.onset_step,
            "end": finding.end_step,
            "name": title(finding),
            "severity": str(finding.severity),
            "own": not tags.isdisjoint(finding.tags),
        }
        for place, finding in enumerate(numbered(run), 1)
        if finding.onset_step is not None and (not finding.series or finding.series[0].axis == axis)
    ]


def packed(name: str, curve: Thin, digits: int = 6) -> dict[str, Any]:
    """Pack a curve for the script: steps as differences, values in few digits, which halves the size."""
    return {
        "name": name,
        "x": np.diff(curve.step, prepend=0).tolist(),
        "y": [None if value != value else float(f"{value:.{digits}g}") for value in curve.value.tolist()],
        "bad": [[part.first, part.last, part.count, part.what] for part in curve.bad],
    }


def _cell(value: float) -> float | str | None:
    if value != value:
        return None
    return float(f"{value:.3g}") if np.isfinite(value) else "not finite"


def _spans(values: Floats) -> float:
    """The ratio of the largest to the smallest positive value."""
    positive = values[np.isfinite(values) & (values > 0)]
    with np.errstate(over="ignore"):
        return float(positive.max() / positive.min()) if len(positive) else 1.0


def _crowded(values: Floats) -> bool:
    """Whether a linear axis would press many of the values to its foot, so that a log axis shows more of them."""
    finite = values[np.isfinite(values)]
    return bool(np.mean(finite < finite.max() / LOG_USEFUL) >= CROWDED) if len(finite) else False


def _span(curve: Series) -> int:
    return int(curve.step[-1]) - int(curve.step[0])


def _describe(curve: Series, run: Diagnosis) -> str:
    """ "train/loss: 500 points, step 0 to 499; first 5.01, lowest 0.21, highest 5.3, last NaN"."""
    # a long curve holds only the points to draw; `run.curve_roles` has the number logged
    logged = next((part for part in run.curve_roles if part.tag == curve.tag), None)
    points, bad = (logged.points, logged.nonfinite) if logged else (len(curve), curve.nonfinite)
    said = f"{say(curve.tag, 80)}: {plural(points, 'point')}, {say(curve.axis, 30)} "
    said += f"{curve.step[0]:,} to {curve.step[-1]:,}; first {number(float(curve.value[0]))}"
    finite = curve.finite.value
    if len(finite):
        said += f", lowest {number(float(finite.min()))}, highest {number(float(finite.max()))}"
    said += f", last {number(float(curve.value[-1]))}"
    return said + (f"; {plural(bad, 'value')} not finite" if bad else "")
