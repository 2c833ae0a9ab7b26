"""Assign lines with values but no counter to the counter that was printed last, or else to their row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loglens.readers.text.line_plan import LinePlan
from loglens.readers.text.line_records import LineRecords
from loglens.readers.text.positions import Positions
from loglens.readers.text.sections import HELD_OUT, Sections, within
from loglens.stats.arrays import Floats, Ints

#: At so many places of the log a form must stand to be a part of its progress, not of its head or end.
PLACES = 3
#: So often it must be repeated to be one where nothing is counted.
ROWS = 10
#: Of the rows of a form so many have a place of their own where it is the counter's; fewer than one in ten
#: where many lines are printed at each.
_OWN = 0.7
#: Lines that measure nothing known are printed with nearly every report.
_EVERYWHERE = 0.9
#: Of the steps from line to line so many rise where they count: all but those to the next epoch.
_RISING, _RISING_OF_TOTAL = 0.9, 0.5

#: Sections and plans, by their numbers.
Keys = list[tuple[int, int]]

ROWS_REMARK = "lines without a counter: steps count rows"


@dataclass(frozen=True, slots=True)
class Followers:
    """The axes of the lines that follow others.

    axis: of the values of a plan in a section, by both. clash: those that take part in it whose names lines with a
    counter have too. row: the number of each record on the axis of rows. lost: the records that belong nowhere.
    """

    axis: dict[tuple[int, int], str]
    clash: frozenset[tuple[int, int]]
    row: Floats
    lost: NDArray[np.bool_]
    remarks: tuple[str, ...]


def without_false_counters(records: LineRecords) -> LineRecords:
    """The records without the steps of forms whose number is not whole or does not rise.

    A plan that loses its step follows the other lines, or counts in epochs where it names one.
    """
    records = _with_rising_totals(records)
    step, plans = records.step, list(records.plans)
    counting = (plan.family for plan in plans if plan.step >= 0 and plan.words & {"generic", "unnamed"})
    families = tuple(dict.fromkeys(counting))
    of_epochs = _say_the_same_each_epoch(records, families)
    for family in families:
        mine = [i for i, plan in enumerate(plans) if plan.family == family and plan.words & {"generic", "unnamed"}]
        rows = np.flatnonzero(np.isin(records.plan, mine) & np.isfinite(records.step))
        if not len(rows) or not (
            of_epochs
            or _stands_still(records, rows)
            or not _counts(records, rows, named="unnamed" not in plans[mine[0]].words)
        ):
            continue
        step = step.copy() if step is records.step else step
        step[rows] = np.nan
        for i in mine:
            plans[i] = _uncounted(plans[i])
    return records if step is records.step else replace(records, step=step, plans=tuple(plans))


def _with_rising_totals(records: LineRecords) -> LineRecords:
    """The records with the steps of those forms whose totals rise from line to line: both numbers count.

    Tesseract prints "iteration 412/1200/1203". The more regular of the first two is the step; the steps of an
    environment go before the updates of a policy.
    """
    step, total, epoch = records.step, records.total, records.epoch
    for family in dict.fromkeys(plan.family for plan in records.plans if plan.total >= 0 and "generic" in plan.words):
        mine = [i for i, plan in enumerate(records.plans) if plan.family == family]
        finite = np.isfinite(records.total) & np.isfinite(records.step)
        rows = np.flatnonzero(np.isin(records.plan, mine) & finite)
        grows = np.diff(records.total[rows])
        if _is_epoch(records, rows):
            step, total, epoch = step.copy(), total.copy(), epoch.copy()
            epoch[rows], step[rows], total[rows] = step[rows], total[rows], np.nan
            continue
        if len(rows) < PLACES or np.mean(grows > 0) < _RISING:
            continue
        step, total = step.copy(), total.copy()
        of_environment = "interactions" in records.plans[mine[0]].words
        if of_environment or np.std(grows) <= np.std(np.diff(records.step[rows])):
            step[rows] = total[rows]
        total[rows] = np.nan
    return records if step is records.step else replace(records, step=step, total=total, epoch=epoch)


def _is_epoch(records: LineRecords, rows: NDArray[np.intp]) -> bool:
    """Whether the step counts epochs, and what seemed to be their number the batches: "Batch 3/400" before "3/500"."""
    up, on = np.diff(records.step[rows]), np.diff(records.total[rows])
    if (
        np.isfinite(records.epoch[rows]).any()
        or not np.any(up > 0)
        or np.any(up < 0)
        or np.count_nonzero(on > 0) < PLACES
    ):
        return False
    return bool(np.all((on > 0) == (up == 0)) and np.all((on < 0) == (up > 0)))


def unmeasured(records: LineRecords) -> NDArray[np.bool_]:
    """Which records to leave out: those of forms that name nothing known to measure and do not count on and on."""
    found = np.zeros(len(records.plan), bool)
    mild = records.has("mild")
    if not mild.any():
        return found
    kinds: dict[frozenset[str], list[int]] = {}
    for i, plan in enumerate(records.plans):
        if "mild" in plan.words:
            kinds.setdefault(frozenset(value.tag for value in plan.values), []).append(i)
    for forms in kinds.values():
        rows = np.flatnonzero(np.isin(records.plan, forms))
        place = np.where(np.isfinite(records.step[rows]), records.step[rows], records.epoch[rows])
        found[rows] = len(rows) < ROWS or np.mean(place[1:] > place[:-1]) < _RISING
    return found


def _counts(records: LineRecords, rows: NDArray[np.intp], *, named: bool) -> bool:
    """Whether the steps of some records are whole and, where nothing calls them so, rise."""
    step = records.step[rows]
    whole = step == np.round(step)
    if named:
        return bool(np.mean(whole) > _RISING)
    total = records.total[rows]
    begins = np.diff(records.epoch[rows]) > 0
    rises = (np.diff(step) > 0) | begins
    never_falls = bool(np.all(np.diff(step) >= 0)) and len(np.unique(step)) >= PLACES
    # an evaluation may be printed at the same step, and several of them
    if len(rises) and (never_falls or np.mean(rises) >= _RISING_OF_TOTAL):
        rises = (np.diff(step) >= 0) | begins
    min_rising = _RISING_OF_TOTAL if np.isfinite(total).all() and (step <= total).all() else _RISING
    return bool(whole.all() and len(rows) >= PLACES and np.mean(rises) >= min_rising)


def _stands_still(records: LineRecords, rows: NDArray[np.intp]) -> bool:
    """Whether some records name one number alone while others count: "Test episodes: 10, avg. reward"."""
    step = records.step[rows]
    if len(rows) < PLACES or np.any(step != step[0]) or np.isfinite(records.epoch[rows]).any():
        return False
    between = records.step[rows[0] : rows[-1] + 1]
    return len(np.unique(between[np.isfinite(between)])) > len(rows)


def _say_the_same_each_epoch(records: LineRecords, families: Sequence[str]) -> bool:
    """Whether all lines come once an epoch and name one number beside it, without a total: "Epoch 3 | Steps: 500"."""
    family = {name: number for number, name in enumerate(families)}
    code = np.array([family.get(plan.family, -1) for plan in records.plans], np.int64)[records.plan]
    if np.any(np.isfinite(records.total)) or np.any(np.isfinite(records.step) & (code < 0)):
        return False
    groups = [np.flatnonzero((code == number) & np.isfinite(records.step)) for number in family.values()]
    steps, epochs = ([column[rows] for rows in groups if len(rows)] for column in (records.step, records.epoch))
    same = all(np.all(step == step[0]) for step in steps) and all(np.all(epoch[1:] > epoch[:-1]) for epoch in epochs)
    return bool(same and max(map(len, steps), default=0) >= PLACES)


def _uncounted(plan: LinePlan) -> LinePlan:
    axis = "epoch" if plan.epoch >= 0 else "follow"
    values = tuple(replace(value, axis=axis) if value.axis in ("step", "follow") else value for value in plan.values)
    return replace(
        plan, step=-1, total=-1, values=values, words=plan.words | ({"follow"} if axis == "follow" else set())
    )


def settle(records: LineRecords, places: Positions, sections: Sections, again: NDArray[np.bool_]) -> Followers:
    """Find the axis of the lines that follow others, for each form of line and part of the data.

    again: the records that are passed over, as they say again what others have said.
    """
    row = np.full(len(records.plan), np.nan)
    lost = records.has("follow") & ~again
    axis: dict[tuple[int, int], str] = {}
    clash: set[tuple[int, int]] = set()
    by_row: list[Ints] = []
    counted = {value.tag for plan in records.plans if "follow" not in plan.words for value in plan.values}
    reached = _reached(records, places) if lost.any() else 0
    for tags, keys, rows in _groups(records, sections, np.flatnonzero(lost)):
        shared = bool(tags & counted)
        weak = all("weak" in records.plans[plan].words for _, plan in keys)
        steps = all("steps" in records.plans[plan].words for _, plan in keys)
        held = all(sections.names[section] in HELD_OUT for section, _ in keys)
        name = _axis(records, places, rows, reached, shared=shared, weak=weak, steps=steps, held=held)
        if not name:
            continue
        lost[rows] = False
        axis.update(dict.fromkeys(keys, name))
        if shared and name == "step":
            clash.update(keys)
        if name == "row":
            by_row.append(rows)
    _number(row, by_row)
    return Followers(axis, frozenset(clash), row, lost, (ROWS_REMARK,) if "row" in axis.values() else ())


def _number(row: Floats, groups: list[Ints]) -> None:
    """Number the rows of the form that is repeated most; the lines of the others belong to the last one before."""
    lead = max(groups, key=len, default=np.empty(0, np.int64))
    for rows in groups:
        last = np.searchsorted(lead, rows, side="right") - 1.0
        row[rows] = np.maximum(last, 0) if len(np.unique(last)) >= _OWN * len(rows) else np.arange(len(rows))


def _groups(records: LineRecords, sections: Sections, rows: Ints) -> Iterator[tuple[frozenset[str], Keys, Ints]]:
    """The names, the sections and plans, and the rows of the lines that have values of the same names."""
    if not len(rows):
        return
    code, each = np.unique(sections.inside[rows] * len(records.plans) + records.plan[rows], return_inverse=True)
    number: dict[frozenset[str], int] = {}
    keys: list[Keys] = []
    group = np.empty(len(code), np.int64)
    for at, (section, plan) in enumerate(divmod(one, len(records.plans)) for one in code.tolist()):
        tags = frozenset(within(sections.names[section], value) for value in records.plans[plan].values)
        group[at] = number.setdefault(tags, len(number))
        if group[at] == len(keys):
            keys.append([])
        keys[group[at]].append((section, plan))
    mine = group[each.reshape(-1)]
    order = np.argsort(mine, kind="stable")
    parts = np.split(rows[order], np.cumsum(np.bincount(mine))[:-1])
    yield from zip(number, keys, parts, strict=True)


def _reached(records: LineRecords, places: Positions) -> int:
    """At how many places lines with a counter stand."""
    counted = np.isfinite(records.step) | np.isfinite(records.epoch)
    return int(_moves(places.epoch[counted], places.step[counted]).sum())


def _axis(
    records: LineRecords,
    places: Positions,
    rows: Ints,
    reached: int,
    *,
    shared: bool,
    weak: bool,
    steps: bool,
    held: bool,
) -> str:
    """The axis of the lines of one form; "" where they are no part of the log's progress.

    shared: lines that count have values of the same name on their axis. weak: nothing in them is known to measure.
    steps: they say what the optimizer does. held: a heading before them says that they are of held-out data.
    """
    if np.isfinite(records.step[rows]).all():
        return "step" if len(rows) >= PLACES else ""
    step, epoch, session = places.step[rows], places.epoch[rows], places.session[rows].astype(np.float64)
    known = np.isfinite(step) | np.isfinite(epoch)
    if 2 * np.count_nonzero(known) < len(rows):
        return "row" if len(rows) >= ROWS and not weak else ""
    moves = _moves(session[known], epoch[known], step[known])
    met = int(moves.sum())
    # a form that is printed once a session belongs to its head or its end
    largest = int(np.bincount(places.session[rows][known], moves).max())
    if weak and (largest < PLACES or met < _EVERYWHERE * reached):
        return ""
    if largest < (PLACES - held) and not (largest > 1 and largest >= reached):
        return ""
    named: list[tuple[str, Floats]] = [("step", step), ("epoch", epoch)]
    # the last evaluation is often said once more at the end
    own = min(_OWN * len(rows), len(rows) - 1) if held else _OWN * len(rows)
    for name, place in reversed(named) if shared else named:
        if np.isfinite(place).any() and _moves(place, session).sum() >= own:
            return name
    return "row" if len(rows) >= ROWS * (1 if steps else met) and not weak else ""


def _moves(*columns: Floats) -> NDArray[np.bool_]:
    """Which rows of columns are not like the row before; not-a-number is like itself."""
    moves = np.zeros(len(columns[0]), bool)
    moves[:1] = True
    for column in columns:
        one, two = column[:-1], column[1:]
        moves[1:] |= (one != two) & ~(np.isnan(one) & np.isnan(two))
    return moves
