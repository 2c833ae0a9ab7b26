"""Say each finding's remedies for its rule and run, with checks that a rerun can be held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loglens.analysis.assertions import check
from loglens.config.assertions import parse
from loglens.model.finding import Remedy
from loglens.model.report import RuleResult
from loglens.model.reported_finding import ReportedFinding
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.remedies.in_context import in_context
from loglens.remedies.recipe import Recipe
from loglens.remedies.verification import as_toml


def advise(
    found: Sequence[ReportedFinding], run: Run, lr: Series | None, curves: Sequence[Series]
) -> list[ReportedFinding]:
    """The findings with their remedies in context. lr: the learning rate, where it was logged."""
    if not any(finding.remedies for finding in found):
        return list(found)
    recipe = Recipe.of(run, lr)
    return [_with_advice(finding, recipe.before(lr, finding.onset_step), curves) for finding in found]


def _with_advice(one: ReportedFinding, recipe: Recipe, curves: Sequence[Series]) -> ReportedFinding:
    failed: dict[str, bool] = {}
    remedies = [in_context(remedy, one.condition, one.finding, recipe) for remedy in one.remedies]
    return replace(one, treatment=tuple(_with_checks(remedy, one.condition, curves, failed) for remedy in remedies))


def _with_checks(remedy: Remedy, rule: str, curves: Sequence[Series], failed: dict[str, bool]) -> Remedy:
    """Leave out checks that this very run meets, as they could not show that a rerun is better; add the rest as code.

    failed: whether this run fails a check, by its text, for those that were tried already.
    """
    kept = []
    for table in remedy.checks:
        if as_toml([table]) not in failed:
            failed[as_toml([table])] = violated(table, curves, [RuleResult(rule, "found")])
        if failed[as_toml([table])]:
            kept.append(table)
    snippets = {**remedy.snippets, "loglens": as_toml(kept)} if kept and remedy.snippets else remedy.snippets
    return replace(remedy, checks=tuple(kept), snippets=snippets)


def violated(table: Mapping[str, str | int], curves: Sequence[Series], results: Sequence[RuleResult]) -> bool:
    """Whether a run does not meet a check: its curves, and the results of its rules."""
    return bool(check(parse([dict(table)], "check"), curves, results)[0])
