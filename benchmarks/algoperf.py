"""How often loglens finds an error in AlgoPerf runs that missed their official target, and in those that reached it.

    python benchmarks/algoperf.py FOLDER [--lean] [--verbose]

FOLDER holds one folder a run and labels.json, which says for each whether it reached its target. With --lean only
the columns loss, grad_norm and train/* are read, so that nothing is known of what the label was derived from.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import loglens
from loglens.model.finding import Severity

FAILED = ("catastrophic", "collapsed")


def lean(source: Path, target: Path) -> None:
    """Copy the CSV files of a run with the columns of training alone."""
    target.mkdir()
    for path in source.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream))
        head = rows[0] if rows else []
        keep = [
            i
            for i, name in enumerate(head)
            if name in ("global_step", "loss", "grad_norm") or name.startswith("train/")
        ]
        with (target / path.name).open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([row[i] for i in keep if i < len(row)] for row in rows)


def main() -> None:
    """Print, for each class of runs, in how many an error is found."""
    root = Path(sys.argv[1])
    labels = json.loads((root / "labels.json").read_text("utf-8"))
    found, total = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as temporary:
        for label in labels:
            folder = root / label["id"]
            if "--lean" in sys.argv:
                lean(folder, Path(temporary) / label["id"])
                folder = Path(temporary) / label["id"]
            report = loglens.diagnose(folder)
            errors = [finding for finding in report.findings if finding.severity is Severity.ERROR]
            total[label["class"]] += 1
            found[label["class"]] += bool(errors)
            wrong = bool(errors) if label["class"] == "reached" else label["class"] in FAILED and not errors
            if wrong or "--verbose" in sys.argv:
                said = ", ".join(finding.condition for finding in report.findings) or report.runs[0].verdict
                print(f"{'NO ' if wrong else '   '} {label['id']} {label['class']}: {said}")
    for name in sorted(total):
        print(f"{name}: an error in {found[name]} of {total[name]}")
    failed, runs = (sum(count[name] for name in FAILED) for count in (found, total))
    print(f"reached {found['reached'] / total['reached']:.1%}, failed {failed / runs:.1%} ({failed} of {runs})")


if __name__ == "__main__":
    main()
