"""How right the diagnosis is on runs whose outcome is known, source by source.

    python benchmarks/labelled_runs.py FOLDER... [--json OUT] [--jobs N] [--verbose]

FOLDER holds one folder a run and labels.json, whose entries have one of three forms (see `read_label`). Every run is
read and judged once. With --json the figures are written from which docs/generate.py makes its tables. With --verbose
each run of the first half on which loglens is not right is printed; the other half is kept for counting.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import loglens
from loglens.model.finding import Severity

HALVES = ("looked at", "held out")
#: Facts of the log: no complaint on a healthy run, and a right answer only where the label asks for them.
FACTS = frozenset({"restart", "truncated-log"})
#: Names that say how a run went, not why. Most labels are older than these rules and do not list them.
OUTCOMES = frozenset(
    """crashed metric-collapse metric-stuck non-finite-metric reward-not-rising unstable-training value-loss-blow-up
    zero-loss""".split()
)
ANY = "*"
#: The thresholds of the naive baseline, which are also those of its published figures.
RISE, NO_FALL = 1.25, 0.9


@dataclass(frozen=True)
class Label:
    """What is known of a run.

    first: names accepted as the first-ranked cause; ANY accepts every name. allowed: further names that are true of
    it. cause: the name under which the run is counted. errors_only: whether only an error counts as an answer.
    silence_is_right: whether it holds no training, so that reading nothing is right.
    """

    id: str
    failing: bool
    cause: str
    first: frozenset[str]
    allowed: frozenset[str] = frozenset()
    errors_only: bool = False
    silence_is_right: bool = False

    @property
    def half(self) -> str:
        """Half of the set, by a hash of the id, so that nobody chose it."""
        return HALVES[hashlib.sha1(self.id.encode(), usedforsecurity=False).digest()[0] % 2]

    def accepts(self, name: str) -> bool:
        """Whether a finding of this name is true of the run."""
        return name in self.first | self.allowed or ANY in self.first


@dataclass(frozen=True)
class Said:
    """What loglens says of a run: verdicts, first-ranked finding, and (name, severity, confidence) of each finding."""

    verdicts: frozenset[str]
    primary: str | None
    findings: tuple[tuple[str, Severity, str], ...]

    def names(self, least: Severity) -> set[str]:
        """Names of the findings of at least this severity."""
        return {name for name, severity, _ in self.findings if severity >= least}


def read_label(entry: dict[str, Any]) -> Label | None:
    """One entry of labels.json; None for a run that counts neither as healthy nor as failing.

    Three forms: `class`, an AlgoPerf run by how near it came to its target; `conditions` and `primary`, a small net
    with an injected fault or none; `healthy`, `expected` and `acceptable`, a log judged by a careful reader.
    """
    if "class" in entry:
        if entry["class"] not in ("reached", "catastrophic", "collapsed"):
            return None
        failing = entry["class"] != "reached"
        return Label(entry["id"], failing, entry["class"], _names([ANY] if failing else []), errors_only=True)
    if "conditions" in entry:
        return _injected(entry)
    first, failing = _names([*entry["expected"], *entry["acceptable"]]), not entry["healthy"]
    cause = next(iter(entry["expected"]), "healthy")
    return Label(entry["id"], failing, cause, first, silence_is_right=bool(entry.get("unread_ok")))


def _injected(entry: dict[str, Any]) -> Label:
    """The fault itself comes first, or any name of a group that the log cannot tell apart from it."""
    if not entry["primary"]:
        return Label(entry["id"], False, "healthy", frozenset())
    fault, conditions = _names([entry["primary"]]), entry["conditions"]
    groups = [_names(group) for group in conditions.get("must_any", [])]
    first = fault.union(*(group for group in groups if fault & group))
    allowed = _names([*conditions["must"], *conditions["may"]]).union(*groups)
    return Label(entry["id"], True, next(iter(fault)), first, allowed)


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.replace("_", "-") for name in names)


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


def naive(losses: Sequence[float]) -> bool:
    """Whether the validation loss alone looks like a failure: not finite, ends far above its lowest, or never falls."""
    if not all(map(math.isfinite, losses)):
        return True
    return bool(losses) and (losses[-1] > RISE * min(losses) or min(losses) > NO_FALL * losses[0])


def validation_losses(path: Path) -> list[float]:
    """The validation loss of each evaluation in AlgoPerf's measurements.csv, where an empty cell stands for NaN."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["validation/num_examples"]]
    cells = [row.get("validation/loss", row.get("validation/ctc_loss")) for row in rows]
    return [float(cell) if cell else math.nan for cell in cells]


@dataclass(frozen=True)
class Judged:
    """A run, what loglens says, and on AlgoPerf runs what the naive baseline says."""

    label: Label
    said: Said | None
    naive: bool | None = None


def judge(work: tuple[Path, Label]) -> Judged:
    """Read and judge one run."""
    folder, label = work
    baseline = naive(validation_losses(folder / "measurements.csv")) if label.errors_only else None
    return Judged(label, ask(folder), baseline)


def figures(runs: Sequence[Judged]) -> dict[str, Any]:
    """The counts of some runs of one source: outcomes, what is missed by cause, calibration, the naive baseline."""
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
        found = Counter("failing" if run.label.failing else "healthy" for run in runs if run.naive)
        counts["naive"] = {kind: found[kind] for kind in ("failing", "healthy")}
    return counts


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
        sources[folder.name] = {half: figures([run for run in runs if run.label.half == half]) for half in HALVES}
        for half, counts in sources[folder.name].items():
            print(f"{folder.name}, {half}: failing {counts['failing']}, healthy {counts['healthy']}", flush=True)
        for run in runs if args.verbose else []:
            how = outcome(run.label, run.said)
            if run.label.half == HALVES[0] and how not in ("right", "certified"):
                names = ", ".join(sorted(run.said.names(Severity.WARNING))) if run.said else ""
                print(f"  {how}: {run.label.id} ({run.label.cause}): {names or 'nothing'}")
    if args.json:
        written = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "version": loglens.__version__, "sources": sources}
        args.json.write_text(json.dumps(written, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
