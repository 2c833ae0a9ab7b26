"""The report as one strict JSON document, for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loglens.model.report import Report
from loglens.model.strict_json import dumps, to_ascii
from loglens.renderers.shared.summary import FEW_RUNS

FORMAT = "json"
SUFFIXES = (".json",)


def render(report: Report) -> str:
    """Render `report.as_dict()`, indented; of many runs each is on a line of its own."""
    if len(report.judged) <= FEW_RUNS:
        return dump(report.as_dict())
    before, runs, after = dumps(report.with_runs([]), 2).partition('"runs": [')
    rows = ",\n    ".join(run.as_json() for run in report.judged)
    return to_ascii(f"{before}{runs}\n    {rows}\n  {after}")


def dump(document: Mapping[str, Any]) -> str:
    """Strict JSON on indented lines."""
    return to_ascii(dumps(document, 2))
