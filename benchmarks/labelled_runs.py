"""How right the diagnosis is on runs whose outcome is known, source by source.

    python benchmarks/labelled_runs.py FOLDER... [--json OUT] [--jobs N] [--verbose]

FOLDER holds one folder a run and labels.json, whose entries have one of three forms (see labels.py). Every run is
read and judged once. With --json the figures are written from which docs/generate.py makes its tables. With --verbose
each run of the first half on which loglens is not right is printed; the other half is kept for counting.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labels import ANY, FACTS, HALVES, Label, read_label
from naive_baseline import keep_training, naive, validation_losses

import loglens
from loglens.model.finding import Severity

#: Names that say how a run went, not why. Most labels are older than these rules and do not list them.
OUTCOMES = frozenset(
    """crashed metric-collapse metric-stuck non-finite-metric reward-not-rising unstable-training value-loss-blow-up
    zero-loss""".split()
)


@dataclass(frozen=True)
class Said:
    """What loglens says of a run: verdicts, first-ranked finding, and (name, severity, confidence) of each finding."""

    verdicts: frozenset[str]
    primary: str | None
    findings: tuple[tuple[str, Severity, str], ...]

    def names(self, min_severity: Severity) -> set[str]:
        """Names of the findings of at least this severity."""
        return {name for name, severity, _ in self.findings if severity >= min_severity}


def ask(folder: Path) -> Said | None:
    """What loglens says of the runs in a folder, with its defaults; None where it reads nothing."""
    try:
        report = loglens.diagnose(folder)
    except loglens.LoglensError:
        return None
    if not report.runs:
        return None
    findings = tuple((found.condition, found.severity, str(found.confidence)) for found in report.findings)
    return Said(frozenset(run.verdict for run in report.runs), report.primary, findings)


def outcome(label: Label, said: Said | None) -> str:
    """How right that is. Failing: right, other, silent, passed, not read; healthy: certified, quiet, alarm, not read.

    other: something else comes first (or only a warning, where an error is asked for). silent: neither a warning nor
    an error; passed: silent, and every run is called healthy. quiet: no alarm, and not called healthy either.
    """
    if said is None:
        return ("right" if label.failing else "quiet") if label.silence_is_right else "not read"
    certified = said.verdicts == {"healthy"}
    loud = said.names(Severity.ERROR if label.errors_only else Severity.WARNING)
    if not label.failing:
        alarm = loud if label.errors_only else loud - label.first - FACTS
        return "alarm" if alarm else "certified" if certified else "quiet"
    if asked := label.first & FACTS:
        return "right" if asked & said.names(Severity.NOTE) else "passed" if certified else "silent"
    if not said.names(Severity.WARNING):
        return "passed" if certified else "silent"
    return "right" if loud and (ANY in label.first or said.primary in label.first) else "other"


def claims(label: Label, said: Said | None) -> Counter[tuple[str, str]]:
    """The warnings and errors by confidence, each right, outcome (how a failing run went, not why) or wrong."""
    count: Counter[tuple[str, str]] = Counter()
    for name, severity, confidence in said.findings if said else ():
        if severity < Severity.WARNING or (name in FACTS and not label.accepts(name)):
            continue
        known = "outcome" if label.failing and name in OUTCOMES else "wrong"
        count[confidence, "right" if label.accepts(name) else known] += 1
    return count


@dataclass(frozen=True)
class Judged:
    """A run and what loglens says; on AlgoPerf runs also whether two others complain.

    naive: the naive baseline. blind: loglens on the curves of training alone.
    """

    label: Label
    said: Said | None
    naive: bool | None = None
    blind: bool | None = None


def judge(work: tuple[Path, Label]) -> Judged:
    """Read and judge one run."""
    folder, label = work
    if not label.errors_only:
        return Judged(label, ask(folder))
    path = folder / "measurements.csv"
    with tempfile.TemporaryDirectory() as temporary:
        keep_training(path, Path(temporary) / path.name)
        blind = ask(Path(temporary))
    errors = bool(blind and blind.names(Severity.ERROR))
    return Judged(label, ask(folder), naive(validation_losses(path)), errors)


def figures(runs: Sequence[Judged]) -> dict[str, Any]:
    """The counts of some runs of one source: outcomes, what is missed by cause, calibration, what AlgoPerf allows."""
    failing: Counter[str] = Counter()
    healthy: Counter[str] = Counter()
    calibration: Counter[tuple[str, str]] = Counter()
    causes: dict[str, Counter[str]] = {}
    for run in runs:
        how = outcome(run.label, run.said)
        (failing if run.label.failing else healthy)[how] += 1
        calibration += claims(run.label, run.said)
        if run.label.failing:
            causes.setdefault(run.label.cause, Counter())[how] += 1
    confidences = dict.fromkeys(level for level, _ in sorted(calibration))
    counts: dict[str, Any] = {
        "failing": dict(sorted(failing.items())),
        "healthy": dict(sorted(healthy.items())),
        "causes": {cause: dict(sorted(count.items())) for cause, count in sorted(causes.items())},
        "calibration": {
            level: {what: n for (at, what), n in sorted(calibration.items()) if at == level} for level in confidences
        },
    }
    if any(run.naive is not None for run in runs):
        counts["naive"] = _kinds(run.label for run in runs if run.naive)
        counts["training only"] = _kinds(run.label for run in runs if run.blind)
    return counts


def _kinds(labels: Iterable[Label]) -> dict[str, int]:
    count = Counter(label.failing for label in labels)
    return {"failing": count[True], "healthy": count[False]}


def half_of(runs: Iterable[Judged], half: str) -> list[Judged]:
    """The runs of one half."""
    return [run for run in runs if run.label.half == half]


def show(runs: Iterable[Judged]) -> None:
    """Print the runs on which loglens is not right."""
    for run in runs:
        how = outcome(run.label, run.said)
        if how not in ("right", "certified"):
            names = ", ".join(sorted(run.said.names(Severity.WARNING))) if run.said else ""
            print(f"  {how}: {run.label.id} ({run.label.cause}): {names or 'nothing'}")


def main() -> None:
    """Judge every labelled run, and print or write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    sources: dict[str, dict[str, Any]] = {}
    for folder in args.folders:
        entries = json.loads((folder / "labels.json").read_text("utf-8"))
        work = [(folder / label.id, label) for label in map(read_label, entries) if label]
        with ProcessPoolExecutor(args.jobs) as pool:
            runs = list(pool.map(judge, work, chunksize=4))
        sources[folder.name] = {half: figures(half_of(runs, half)) for half in HALVES}
        for half, counts in sources[folder.name].items():
            print(f"{folder.name}, {half}: failing {counts['failing']}, healthy {counts['healthy']}", flush=True)
        if args.verbose:
            show(half_of(runs, HALVES[0]))
    if args.json:
        written = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "version": loglens.__version__, "sources": sources}
        args.json.write_text(json.dumps(written, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
