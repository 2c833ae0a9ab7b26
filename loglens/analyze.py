"""Runs x detectors -> Report: hand each rule the curves it asks for, catch skips and crashes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from loglens import diagnosis, gate, roles
from loglens.assertions import Assertion
from loglens.contract import Detector, Needed, curves_of
from loglens.distributions import distributions
from loglens.errors import Skip, UnreadableError
from loglens.privacy import params
from loglens.report import Diagnosis, Finding, Outcome, Part, Report, RuleHelp, Severity, Unread
from loglens.run import Note, Run, Series

#: Families that say nothing of the training itself: a run is not judged by them alone.
BESIDE = frozenset({"log", "system"})
#: Curves that tell reinforcement learning and a GAN from supervised training.
PLAYED = tuple(Needed(role, "optional", role) for role in ("rl_reward", "gan_d_loss"))


@dataclass(frozen=True, slots=True)
class Options:
    """What the user may set: extra roles, thresholds by rule, rules to leave out (and why), assertions, the gate."""

    roles: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    fail_on: Severity | None = Severity.ERROR
    reasons: Mapping[str, str] = field(default_factory=dict)
    assertions: tuple[Assertion, ...] = ()


def analyze(
    items: Iterable[Run | UnreadableError],
    detectors: Mapping[str, Detector],
    *,
    version: str,
    options: Options = Options(),
    renderers: Mapping[str, Callable[[Report], str]] | None = None,
) -> Report:
    """The report on all runs; `items` may be lazy, so that one run at a time is in memory."""
    judged = (
        Unread(item.path, str(item)) if isinstance(item, UnreadableError) else judge(item, detectors, options)
        for item in items
    )
    return collect(judged, detectors, version=version, options=options, renderers=renderers)


def collect(
    judged: Iterable[Diagnosis | Unread],
    detectors: Mapping[str, Detector],
    *,
    version: str,
    options: Options = Options(),
    renderers: Mapping[str, Callable[[Report], str]] | None = None,
) -> Report:
    """The report on runs that are judged already."""
    runs, unread = [], []
    for item in judged:
        if isinstance(item, Unread):
            unread.append(item)
        else:
            runs.append(item)
    rules = {name: RuleHelp(detector.rule, detector.title, detector.text) for name, detector in detectors.items()}
    if options.assertions:
        rules[gate.RULE.name] = gate.HELP
    return Report(tuple(runs), tuple(unread), version, options.fail_on, renderers or {}, rules)


@np.errstate(all="ignore")  # a loss of 1e308 overflows: what is then not finite, the rules know how to take
def judge(run: Run, detectors: Mapping[str, Detector], options: Options = Options()) -> Diagnosis:
    """One run through every rule."""
    curves = cast(run, options.roles)
    curves = (*curves, *_totals(curves))
    findings: list[Finding] = []
    outcomes = []
    for name, detector in detectors.items():
        if name in options.ignore:
            outcomes.append(Outcome(name, "skipped", _left_out(name, options)))
            continue
        found, outcome = _apply(detector, run, curves, options.thresholds.get(name, {}))
        findings.extend(found)
        outcomes.append(outcome)
    if options.assertions:
        demanded, outcome = _assert(curves, options)
        outcomes.append(outcome)
    else:
        demanded = []
    axis = _main_axis(curves)
    steps = [curve.step for curve in curves if len(curve) and curve.axis == axis]
    first = min((int(step[0]) for step in steps), default=None)
    last = max((int(step[-1]) for step in steps), default=None)
    rules = {name: detector.rule for name, detector in detectors.items()}
    linked = diagnosis.link(findings, rules, (last or 0) - (first or 0))
    # nor by a rule that never complains
    beside = {name for name, rule in rules.items() if rule.family in BESIDE or rule.severity == Severity.NOTE}
    return Diagnosis(
        run=run.name,
        path=str(run.source),
        format=run.format,
        files=tuple(str(file) for file in run.files),
        points=len(run.columns),
        first_step=first,
        last_step=last,
        cast=tuple(part for part in parts(curves) if part.role is not None),
        findings=diagnosis.after_errors(linked, demanded),
        outcomes=tuple(outcomes),
        notes=(*run.notes, *_rewinds(run)),
        judged=any(outcome.outcome in ("found", "clean") and outcome.condition not in beside for outcome in outcomes),
        lead=_lead(curves),
        curves=tuple(curve for curve in curves if curve.role is not None),
        distributions=distributions(run.summaries, {tag for finding in findings for tag in finding.tags}),
        params={name: value for name, value in params(run.params).items() if isinstance(value, str | int | float)},
    )


def cast(run: Run, user: Mapping[str, str] | None = None) -> tuple[Series, ...]:
    """Every curve of a run with the role it plays, norms from histograms included.

    A histogram's norm joins the per-layer norms only where the layer has no norm of its own.
    """
    histograms = run.norms
    table = roles.cast([*run.curves, *histograms], histograms=histograms, user=user or {})

    def dress(curve: Series, name: str | None) -> Series:
        part = table[curve.tag]
        return replace(curve, role=name, split=part.split, layer=part.layer)

    curves = [dress(curve, table[tag].name) for tag, curve in run.curves.items()]
    taken = {(curve.role, curve.layer) for curve in curves}
    scalar_role = {"grad_hist": "grad_norm_layer", "weight_hist": "weight_norm_global"}
    for tag, curve in histograms.items():
        name = scalar_role.get(table[tag].name or "")
        if name and table[tag].layer and (name, table[tag].layer) not in taken:
            curves.append(dress(curve, name))
    return tuple(curves)


def _totals(curves: tuple[Series, ...]) -> Iterator[Series]:
    """The sum of the parts of a loss, split by split, where its total was not logged (detectors of objects).

    Only parts that were logged at the same steps are summed; a game's players have no total.
    """
    if any((curve.role or "").startswith(("rl_", "gan_")) for curve in curves):
        return
    for split in ("train", "val"):
        if any(curve.role == "loss" and curve.split == split for curve in curves):
            continue
        together: dict[bytes, list[Series]] = {}
        for curve in curves:
            if (curve.role, curve.split) == ("loss_component", split):
                together.setdefault(curve.step.tobytes(), []).append(curve)
        members = max(together.values(), key=len, default=[])
        if len(members) >= 2:
            value = np.sum([member.value for member in members], axis=0)
            yield replace(members[0], tag=" + ".join(member.tag for member in members), value=value, role="loss")


def parts(curves: Iterable[Series]) -> list[Part]:
    """Who plays what, for the report: the curves that play a role first."""
    listed = [
        Part(
            curve.tag,
            curve.role,
            curve.split,
            curve.layer,
            curve.axis,
            len(curve),
            curve.nonfinite,
            int(curve.step[0]) if len(curve) else None,
            int(curve.step[-1]) if len(curve) else None,
        )
        for curve in curves
    ]
    return sorted(listed, key=lambda part: (part.role is None, part.layer is not None))


def _left_out(name: str, options: Options) -> str:
    """Why a rule was not applied, with the reason that the user gave."""
    reason = options.reasons.get(name)
    return "left out by the configuration" + (f": {reason}" if reason else "")


def _assert(curves: tuple[Series, ...], options: Options) -> tuple[list[Finding], Outcome]:
    if gate.RULE.name in options.ignore:
        return [], Outcome(gate.RULE.name, "skipped", _left_out(gate.RULE.name, options))
    found, outcome = gate.check(options.assertions, curves)
    return [replace(finding, onset_time=_time(finding)) for finding in found], outcome


def _apply(
    detector: Detector, run: Run, curves: tuple[Series, ...], thresholds: Mapping[str, float]
) -> tuple[list[Finding], Outcome]:
    rule = detector.rule
    try:
        parts = {need.name: _hand(need, run, curves) for need in detector.needs}
        if rule.supervised and any(curves_of(curves, need) for need in PLAYED):
            raise Skip("a loss is no measure of progress in reinforcement learning or of a GAN")
        found = [
            replace(
                finding,
                condition=rule.name,
                family=rule.family,
                leads_to=rule.leads_to,
                onset_time=_time(finding),
            )
            for finding in detector.detect(**parts, **thresholds)
        ]
    except Skip as skip:
        return [], Outcome(rule.name, "skipped", str(skip))
    except Exception as error:  # a rule that crashes must hide no other rule
        return [], Outcome(rule.name, "crashed", f"{type(error).__name__}: {error}")
    return found, Outcome(rule.name, "found" if found else "clean")


def _hand(need: Needed, run: Run, curves: tuple[Series, ...]) -> Any:
    if need.kind == "run":
        return run
    fitting = curves_of(curves, need)
    if need.kind == "all":
        return tuple(fitting)
    if fitting:
        return roles.lead(fitting)
    if need.kind == "optional":
        return None
    raise Skip(f"no curve plays {need.name}")


def _time(finding: Finding) -> float | None:
    """Unix time of the onset on the first curve that knows it."""
    if finding.onset_step is None:
        return None
    for curve in finding.series:
        at = curve.step.searchsorted(finding.onset_step)
        if at < len(curve) and curve.time[at] == curve.time[at]:
            return float(curve.time[at])
    return None


def _lead(curves: tuple[Series, ...]) -> Series | None:
    for name, split in (("loss", None), ("loss", "val"), ("rl_reward", None)):
        fitting = curves_of(curves, Needed(name, "one", name, split))
        if fitting:
            return roles.lead(fitting)
    return None


def _main_axis(curves: tuple[Series, ...]) -> str:
    axes = [curve.axis for curve in curves]
    return max(set(axes), key=lambda axis: (axes.count(axis), axis)) if axes else "step"


def _rewinds(run: Run) -> list[Note]:
    """One note for every place where curves went back, with how many of them did."""
    places: dict[tuple[int, int], list[str]] = {}
    for tag, rewinds in run.rewinds.items():
        for last, first in rewinds:
            places.setdefault((last, first), []).append(tag)
    return [
        Note(
            "rewind",
            f"steps go back from {last} to {first} in {len(tags)} of {len(run.tags)} curves ({tags[0]}): "
            "a resume, the later rows replace the earlier ones",
        )
        for (last, first), tags in places.items()
    ]
