"""The curves of two or more runs over each other, as an SVG that needs no script."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from markupsafe import Markup, escape

from loglens.compare.curves import Comparison, Pair
from loglens.model.numbers import number
from loglens.model.series import Series
from loglens.renderers.shared.buckets import Scale
from loglens.renderers.shared.summary import say
from loglens.renderers.shared.thinning import Thin, points_for_screen
from loglens.stats.arrays import Floats

#: Size of a plot and its margins for the axes, in the units of the SVG; points of a curve that it can show.
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 230, 64, 24, 10
POINTS = 1500
#: Good runs that are drawn: of more, no line can be told from another.
GOOD_RUNS = 20
#: Ticks of an axis, about.
TICKS = 4


def pairs_to_draw(found: Comparison) -> Iterator[Pair]:
    """The curves that diverge, in the order in which to look at them; where none does, those that were compared."""
    for pair in found.parted or found.together:
        if pair.bad is not None and len(pair.bad):
            yield pair


def overlay(pair: Pair) -> Markup:
    """Draw the bad run over the good ones, with the first difference as a vertical line.

    Values that are not finite are crosses at the bottom. The value axis is logarithmic where the values span a wide
    range, as in all plots of loglens.
    """
    if pair.bad is None or not len(pair.bad):
        return Markup("")
    curves = [curve for curve in (*pair.goods[:GOOD_RUNS], pair.bad) if len(curve)]
    onsets = [] if pair.onset is None else [pair.onset]
    thin = [points_for_screen(curve, POINTS, onsets) for curve in curves]
    scale = Scale.of(np.concatenate([curve.value for curve in thin]))
    span = min(int(curve.step[0]) for curve in curves), max(int(curve.step[-1]) for curve in curves)
    parts = list(_axes(scale, span))
    parts += [
        f'<path class="{"bad-run" if place == len(thin) - 1 else "good-run"}" d="{_path(curve, scale, span)}"/>'
        for place, curve in enumerate(thin)
    ]
    parts.append(f'<path class="nonfinite" d="{_crosses(thin[-1], span)}"/>')
    if pair.onset is not None:
        at = _x(np.array([pair.onset], float), span)[0]
        parts.append(f'<path class="onset" d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
    label = escape(f"{say(pair.tag, 80)}: the bad run over {len(curves) - 1} good")
    return Markup(f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>')  # noqa: S704 - numbers, and text that was escaped


def _x(step: Floats, span: tuple[int, int]) -> Floats:
    share = (step - span[0]) / max(span[1] - span[0], 1)
    return np.asarray(LEFT + share * (WIDTH - LEFT - 8))


def _y(share: Floats) -> Floats:
    return np.asarray(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM))


def _path(curve: Thin, scale: Scale, span: tuple[int, int]) -> str:
    """The line through the points of a curve, interrupted where values are not finite."""
    out, pen = [], "M"
    levels = _y(scale(curve.value))
    for x, y in zip(_x(curve.step.astype(float), span).tolist(), levels.tolist(), strict=True):
        if y == y:
            out.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
        else:
            pen = "M"
    return "".join(out)


def _crosses(curve: Thin, span: tuple[int, int]) -> str:
    places: dict[int, float] = {}
    for part in curve.bad:
        steps = np.linspace(part.first, part.last, min(part.last - part.first + 1, 60))
        for x in _x(steps, span).tolist():
            places.setdefault(int(x / 8), x)  # one cross in so many units
    return "".join(f"M{x - 3:.1f} {HEIGHT - BOTTOM - 8}l6 6m0 -6l-6 6" for x in places.values())


def _axes(scale: Scale, span: tuple[int, int]) -> Iterator[str]:
    for step in _round_ticks(*span):
        x = _x(np.array([step]), span)[0]
        yield f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{int(step):,}</text>'
    for value in _ticks(scale):
        y = _y(scale(np.array([value])))[0]
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - 8}"/>'
        yield f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{number(float(value))}</text>'


def _ticks(scale: Scale) -> list[float]:
    """Round values that the scale holds; powers of ten on a logarithmic one."""
    if not scale.log:
        return _round_ticks(scale.low, scale.high) if scale.high > scale.low else [scale.low]
    low, high = int(np.ceil(np.log10(scale.low))), int(np.floor(np.log10(scale.high)))
    every = max(-(-(high - low + 1) // (TICKS + 1)), 1)
    return [10.0**power for power in range(low, high + 1, every)]


def _round_ticks(low: float, high: float) -> list[float]:
    """About TICKS round numbers between two: multiples of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    rough = (high / TICKS) - (low / TICKS)  # halves first: a range over all floats would overflow
    if not rough > 0 or not math.isfinite(rough):
        return [low]
    unit = 10.0 ** math.floor(math.log10(rough))
    every = next(unit * m for m in (1, 2, 5, 10) if unit * m >= rough * 0.999)
    first = math.ceil(low / every) * every
    return [value for value in (first + every * place for place in range(TICKS + 2)) if value <= high]


def curve_facts(curve: Series) -> str:
    """ "600 points, step 0 to 599"."""
    return f"{len(curve):,} points, {say(curve.axis, 30)} {curve.step[0]:,} to {curve.step[-1]:,}" if len(curve) else ""
