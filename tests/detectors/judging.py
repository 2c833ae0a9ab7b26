"""What tests of single rules share: one rule, asked about a run, or about curves that become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loglens.analysis.judge import judge
from loglens.model.finding import Severity
from loglens.model.report import RuleResult
from loglens.model.reported_finding import ReportedFinding
from loglens.model.run import Run
from loglens.model.source import Note
from loglens.registry.load import detectors
from tests.curves import Floats, run


def judged(
    rule: str, what: Run | Mapping[str, Floats], notes: tuple[Note, ...] = (), **params: object
) -> tuple[list[ReportedFinding], RuleResult]:
    """The findings and the outcome of one rule; notes and parameters go with curves, a run has its own."""
    one = what if isinstance(what, Run) else replace(run(what, params=params), notes=notes)
    diagnosis = judge(one, {rule: detectors()[rule]})
    outcome = next(outcome for outcome in diagnosis.outcomes if outcome.condition == rule)
    assert outcome.outcome != "crashed", outcome.why
    if outcome.outcome != "found":  # what the outcome of the run is called by itself is no finding of the rule
        return [], outcome
    return [found for found in diagnosis.findings if found.condition == rule], outcome


def findings(rule: str, what: Run | Mapping[str, Floats]) -> list[ReportedFinding]:
    """What a rule finds."""
    return judged(rule, what)[0]


def only(rule: str, curves: Mapping[str, Floats], notes: tuple[Note, ...] = ()) -> ReportedFinding:
    """The one finding of a rule."""
    (found,) = judged(rule, curves, notes)[0]
    return found


def complains(rule: str, what: Run | Mapping[str, Floats]) -> bool:
    """Whether a rule finds something at warning or above."""
    return any(found.severity > Severity.NOTE for found in judged(rule, what)[0])


def skip_reason(rule: str, curves: Mapping[str, Floats]) -> str:
    """Why a rule was skipped, which it must have been."""
    found, outcome = judged(rule, curves)
    assert outcome.outcome == "skipped" and not found
    return outcome.why
