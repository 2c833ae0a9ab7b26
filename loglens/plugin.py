"""The names that a plugin is written with: rules, log formats and output formats of third parties.

Everything else in loglens may move from one release to the next; these names stay. The entry points are
`loglens.detectors`, `loglens.readers` and `loglens.renderers`; the page on plugins in the documentation has
an example of each.
"""

from __future__ import annotations

from loglens.errors import Skip, UnreadableError
from loglens.model.columns import Columns, Histogram
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.report import Report
from loglens.model.reported_finding import ReportedFinding
from loglens.model.run import Run
from loglens.model.series import Series, as_share, present, require
from loglens.model.source import Note, Source

__all__ = [
    "Columns",
    "Confidence",
    "Finding",
    "Histogram",
    "Note",
    "Remedy",
    "Report",
    "ReportedFinding",
    "Rule",
    "Run",
    "Series",
    "Severity",
    "Skip",
    "Source",
    "UnreadableError",
    "as_share",
    "present",
    "require",
]
