"""From the results of the closed loop to the table in docs/accuracy.md."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")
ROUNDS = (1, 2, 3)
#: What a remedy may cost a healthy twin, as a share of its gain.
HARM = 0.12
Row = dict[str, Any]


def load(path: Path = RESULTS) -> list[Row]:
    """The runs in which the fault left a trace."""
    rows: list[Row] = json.loads(path.read_text("utf-8"))["runs"]
    return [row for row in rows if not row.get("traceless")]


def save(path: Path, rows: Sequence[Row], made: dict[str, str]) -> None:
    """Write rows in the order of their names. Those of other parts that are in the file stay, each part as it was made.

    made: the date and the versions with which these rows were made.
    """
    old = json.loads(path.read_text("utf-8")) if path.exists() else {"parts": {}, "runs": []}
    parts = dict.fromkeys((row["set"] for row in rows), made)
    merged = [*rows, *(row for row in old["runs"] if row["set"] not in parts)]
    head = json.dumps({"parts": dict(sorted({**old["parts"], **parts}.items()))})
    body = ",\n".join(json.dumps(row) for row in sorted(merged, key=lambda row: (row["set"], row["name"])))
    path.write_text(f'{head[:-1]}, "runs": [\n{body}\n]}}\n', "utf-8")


def healed(rows: Iterable[Row], who: str, rounds: int) -> int:
    """How many runs are healed after so many rounds."""
    return sum(0 < row[who]["healed"] <= rounds for row in rows if row.get(who))


def can_be_healed(row: Row) -> bool:
    """Whether a fault is healed by the textbook, with all that helps against it at once, or by what was tried here."""
    if any(row[who]["healed"] for who in ("loglens", "blind") if row.get(who)):
        return True
    missed = row.get("textbook")
    return missed is not None and missed <= HARM


def trained_longer(row: Row) -> bool:
    """Whether a run was given more steps than the faulty one had."""
    return any(one["applied"] and one["action"]["action"] == "train_longer" for one in row["loglens"]["tries"])


def looked_at(row: Row) -> bool:
    """Whether a run is of the half that was examined while remedies were changed, by a hash of its name."""
    return hashlib.sha1(row["name"].encode(), usedforsecurity=False).digest()[0] % 2 == 1


def by_condition(rows: Sequence[Row]) -> str:
    """The table in Markdown: of each condition how many runs are healed after one, two and three rounds.

    Below it, all of them, and those that can be healed.
    """
    rows = [row for row in rows if not row.get("traceless")]
    names = sorted({row["condition"] for row in rows})
    header = ["condition", "runs", *(f"after {k}" for k in ROUNDS), *(f"blind after {k}" for k in ROUNDS)]
    lines = [header, ["---"] * len(header)]
    groups = {f"`{name}`": [row for row in rows if row["condition"] == name] for name in names}
    groups |= {"**all**": rows, "**all that can be repaired**": [row for row in rows if can_be_healed(row)]}
    for name, some in groups.items():
        counts = [str(healed(some, who, k)) for who in ("loglens", "blind") for k in ROUNDS]
        lines.append([name, str(len(some)), *counts])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def harm(rows: Iterable[Row]) -> tuple[int, int]:
    """Healthy twins that their patient's first remedy made clearly worse, and those to which it was applied."""
    known = [row["twin"] for row in rows if row.get("twin") is not None]
    return sum(gap > HARM for gap in known), len(known)


def line(row: Row) -> str:
    """One patient in a line a try."""
    if row.get("traceless"):
        return f"{row['name']} {row['condition']}: no trace"
    blind = row.get("blind", {}).get("healed", "-")
    said = [
        f"{row['name']} {row['condition']} gap {row['gap']}: loglens {row['loglens']['healed']}, blind {blind}, "
        f"twin {row.get('twin')}"
    ]
    said += [
        f"    {one['action']} {'' if one['applied'] else 'nothing'} {one['gap']} {one['left']}"
        for one in row["loglens"]["tries"]
    ]
    return "\n".join(said)


def values(path: Path = RESULTS) -> dict[str, Any]:
    """The tables and figures, by their names in accuracy.template.md."""
    results = json.loads(path.read_text("utf-8"))
    rows = load(path)
    own, fresh, others = ([row for row in rows if row["set"] == name] for name in ("injected", "fresh", "generated"))
    sick = [row for row in own if not row["loglens"]["healed"]]
    harmed, twins = harm([*own, *fresh])
    return {
        "repair_date": results["parts"]["injected"]["date"],
        "repair_others_date": results["parts"]["generated"]["date"],
        "repair_fresh_all": shares(fresh),
        "repair_fresh_shares": shares([row for row in fresh if can_be_healed(row)]),
        "repair_fresh_failed": failed([row for row in fresh if can_be_healed(row) and not row["loglens"]["healed"]]),
        "repair_table": by_condition(own),
        "repair_harmed": harmed,
        "repair_twins": twins,
        "repair_traceless": sum(row["set"] == "injected" for row in results["runs"]) - len(own),
        "repair_sick": len(sick),
        "repair_shares": shares([row for row in own if can_be_healed(row)]),
        "repair_silent": sum(len(row["loglens"]["tries"]) < len(ROUNDS) for row in sick),
        "repair_failed": failed(sick),
        "repair_others_all": shares(others),
        "repair_others_shares": shares([row for row in others if can_be_healed(row)]),
        "repair_looked_at": shares([row for row in others if looked_at(row)]),
        "repair_held_out": shares([row for row in others if not looked_at(row)]),
        "repair_others_longer": sum(row["loglens"]["healed"] > 0 and trained_longer(row) for row in others),
        "repair_others_failed": failed([row for row in others if can_be_healed(row) and not row["loglens"]["healed"]]),
        "repair_limits": Path(__file__).with_name("limits.md").read_text("utf-8").strip(),
    }


def shares(rows: Sequence[Row]) -> str:
    """How many runs are healed after each round, as counts and shares."""
    counts = [healed(rows, "loglens", k) for k in ROUNDS]
    return ", ".join(f"{count} of {len(rows)} ({count / max(len(rows), 1):.0%})" for count in counts)


def failed(rows: Sequence[Row]) -> str:
    """A table of the runs that stay sick: what was tried, and how much of the gain is missed still."""
    if not rows:
        return "None."
    lines = [["run", "condition", "tried", "gain missed"], ["---"] * 4]
    for row in rows:
        tries = row["loglens"]["tries"]
        gaps = [one["gap"] for one in tries if one["gap"] is not None]
        lines.append(
            [f"`{row['name']}`", f"`{row['condition']}`", ", ".join(map(_said, tries)) or "nothing", _share(gaps)]
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _said(one: Row) -> str:
    """An action with its numbers, in brackets where it found nothing to change."""
    numbers = " ".join(str(value) for name, value in one["action"].items() if name != "action")
    said = f"{one['action']['action']} {numbers}".strip()
    return said if one["applied"] else f"({said})"


def _share(gaps: Sequence[float]) -> str:
    if not gaps:
        return ""
    return "all and more" if gaps[-1] > 1 else f"{max(gaps[-1], 0.0):.0%}"
