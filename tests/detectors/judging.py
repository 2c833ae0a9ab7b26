"""What tests of single rules share: one rule, asked about a run, or about curves that become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loglens.analysis.advice import advise
from loglens.analysis.causes import find_causes
from loglens.analysis.judge import apply_rules, curves_of
from loglens.model.contract import CurveIndex, CurveInput
from loglens.model.finding import Severity
from loglens.model.report import RuleResult
from loglens.model.reported_finding import ReportedFinding
from loglens.model.run import Run
from loglens.model.source import Note
from loglens.registry.load import detectors
from loglens.roles.assign import assign_roles
from loglens.roles.from_tags import main_curve
from tests.curves import Floats, run


def judged(
    rule: str, what: Run | Mapping[str, Floats], notes: tuple[Note, ...] = (), **params: object
) -> tuple[list[ReportedFinding], RuleResult]:
    """The findings and the result of one rule; notes and parameters go with curves, a run has its own.

    What the outcome of the run is called by itself is no finding of the rule, and not among them.
    """
    one = what if isinstance(what, Run) else replace(run(what, params=params), notes=notes)
    detector = detectors()[rule]
    curves = curves_of(assign_roles(one, {}))
    index = CurveIndex(curves)
    found, (result,) = apply_rules(one, curves, index, {rule: detector})
    assert result.outcome != "crashed", result.why
    rates = index.matching(CurveInput("lr", "optional", "lr"))
    ranked = find_causes(found, {rule: detector.rule})
    return advise(ranked, one, main_curve(rates) if rates else None, curves), result


def findings(rule: str, what: Run | Mapping[str, Floats]) -> list[ReportedFinding]:
    """What a rule finds."""
    return judged(rule, what)[0]


def only(rule: str, what: Run | Mapping[str, Floats], notes: tuple[Note, ...] = ()) -> ReportedFinding:
    """The one finding of a rule."""
    (found,) = judged(rule, what, notes)[0]
    return found


def complains(rule: str, what: Run | Mapping[str, Floats]) -> bool:
    """Whether a rule finds something at warning or above."""
    return any(found.severity > Severity.NOTE for found in judged(rule, what)[0])


def skip_reason(rule: str, what: Run | Mapping[str, Floats]) -> str:
    """Why a rule was skipped, which it must have been."""
    found, outcome = judged(rule, what)
    assert outcome.outcome == "skipped" and not found
    return outcome.why
