"""Images that need no script: a sparkline as SVG, a heat map as a PNG inside the page."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from loglens.model.series import Series
from loglens.renderers.shared.buckets import Scale, buckets, columns
from loglens.stats.arrays import Floats

#: Cividis (Nuñez et al. 2018), made to look alike to readers with and without colour-blindness.
RAMP = ("00224e", "123570", "3b496c", "575d6d", "707173", "8a8678", "a59c74", "c3b369", "e1cc55", "fee838")
#: Colours of a value that is not finite, and of a place without a value.
BAD, NONE = (213, 94, 0, 255), (0, 0, 0, 0)
#: Maximum number of columns and of cells of a heat map.
COLUMNS, CELLS = 400, 40_000


def spark(curve: Series, width: int, height: int, onset: int | None = None) -> Markup:
    """A curve as a small SVG: a line, crosses where values are not finite, a vertical line at the onset."""
    if not len(curve):
        return Markup("")
    cells = min(width, len(curve))
    parts, scale = buckets(curve, cells), Scale.of(curve.value)
    foot = height - (7 if parts.bad.any() else 2)
    x = (np.arange(cells) + 0.5) * width / cells

    def level(values: Floats) -> list[float]:
        return [float(y) for y in np.round(2 + (1 - scale(values)) * (foot - 3), 1)]

    path, pen = [], "M"
    columns_of = zip(
        x, *(level(p) for p in (parts.first, parts.low, parts.high, parts.last)), parts.bad.tolist(), strict=True
    )
    for at, first, low, high, last, bad in columns_of:
        if first == first:
            ys = [first] if low == high else [first, low, high, last]
            path += [f"{pen if i == 0 else 'L'}{at:.1f} {y}" for i, y in enumerate(ys)]
            pen = "L"
        if bad:
            pen = "M"
    crosses = "".join(
        f"M{at - 2:.1f} {height - 5}l4 4m0 -4l-4 4" for at in _apart(x[parts.bad].tolist(), 5)
    )  # fewer crosses than columns: each is wider than one
    rule = ""
    if onset is not None:
        share = columns(np.array([onset]), (int(curve.step[0]), int(curve.step[-1])), cells)[0]
        rule = f'<path class="rule" d="M{x[share]:.1f} 0V{height}"/>'
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="spark" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'aria-hidden="true" focusable="false">{rule}<path class="line" d="{"".join(path)}"/>'
        f'<path class="bad" d="{crosses}"/></svg>'
    )


def _apart(places: list[float], min_gap: float) -> list[float]:
    out: list[float] = []
    for place in places:
        if not out or place - out[-1] >= min_gap:
            out.append(place)
    return out


@dataclass(frozen=True, slots=True)
class Heat:
    """A heat map of curves of one role, a row each: the largest value in every column of steps.

    edges: first step of every column and the end of the last. cells: NaN where there is none, infinite
    where a value is not finite. low, high: the ends of the logarithmic colour scale.
    """

    edges: Floats
    cells: Floats
    low: float
    high: float

    @classmethod
    def of(cls, curves: list[Series]) -> Heat:
        first = min(int(curve.step[0]) for curve in curves)
        last = max(int(curve.step[-1]) for curve in curves)
        points = max(len(curve) for curve in curves)
        wide = max(min(COLUMNS, CELLS // len(curves), points), 1)
        stride = (last - first) / max(points - 1, 1) or 1.0
        edges = np.linspace(first, last + stride, wide + 1)
        cells = np.full((len(curves), wide), np.nan)
        for row, curve in enumerate(curves):
            at = np.clip(np.searchsorted(edges, curve.step, "right") - 1, 0, wide - 1)
            value = np.abs(np.where(np.isfinite(curve.value), curve.value, np.inf))
            largest = np.full(wide, -np.inf)
            np.maximum.at(largest, at, value)
            seen = np.bincount(at, minlength=wide) > 0
            cells[row, seen] = largest[seen]
        scaled = cells[np.isfinite(cells) & (cells > 0)]
        low, high = (float(scaled.min()), float(scaled.max())) if len(scaled) else (1.0, 1.0)
        return cls(edges, cells, low, high)

    def png(self) -> str:
        """The image as a data URI, one pixel a cell."""
        low, high = np.log10(self.low), np.log10(self.high)
        finite = np.isfinite(self.cells)
        level = np.log10(np.where(finite & (self.cells > 0), self.cells, self.low))
        share = (level - low) / (high - low) if high > low else np.full(self.cells.shape, 0.5)
        stops = np.array([[int(stop[i : i + 2], 16) for i in (0, 2, 4)] for stop in RAMP], float)
        places = np.linspace(0, 1, len(stops))
        pixels = np.full((*self.cells.shape, 4), 255, np.uint8)
        for channel in range(3):
            pixels[..., channel] = np.round(np.interp(share, places, stops[:, channel]))
        pixels[np.isinf(self.cells)] = BAD
        pixels[np.isnan(self.cells)] = NONE
        return "data:image/png;base64," + base64.b64encode(_png(pixels)).decode("ascii")


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """RGBA pixels (rows, columns, 4) as a PNG file."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows, wide = pixels.shape[:2]
    lines = np.zeros((rows, 1 + wide * 4), np.uint8)  # every line begins with its filter: none
    lines[:, 1:] = pixels.reshape(rows, -1)
    head = struct.pack(">IIBBBBB", wide, rows, 8, 6, 0, 0, 0)
    body = zlib.compress(lines.tobytes(), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
