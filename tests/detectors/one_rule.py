"""One rule on curves of known truth: what it finds, and why it is skipped."""

from __future__ import annotations

from pathlib import Path

from loglens.analysis.judge import judge
from loglens.model.columns import Columns
from loglens.model.finding import Finding, Severity
from loglens.model.run import Run
from loglens.registry.load import detectors
from tests.curves import Floats, run, steps


def judged(rule: str, what: Run) -> list[Finding]:
    return list(judge(what, {rule: detectors()[rule]}).findings)


def findings(rule: str, curves: dict[str, Floats], params: dict[str, object] | None = None) -> list[Finding]:
    return judged(rule, run(curves, params=params))


def complaints(rule: str, curves: dict[str, Floats], params: dict[str, object] | None = None) -> list[Finding]:
    return [found for found in findings(rule, curves, params) if found.severity > Severity.NOTE]


def skipped(rule: str, curves: dict[str, Floats]) -> str:
    outcome, *_ = judge(run(curves), {rule: detectors()[rule]}).outcomes
    assert outcome.outcome == "skipped"
    return outcome.why


def sparse(curves: dict[str, Floats]) -> Run:
    """A run of curves over one length of steps: those with fewer points have them evenly spread."""
    longest = max(len(value) for value in curves.values())
    columns = Columns.from_curves({tag: (steps(len(v), longest // len(v)), v) for tag, v in curves.items()})
    return Run("test", Path("test"), "test", columns)
