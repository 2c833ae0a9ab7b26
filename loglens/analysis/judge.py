"""Judge one run: hand each rule the curves it asks for, catch skips and crashes, link causes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from loglens.analysis import assertions as gate
from loglens.analysis import causes as diagnosis
from loglens.analysis.outcome.judge_outcome import judge_outcome
from loglens.analysis.outcome.unexplained import RULE as UNSTABLE
from loglens.analysis.outcome.unexplained import unexplained
from loglens.config import assertions
from loglens.config.load import Config
from loglens.errors import Skip
from loglens.model.contract import CurveInput, Detector, matching_curves
from loglens.model.finding import Confidence, Finding, Severity
from loglens.model.histogram_grid import distributions
from loglens.model.outcome import RunOutcome
from loglens.model.redaction import redact_params
from loglens.model.report import Diagnosis, RuleResult
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.model.source import Note
from loglens.model.vocabulary import PAIR_SCORES, is_preference_training
from loglens.roles import from_tags as roles
from loglens.roles.assign import assign_roles, candidates, loss_totals, parts, perplexities_as_losses

#: Families that say nothing of the training itself: a run is not judged by them alone.
SIDE_FAMILIES = frozenset({"log", "system"})
#: Curves that tell reinforcement learning and a GAN from supervised training.
NOT_SUPERVISED = tuple(CurveInput(role, "optional", role) for role in ("rl_reward", "gan_d_loss"))


@np.errstate(all="ignore")  # a loss of 1e308 overflows: what is then not finite, the rules know how to take
def judge(run: Run, detectors: Mapping[str, Detector], config: Config = Config()) -> Diagnosis:
    """One run through every rule."""
    curves = tuple(perplexities_as_losses(assign_roles(run, config.roles)))
    curves = (*curves, *loss_totals(curves))
    findings: list[Finding] = []
    results = []
    for name, detector in detectors.items():
        if name in config.ignore:
            results.append(RuleResult(name, "skipped", _left_out(name, config)))
            continue
        found, result = _apply(detector, run, curves, config.thresholds.get(name, {}))
        findings.extend(found)
        results.append(result)
    if config.assertions:
        demanded, result = _assert(curves, config)
        results.append(result)
    else:
        demanded = []
    axis = _main_axis(curves)
    steps = [curve.step for curve in curves if len(curve) and curve.axis == axis]
    first = min((int(step[0]) for step in steps), default=None)
    last = max((int(step[-1]) for step in steps), default=None)
    rules = {UNSTABLE.name: UNSTABLE} | {name: detector.rule for name, detector in detectors.items()}
    # nor by a rule that never complains
    beside = {name for name, rule in rules.items() if rule.family in SIDE_FAMILIES or rule.severity == Severity.NOTE}
    outcome = judge_outcome(curves, run.notes)
    findings += _stamped(unexplained(outcome, findings, curves), detectors, config)
    judged = any(result.outcome in ("found", "clean") and result.condition not in beside for result in results)
    results.append(RuleResult(UNSTABLE.name, *_unstable(outcome, findings, config)))
    linked = diagnosis.find_causes(_less_sure(findings, curves), rules, (last or 0) - (first or 0))
    return Diagnosis(
        run=run.name,
        path=str(run.source),
        format=run.format,
        files=tuple(str(file) for file in run.files),
        points=len(run.columns),
        first_step=first,
        last_step=last,
        cast=tuple(part for part in parts(curves) if part.role is not None),
        findings=diagnosis.insert_below_errors(linked, demanded),
        outcomes=tuple(results),
        notes=(*run.notes, *_rewinds(run)),
        judged=judged,
        outcome=outcome,
        lead=_lead(curves),
        candidates=candidates(curves),
        curves=tuple(curve for curve in curves if curve.role is not None),
        distributions=distributions(run.summaries, {tag for finding in findings for tag in finding.tags}),
        params={
            name: value for name, value in redact_params(run.params).items() if isinstance(value, str | int | float)
        },
    )


def _less_sure(findings: list[Finding], curves: tuple[Series, ...]) -> list[Finding]:
    """The findings, those that rest on a curve whose role was guessed with one level of confidence less."""
    guessed = {curve.tag for curve in curves if curve.guessed}
    return [
        replace(finding, confidence=Confidence(max(finding.confidence - 1, Confidence.LOW)))
        if guessed.intersection(finding.tags)
        else finding
        for finding in findings
    ]


def _stamped(found: list[Finding], detectors: Mapping[str, Detector], config: Config) -> list[Finding]:
    """The findings of the outcome, under the rules that have their names; those that were left out say nothing."""
    rules = {UNSTABLE.name: UNSTABLE} | {name: detector.rule for name, detector in detectors.items()}
    return [
        replace(
            finding,
            family=rules[finding.condition].family,
            leads_to=rules[finding.condition].leads_to,
            onset_time=_time(finding),
        )
        for finding in found
        if finding.condition in rules and finding.condition not in config.ignore
    ]


def _unstable(outcome: RunOutcome, findings: list[Finding], config: Config) -> tuple[str, str]:
    """What came of the rule on unstable training, which is part of the outcome."""
    if UNSTABLE.name in config.ignore:
        return "skipped", _left_out(UNSTABLE.name, config)
    if any(finding.condition == UNSTABLE.name for finding in findings):
        return "found", ""
    if outcome.state in ("short", "unclear", "broke"):
        return "skipped", outcome.why
    return "clean", ""


def _left_out(name: str, config: Config) -> str:
    """Why a rule was not applied, with the reason that the user gave."""
    reason = config.ignore.get(name)
    return "left out by the configuration" + (f": {reason}" if reason else "")


def _assert(curves: tuple[Series, ...], config: Config) -> tuple[list[Finding], RuleResult]:
    if assertions.RULE.name in config.ignore:
        return [], RuleResult(assertions.RULE.name, "skipped", _left_out(assertions.RULE.name, config))
    found, outcome = gate.check(config.assertions, curves)
    return [replace(finding, onset_time=_time(finding)) for finding in found], outcome


def _apply(
    detector: Detector, run: Run, curves: tuple[Series, ...], thresholds: Mapping[str, float]
) -> tuple[list[Finding], RuleResult]:
    rule = detector.rule
    try:
        parts = {need.name: _hand(need, run, curves) for need in detector.needs}
        if rule.supervised and _not_supervised(curves):
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
        return [], RuleResult(rule.name, "skipped", str(skip))
    except Exception as error:  # a rule that crashes must hide no other rule
        return [], RuleResult(rule.name, "crashed", f"{type(error).__name__}: {error}")
    return found, RuleResult(rule.name, "found" if found else "clean")


def _not_supervised(curves: tuple[Series, ...]) -> bool:
    """Whether the loss measures no progress: reinforcement learning or a GAN, but not preference training."""
    found = [curve for need in NOT_SUPERVISED for curve in matching_curves(curves, need)]
    if is_preference_training(curve.tag for curve in curves):
        found = [curve for curve in found if not PAIR_SCORES.search(curve.tag)]
    return bool(found)


def _hand(need: CurveInput, run: Run, curves: tuple[Series, ...]) -> Any:
    if need.kind == "run":
        return run
    fitting = matching_curves(curves, need)
    if need.kind == "all":
        return tuple(fitting)
    if fitting:
        return roles.main_curve(fitting)
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
        fitting = matching_curves(curves, CurveInput(name, "one", name, split))
        if fitting:
            return roles.main_curve(fitting)
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
