"""Write and apply baselines: files of accepted findings, which then count as known and do not fail the gate.

A finding is identified by its run's path relative to the baseline's folder, its rule, its curves and its key.
So a baseline is valid on another machine, from another folder, and when the run is trained again and the same
trouble begins some steps earlier or later. What is worse than was accepted is new: a warning that has become
an error, or a second finding of one kind.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from loglens.errors import ConfigError
from loglens.model.finding import Severity
from loglens.model.report import Diagnosis, FindingOutline, Outline, Report
from loglens.model.reported_finding import ReportedFinding

VERSION = "2.0"
LEVELS = {str(level): level for level in Severity}
#: Run, rule, curves, key, and the severity that was accepted.
Kind = tuple[str, str, tuple[str, ...], str]
Accepted = Counter[tuple[Kind, Severity]]
FindingT = TypeVar("FindingT", ReportedFinding, FindingOutline)


def dump(report: Report, file: Path) -> str:
    """The text of the baseline that accepts every finding of the report, to be written to `file`."""
    findings = [_entry(run, finding, file) for run in report.judged for finding in run.findings]
    findings.sort(key=lambda entry: (entry["run"], entry["condition"], entry["curves"], entry["message"]))
    return json.dumps({"loglens_baseline": VERSION, "findings": findings}, indent=2) + "\n"


def load(file: Path) -> Accepted:
    """Read what a baseline accepts. Raises ConfigError for a file that is none."""
    try:
        document: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--baseline {file}: {error.strerror or error}; --write-baseline {file} makes one") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"--baseline {file}: not valid JSON: {error}") from error
    if not isinstance(document, dict) or document.get("loglens_baseline") != VERSION:
        raise ConfigError(f"--baseline {file}: no baseline of this version; --write-baseline {file} makes one")
    try:
        return Counter(_accepted(entry) for entry in document["findings"])
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"--baseline {file}: a finding lacks run, condition, curves or severity; write it again"
        ) from error


def accept(report: Report, accepted: Accepted, file: Path) -> Report:
    """Mark the findings that the baseline `file` accepts as known; each of its entries accepts one finding."""
    left = Counter(accepted)

    def known(run: Diagnosis | Outline, finding: FindingT) -> FindingT:
        kind = _kind(run, finding, file)
        for level in sorted(Severity):  # the entry that accepts least and is enough
            if level >= finding.severity and left[kind, level]:
                left[kind, level] -= 1
                return replace(finding, known=True)
        return finding

    return replace(
        report,
        runs=tuple(replace(run, findings=tuple(known(run, found) for found in run.findings)) for run in report.runs),
        outlines=tuple(
            replace(run, findings=tuple(known(run, found) for found in run.findings)) for run in report.outlines
        ),
    )


def _entry(run: Diagnosis | Outline, finding: ReportedFinding | FindingOutline, file: Path) -> dict[str, Any]:
    place, condition, curves, key = _kind(run, finding, file)
    entry = {"run": place, "condition": condition, "curves": list(curves), "severity": str(finding.severity)}
    return entry | ({"key": key} if key else {}) | {"message": finding.message}


def _accepted(entry: Mapping[str, Any]) -> tuple[Kind, Severity]:
    curves = tuple(str(tag) for tag in entry["curves"])
    return (str(entry["run"]), str(entry["condition"]), curves, str(entry.get("key", ""))), LEVELS[entry["severity"]]


def _kind(run: Diagnosis | Outline, finding: ReportedFinding | FindingOutline, file: Path) -> Kind:
    return _place(run, file), finding.condition, tuple(sorted(finding.tags)), finding.key


def _place(run: Diagnosis | Outline, file: Path) -> str:
    if "://" in run.path:
        return run.path
    path = Path(run.path).resolve()
    try:
        return Path(os.path.relpath(path, file.resolve().parent)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()
