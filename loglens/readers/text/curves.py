"""Turn the records of a text log into curves, each on its own axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loglens.model.columns import Columns
from loglens.readers.text.counter_streams import with_streams
from loglens.readers.text.evaluation_forms import with_evaluations
from loglens.readers.text.followers import ROWS, Followers, settle, unmeasured, without_false_counters
from loglens.readers.text.held_out_batches import with_held_out_batches
from loglens.readers.text.labels import with_labels
from loglens.readers.text.line_collector import LineCollector
from loglens.readers.text.line_plan import COUNTED, UNCOUNTED, Value
from loglens.readers.text.line_records import LineRecords, forward_fill
from loglens.readers.text.number_lists import counted_lists
from loglens.readers.text.positions import Positions, place, tables
from loglens.readers.text.ranks import of_first_rank
from loglens.readers.text.repeats import drawn_and_printed, repeats
from loglens.readers.text.sections import Sections, sections_of, within
from loglens.stats.arrays import Floats, Ints

#: So many rows an epoch are those of its steps.
OFTEN = 3
#: So many evaluations an epoch stand at the steps of other lines.
_AGAIN = 2
Codes = NDArray[np.int32]


def curves(collector: LineCollector) -> tuple[Columns, dict[str, str], tuple[tuple[str, str], ...]]:
    """The points of a log in the order written, the axes that do not count in steps, and notes: kind and message."""
    owner = collector.column("owner")
    if not len(owner):
        return Columns.empty(), {}, ()
    plans = tuple(plan for plan, _ in collector.templates.forms)
    records = LineRecords(plans, *map(collector.column, ("form", "step", "epoch", "total", "time", "rank")))
    records, owner, nth, number, ranked = of_first_rank(records, owner, *map(collector.column, ("nth", "value")))
    records = with_evaluations(with_labels(without_false_counters(with_streams(records))))
    records, nth = with_held_out_batches(records, owner, nth)
    records, counting = counted_lists(records, owner, number)
    values = [value for plan in records.plans for value in plan.values]
    if not counting.all():
        owner, nth, number = owner[counting], nth[counting], number[counting]
    again = repeats(records, values, owner, nth, number)
    records = replace(records, step=np.where(again, np.nan, records.step))
    places = place(records)
    sections = sections_of(records)
    followers = settle(records, places, sections, again)
    keep = _wanted(records, values, owner, nth) & ~(again | followers.lost | unmeasured(records))[owner]
    keep &= ~_said_once(records, values, owner, nth)
    keep &= ~drawn_and_printed(records, [value.tag for value in values], owner, nth)
    if not keep.all():
        owner, nth, number = owner[keep], nth[keep], number[keep]
    names, code = _names(records, sections, followers, owner, nth)
    axis = np.array([_AXES.index(name) for _, name in names], np.int8)[code]
    where, axis_names = _where(records, places, [tag for tag, _ in names], code, axis, owner, number)
    where = np.where(axis == _AXES.index("row"), np.nan_to_num(followers.row).astype(np.int64)[owner], where)
    summary = records.has("telling")[owner]
    fit = (records.has("generic")[owner] | summary) & (places.session[owner] == 0)
    names, where = _spread(names, where, code, fit, summary, places.step[owner])
    by_step, by_epoch = (np.array([name == axis for _, name in names], bool)[code] for axis in ("step", "epoch"))
    once = ~_said_twice(records, np.where(by_step, places.step[owner], np.nan), code, owner, number)
    once &= ~_said_twice(records, np.where(by_epoch, places.epoch[owner], np.nan), code, owner, number, more=True)
    once &= ~_averaged_later(records, np.where(by_epoch, where, -1), code, owner)
    if not once.all():
        owner, number, code, where = owner[once], number[once], code[once], where[once]
    index: dict[tuple[str, str], int] = {}
    code = np.array([index.setdefault((tag, axis_names[name]), len(index)) for tag, name in names], np.int32)[code]
    counts = np.bincount(code, minlength=len(index)).astype(np.int64)
    tags, axes = _one_axis_each(list(index), counts)
    used = np.flatnonzero(counts)
    code = (np.cumsum(counts > 0) - 1).astype(np.int32)[code]
    late = records.has("carry") | records.has("table") | records.has("follow")
    time = np.where(late & np.isnan(records.time), forward_fill(records.time), records.time)
    session = _dense(places.session[owner])
    columns = Columns(tuple(tags[each] for each in used.tolist()), code, where, time[owner], number, session)
    remarks = [("ranks", ranked)] if ranked else []
    remarks += [("axis", remark) for remark in (*places.remarks, *followers.remarks)]
    return columns, axes, tuple(remarks)


def _said_once(records: LineRecords, values: Sequence[Value], owner: Ints, nth: Codes) -> NDArray[np.bool_]:
    """Which values stand in a row of a table that comes once, in a log that counts otherwise: a list of settings."""
    table = records.has("table")[owner]
    if not table.any() or np.count_nonzero(~table) < ROWS:
        return np.zeros(len(owner), bool)
    codes = {tag: code for code, tag in enumerate(dict.fromkeys(value.tag for value in values))}
    code = np.array([codes[value.tag] for value in values], np.int64)[nth]
    once = np.bincount(code[table], minlength=len(codes)) == 1
    said: NDArray[np.bool_] = table & once[code]
    return said


def _said_twice(
    records: LineRecords, place: Floats, code: Codes, owner: Ints, number: Floats, *, more: bool = False
) -> NDArray[np.bool_]:
    """Which values the line before says as well, one of another kind, under the same name and at the same place.

    MXNet prints a line for each metric, and the speed in each of them. place: of the values on one axis. more: also
    where one of the lines says nothing but what the other one says, as the last report of an epoch before its summary.
    """
    order = np.argsort(code, kind="stable")
    one, two = order[:-1], order[1:]
    same = (code[one] == code[two]) & (place[one] == place[two]) & (owner[one] + 1 == owner[two])
    same &= (number[one] == number[two]) | (np.isnan(number[one]) & np.isnan(number[two]))
    one, two = one[same], two[same]
    tags = [frozenset(value.tag for value in plan.values) for plan in records.plans]
    pairs = zip(records.plan[owner[one]].tolist(), records.plan[owner[two]].tolist(), strict=True)
    twice = np.zeros(len(code), bool)
    twice[two] = [bool(tags[a] ^ tags[b] if more else tags[a] - tags[b] and tags[b] - tags[a]) for a, b in pairs]
    return twice


def _averaged_later(records: LineRecords, epoch: Ints, code: Codes, owner: Ints) -> NDArray[np.bool_]:
    """Which values at the end of a pass over the data are said again by a line of averages over all processes.

    epoch: of each value on the axis of epochs, -1 on others.
    """
    final, mean = records.has("final")[owner] & (epoch >= 0), records.has("mean")[owner] & (epoch >= 0)
    if not (final.any() and mean.any()):
        return np.zeros(len(code), bool)
    place = code * (np.int64(epoch.max()) + 1) + epoch
    found: NDArray[np.bool_] = final & np.isin(place, place[mean])
    return found


_AXES = ("step", "samples", "epoch", "log", "table", "row")


def _wanted(records: LineRecords, values: Sequence[Value], owner: Ints, nth: Codes) -> NDArray[np.bool_]:
    """Which values count: some stand for a whole pass over the data, and do so in its last line alone."""
    when = np.array([value.when for value in values], np.int8)[nth]
    ended, last = _ended(records)
    counts = np.array([plan.step >= 0 for plan in records.plans], bool)[records.plan][owner]
    passes = (when == 0) | ((when < COUNTED) & ((when == 1) == ended[owner]))
    if last.any():
        said = {value.tag for plan in records.plans if "follow" in plan.words for value in plan.values}
        alone = np.array([value.tag.rpartition("/")[2] not in said for value in values], bool)[nth]
        passes |= (when == 1) & last[owner] & alone
    wanted: NDArray[np.bool_] = passes | ((when == COUNTED) & counts) | ((when == UNCOUNTED) & ~counts)
    return wanted


def _ended(records: LineRecords) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which records stand at the end of a pass over the data, and which are its last line where none stands there."""
    final = records.has("final")
    ended: NDArray[np.bool_] = records.step >= records.total - np.where(final, 1, 0)
    last = np.zeros(len(final), bool)
    for family in dict.fromkeys(plan.family for plan in records.plans if "final" in plan.words):
        mine = [i for i, plan in enumerate(records.plans) if plan.family == family and "final" in plan.words]
        rows = np.flatnonzero(np.isin(records.plan, mine) & np.isfinite(records.step))
        if len(rows) and not ended[rows].any():
            last[rows] = np.append(records.step[rows[1:]] <= records.step[rows[:-1]], True)
    return ended, last


def _names(
    records: LineRecords, sections: Sections, followers: Followers, owner: Ints, nth: Codes
) -> tuple[list[tuple[str, str]], Codes]:
    """Tag and axis of every value: distinct ones, and the index of each value into them."""
    values = [(at, value) for at, plan in enumerate(records.plans) for value in plan.values]
    pair = sections.inside[owner] * len(values) + nth
    pairs = np.unique(pair)
    index: dict[tuple[str, str], int] = {}
    code = np.empty(len(pairs), np.int32)
    for at, number in enumerate(pairs.tolist()):
        section, (plan, value) = number // len(values), values[number % len(values)]
        tag = within(sections.names[section], value)
        tag = f"summary/{tag}" if (section, plan) in followers.clash else tag
        axis = followers.axis[section, plan] if value.axis == "follow" else value.axis
        code[at] = index.setdefault((tag, axis), len(index))
    return list(index), code[np.searchsorted(pairs, pair)]


def _where(
    records: LineRecords,
    places: Positions,
    tags: list[str],
    code: Codes,
    axis: NDArray[np.int8],
    owner: Ints,
    number: Floats,
) -> tuple[Ints, dict[str, str]]:
    """The position of every value on its axis, and what the axes are called."""
    called = dict(zip(_AXES, _AXES, strict=True)) | {"log": places.log_axis}
    where = places.step[owner]
    epochs = (axis == _AXES.index("epoch")) & np.isfinite(places.epoch[owner])
    where = np.where(epochs, places.epoch[owner], where)
    where = np.where(axis == _AXES.index("log"), places.log[owner], where)
    rows = np.flatnonzero(axis == _AXES.index("table"))
    if len(rows):
        rule = np.cumsum(records.has("rule"), dtype=np.int64)[owner[rows]]
        above = {"epoch": places.epoch[owner[rows]], "step": places.step[owner[rows]]}
        where[rows], counter = tables([tags[each] for each in code[rows].tolist()], number[rows], rule, above)
        called["table"] = "epoch" if "epoch" in counter.lower() else "step" if counter else "row"
    where = np.where(np.abs(where) < 2.0**62, where, np.nan)
    return np.nan_to_num(where, nan=0.0).astype(np.int64), called


def _spread(
    names: list[tuple[str, str]],
    where: Ints,
    code: Codes,
    fit: NDArray[np.bool_],
    summary: NDArray[np.bool_],
    step: Floats,
) -> tuple[list[tuple[str, str]], Ints]:
    """The names and places of values, where rows that name an epoch alone come many times in each: by their order.

    Where the steps of other lines continue between them, by those.
    fit: the values of lines of no known trainer, in the first session. summary: those of lines that name no epoch
    themselves. step: of each value.
    """
    names = list(names)
    for at, (tag, axis) in enumerate(names):
        if axis != "epoch":
            continue
        mine = np.flatnonzero(code == at)
        places = len(np.unique(where[mine]))
        if not len(mine) or not fit[mine].all():
            continue
        if _AGAIN * places <= len(mine) and np.all(np.diff(step[mine]) > 0):
            names[at], where = (tag, "step"), where.copy()
            where[mine] = step[mine].astype(np.int64)
        elif len(mine) >= ROWS and OFTEN * places <= len(mine) and not summary[mine].any():
            names[at], where = (tag, "row"), where.copy()
            where[mine] = np.arange(len(mine))
    return names, where


def _one_axis_each(names: list[tuple[str, str]], counts: Ints) -> tuple[tuple[str, ...], dict[str, str]]:
    """Tags with one axis each: where a name is used on two, the curve of fewer points has the axis before it."""
    often = Counter({name: int(count) for name, count in zip(names, counts, strict=True)})
    main: dict[str, str] = {}
    for (tag, axis), _ in often.most_common():
        main.setdefault(tag, axis)
    tags = [tag if main[tag] == axis else f"{axis}/{tag}" for tag, axis in names]
    axes = {tag: axis for tag, (_, axis), count in zip(tags, names, counts, strict=True) if axis != "step" and count}
    return tuple(tags), axes


def _dense(session: NDArray[np.int32]) -> NDArray[np.int32]:
    """Sessions numbered from 0 without gaps."""
    if not session.any():
        return session
    return np.unique(session, return_inverse=True)[1].reshape(-1).astype(np.int32)
