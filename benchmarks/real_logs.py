"""How often loglens says of real logs what a careful reader of their curves says.

    python benchmarks/real_logs.py FOLDER [--verbose]

FOLDER holds one folder a run, named as in real_expect.csv. A run agrees if what is expected is named
(healthy: no warning and no error; not-judged and unread: as they say; a condition: named at any severity) and
nothing is named as a warning or an error besides what stands in `expected` and `also`.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import loglens
from loglens.errors import LoglensError
from loglens.model.finding import Severity


def agrees(folder: Path, expected: str, also: set[str]) -> tuple[bool, str]:
    """Whether the diagnosis of a folder is what was expected, and what was said."""
    try:
        report = loglens.diagnose(folder)
    except LoglensError as error:
        return expected == "unread", str(error)
    named = {found.condition for found in report.findings}
    complaints = {found.condition for found in report.findings if found.severity > Severity.NOTE}
    verdicts = {run.verdict for run in report.runs}
    said = " ".join(sorted(complaints)) or "/".join(sorted(verdicts)) or "unread"
    if expected == "unread":
        return not report.runs, said
    if expected == "not-judged":
        return verdicts <= {"not-judged"} and not complaints, said
    allowed = also | {expected}
    if expected == "healthy":
        return complaints <= allowed and "not-judged" not in verdicts, said
    return expected in named and complaints <= allowed, said


def main() -> None:
    """Print the runs that disagree and the share that agrees."""
    root = Path(sys.argv[1])
    with (Path(__file__).parent / "real_expect.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    right = 0
    for row in rows:
        good, said = agrees(root / row["run"], row["expected"], set(row["also"].split()))
        right += good
        if not good or "--verbose" in sys.argv:
            print(f"{'ok ' if good else 'NO '} {row['run']}: expected {row['expected']}, said {said}")
    print(f"{right} of {len(rows)} agree ({right / len(rows):.1%})")


if __name__ == "__main__":
    main()
