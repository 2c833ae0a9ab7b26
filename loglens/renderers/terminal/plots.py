"""Plot curves with characters: a sparkline and a small plot.

Plain text; the caller adds colours. Thousands of points share one column, so a column shows the whole
range between its lowest and highest point, and its NaN: a spike of one step is never lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loglens.model.numbers import number
from loglens.model.series import Series
from loglens.renderers.shared.buckets import Buckets, Scale, _span, buckets, columns
from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median

#: Pieces of one line of a plot: text, and what it is (label, axis, curve, onset, bad).
Line = list[tuple[str, str]]


class Marks(NamedTuple):
    """The characters to draw with."""

    levels: str
    bad: str
    gap: str
    axis: str
    corner: str
    side: str
    tick: str
    guide: str
    caret: str
    dots: tuple[int, int]  # dots per character across and down


UNICODE = Marks("▁▂▃▄▅▆▇█", "×", "·", "─", "└", "│", "┤", "┊", "▲", (2, 4))
ASCII = Marks("_.-=+*%#", "x", " ", "-", "+", "|", "+", ":", "^", (1, 2))

#: Bits of the dots of a braille character, by column and then by row from the top.
_BRAILLE = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


def sparkline(curve: Series, width: int, unicode: bool = True) -> str:
    """A curve in one line: per column the most extreme value, a cross where one is not finite."""
    if not len(curve):
        return ""
    marks = UNICODE if unicode else ASCII
    parts = buckets(curve, min(width, len(curve)))
    scale = Scale.of(curve.value)
    low, high = scale(parts.low), scale(parts.high)
    usual = median(scale(curve.finite.value)) if len(curve.finite) else 0.5
    shown = np.where(high - usual >= usual - low, high, low)
    top = len(marks.levels) - 1
    return "".join(
        marks.bad if bad else marks.gap if level != level else marks.levels[round(level * top)]
        for level, bad in zip(shown.tolist(), parts.bad.tolist(), strict=True)
    )


def plot(
    curve: Series, onset: int | None = None, *, width: int = 72, height: int = 5, unicode: bool = True
) -> list[Line]:
    """Plot a curve, with its highest and lowest value beside it and the onset marked under its column.

    The axis at the bottom has a cross under every column in which a value is not finite.
    """
    marks = UNICODE if unicode else ASCII
    scale = Scale.of(curve.value)
    labels = [""] * height
    if len(curve.finite):
        labels[0], labels[-1] = number(scale.high), number(scale.low)
    if scale.high == scale.low:
        labels = [labels[0] if row == height // 2 else "" for row in range(height)]
    gutter = max(map(len, labels))
    cells = max(width - gutter - 2, 10)
    span = _span(curve)
    at = None if onset is None else int(columns(np.array([onset]), span, cells)[0])
    across, down = marks.dots
    parts = buckets(curve, cells * across)
    grid = _grid(parts, scale, height * down)
    lines: list[Line] = []
    for row, label in enumerate(labels):
        side = marks.tick if label else marks.side
        dots = grid[row * down : (row + 1) * down]
        lines.append([(f"{label:>{gutter}} ", "label"), (side, "axis"), *_row(dots, at, marks)])
    bad = np.logical_or.reduceat(parts.bad, np.arange(0, cells * across, across)).tolist()
    axis: Line = [(" " * (gutter + 1), "label"), (marks.corner, "axis")]
    axis += [(marks.bad, "bad") if here else (marks.axis, "axis") for here in bad]
    return [_joined(line) for line in [*lines, axis, _feet(span, onset, at, cells, gutter, curve.axis, marks)]]


def _grid(parts: Buckets, scale: Scale, rows: int) -> NDArray[np.bool_]:
    """Dots by row and column: each column from its lowest to its highest, neighbours joined by a line."""

    def level(values: Floats) -> Floats:
        return np.rint((1 - scale(values)) * (rows - 1))

    grid = np.zeros((rows, len(parts.low)), np.bool_)
    top, bottom = level(parts.high), level(parts.low)
    first, last = level(parts.first), level(parts.last)
    before = None
    for x in range(len(top)):
        if np.isfinite(top[x]):
            grid[int(top[x]) : int(bottom[x]) + 1, x] = True
            if before is not None:
                _join(grid, before, int(last[before]), x, int(first[x]))
            before = x
        if parts.bad[x]:
            before = None  # a line across would hide the gap
    return grid


def _join(grid: NDArray[np.bool_], x0: int, y0: int, x1: int, y1: int) -> None:
    steps = max(x1 - x0, abs(y1 - y0))
    xs = np.rint(np.linspace(x0, x1, steps + 1)).astype(int)
    ys = np.rint(np.linspace(y0, y1, steps + 1)).astype(int)
    grid[ys, xs] = True


def _row(dots: NDArray[np.bool_], at: int | None, marks: Marks) -> Iterator[tuple[str, str]]:
    """One line of characters, made of its rows of dots."""
    across = marks.dots[0]
    for x in range(dots.shape[1] // across):
        cell = dots[:, x * across : (x + 1) * across]
        if not cell.any():
            yield (marks.guide, "onset") if x == at else (" ", "curve")
        elif marks is ASCII:
            yield (":" if cell.all() else "'" if cell[0, 0] else "."), "curve"
        else:
            bits = sum(_BRAILLE[i][j] for j, i in zip(*np.nonzero(cell), strict=True))
            yield chr(0x2800 + bits), "curve"


def _feet(
    span: tuple[int, int], onset: int | None, at: int | None, cells: int, gutter: int, axis: str, marks: Marks
) -> Line:
    """The line under the axis: its first and last step, and the onset under its column."""
    first, last = number(span[0]), number(span[1])
    indent = " " * (gutter + 2)
    if at is None:
        return [(f"{indent}{first}{axis:^{max(cells - len(first) - len(last), 0)}}{last}", "label")]
    text = f"{axis} {number(onset)}"
    fits = at + 2 + len(text) <= cells
    mark = f"{marks.caret} {text}" if fits else f"{text} {marks.caret}"
    start = at if fits else max(at + 1 - len(mark), 0)
    left = first if len(first) + 1 <= start else ""
    room = cells - start - len(mark)
    right = last if len(last) + 2 <= room else ""
    return [
        (f"{indent}{left:<{start}}", "label"),
        (mark, "onset"),
        (f"{right:>{max(room, 0)}}" if right else "", "label"),
    ]


def _joined(line: Line) -> Line:
    """Merge neighbouring pieces of one kind in a line."""
    out: Line = []
    for text, kind in line:
        if out and out[-1][1] == kind:
            out[-1] = (out[-1][0] + text, kind)
        else:
            out.append((text, kind))
    return out
