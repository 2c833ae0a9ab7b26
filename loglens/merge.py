"""One run that was logged in several formats is one run: the richer source wins, curve by curve."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loglens.run import Columns, Note, Run, Series

#: Two curves are the same if they agree at this share of at least so many common steps.
AGREEMENT, COMMON = 0.95, 5
#: Relative difference that rounding explains: loggers print down to four digits.
ROUNDING = 1e-3


def merge(runs: Sequence[Run]) -> list[Run]:
    """The runs with those joined that hold the same curves, judged by their values and not by their place.

    Of two sources of one run the one with more points keeps its name and its tags; of a curve that both
    hold the longer one is kept (a CSV that writes NaN as a blank is shorter), and curves that only one
    holds are all kept. A note says what was joined.
    """
    left = sorted(runs, key=lambda run: len(run.columns), reverse=True)
    joined: list[Run] = []
    for run in left:
        for place, main in enumerate(joined):
            # two files of one format are two runs, whatever they share: readers join what belongs together
            same = _same_curves(main, run) if run.format != main.format else {}
            if same:
                joined[place] = _join(main, run, same)
                break
        else:
            joined.append(run)
    order = {id(run): place for place, run in enumerate(runs)}
    return sorted(joined, key=lambda run: order.get(id(run), -1))


def _same_curves(main: Run, other: Run) -> dict[str, str]:
    """Tags of `other` and those of `main` that hold the same values, matched by the words of their names.

    Empty where the runs are two: no curve that tells one run from another is the same, or fewer than half
    of those that both have. A learning rate, an epoch or a constant is alike in any two runs.
    """
    named: dict[frozenset[str], list[str]] = {}
    for tag in main.curves:
        named.setdefault(_words(tag), []).append(tag)
    same, telling, alike = {}, 0, 0
    for tag, curve in other.curves.items():
        twins = named.get(_words(tag), ())
        match = next((own for own in twins if _agree(main.curves[own], curve)), None)
        if match:
            same[tag] = match
        if twins and _tells(curve):
            telling, alike = telling + 1, alike + (match is not None)
    return same if alike and 2 * alike >= telling else {}


def _tells(curve: Series) -> bool:
    """Whether a curve goes up and down, as measured ones do; schedules, counters and constants do not."""
    move = np.sign(np.diff(curve.finite.value))
    return bool((move > 0).any() and (move < 0).any() and len(np.unique(curve.value)) > COMMON)


def _words(tag: str) -> frozenset[str]:
    words = frozenset(re.findall(r"[a-z]+|\d+", tag.lower())) - {"train", "training"}
    return words or frozenset({tag})


def _agree(one: Series, two: Series) -> bool:
    _, first, second = np.intersect1d(one.step, two.step, return_indices=True)
    a, b = one.value[first], two.value[second]
    if np.count_nonzero(np.isfinite(a) & np.isfinite(b)) < COMMON:
        return False
    # a NaN against a number is a difference: a blank would have left no row
    return bool(np.isclose(a, b, rtol=ROUNDING, atol=0, equal_nan=True).mean() >= AGREEMENT)


def _join(main: Run, other: Run, same: dict[str, str]) -> Run:
    longer = {tag for tag, own in same.items() if len(other.curves[tag]) > len(main.curves[own])}
    added = [tag for tag in other.tags if tag not in same]
    dropped = {same[tag] for tag in longer}
    keep = _rows(main, [tag not in dropped for tag in main.tags])
    rename = {tag: same.get(tag, tag) for tag in other.tags}
    take = _rows(other, [tag in longer or tag not in same for tag in other.tags])
    offset = np.int32(main.columns.session.max(initial=0) + 1)
    taken = replace(take, tags=tuple(rename[tag] for tag in take.tags), session=take.session + offset)
    source = ", ".join(file.name for file in other.files[:3]) or other.name
    text = (
        f"{source} holds the same run: {len(same)} of its {len(other.tags)} curves are in {main.format} as well"
        + (f", {len(longer)} of them with more points" if longer else "")
        + (f", {len(added)} are added" if added else "")
    )
    return replace(
        main,
        columns=Columns.join([keep, taken]),
        summaries=main.summaries or other.summaries,
        params={**other.params, **main.params},
        notes=(*main.notes, *other.notes, Note("merged", text, str(other.source))),
        files=(*main.files, *other.files),
        axes={**{rename[tag]: axis for tag, axis in other.axes.items()}, **main.axes},
    )


def _rows(run: Run, wanted: list[bool]) -> Columns:
    """The rows of the wanted tags."""
    columns = run.columns
    index: NDArray[np.int32] = np.cumsum(wanted, dtype=np.int32) - 1
    mask = np.array(wanted, bool)[columns.tag]
    return Columns(
        tuple(tag for tag, want in zip(columns.tags, wanted, strict=True) if want),
        index[columns.tag[mask]].astype(np.int32),
        columns.step[mask],
        columns.time[mask],
        columns.value[mask],
        columns.session[mask],
    )
