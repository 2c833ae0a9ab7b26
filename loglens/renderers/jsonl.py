"""The report as JSON lines, which can be written while runs are still being judged.

A line is a run or an unread path as in the JSON report, in the order in which they are done; the last
line holds the counts and the gate, and is missing where loglens was killed.
"""

from __future__ import annotations

from loglens.model.report import Diagnosis, Outline, Report, Unread
from loglens.model.strict_json import dumps, to_ascii

FORMAT = "jsonl"
SUFFIXES = (".jsonl", ".ndjson")


def render(report: Report) -> str:
    """Render all lines of a report at once."""
    return "".join([*map(run_line, report.unread), *map(run_line, report.judged), closing(report)])


def run_line(item: Diagnosis | Outline | Unread) -> str:
    """The line of one run, or of one path that could not be read."""
    return to_ascii(dumps(item.as_dict()) if isinstance(item, Unread) else item.as_json())


def closing(report: Report) -> str:
    """The last line: the report without its runs."""
    return to_ascii(dumps(report.header()))
