"""What to take from lines of one form: which of their numbers are counters, and which are values of what name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from loglens.readers.text.cell_names import Cell
from loglens.readers.text.patterns import SURE

#: When a value counts, beside 0 to 2: `Value.when`.
COUNTED, UNCOUNTED = 3, 4


@dataclass(frozen=True, slots=True)
class Value:
    """A slot that holds a value.

    axis: what its step counts, "follow" where other lines say. when: 0 always, 1 at the end of a pass, 2 before,
    COUNTED where the step of the line counts, UNCOUNTED where that number turns out to be none.
    """

    slot: int
    tag: str
    axis: str
    when: int = 0
    section: bool = False


@dataclass(frozen=True, slots=True)
class LinePlan:
    """What to take from the lines of one template; slots are numbers of numbers in the line, -1 for none.

    stamp: slot of the year; comma: whether milliseconds follow. millis, seconds: slot of a Unix time in that unit.
    rank: slot of the number of the process that prints; ranked: that number itself where it stands in a word.
    label: what the line begins with. family: lines that share a counter. section: what the lines from here on are
    of, a split of the data or, with "/" behind it, a group of the rows of a table.
    """

    family: str
    words: frozenset[str] = frozenset()
    step: int = -1
    epoch: int = -1
    total: int = -1
    stamp: int = -1
    comma: bool = False
    millis: int = -1
    seconds: int = -1
    rank: int = -1
    ranked: int = -1
    section: str = ""
    label: str = ""
    values: tuple[Value, ...] = ()
    raw: str = ""

    @property
    def sure(self) -> bool:
        return self.family.partition("/")[0] in SURE


def values_of(listed: list[Cell], split: str, axis: str, words: frozenset[str]) -> tuple[Value, ...]:
    """The values of the cells of a line. split: of the line, for cells that name none; words: of its pattern."""
    values: dict[tuple[str, str, int], Value] = {}

    def add(slot: int, tag: str, axis: str, when: int = 0) -> None:
        values.setdefault((tag, axis, when), Value(slot, tag, axis, when, "section" in words and not side))

    for cell in listed:
        key = re.sub(r" value$", "", cell.key).strip()
        side = (split or cell.split) if "given" in words else (cell.split or split)
        key = f"{key} all" if "all" in words else key
        tag = f"{side}/{key}" if side and not key.startswith(f"{side}_") else key
        if "keras" in words:
            add(cell.slot, tag, "epoch", 1)
            add(cell.slot, f"running/{tag}", "step", 2)
        elif "final" in words:
            add(cell.running if cell.running >= 0 else cell.slot, tag, axis, 1)
        elif "mean" in words and cell.running >= 0:
            add(cell.running, tag, axis)
        else:
            add(cell.slot, tag, axis)
            if cell.running >= 0:
                add(cell.running, f"{tag}_running", axis)
    return tuple(values.values())
