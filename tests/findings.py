"""Findings under their rules, made and changed as a test needs them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loglens.model.reported_finding import ReportedFinding


def changed(found: ReportedFinding, condition: str = "", **fields: Any) -> ReportedFinding:
    """The same finding with other fields, under a rule of another name where one is given."""
    rule = replace(found.rule, name=condition) if condition else found.rule
    return replace(found, rule=rule, finding=replace(found.finding, **fields))
