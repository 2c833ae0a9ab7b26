"""Find lines that only repeat the values of another line, as redrawn progress bars do."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from loglens.readers.text.line_plan import Value
from loglens.readers.text.line_records import LineRecords, forward_fill
from loglens.stats.arrays import Floats, Ints

#: So many lines must come twice to be printed by two handlers.
_PAIRS = 3


def repeats(
    records: LineRecords, values: Sequence[Value], owner: Ints, nth: NDArray[np.int32], number: Floats
) -> NDArray[np.bool_]:
    """Which records to pass over. owner, nth, number: record, index into values and value of each value, by record.

    tqdm's bar that is set back to 0 for a new epoch still shows what was measured last. A loop of one's own
    may show the loss of its first batch at 0 as well, which is new. Keras draws the bar of the last batch of
    an epoch, and then once more with the results of the validation behind it. DETR's line of the averages of a
    validation says what the last line of the validation has said.
    """
    found = np.zeros(len(records.plan), bool)

    edges = np.searchsorted(owner, np.arange(len(records.plan) + 1)).tolist()
    tags = [value.tag for value in values]

    def shown(line: int) -> dict[str, float]:
        mine = slice(edges[line], edges[line + 1])
        return {tags[i]: value for i, value in zip(nth[mine].tolist(), number[mine].tolist(), strict=True)}

    def says_again(line: int, other: int, within: str = "") -> bool:
        """Whether all values of a line stand in the other one too, with their tags after `within`."""
        known = shown(other)
        return all(_same(value, known.get(within + tag)) for tag, value in shown(line).items())

    bars = np.flatnonzero(records.has("postfix"))
    again = np.flatnonzero(records.step[bars[1:]] == 0)
    for bar, before in zip(bars[again + 1].tolist(), bars[again].tolist(), strict=True):
        found[bar] = says_again(bar, before)
    ends = np.flatnonzero(records.has("keras") & (records.step == records.total))
    for line, other in _drawn_again(records, ends, edges):
        found[line] = says_again(line, other)
    for line in np.flatnonzero(records.has("mean")).tolist():
        if line and "final" in (before := records.plans[records.plan[line - 1]]).words:
            found[line] = says_again(line, line - 1, f"{before.section}/")
    found[_logged_twice(records)] = True
    found[_by_two_handlers(records, shown)] = True
    return found


def drawn_and_printed(
    records: LineRecords, tags: Sequence[str], owner: Ints, nth: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Which values stand in a bar of tqdm, drawn now and then, while lines of their own print them under a counter.

    owner, nth: record of each value, and its index into tags, the tags of all values of the plans.
    """
    drawn, counted = records.has("postfix")[owner], records.has("generic")[owner]
    if not drawn.any() or not counted.any():
        return np.zeros(len(owner), bool)
    codes = {tag: code for code, tag in enumerate(dict.fromkeys(tags))}
    code = np.array([codes[tag] for tag in tags], np.int64)[nth]
    printed = np.bincount(code[counted], minlength=len(codes)) >= _PAIRS
    return drawn & printed[code]


def _by_two_handlers(records: LineRecords, shown: Callable[[int], dict[str, float]]) -> list[int]:
    """Lines that two handlers of one logger print, one after the other: each is the second of two of the same names.

    shown: the values of a record. Every line of these names comes so, at one step or epoch for two.
    """
    kinds: dict[frozenset[str], int] = {frozenset(): 0}
    kind = np.array(
        [kinds.setdefault(frozenset(value.tag for value in plan.values), len(kinds)) for plan in records.plans],
        np.int64,
    )[records.plan]
    order = np.argsort(kind, kind="stable")
    step, epoch = forward_fill(records.step), forward_fill(records.epoch)
    again: list[int] = []
    for lines in np.split(order, np.cumsum(np.bincount(kind, minlength=len(kinds))))[1:-1]:
        first, second = lines[: len(lines) - 1 : 2], lines[1::2]
        if len(second) < _PAIRS or not (np.isfinite(step[second]).all() or np.isfinite(epoch[second]).all()):
            continue
        moves = [where[first[1:]] != where[second[: len(first) - 1]] for where in (step, epoch)]
        apart = [move & np.isfinite(where[first[1:]]) for move, where in zip(moves, (step, epoch), strict=True)]
        if not np.logical_or(*apart).all():
            continue
        if all(np.array_equal(where[first], where[second], equal_nan=True) for where in (step, epoch)) and all(
            _equal(shown(one), shown(two)) for one, two in zip(first.tolist(), second.tolist(), strict=True)
        ):
            again += second.tolist()
    return again


def _equal(one: dict[str, float], two: dict[str, float]) -> bool:
    return one.keys() == two.keys() and all(_same(value, two[tag]) for tag, value in one.items())


def _logged_twice(records: LineRecords) -> list[int]:
    """Rows that a callback logs under its own time stamp, right before the trainer prints all of the same."""
    stamped = [plan.stamp >= 0 for plan in records.plans]
    if len({stamp for plan, stamp in zip(records.plans, stamped, strict=True) if "log" in plan.words}) < 2:
        return []
    tags = [frozenset(value.tag for value in plan.values) for plan in records.plans]
    twice: list[int] = []
    lines = np.flatnonzero(records.has("log"))
    rows = zip(lines.tolist(), records.plan[lines].tolist(), records.epoch[lines].tolist(), strict=True)
    for (line, one, epoch), (_, two, other) in pairwise(rows):
        if epoch == other and stamped[one] and not stamped[two] and tags[one] <= tags[two]:
            twice.append(line)
    return twice


def _drawn_again(records: LineRecords, ends: Ints, edges: list[int]) -> list[tuple[int, int]]:
    """Pairs of full bars of one epoch with no value between them, only what a callback says of the epoch."""
    epoch = forward_fill(records.epoch)
    pairs = zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    apart = ((line, other) for line, other in pairs if edges[line + 1] == edges[other])
    return [
        (line, other)
        for line, other in apart
        if other == line + 1 or (math.isfinite(epoch[other]) and not epoch[line] < epoch[other])
    ]


def _same(one: float, two: float | None) -> bool:
    return one == two or (two is not None and math.isnan(one) and math.isnan(two))
