"""How early and how rightly `loglens watch` alarms: labelled runs are cut at 50 places and judged as it judges them.

    python benchmarks/early_alarms.py FOLDER... --cuts CUTS.json [--jobs N]   # judges: minutes; writes CUTS.json
    python benchmarks/early_alarms.py --cuts CUTS.json --json OUT             # counts what was found

FOLDER holds one folder a run and labels.json (see labels.py). Each run is cut by its steps, and judged at those cuts at
which `watch` would judge it again. Each way of being sure is then applied to what was found. One half of the runs, by a
hash of their ids, is there to choose by; the other half is only counted.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from labels import HALVES, Label, read_label
from numpy.typing import NDArray

import loglens
from loglens.model.columns import Columns
from loglens.model.finding import Severity
from loglens.model.run import Run
from loglens.watch.followed import GROWTH
from loglens.watch.sure import MIN_GROWTH, MIN_JUDGEMENTS, Sureness

#: Cuts of a run, evenly spaced over its steps.
CUTS = 50
#: A run is caught in time when this share of it, at most, has passed since the onset.
IN_TIME = 0.1
#: Ways of being sure that are compared: judgements in a row, and growth from the first to the last of them.
WAYS = ((1, 1.0), (2, 1.03), (3, 1.03), (4, 1.03), (6, 1.03), (2, 1.1), (2, 1.2), (2, 1.5))
SEVERITIES = {str(severity): severity for severity in Severity}
#: Notes that a log has only when it has ended.
OF_THE_END = frozenset({"crash", "failed", "truncated", "unfinished"})


def cut(run: Run, share: float) -> Run:
    """The run as it was when this share of its steps was done, on each step axis."""
    if share >= 1:
        return run
    rows = np.zeros(len(run.columns), np.bool_)
    axes = np.array([run.axes.get(tag, "step") for tag in run.tags])
    for axis in set(axes):
        mine = np.isin(run.columns.tag, np.flatnonzero(axes == axis))
        step = run.columns.step[mine]
        rows[mine] = step <= step.min() + share * float(step.max() - step.min())
    steps = [row.step for row in run.histogram_rows]
    last = min(steps, default=0) + share * (max(steps, default=0) - min(steps, default=0))
    return replace(
        run,
        columns=_only(run.columns, rows),
        histogram_rows=tuple(row for row in run.histogram_rows if row.step <= last),
        notes=tuple(note for note in run.notes if note.kind not in OF_THE_END),
    )


def _only(columns: Columns, rows: NDArray[np.bool_]) -> Columns:
    """Some rows, and the tags that stand in them."""
    kept, codes = np.unique(columns.tag[rows], return_inverse=True)
    return Columns(
        tuple(columns.tags[code] for code in kept),
        codes.astype(np.int32),
        columns.step[rows],
        columns.time[rows],
        columns.value[rows],
        columns.session[rows],
    )


def judgements(run: Run) -> Iterator[dict[str, Any]]:
    """What is found at each cut that `watch` judges: its share of the run, its points, and the warnings and errors."""
    before = 0
    for place in range(1, CUTS + 1):
        part = cut(run, place / CUTS)
        size = len(part.columns)
        if size == 0 or (size < GROWTH * before and place < CUTS):
            continue
        before = size
        yield {"share": place / CUTS, "points": size, "found": findings(part)}


def findings(run: Run) -> list[tuple[str, str, str, int | None]]:
    """The warnings and errors of a run: condition, severity, confidence, onset."""
    (judged,) = loglens.diagnose(run).runs
    return [
        (finding.condition, str(finding.severity), str(finding.confidence), finding.onset_step)
        for finding in judged.findings
        if finding.severity > Severity.NOTE
    ]


def follow(work: tuple[Path, Label, Any]) -> dict[str, Any]:
    """All judgements of the runs of one labelled folder."""
    folder, label, onset = work
    try:
        runs = loglens.read(folder)
    except loglens.LoglensError:
        runs = []
    lines = [{"steps": _steps(run), "cuts": list(judgements(run))} for run in runs if len(run.columns)]
    return {"id": label.id, "half": label.half, "failing": label.failing, "cause": label.cause, "onset": onset,
            "errors_only": label.errors_only, "runs": lines}  # fmt: skip


def _steps(run: Run) -> tuple[int, int]:
    """First and last step on the axis that most curves have."""
    axes = [run.axes.get(tag, "step") for tag in run.tags]
    main = np.flatnonzero([axis == max(set(axes), key=axes.count) for axis in axes])
    step = run.columns.step[np.isin(run.columns.tag, main)]
    return int(step.min()), int(step.max())


def first_alarms(run: dict[str, Any], way: tuple[int, float]) -> dict[Severity, float]:
    """The share of a run after which a finding of each severity, or a worse one, is first said."""
    sure, first, before = Sureness(*way), {}, 0
    for one in run["cuts"]:
        if one["points"] < GROWTH * before and one["share"] < 1:
            continue
        before = one["points"]
        worst: dict[str, Severity] = {}
        for condition, severity, _, _ in one["found"]:
            worst[condition] = max(SEVERITIES[severity], worst.get(condition, Severity.NOTE))
        fresh, _ = sure.update(worst, one["points"], final=one["share"] == 1)
        for level in {worst[condition] for condition in fresh}:
            first.setdefault(level, one["share"])
            first.setdefault(min(level, Severity.WARNING), one["share"])
    return first


def figures(cases: Sequence[dict[str, Any]], way: tuple[int, float]) -> dict[str, Any]:
    """The counts over labelled folders: healthy ones ever alarmed, failing ones caught, and in time."""
    count = dict.fromkeys(
        ("healthy", "alarmed", "warned", "failing", "caught", "told", "onset", "in time", "told in time"), 0
    )
    shares: list[float] = []
    for case in cases:
        alarms = [(run, first_alarms(run, way)) for run in case["runs"]]
        error, any_ = (any(level in first for _, first in alarms) for level in (Severity.ERROR, Severity.WARNING))
        if not case["failing"]:
            count["healthy"] += 1
            count["alarmed"] += error
            count["warned"] += any_
            continue
        count["failing"] += 1
        count["caught"] += error
        count["told"] += any_
        shares += [min(first[Severity.ERROR] for _, first in alarms if Severity.ERROR in first)] if error else []
        if case["onset"] is not None:
            count["onset"] += 1
            for level, name in ((Severity.ERROR, "in time"), (Severity.WARNING, "told in time")):
                count[name] += any(first.get(level, 2.0) <= _onset(case, run) + IN_TIME for run, first in alarms)
    return {**count, "median share at the error": round(float(np.median(shares)), 2) if shares else None}


def _onset(case: dict[str, Any], run: dict[str, Any]) -> float:
    """The end of the labelled interval in which the trouble begins, as a share of the run."""
    first, last = run["steps"]
    return float(np.clip((case["onset"][-1] - first) / max(last - first, 1), 0.0, 1.0))


def summary(sources: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """All figures: by source and half with the way that `watch` has, and by way over all sources."""
    chosen = (MIN_JUDGEMENTS, MIN_GROWTH)

    def half(cases: Sequence[dict[str, Any]], name: str) -> list[dict[str, Any]]:
        return [case for case in cases if case["half"] == name]

    together = [case for cases in sources.values() for case in cases]
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "version": loglens.__version__,
        "cuts": CUTS,
        "chosen": chosen,
        "sources": {
            source: {name: figures(half(cases, name), chosen) for name in HALVES} for source, cases in sources.items()
        },
        "together": {name: figures(half(together, name), chosen) for name in HALVES},
        "ways": [{"way": way, **{name: figures(half(together, name), way) for name in HALVES}} for way in WAYS],
    }


def main() -> None:
    """Judge every run at every cut, or count what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--cuts", type=Path, required=True, nargs="+")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    sources: dict[str, list[dict[str, Any]]] = {}
    for folder in args.folders:
        entries = json.loads((folder / "labels.json").read_text("utf-8"))
        labels = [(read_label(entry), entry.get("onset")) for entry in entries]
        work = [(folder / label.id, label, onset) for label, onset in labels if label is not None]
        with ProcessPoolExecutor(args.jobs) as pool:
            sources[folder.name] = list(pool.map(follow, work, chunksize=2))
        args.cuts[0].write_text(json.dumps(sources), "utf-8")
        print(f"{folder.name}: {len(work)} runs", flush=True)
    if not args.folders:
        for path in args.cuts:
            sources |= json.loads(path.read_text("utf-8"))
    text = json.dumps(summary(sources), indent=1) + "\n"
    if args.json:
        args.json.write_text(text, "utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
