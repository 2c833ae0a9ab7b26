"""From the raw results to tables: precision, recall and false alarms of each tool for each condition."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

RESULTS = Path(__file__).with_name("results.json")
TOOLS = ("loglens", "trainproof", "runmedic")
#: Conditions that are worth knowing and, by themselves, no harm to the result. The rule gives a note at worst, so
#: that here a note counts as a claim, and as an alarm on a healthy run.
NOTES = (
    "high-clip-fraction",
    "missed-early-stop",
    "validation-below-training",
    "poor-initial-loss",
    "lr-schedule",
    "logit-growth",
    "data-loader-bound",
    "step-time-outliers",
    "ended-early",
    "missing-metric",
    "restart",
    "truncated-log",
)
Results = dict[str, Any]
Run = dict[str, Any]


class Score(NamedTuple):
    """How one tool does on one condition.

    found of sick: runs with this fault in which the condition is named at any level. right of claims: of all runs
    in which it is claimed (as a warning or an error; as a note, where it is never more), those whose fault is this or
    brings this with it. alarms of healthy: healthy runs in which it is claimed, of those in which the tool had what it
    needs to judge, as far as it says so.
    """

    found: int
    sick: int
    right: int
    claims: int
    alarms: int
    healthy: int
    knows: bool

    @property
    def recall(self) -> float | None:
        """Share of the runs with this fault in which it is found."""
        return self.found / self.sick if self.sick else None

    @property
    def precision(self) -> float | None:
        """Share of its claims that are right."""
        return self.right / self.claims if self.claims else None


def load(path: Path = RESULTS) -> Results:
    """The raw results."""
    results: Results = json.loads(path.read_text("utf-8"))
    return results


def conditions(results: Results) -> list[str]:
    """The conditions that were put in, in the order of the benchmark."""
    return list(dict.fromkeys(run["fault"] for run in results["runs"] if run["fault"]))


def complains(run: Run, tool: str, condition: str) -> bool:
    """Whether a tool names a condition of a run loudly enough to count as a claim."""
    level = run[tool]["named"].get(condition)
    return level is not None and (level != "note" or condition in NOTES)


def score(results: Results, tool: str, condition: str) -> Score:
    """One tool on one condition."""
    runs = results["runs"]
    sick = [run for run in runs if run["fault"] == condition]
    claims = [run for run in runs if complains(run, tool, condition)]
    healthy = [run for run in runs if not run["fault"] and condition in run[tool].get("judged", (condition,))]
    return Score(
        sum(condition in run[tool]["named"] for run in sick),
        len(sick),
        sum(condition == run["fault"] or condition in run["allowed"] for run in claims),
        len(claims),
        sum(not run["fault"] for run in claims),
        len(healthy),
        condition in results["knows"][tool],
    )


def on_healthy(results: Results, tool: str, condition: str) -> tuple[int, int, int]:
    """The healthy runs in which a condition was judged, was warned of (or worse), and had a note."""
    levels = [
        run[tool]["named"].get(condition)
        for run in results["runs"]
        if not run["fault"] and condition in run[tool].get("judged", ())
    ]
    warned = sum(level in ("warning", "error") for level in levels)
    return len(levels), warned, levels.count("note")


def alarmed(run: Run, tool: str) -> bool:
    """Whether a tool has any warning or error for a run, whatever it is called."""
    said = [*run[tool]["named"].values(), *(raw.split()[-1] for raw in run[tool].get("raw", ()))]
    return any(level in ("warning", "error") for level in said)


class Overall(NamedTuple):
    """All conditions of one tool together."""

    named: int
    noticed: int
    sick: int
    alarms: int
    healthy: int
    unread: int
    macro_recall: float
    macro_precision: float


def overall(results: Results, tool: str) -> Overall:
    """One tool over all runs; means are over all conditions, a condition that is never claimed has precision 0."""
    runs = results["runs"]
    sick = [run for run in runs if run["fault"]]
    healthy = [run for run in runs if not run["fault"]]
    scores = [score(results, tool, condition) for condition in conditions(results)]
    return Overall(
        sum(run["fault"] in run[tool]["named"] for run in sick),
        sum(alarmed(run, tool) or complains(run, tool, run["fault"]) for run in sick),
        len(sick),
        sum(alarmed(run, tool) for run in healthy),
        len(healthy),
        sum(not run[tool]["read"] for run in runs),
        sum(one.recall or 0 for one in scores) / len(scores),
        sum(one.precision or 0 for one in scores) / len(scores),
    )


def upper_bound(events: int, runs: int) -> float:
    """The share of runs that the true rate is at most, with 95 % confidence, by Clopper and Pearson (1934).

    For no event at all it is near the rule of three, 3 / runs.
    """
    low, high = events / runs, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        chance = sum(math.comb(runs, k) * middle**k * (1 - middle) ** (runs - k) for k in range(events + 1))
        low, high = (middle, high) if chance > 0.05 else (low, middle)
    return high


def share(part: float | None) -> str:
    """A share with two digits, or a dash."""
    return "–" if part is None else f"{part:.2f}"


def cell(one: Score) -> list[str]:
    """Precision, recall and false alarms as text; dashes for what a tool has no word for."""
    if not one.knows:
        return ["", "", ""]
    return [share(one.precision), share(one.recall), f"{one.alarms} of {one.healthy}"]


def markdown(header: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def by_condition(results: Results) -> str:
    """The table of conditions and tools."""
    header = ["condition", "runs"]
    header += [f"{tool} {what}" for tool in TOOLS for what in ("precision", "recall", "alarms")]
    rows = []
    for condition in conditions(results):
        scores = [score(results, tool, condition) for tool in TOOLS]
        rows.append([f"`{condition}`", str(scores[0].sick), *(part for one in scores for part in cell(one))])
    return markdown(header, rows)


def in_all(results: Results) -> str:
    """The table of the tools over all conditions."""
    rows = []
    for tool in TOOLS:
        one = overall(results, tool)
        rows.append(
            [
                f"{tool} {results['versions'][tool]}",
                f"{one.named} of {one.sick}",
                f"{one.noticed} of {one.sick}",
                share(one.macro_precision),
                share(one.macro_recall),
                f"{one.alarms} of {one.healthy}",
                str(one.unread),
            ]
        )
    header = ["tool", "right condition named", "any complaint", "mean precision", "mean recall"]
    return markdown([*header, "healthy runs with a warning or error", "logs not read"], rows)


def missed(results: Results, tool: str = "loglens") -> list[Run]:
    """The sick runs in which the condition is not named."""
    return [run for run in results["runs"] if run["fault"] and run["fault"] not in run[tool]["named"]]


def wrong(results: Results, tool: str = "loglens") -> list[tuple[Run, list[str]]]:
    """The runs with claims that neither are the fault nor follow from it."""
    found = []
    for run in results["runs"]:
        right = {run["fault"], *run["allowed"]}
        over = [name for name in run[tool]["named"] if name not in right and complains(run, tool, name)]
        if over:
            found.append((run, over))
    return found
