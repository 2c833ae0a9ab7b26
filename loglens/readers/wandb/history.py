"""The history of one launch of a W&B run as curves, each over the step axis that it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loglens.model.columns import Histogram
from loglens.readers.tables.step_axis import NAMES, plain
from loglens.readers.wandb.launch import Launch
from loglens.readers.wandb.point_collector import Points
from loglens.stats.arrays import Floats, Ints

#: Columns that the step and the time of a row are made of, and what W&B keeps for itself.
_OWN = frozenset({"_step", "_timestamp", "_wandb"})
_AXIS = {name: axis for axis, names in NAMES.items() for name in names.split()}
#: A step metric that repeats in more of the points than this is none: they would fall on each other.
_REPEATS = 0.1


@dataclass(frozen=True, slots=True)
class History:
    """Points as `Columns` has them, but with the row instead of step and time, which stand by row.

    own_steps: by tag number, the values of the step metric that it was given, where they can be steps.
    unfit: tags whose step metric cannot be their axis. nulls: tags with numbers and nulls.
    """

    tags: tuple[str, ...]
    code: NDArray[np.int32]
    row: Ints
    value: Floats
    step: Ints
    time: Floats
    histogram_rows: tuple[Histogram, ...]
    own_steps: Mapping[int, Ints]
    unfit: frozenset[str]
    nulls: tuple[str, ...]


def history(launch: Launch) -> History:
    """The curves of a launch."""
    points = launch.history
    row, code, value = points.columns()
    rows = {path[0]: _by_row(points, path[0], row, code, value) for path in (("_step",), ("_timestamp",))}
    step = _steps(launch, rows["_step"])
    time = rows["_timestamp"]
    tags, renamed = _tags(points, np.bincount(code, minlength=len(points.paths)) > 0)
    code = renamed[code]
    keep = code >= 0
    row, code, value = row[keep], code[keep], value[keep]
    own, unfit = _own_steps(launch.axes, tags, row, code, value)
    counts = np.bincount(code, minlength=len(tags))
    numbers = {int(renamed[each]) for each in points.nulls} - {-1}
    return History(
        tags,
        code,
        row,
        value,
        step,
        time,
        tuple(replace(each, step=int(step[each.step]), time=float(time[each.step])) for each in points.histograms),
        own,
        unfit,
        tuple(tags[each] for each in sorted(numbers) if counts[each]),
    )


def _by_row(points: Points, tag: str, row: Ints, code: NDArray[np.int32], value: Floats) -> Floats:
    column = np.full(points.height, np.nan)
    if (tag,) in points.paths:
        mine = code == points.paths.index((tag,))
        column[row[mine]] = value[mine]
    return column


def _steps(launch: Launch, given: Floats) -> Ints:
    """The step of every row: its `_step`, or the number beside the items, or one more than before."""
    step = np.concatenate([np.zeros(0, np.int64), *launch.stamps])
    known = np.isfinite(given) & (np.abs(given) < 2.0**62)
    step[known] = given[known].astype(np.int64)
    for row in np.flatnonzero(step < 0).tolist():
        step[row] = step[row - 1] + 1 if row else 0
    return step


def _tags(points: Points, used: NDArray[np.bool_]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The names of the curves, and their number by the number of a path; -1 for what is no curve."""
    index: dict[str, int] = {}
    renamed = np.full(len(points.paths), -1, np.int32)
    for code, path in enumerate(points.paths):
        part = any(path[:depth] in points.typed for depth in range(1, len(path))) if points.typed else False
        if used[code] and path and path[0] not in _OWN and not part and (name := ".".join(path)).strip():
            renamed[code] = index.setdefault(name, len(index))
    return tuple(index), renamed


def step_metric(axes: Mapping[str, str], tag: str) -> str:
    """The metric that `define_metric` made the step axis of a tag, "" for none: by name, or by prefix*."""
    if not axes or tag.startswith("_"):
        return ""
    globs = (name for name in axes if name.endswith("*") and tag.startswith(name[:-1]))
    found = axes.get(tag) or axes.get(max(globs, key=len, default=""), "")
    return "" if found in (tag, "_step") else found


def _own_steps(
    axes: Mapping[str, str], tags: Sequence[str], row: Ints, code: NDArray[np.int32], value: Floats
) -> tuple[dict[int, Ints], frozenset[str]]:
    asked = {number: metric for number, tag in enumerate(tags) if (metric := step_metric(axes, tag))}
    if not asked:
        return {}, frozenset()
    index = {tag: number for number, tag in enumerate(tags)}
    order = np.argsort(code, kind="stable")
    ends = np.cumsum(np.bincount(code, minlength=len(tags)))
    groups = np.split(order, ends[:-1])
    own: dict[int, Ints] = {}
    unfit = set()
    for number, metric in asked.items():
        theirs = groups[index[metric]] if metric in index else order[:0]
        steps = _carried(row[groups[number]], row[theirs], value[theirs])
        if steps is None:
            unfit.add(tags[number])
        else:
            own[number] = steps
    return own, frozenset(unfit)


def _carried(row: Ints, at: Ints, value: Floats) -> Ints | None:
    """The last value of a step metric up to each row; None where it does not count these rows."""
    last = np.searchsorted(at, row, side="right") - 1
    if not len(at) or (last < 0).any():
        return None
    steps = value[last]
    if not np.isfinite(steps).all() or (np.abs(steps) >= 2.0**62).any() or (steps != np.floor(steps)).any():
        return None
    moves = np.diff(steps)
    if (moves < 0).any() or np.count_nonzero(moves == 0) > 1 + _REPEATS * len(steps):
        return None
    return steps.astype(np.int64)


def own_axes(histories: Sequence[History], launches: Sequence[Launch]) -> dict[str, str]:
    """The tags that stand over a step metric in every launch, with the name of that axis."""
    unfit = frozenset[str]().union(*(each.unfit for each in histories))
    found: dict[str, str] = {}
    for each, launch in zip(histories, launches, strict=True):
        for number in each.own_steps:
            tag = each.tags[number]
            metric = plain(step_metric(launch.axes, tag))
            if tag not in unfit:
                found[tag] = _AXIS.get(metric) or _AXIS.get(metric.rpartition("/")[2], metric)
    return found
