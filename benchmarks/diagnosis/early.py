"""From early_alarms.json to the tables of docs/accuracy.md on alarms while a run goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import score

RESULTS = Path(__file__).parents[1] / "early_alarms.json"
#: What the sources are, by the names of their folders.
SOURCES = {
    "dev": "small trained nets, first set",
    "dev2": "small trained nets, second set",
    "algoperf": "AlgoPerf leaderboard logs, first workloads",
    "algoperf2": "AlgoPerf leaderboard logs, three more workloads",
}
HEADER = ("alarmed", "caught", "in time", "told in time", "median")
#: A growth that is no more than that from one judgement to the next.
NEXT = 1.05


def values() -> dict[str, str]:
    """The tables and figures, by their names in accuracy.template.md."""
    results: dict[str, Any] = json.loads(RESULTS.read_text("utf-8"))
    judgements, growth = results["chosen"]
    return {
        "early_date": results["date"],
        "early_cuts": str(results["cuts"]),
        "early_way": way(judgements, growth),
        "early_sources": sources(results),
        "early_ways": ways(results),
        "early_goals": goals(results["together"]),
    }


def goals(together: dict[str, Any]) -> str:
    """A sentence a half on how far the goals are met."""
    return " ".join(
        f"On the half {half}, {part['alarmed'] / part['healthy']:.1%} were alarmed, and of "
        f"{part['told in time'] / part['onset']:.0%} it was told in time "
        f"({part['in time'] / part['onset']:.0%} by an error)."
        for half, part in together.items()
    )


def way(judgements: int, growth: float) -> str:
    """ "2 judgements in a row, growth 1.1-fold"."""
    row = "the first judgement that has it" if judgements == 1 else f"{judgements} judgements in a row"
    return row + (f", and the run {growth:g} times as long" if growth > NEXT else "")


def sources(results: dict[str, Any]) -> str:
    """For each source and half, what `watch` would have said."""
    named = [(SOURCES.get(name, name), halves) for name, halves in results["sources"].items()]
    rows = [[name, half, *_cells(part)] for name, halves in named for half, part in halves.items()]
    rows += [["all", half, *_cells(part)] for half, part in results["together"].items()]
    return score.markdown(["source", "half", *HEADER], rows).rstrip()


def ways(results: dict[str, Any]) -> str:
    """For each way of being sure, the same over all sources."""
    rows = [
        [way(*one["way"]), half, *_cells(one[half])]
        for one in results["ways"]
        for half in results["together"]
    ]  # fmt: skip
    return score.markdown(["sure is", "half", *HEADER], rows).rstrip()


def _cells(part: dict[str, Any]) -> list[str]:
    median = part["median share at the error"]
    return [
        _of(part["alarmed"], part["healthy"]),
        _of(part["caught"], part["failing"]),
        _of(part["in time"], part["onset"]),
        _of(part["told in time"], part["onset"]),
        "" if median is None else f"{median:.0%}",
    ]


def _of(count: int, total: int) -> str:
    return f"{count} of {total} ({count / total:.1%})" if total else ""
