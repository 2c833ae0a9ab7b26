"""How well diagnoses agree with a labelled corpus of training runs.

    python benchmarks/corpus.py FOLDER [--verbose]

FOLDER holds one folder a run and labels.json, a list with for each: `id`, its folder; `conditions`, those that
have to be named (`must`, and one of each group of `must_any`) and those that may be; `primary`, the fault itself or
null for a healthy run; `onset`, the first and the last step at which it can be said to begin, or null; `steps`.
A warning or an error names its condition, and a note does so of `restart` and `truncated-log`.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import loglens
from loglens.model.finding import Severity
from loglens.model.reported_finding import ReportedFinding

#: Facts of the log, which a note may name.
FACTS = {"restart", "truncated-log"}
#: An onset is right within this share of the run.
SLACK = 0.02


@dataclass(frozen=True)
class Judged:
    """A run beside its label; first and onset are None where there is nothing to be right about."""

    id: str
    healthy: bool
    hit: set[str]
    missed: set[str]
    false: set[str]
    first: bool | None
    onset: bool | None


def judge(label: dict[str, Any], findings: list[ReportedFinding], primary: str | None) -> Judged:
    """What was named of what had to be."""
    groups = [_names(group) for group in label["conditions"].get("must_any", [])]
    must, fault = _names(label["conditions"]["must"]), _names([label["primary"]] if label["primary"] else [])
    allowed = must.union(_names(label["conditions"]["may"]), *groups)
    named = {f.condition for f in findings if f.severity > Severity.NOTE}
    reported = named | ({f.condition for f in findings} & FACTS)
    # of a group any will do; it counts as the fault itself
    met = {name for group in groups for name in fault if group & named and (name in group & named)}
    failed = {name for group in groups for name in fault if not group & named}
    accepted = fault.union(*(group for group in groups if fault & group))
    steps = [f.onset_step for f in findings if f.condition in accepted | must and f.onset_step is not None]
    near = None
    if fault and label.get("onset"):
        slack = SLACK * label["steps"]
        near = any(label["onset"][0] - slack <= step <= label["onset"][1] + slack for step in steps)
    return Judged(
        label["id"],
        not fault,
        (reported & must) | met,
        (must - reported) | failed,
        named - allowed,
        primary in accepted if fault else None,
        near,
    )


def f1(runs: list[Judged]) -> float:
    """The mean F1 of the conditions that at least two runs have."""
    hit, missed, false = (Counter[str]() for _ in range(3))
    for run in runs:
        hit.update(run.hit)
        missed.update(run.missed)
        false.update(run.false)
    names = [name for name in hit | missed if hit[name] + missed[name] >= 2]
    return statistics.mean(2 * hit[name] / (2 * hit[name] + false[name] + missed[name]) for name in names)


def _names(slugs: list[str]) -> set[str]:
    return {slug.replace("_", "-") for slug in slugs}


def main() -> None:
    """Prints the figures, and with --verbose each run that is not all right."""
    root = Path(sys.argv[1])
    runs = []
    for label in json.loads((root / "labels.json").read_text("utf-8")):
        report = loglens.diagnose(root / label["id"])
        runs.append(judge(label, report.findings, report.primary))
        run = runs[-1]
        if "--verbose" in sys.argv and (run.missed or run.false or run.first is False or run.onset is False):
            print(f"{run.id}: missed {sorted(run.missed)}, false {sorted(run.false)}, {run.first=}, {run.onset=}")
    healthy = [bool(run.false) for run in runs if run.healthy]
    first = [run.first for run in runs if run.first is not None]
    onset = [run.onset for run in runs if run.onset is not None]
    print(f"{len(runs)} runs, mean F1 of the conditions {f1(runs):.3f}")
    print(f"healthy runs with a warning or error: {sum(healthy)} of {len(healthy)}")
    print(f"the first-ranked cause is right: {sum(first)} of {len(first)} ({sum(first) / len(first):.3f})")
    print(f"the onset is within {SLACK:.0%} of the run: {sum(onset)} of {len(onset)} ({sum(onset) / len(onset):.3f})")


if __name__ == "__main__":
    main()
