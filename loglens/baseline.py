"""Findings that are accepted: written to a file today, known and not counted by the gate tomorrow.

A finding is told by its run's path, seen from the folder of the baseline, and by its fingerprint, so that
the file holds on another machine, from another folder, and whatever part of the logs is diagnosed.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from loglens.errors import ConfigError
from loglens.report import Diagnosis, Finding, Report

VERSION = "1.0"
Accepted = Counter[tuple[str, str]]


def dump(report: Report, file: Path) -> str:
    """The text of the baseline that accepts every finding of the report, to be written to `file`."""
    findings = [
        {
            "run": _place(run, file),
            "fingerprint": finding.fingerprint,
            "condition": finding.condition,
            "message": finding.message,
        }
        for run in report.runs
        for finding in run.findings
    ]
    findings.sort(key=lambda entry: (entry["run"], entry["condition"], entry["fingerprint"]))
    return json.dumps({"loglens_baseline": VERSION, "findings": findings}, indent=2) + "\n"


def load(file: Path) -> Accepted:
    """What a baseline accepts. Raises ConfigError with one line for a file that is none."""
    try:
        document: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--baseline {file}: {error.strerror or error}; --write-baseline {file} makes one") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"--baseline {file}: not valid JSON: {error}") from error
    if not isinstance(document, dict) or document.get("loglens_baseline") != VERSION:
        raise ConfigError(f"--baseline {file}: not a baseline of loglens; --write-baseline FILE makes one")
    try:
        return Counter((str(entry["run"]), str(entry["fingerprint"])) for entry in document["findings"])
    except (KeyError, TypeError) as error:
        raise ConfigError(f"--baseline {file}: a finding lacks run or fingerprint; write it anew") from error


def accept(report: Report, accepted: Accepted, file: Path) -> Report:
    """The report with the findings that `file` accepts marked as known; each entry accepts one finding."""
    left = Counter(accepted)

    def known(run: Diagnosis, finding: Finding) -> Finding:
        key = (_place(run, file), finding.fingerprint)
        if not left[key]:
            return finding
        left[key] -= 1
        return replace(finding, known=True)

    return replace(
        report,
        runs=tuple(replace(run, findings=tuple(known(run, found) for found in run.findings)) for run in report.runs),
    )


def _place(run: Diagnosis, file: Path) -> str:
    if "://" in run.path:
        return run.path
    path = Path(run.path).resolve()
    try:
        return Path(os.path.relpath(path, file.resolve().parent)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()
