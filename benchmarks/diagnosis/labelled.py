"""From labelled_runs.json to the tables of docs/accuracy.md on runs of other people and of other generators."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import score

RESULTS = Path(__file__).parents[1] / "labelled_runs.json"
#: What the sources are, by the names of their folders.
SOURCES = {
    "dev": "small trained nets, first set",
    "dev2": "small trained nets, second set",
    "algoperf": "AlgoPerf leaderboard logs, first workloads",
    "algoperf2": "AlgoPerf leaderboard logs, three more workloads",
    "reports": "logs rebuilt from public bug reports",
    "real_logs2": "files from public repositories",
}
FAILING = ("right", "other", "silent", "passed", "not read")
HEALTHY = ("certified", "quiet", "alarm", "not read")
#: How a finding is counted beside the label; see `claims` in labelled_runs.py.
CLAIMS = ("right", "outcome", "wrong")
Figures = dict[str, Any]


def values() -> dict[str, str]:
    """The tables and figures, by their names in accuracy.template.md."""
    results: Figures = json.loads(RESULTS.read_text("utf-8"))
    parts = list(_parts(results))
    held = [part for _, half, part in parts if half == "held out"]
    return {
        "labelled_date": results["date"],
        "labelled_runs": str(sum(_total(part, kind) for _, _, part in parts for kind in ("failing", "healthy"))),
        "labelled_held": _held_out(held),
        "labelled_failing": outcomes(results, "failing", FAILING),
        "labelled_healthy": outcomes(results, "healthy", HEALTHY),
        "labelled_naive": beside_naive(results),
        "labelled_better": _better(held),
        "labelled_calibration": calibration(results),
        "labelled_high": _high(held),
        "labelled_missed": missed(results),
    }


def outcomes(results: Figures, kind: str, columns: Iterable[str]) -> str:
    """For each source and half, how its failing or its healthy runs came out."""
    rows = []
    for source, half, part in _parts(results):
        total, counts = _total(part, kind), part[kind]
        first, *others = (counts.get(column, 0) for column in columns)
        rows.append([source, half, str(total), _of(first, total), *map(str, others)])
    return score.markdown(["source", "half", f"{kind} runs", *columns], rows)


def beside_naive(results: Figures) -> str:
    """Where both were asked: loglens, loglens on the curves of training alone, three lines on the validation loss."""
    rows = []
    for source, half, part in _parts(results):
        if "naive" in part:
            loglens = {"failing": part["failing"].get("right", 0), "healthy": part["healthy"].get("alarm", 0)}
            asked = (loglens, part["naive"], part["training only"])
            failing, healthy = (str(_total(part, kind)) for kind in ("failing", "healthy"))
            found = [_of(one["failing"], int(failing)) for one in asked]
            rows.append([source, half, failing, *found, healthy, *(str(one["healthy"]) for one in asked)])
    who = ("loglens", "three lines", "loglens without evaluations")
    header = ["failing runs", *(f"{name}: found" for name in who), "healthy runs", *(f"{name}: alarms" for name in who)]
    return score.markdown(["source", "half", *header], rows)


def calibration(results: Figures) -> str:
    """By confidence, how many warnings and errors are right; AlgoPerf apart, as its labels name no cause."""
    count: Counter[tuple[str, str, str, str]] = Counter()
    for _, half, part in _parts(results):
        labels = "that the run failed" if "naive" in part else "why it failed"
        for level, claims in part["calibration"].items():
            for what, number in claims.items():
                count[labels, half, level, what] += number
    rows = []
    for labels in ("why it failed", "that the run failed"):
        for half in ("looked at", "held out"):
            for level in ("high", "medium", "low"):
                right, outcome, wrong = (count[labels, half, level, what] for what in CLAIMS)
                if total := right + outcome + wrong:
                    rows.append([labels, half, level, str(total), _of(right, total), str(outcome), str(wrong)])
    return score.markdown(["the label says", "half", "confidence", "findings", *CLAIMS], rows)


def missed(results: Figures) -> str:
    """The causes of which some run is not right, those with the most such runs first."""
    causes: dict[str, Counter[str]] = {}
    for _, _, part in _parts(results):
        for cause, counts in part["causes"].items():
            causes.setdefault(cause, Counter()).update(counts)
    wrong = {cause: counts.total() - counts["right"] for cause, counts in causes.items()}
    rows = [
        [f"`{cause}`" if cause != "*" else "no rule has a name for it", *_row(causes[cause])]
        for cause in sorted(wrong, key=lambda cause: (-wrong[cause], cause))
        if wrong[cause]
    ]
    return score.markdown(["what the label says", "failing runs", *FAILING], rows)


def _row(counts: Counter[str]) -> list[str]:
    return [str(counts.total()), *(str(counts[column]) for column in FAILING)]


def _parts(results: Figures) -> Iterator[tuple[str, str, Figures]]:
    """Title, half and figures of every half of every source."""
    for name, halves in results["sources"].items():
        for half, part in halves.items():
            yield SOURCES.get(name, name), half, part


def _held_out(parts: list[Figures]) -> str:
    """The figures of the halves that were held out, in a sentence."""
    failing, healthy = (sum(_total(part, kind) for part in parts) for kind in ("failing", "healthy"))
    count = {what: sum(part["failing"].get(what, 0) for part in parts) for what in ("right", "passed")}
    alarms, certified = (sum(part["healthy"].get(what, 0) for part in parts) for what in ("alarm", "certified"))
    return (
        f"Over the halves held out, loglens is right on {_of(count['right'], failing)} of {failing} failing runs and\n"
        f"calls {count['passed']} of them healthy; it raises {alarms} alarms on {healthy} healthy runs (with 95 %\n"
        f"confidence, on at most {score.upper_bound(alarms, healthy):.1%} of such runs) and calls\n"
        f"{_of(certified, healthy)} of them healthy."
    )


def _high(parts: list[Figures]) -> str:
    """How often a finding of high confidence is right, in a sentence."""
    count = Counter[str]()
    for part in parts:
        count.update(part["calibration"].get("high", {}))
    total = count.total()
    return (
        f"Of the {total} findings of high confidence on the halves held out, {_of(count['right'], total)} are\n"
        f"right; outcomes: {count['outcome']}, wrong: {count['wrong']}. High confidence is meant to be right in 95 %."
    )


def _better(parts: list[Figures]) -> str:
    """How many failing runs loglens and the three lines find, in a sentence."""
    both = [part for part in parts if "naive" in part]
    ours = [part["failing"].get("right", 0) for part in both]
    theirs = [part["naive"]["failing"] for part in both]
    total = sum(_total(part, "failing") for part in both)
    behind = sum(mine < other for mine, other in zip(ours, theirs, strict=True))
    return (
        f"On the halves held out loglens finds {sum(ours)} of {total} failing runs and the three lines {sum(theirs)};\n"
        f"rows held out on which the three lines find more: {behind} of {len(both)}."
    )


def _total(part: Figures, kind: str) -> int:
    return sum(part[kind].values())


def _of(count: int, total: int) -> str:
    return f"{count} ({count / total:.0%})" if total else "0"
