"""HTML of a run for a notebook: its facts, and a row with a sparkline for every curve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from loglens.model.plain_text import safe
from loglens.model.series import Series
from loglens.model.source import Note

#: Rows of the table, characters of a name, and the size of a line in pixels.
ROWS, NAME, WIDTH, HEIGHT = 40, 80, 120, 22


def table(
    name: str, format: str, curves: Sequence[Series], notes: Sequence[Note], *, points: int, histograms: int
) -> str:
    """The HTML, without style sheet and script, for light and dark themes.

    points: as written, those that a resume replaced included. histograms: how many summaries were logged.
    """
    facts = [format, f"{points:,} points", f"{len(curves):,} curves"]
    facts += [f"{histograms:,} histograms"] if histograms else []
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _row(curve))}</tr>" for curve in curves[:ROWS])
    heads = "".join(f"<th>{head}</th>" for head in ("curve", "", "points", "steps", "last"))
    more = f"<p>and {len(curves) - ROWS:,} more curves</p>" if len(curves) > ROWS else ""
    items = "".join(f"<li>{_escaped(note.kind)}: {_escaped(note.message, 300)}</li>" for note in notes[:ROWS])
    return (
        f"<div><p><b>{_escaped(name)}</b> ({_escaped(', '.join(facts), 200)})</p>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{more}"
        + (f"<ul>{items}</ul>" if items else "")
        + "</div>"
    )


def _row(curve: Series) -> Iterable[str]:
    name = _escaped(curve.tag)
    if not len(curve):
        return name, "", "0", "", ""
    bad = f", {curve.nonfinite:,} not finite" if curve.nonfinite else ""
    axis = "" if curve.axis == "step" else f" ({_escaped(curve.axis)})"
    steps = f"{curve.step[0]:,} to {curve.step[-1]:,}{axis}"
    return name, _line(curve), f"{len(curve):,}{bad}", steps, f"{curve.value[-1]:.4g}".replace("nan", "NaN")


def _line(curve: Series) -> str:
    """The curve as a polyline: the lowest and the highest value of every pixel, so that no spike is lost."""
    finite = curve.finite
    if len(finite) < 2:
        return ""
    span = max(float(curve.step[-1]) - float(curve.step[0]), 1.0)
    x = ((finite.step - curve.step[0]) / span * (WIDTH - 1)).astype(int)
    value = np.clip(finite.value, -1e300, 1e300)
    low, high = float(value.min()), float(value.max())
    y = 1 + (HEIGHT - 2) * (1 - (value - low) / ((high - low) or 1.0))
    starts = np.flatnonzero(np.diff(x, prepend=-1))
    ends = zip(np.maximum.reduceat(y, starts), np.minimum.reduceat(y, starts), strict=True)
    path = " ".join(f"{at},{a:.1f} {at},{b:.1f}" for at, (a, b) in zip(x[starts].tolist(), ends, strict=True))
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="curve">'
        f'<polyline points="{path}" fill="none" stroke="#3a93c7" stroke-width="1.2"/></svg>'
    )


def _escaped(text: str, max_length: int = NAME) -> str:
    """Text from a log: no markup, no control or direction characters, no longer than `max_length`."""
    import html  # slow to load, and for notebooks only

    return html.escape(safe(text[:max_length]) + ("…" if len(text) > max_length else ""))
