"""How often each rule speaks on runs that are known to be healthy, and how often it could.

    python benchmarks/false_alarms.py --corpus FOLDER --algoperf FOLDER --real FOLDER

corpus: small networks with labels.json, healthy where its `primary` is null. algoperf: runs of the AlgoPerf
leaderboard with labels.json, healthy where its `class` is "reached" (the official validation target). real: logs
that others published, healthy where real_expect.csv says so; what it allows besides is left out. The healthy sample
logs count as well. Writes false_alarms.json, from which the pages of the rules take their expected false-alarm share.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import loglens
from loglens.model.finding import Severity

HERE = Path(__file__).parent
RESULTS = HERE / "false_alarms.json"

#: A run, and the rules to leave out of a run's count: what a careful reader allows there.
Healthy = tuple[Path, set[str]]


def corpus(folder: Path) -> Iterator[Healthy]:
    """The small runs without a fault."""
    yield from ((folder / label["id"], set()) for label in labels(folder) if label["primary"] is None)


def algoperf(folder: Path) -> Iterator[Healthy]:
    """The runs that reached their target."""
    yield from ((folder / label["id"], set()) for label in labels(folder) if label["class"] == "reached")


def samples(folder: Path) -> Iterator[Healthy]:
    """The sample logs that were made healthy."""
    yield from ((path, set()) for path in sorted(folder.glob("healthy_*")))


def real(folder: Path) -> Iterator[Healthy]:
    """The published logs in which a careful reader sees nothing wrong."""
    with (HERE / "real_expect.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["expected"] == "healthy":
                yield folder / row["run"], set(row["also"].split())


def labels(folder: Path) -> list[dict[str, Any]]:
    """What is known of the runs in a folder."""
    known: list[dict[str, Any]] = json.loads((folder / "labels.json").read_text("utf-8"))
    return known


def count(runs: Iterable[Healthy], verbose: bool) -> dict[str, list[int]]:
    """For each rule, the runs in which it had its data, warned (or worse), and gave a note."""
    counts: dict[str, list[int]] = {}
    for folder, allowed in runs:
        report = loglens.diagnose(folder)
        worst: dict[str, Severity] = {}
        judged = {out.condition for run in report.runs for out in run.outcomes if out.outcome in ("found", "clean")}
        for finding in report.findings:
            worst[finding.condition] = max(finding.severity, worst.get(finding.condition, Severity.NOTE))
            if verbose:
                print(f"{folder.name}: {finding.severity} {finding.condition}: {finding.message}")
        for name in judged - allowed:
            row = counts.setdefault(name, [0, 0, 0])
            row[0] += 1
            row[1] += worst.get(name, Severity.NOTE) > Severity.NOTE
            row[2] += worst.get(name) is Severity.NOTE
    return dict(sorted(counts.items()))


def main() -> None:
    """Count, and write the result beside this file."""
    ask = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    sources = {"corpus": corpus, "algoperf": algoperf, "samples": samples, "real": real}
    for name in ("corpus", "algoperf", "real"):
        ask.add_argument(f"--{name}", type=Path, required=True)
    ask.set_defaults(samples=HERE.parent / "sample_logs")
    ask.add_argument("--verbose", action="store_true")
    args = ask.parse_args()
    result = {name: count(runs(getattr(args, name)), args.verbose) for name, runs in sources.items()}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
