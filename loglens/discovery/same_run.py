"""Merge runs that are one run logged in several formats; curve by curve the richer source is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import takewhile

import numpy as np

from loglens.discovery.console import is_console_of, without_known
from loglens.discovery.same_time import is_written_meanwhile
from loglens.discovery.tags import only_tags, words_in
from loglens.model.columns import Columns
from loglens.model.resume import Purge
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.model.source import Note
from loglens.stats.arrays import Floats

#: Two curves are the same if they agree at this share of at least so many common steps.
AGREEMENT, COMMON = 0.95, 5
#: A curve that only rises or falls tells one run from another if it is so long, and the sizes of its steps rise and
#: fall in so many places; of random sizes it is two thirds, of a schedule none, of a rounded one few sizes.
LONG, ROUGH = 1000, 0.3
#: Relative difference that rounding explains: to four digits, or where a curve has no more than three
#: (Stable-Baselines3 prints "%.3g"), half a unit of the third.
ROUNDING, ROUNDING_TO_THREE = 1e-3, 5e-3


def merge(runs: Sequence[Run]) -> list[Run]:
    """Merge the runs that hold the same curves: their values decide, not where the files lie.

    Of two sources of one run the one with more points keeps its name and its tags, but never a text log,
    whose values are rounded; of a curve that both hold the longer one is kept (a CSV that writes NaN as a
    blank is shorter), and curves that only one holds are all kept. A note says what was joined.
    """
    left = sorted(runs, key=lambda run: (run.format == "text", -len(run.columns)))
    joined: list[Run] = []
    for run in left:
        for place, main in enumerate(joined):
            # two files of one format are two runs, whatever they share: readers join what belongs together
            if is_console_of(run, main):
                new = without_known(run, main)
                text = f"{run.files[0].name} is the console output of this run: {len(new.tags)} of its {len(run.tags)}"
                joined[place] = _join(main, new, {}, f"{text} curves are not in the history, and are added")
                break
            if is_written_meanwhile(run, main):
                text = f"{run.files[0].name} was written in the same folder during this run: its curves are added"
                joined[place] = _join(main, run, {}, text)
                break
            same = _same_curves(main, run) if run.format != main.format else {}
            if same:
                joined[place] = _join(main, run, same)
                break
        else:
            joined.append(run)
    order = {id(run): place for place, run in enumerate(runs)}
    return sorted(joined, key=lambda run: order.get(id(run), -1))


def _same_curves(main: Run, other: Run) -> dict[str, str]:
    """Tags of `other` and those of `main` that name the same curve, matched by the words of their names.

    Empty where the runs are two: no curve that can distinguish runs has the same values, or fewer than
    half of those that both have. A learning rate, an epoch or a constant is alike in any two runs. Once the
    runs are known to be one, curves of one name at the same steps are the same, however short or rounded.
    """
    named: dict[frozenset[str], list[str]] = {}
    for words_of in _name_spellings(main.tags):
        for tag in main.curves:
            named.setdefault(words_of(tag), []).append(tag)
    same, telling, alike = {}, 0, 0
    for tag, curve in other.curves.items():
        twins = next((found for words_of in _name_spellings(other.tags) if (found := named.get(words_of(tag)))), [])
        match = next((own for own in twins if agree(main.curves[own], curve)), None)
        twin = match or next((own for own in twins if share_steps(main.curves[own], curve)), None)
        if twin:
            same[tag] = twin
        if twin and _is_measured(curve):
            telling, alike = telling + 1, alike + (match is not None)
    return same if alike and 2 * alike >= telling else {}


def _name_spellings(tags: Sequence[str]) -> list[Callable[[str], frozenset[str]]]:
    """The tags of a run as they are, and without the path that all have in common ("ray/tune/")."""
    paths = zip(*(tag.split("/")[:-1] for tag in tags), strict=False)
    shared = takewhile(lambda parts: len(set(parts)) == 1, paths if len(tags) > 1 else ())
    length = sum(len(part) + 1 for part, *_ in shared)
    return [words_in, lambda tag: words_in(tag[length:])]


def _is_measured(curve: Series) -> bool:
    """Whether a curve tells one run from another: it goes up and down, as measured ones do, or is long and rough.

    Schedules, counters and constants are alike in any two runs: they go one way, and smoothly or in few sizes of step.
    """
    value = curve.finite.value
    move = np.diff(value)
    if (move > 0).any() and (move < 0).any():
        return len(np.unique(value)) > COMMON
    if len(value) < LONG:
        return False
    turns = np.sign(np.diff(move))
    rough = np.mean(turns[1:] * turns[:-1] < 0) >= ROUGH
    return bool(rough and len(np.unique(move)) >= ROUGH * len(move))


def share_steps(one: Series, two: Series) -> bool:
    """Whether two curves stand at the same steps of the same axis, most of the shorter one's."""
    common = len(np.intersect1d(one.step, two.step))
    return one.axis == two.axis and 2 * common > min(_length(one), _length(two))


def _length(curve: Series) -> int:
    """The number of distinct steps of a curve; a text log may print one step twice."""
    return len(np.unique(curve.step))


def agree(one: Series, two: Series) -> bool:
    """Whether two curves have the same values, but for rounding, where they have enough steps in common.

    One writer may count epochs from 0 and the other from 1: of curves as long as each other, with all steps equally
    far apart, the values count in their order as well.
    """
    _, first, second = np.intersect1d(one.step, two.step, return_indices=True)
    if _agree_in_value(one.value[first], two.value[second]):
        return True
    shifted = len(one) == len(two) and one.axis == two.axis and len(np.unique(one.step - two.step)) == 1
    return shifted and _agree_in_value(one.value, two.value)


def _agree_in_value(one: Floats, two: Floats) -> bool:
    if np.count_nonzero(np.isfinite(one) & np.isfinite(two)) < COMMON:
        return False
    if _close(one, two, ROUNDING):
        return True
    return (_has_three_digits(one) or _has_three_digits(two)) and _close(one, two, ROUNDING_TO_THREE)


def _close(one: Floats, two: Floats, rounding: float) -> bool:
    # a NaN against a number is a difference: a blank would have left no row
    return bool(np.isclose(one, two, rtol=rounding, atol=0, equal_nan=True).mean() >= AGREEMENT)


def _has_three_digits(values: Floats) -> bool:
    """Whether no value has more than three significant digits."""
    size = np.abs(values[np.isfinite(values) & (values != 0)])
    digits = size / 10.0 ** (np.floor(np.log10(size)) - 2)
    return bool(np.isclose(digits, np.rint(digits), rtol=1e-9, atol=0).all())


def _join(main: Run, other: Run, same: dict[str, str], text: str = "") -> Run:
    longer = {tag for tag, own in same.items() if _length(other.curves[tag]) > _length(main.curves[own])}
    added = [tag for tag in other.tags if tag not in same]
    dropped = {same[tag] for tag in longer}
    keep = only_tags(main, [tag not in dropped for tag in main.tags])
    mains = frozenset(main.tags)
    # a name that means something else in the other source is distinguished by its format
    named = {tag: f"{other.format}/{tag}" if tag in mains else tag for tag in added}
    rename = same | named
    take = only_tags(other, [tag in longer or tag not in same for tag in other.tags])
    offset = int(main.columns.session.max(initial=0)) + 1
    taken = replace(take, tags=tuple(rename[tag] for tag in take.tags), session=take.session + np.int32(offset))
    source = ", ".join(file.name for file in other.files[:3]) or other.name
    text = text or (
        f"{source} holds the same run: {len(same)} of its {len(other.tags)} curves are in {main.format} as well"
        + (f", {len(longer)} of them with more points" if longer else "")
        + (f", {len(added)} are added" if added else "")
    )
    return replace(
        main,
        columns=Columns.join([keep, taken]),
        histogram_rows=main.histogram_rows or other.histogram_rows,
        params={**other.params, **main.params},
        notes=(*main.notes, *other.notes, Note("merged", text, str(other.source))),
        files=(*main.files, *other.files),
        purges=(*main.purges, *(Purge(b + offset, s + offset, step) for b, s, step in other.purges)),
        axes={**{rename[tag]: axis for tag, axis in other.axes.items()}, **main.axes},
    )
