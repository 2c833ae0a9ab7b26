"""Check the user's assertions on a run: each one that is violated is a finding of severity error."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

import numpy as np

from loglens.config.assertions import RULE, Assertion, Claim
from loglens.model.finding import Confidence, Finding
from loglens.model.numbers import number
from loglens.model.report import RuleResult
from loglens.model.series import Series
from loglens.model.vocabulary import LOWER
from loglens.roles.from_tags import main_curve
from loglens.roles.metrics import pick
from loglens.stats.quantiles import median
from loglens.stats.whole_curve import end_over_start, finite_share, kept

#: What is said of a measure of the whole curve.
_WHOLE = {
    "max": "the largest value of {tag} is {value}",
    "min": "the lowest value of {tag} is {value}",
    "finite": "{share:.1%} of the points of {tag} are finite",
    "kept": "{tag} ends with {share:.0%} of its gain",
    "end-over-start": "{tag} ends at {value} times its start",
}


def check(
    assertions: Sequence[Assertion], curves: Sequence[Series], results: Sequence[RuleResult] = ()
) -> tuple[list[Finding], RuleResult]:
    """Check assertions: the violated ones as findings, and one result for all of them together.

    curves: the run's, each with its role. results: those of the rules, for assertions that a rule finds nothing.
    """
    findings: list[Finding] = []
    absent = []
    for assertion in assertions:
        findings += _not_clean(assertion, results)
        curve = pick(curves, assertion.metric) if assertion.metric else None
        if assertion.metric and curve is None and assertion.optional:
            absent.append(assertion.metric)
            continue
        for claim in assertion.claims:
            findings += _hold(assertion, claim, curve, curves)
    if findings:
        return findings, RuleResult(RULE.name, "found")
    if len(absent) == len(assertions):
        return [], RuleResult(RULE.name, "skipped", f"no curve is named {', '.join(absent)}")
    return [], RuleResult(RULE.name, "clean")


def _not_clean(assertion: Assertion, results: Sequence[RuleResult]) -> Iterator[Finding]:
    """One finding for every rule that is not clean: it found something, lacked its data, or does not exist."""
    by_rule = {result.condition: result for result in results}
    for name in assertion.clean:
        result = by_rule.get(name)
        if result is not None and result.outcome == "skipped" and assertion.optional:
            continue
        if result is None or result.outcome != "clean":
            if result is None:
                found = "was not applied"
            else:
                found = "finds something" if result.outcome == "found" else f"was {result.outcome} ({result.why})"
            message = f"{name} {found}, but the assertion says that it is clean"
            evidence = {"assertion": f"clean: {name}"}
            yield Finding(message, RULE.severity, Confidence.HIGH, evidence=evidence, key=f"clean: {name}")


def _hold(assertion: Assertion, claim: Claim, curve: Series | None, curves: Sequence[Series]) -> Iterator[Finding]:
    about = f"{assertion.metric}: {claim}" if assertion.metric else str(claim)
    if assertion.metric and curve is None:
        tags = [other.tag for other in curves]
        near = difflib.get_close_matches(assertion.metric, tags, 3, 0.5) or tags[:5]
        yield _finding(
            f"no curve is named {assertion.metric}, so {claim} cannot hold; the curves are: "
            f"{', '.join(near) or 'none'}",
            about,
            claim,
        )
        return
    value, step, shown, said = _measure(claim, curve, curves)
    if not claim.holds(value):
        yield _finding(f"{said}; asserted: {_demand(claim)}", about, claim, value, step, shown)


def _demand(claim: Claim) -> str:
    if claim.what == "must-reach-step":
        return f"step {number(claim.bound)}"
    return f"at most {number(claim.bound)} s" if claim.what == "max-step-time" else str(claim)


def _measure(
    claim: Claim, curve: Series | None, curves: Sequence[Series]
) -> tuple[float, int | None, Series | None, str]:
    """The value that a claim is about, its step, the curve that shows it, and a sentence on it."""
    if claim.what == "must-reach-step":
        reached = [curve] if curve is not None else [c for c in curves if len(c) and c.axis == "step"] or list(curves)
        shown = max((c for c in reached if len(c)), key=lambda c: int(c.step[-1]), default=None)
        if shown is None:
            return float("nan"), None, None, "the run has no step"
        last = int(shown.step[-1])
        return last, last, curve, f"{curve.tag if curve is not None else 'the run'} ends at {shown.axis} {last}"
    if claim.what == "max-step-time":
        seconds, shown, how = _step_time(curve, curves)
        said = f"a step takes {number(seconds)} s ({how})" if seconds == seconds else "the log holds no time stamps"
        return seconds, None, shown, said
    return _value(claim, curve) if curve is not None else (float("nan"), None, None, "there is no curve")


def _value(claim: Claim, curve: Series) -> tuple[float, int | None, Series | None, str]:
    """The value of a claim on one curve: its last point, its best, or the mean of its last ones."""
    if not len(curve):
        return float("nan"), None, curve, f"{curve.tag} has no points"
    if claim.what == "last":
        return float(curve.value[-1]), int(curve.step[-1]), curve, f"{curve.tag} ends at {number(curve.value[-1])}"
    if claim.what == "best":
        return _best(claim, curve)
    if claim.what in _WHOLE:
        value = _whole(claim.what, curve)
        return value, None, curve, _WHOLE[claim.what].format(tag=curve.tag, value=number(value), share=value)
    count = int(claim.what.rpartition("-")[2])
    window = curve.value[-count:]
    mean = float(np.mean(window)) if np.isfinite(window).all() else float("nan")
    said = f"the mean of the last {len(window):,} points of {curve.tag} is {number(mean)}"
    return mean, int(curve.step[-len(window)]), curve, said


def _whole(what: str, curve: Series) -> float:
    """A measure of the whole curve, NaN where it has none."""
    if what == "finite":
        return finite_share(curve.value)
    if what == "kept":
        return kept(curve.value, higher=curve.role not in LOWER)
    if what == "end-over-start":
        return end_over_start(curve.value)
    return float(curve.value.max() if what == "max" else curve.value.min())


def _best(claim: Claim, curve: Series) -> tuple[float, int | None, Series, str]:
    finite = curve.finite
    if not len(finite):
        return float("nan"), None, curve, f"{curve.tag} is never finite"
    place = int(np.argmax(finite.value) if claim.sign.startswith(">") else np.argmin(finite.value))
    best, step = float(finite.value[place]), int(finite.step[place])
    return best, step, curve, f"the best of {curve.tag} is {number(best)} at {curve.axis} {number(step)}"


def _step_time(curve: Series | None, curves: Sequence[Series]) -> tuple[float, Series | None, str]:
    """The median time of a step in seconds: from the times of a curve, or as logged under the role step_time."""
    clocked = (
        [curve] if curve is not None else [c for c in curves if c.axis == "step" and np.isfinite(c.time).sum() > 1]
    )
    if clocked:
        shown = max(clocked, key=lambda c: int(np.isfinite(c.time).sum()))
        known = np.isfinite(shown.time)
        steps, times = np.diff(shown.step[known]), np.diff(shown.time[known])
        if (steps > 0).any():
            return (
                float(median(times[steps > 0] / steps[steps > 0])),
                None,
                f"the median time between points of {shown.tag}",
            )
    logged = [c for c in curves if c.role == "step_time" and len(c.finite)]
    if logged:
        shown = main_curve(logged)
        return float(median(shown.finite.value)), shown, f"the median of {shown.tag}"
    return float("nan"), None, ""


def _finding(
    message: str,
    about: str,
    claim: Claim,
    value: float | None = None,
    step: int | None = None,
    curve: Series | None = None,
) -> Finding:
    evidence = {"assertion": about} | ({} if value is None else {"value": value}) | {"bound": claim.bound}
    return Finding(
        message,
        RULE.severity,
        Confidence.HIGH,
        onset_step=step,
        evidence=evidence,
        series=() if curve is None else (curve,),
        key=about,
    )
