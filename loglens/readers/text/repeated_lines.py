"""Read a large block of lines that differ in their digits alone: each form of line once, its numbers as columns.

The shape of a line is the line with a mark for each run of digits. A few lines of every shape are split as all lines
are elsewhere (`templates`): that tells the template, and which runs of digits each number is made of. Where a line
might be split otherwise if it had other digits, or more of them, it is compared with the one that was split. A line
that differs there is split by itself, and so are all of a shape that has digits in its words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice, zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loglens.readers.text.digit_runs import RUN, DigitRuns
from loglens.readers.text.templates import floats, normalise_spaces, split_lines
from loglens.stats.arrays import Floats, Ints

#: A smaller block is split line by line, which takes no time.
LEAST = 1 << 16
#: With so many shapes, or such a part of the lines split by themselves, nothing is gained.
_MAX_SHAPES, _MAX_SPLIT = 1000, 0.25
#: What becomes of lines with these may depend on other lines, or on more than their shape.
_NOT_BY_SHAPE = re.compile(
    rb"[\x1b\x08]|ensor|rray\(|np\.|numpy\.|(?:it/s|s/it)(?:, [^\[\]\n]{1,300})?\](?=[^\s,:;)\]|-])"
)
#: Words that are split by how many digits they have: thousands, times of day, the share of a bar.
_BY_LENGTH = re.compile(rb"\xff,\xff|\xffT\xff|\|#*\xff(?:\||\Z)")
_FORTRAN = re.compile(rb"\xffD[-+]\xff")
#: Lines of a longer shape are all split.
_MAX_LENGTH = 4096
_DIGITS, _WORD = re.compile(rb"[0-9]+"), re.compile(rb"[^ \n]+")
_NUMBER = re.compile(rb"([-+]?)([0-9]+)(?:\.([0-9]*))?(?:[eE]([-+]?)([0-9]+))?")
#: The runs of a number's whole part, decimals and exponent, -1 for none, and the signs of number and exponent.
Parts = tuple[int, int, int, int, int]
#: A number that is none of the runs of its line: it is a constant.
_NO_RUN: Parts = (-1, -1, -1, 1, 1)
#: The template and the numbers of some lines.
Split = list[tuple[bytes, list[bytes]]]


class Reading(NamedTuple):
    """How a line is split. numbers: the parts of each (`DigitRuns.floats`). constants: what the others are.

    fixed: a run, its text, and whether only its length matters, for runs that are the same in all lines of the shape.
    """

    template: bytes
    numbers: list[Parts]
    constants: list[float]
    fixed: list[tuple[int, bytes, bool]]


class RepeatedLines(NamedTuple):
    """The lines of a block as printed. readings: in the order of their first lines; kind: which each line has."""

    raw: bytes
    runs: DigitRuns
    readings: list[Reading]
    kind: Ints

    def numbered(self, numbers: Callable[[bytes], int]) -> NDArray[np.int32]:
        """The number of the template of each line."""
        return np.array([numbers(reading.template) for reading in self.readings], np.int32)[self.kind]

    @property
    def size(self) -> int:
        """How many numbers the lines hold."""
        return int(self._counts()[self.kind].sum())

    def floats(self, chosen: Ints) -> Floats:
        """The chosen ones of the numbers of all lines."""
        counts = self._counts()
        amount = counts[self.kind]
        line = np.repeat(np.arange(len(amount)), amount)[chosen]
        nth = chosen - (np.cumsum(amount) - amount)[line]
        at = (np.cumsum(counts) - counts)[self.kind[line]] + nth
        parts = np.array([each for reading in self.readings for each in reading.numbers], np.int64).reshape(-1, 5)
        value: Floats = np.array([each for reading in self.readings for each in reading.constants], np.float64)[at]
        in_runs = np.flatnonzero(parts[at, 0] >= 0)
        value[in_runs] = self.runs.floats(self.runs.first[line[in_runs]], parts[at[in_runs]])
        return value

    def _counts(self) -> Ints:
        return np.array([len(reading.numbers) for reading in self.readings], np.int64)


def repeated_lines(block: bytes, is_plain: Callable[[bytes], bool]) -> RepeatedLines | None:
    """The lines of a block; None where too few are alike, or each needs a look at others.

    is_plain: whether lines, in the order of the file, are no part of a table that is rewritten. It tells digits from
    other signs, but no digit from another, and sees a line with the one before and the one after it.
    """
    if len(block) < LEAST or block[-1:] not in b"\r\n" or RUN in block:
        return None
    runs = DigitRuns(block)
    if len(runs.shapes) > _MAX_SHAPES or _NOT_BY_SHAPE.search(b"\n".join(runs.shapes)):
        return None
    sampled = _samples(runs, redrawn=len(runs.shape) > block.count(b"\n") + 1)
    rows = np.flatnonzero(sampled).tolist()
    if len(rows) > _MAX_SPLIT * len(sampled) or (split := _split(runs, rows)) is None:
        return None
    by_shape: dict[int, Reading | None] = {}
    for row, (template, numbers) in zip(rows, split, strict=True):
        if (shape := int(runs.shape[row])) not in by_shape:
            by_shape[shape] = _reading(runs.shapes[shape], runs.text(row), template, numbers)
    alone = _alone(runs, by_shape)
    if alone.any():
        rows = np.flatnonzero(sampled | alone).tolist()
        if len(rows) > _MAX_SPLIT * len(sampled) or (split := _split(runs, rows)) is None:
            return None
    if not is_plain(b"".join(map(runs.text, rows))):
        return None
    return _of_kinds(block, runs, by_shape, alone, rows, split)


def _of_kinds(
    raw: bytes,
    runs: DigitRuns,
    by_shape: dict[int, Reading | None],
    alone: NDArray[np.bool_],
    rows: list[int],
    split: Split,
) -> RepeatedLines | None:
    """All lines, from those that were split."""
    readings: list[Reading] = []
    of_shape, own = np.full(len(runs.shapes), -1, np.int64), {}
    for row, (template, numbers) in zip(rows, split, strict=True):
        shape = int(runs.shape[row])
        if alone[row]:
            own[row] = len(readings)
            readings.append(Reading(template, [_NO_RUN] * len(numbers), floats(numbers), []))
        elif (reading := by_shape[shape]) is None or reading.template != template:
            return None  # the lines beside it make a difference
        elif of_shape[shape] < 0:
            of_shape[shape] = len(readings)
            readings.append(reading)
    kind = of_shape[runs.shape]
    kind[list(own)] = list(own.values())
    return RepeatedLines(raw, runs, readings, kind)


def _samples(runs: DigitRuns, *, redrawn: bool) -> NDArray[np.bool_]:
    """Some lines of each shape: beside lines of every other shape that it stands beside, and in every line of a bar."""
    shape, count = runs.shape, len(runs.shapes)
    if redrawn:
        place = runs.line_of_file() * count + shape
    else:
        edge = np.array([count])
        place = np.append(edge, shape[:-1]) * (count + 1) ** 2 + shape * (count + 1) + np.append(shape[1:], edge)
    first = np.unique(place, return_index=True)[1]
    chosen = np.zeros(len(shape), bool)
    for beside in (-1, 0, 1):
        chosen[np.clip(first + beside, 0, len(shape) - 1)] = True
    chosen[-1] = True
    return chosen


def _split(runs: DigitRuns, rows: list[int]) -> Split | None:
    """Some lines, split as lines are without shapes; the last one must be among them."""
    lines = split_lines(b"".join(map(runs.text, rows)))
    if len(lines.templates) != len(rows):
        return None
    numbers = iter(lines.numbers)
    return [(template, list(islice(numbers, template.count(b"\0")))) for template in lines.templates]


def _reading(shape: bytes, line: bytes, template: bytes, numbers: list[bytes]) -> Reading | None:
    """How all lines of a shape are split, as one of them is; None where each has to be."""
    if len(shape) > _MAX_LENGTH:
        return None
    shape = normalise_spaces(shape)
    runs = _DIGITS.findall(line)
    reading = Reading(template, [], [], _by_length(shape, runs))
    met: list[bytes] = []
    for words, number in zip_longest(template.split(b"\0"), numbers, fillvalue=b""):
        for run in _DIGITS.findall(words):
            reading.fixed.append((len(met), run, False))
            met.append(run)
        if parts := _NUMBER.fullmatch(number):
            sign, whole, decimals, exponent_sign, exponent = parts.groups(b"")
            at = len(met)
            places = at + 1 if decimals else -1, at + 1 + bool(decimals) if exponent else -1
            met += filter(None, (whole, decimals, exponent))
            reading.numbers.append((at, *places, -1 if sign == b"-" else 1, -1 if exponent_sign == b"-" else 1))
            reading.constants.append(0.0)
        elif number:
            if _DIGITS.search(number):
                return None
            reading.numbers.append(_NO_RUN)
            reading.constants.append(float(number))
    return reading if met == runs and not _FORTRAN.search(shape) else None


def _by_length(shape: bytes, runs: list[bytes]) -> list[tuple[int, bytes, bool]]:
    """The runs of a line whose length matters, as `Reading.fixed` has them."""
    found: list[tuple[int, bytes, bool]] = []
    first = 0
    for word in _WORD.findall(shape):
        last = first + word.count(RUN)
        if _BY_LENGTH.search(word):
            found += [(run, runs[run], True) for run in range(first, last)]
        first = last
    return found


def _alone(runs: DigitRuns, by_shape: dict[int, Reading | None]) -> NDArray[np.bool_]:
    """The lines that are not split as the first of their shape is."""
    alone = np.zeros(len(runs.shape), bool)
    for shape, reading in by_shape.items():
        if reading and not reading.fixed:
            continue
        rows = np.flatnonzero(runs.shape == shape)
        if reading is None:
            alone[rows] = True
            continue
        for run, text, in_length in reading.fixed:
            alone[rows] |= ~runs.equal(runs.first[rows] + run, text, in_length=in_length)
    return alone
