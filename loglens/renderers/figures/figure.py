"""Draw a figure of findings with matplotlib: a panel each with its curves, its onset, its episode and NaN."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from loglens.model.finding import Severity
from loglens.model.numbers import number, plural
from loglens.model.report import Diagnosis
from loglens.model.reported_finding import ReportedFinding
from loglens.renderers.figures.panels import Panel, panels
from loglens.renderers.shared.buckets import Scale
from loglens.renderers.shared.summary import say
from loglens.renderers.shared.thinning import Thin, points_for_screen
from loglens.stats.arrays import Floats

#: Colours after Okabe and Ito (the orange darker, for thin lines on paper), distinguished by dashes too.
COLOURS = ("#0072b2", "#b87700", "#009e73", "#a8508a", "#3a93c7")
DASHES = ("-", (0, (7, 1.2)), (0, (1.8, 1.3)), (0, (6, 1.5, 1.5, 1.5)), (0, (1, 1.8)))
TONES = {Severity.ERROR: "#d55e00", Severity.WARNING: "#b87700", Severity.NOTE: "#0072b2"}
BAD = "#d55e00"
#: Points of a curve; layers beyond which only the first and the last are named; crosses along a plot.
POINTS, NAMED, CROSSES = 4000, len(COLOURS), 60
#: Height of a panel and of the margins around all panels, in inches.
PANEL, AROUND = 1.55, 0.55
#: Limits of drawn values; those beyond are drawn at the limit, since an axis needs room on both sides of its data.
MIN_VALUE, MAX_VALUE = 1e-300, 1e300
#: Text stays text in a vector file, nothing of it is read as a formula, and equal input gives equal files.
STYLE: dict[Any, Any] = {
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "font.family": "sans-serif",
    "font.size": 7.5,
    "grid.color": "#e4e7ec",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.0,
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "svg.fonttype": "none",
    "svg.hashsalt": "loglens",
    "text.parse_math": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}


def save(
    run: Diagnosis, findings: Sequence[tuple[int, ReportedFinding]], file: Path, format: str, width: float, version: str
) -> None:
    """Draw the findings of a run, or its main curve where there is none, and write the file."""
    drawn = list(panels(run, findings))
    with mpl.rc_context(mpl.rcParamsDefault), warnings.catch_warnings():  # whatever the user's own style is
        mpl.rcParams.update(STYLE)
        warnings.simplefilter("ignore")  # characters that the font lacks
        figure = Figure(figsize=(width, AROUND + PANEL * len(drawn)), layout="constrained")
        figure.suptitle(say(run.run, 80), fontsize=7.5, color="#566070", x=0.01, ha="left")
        plots = figure.subplots(len(drawn), 1, squeeze=False)[:, 0]
        shared = len({panel.curves[0].axis for panel in drawn}) == 1
        spans = [panel.span for panel in drawn]
        for place, (plot, panel, span) in enumerate(zip(plots, drawn, spans, strict=True)):
            whole = (min(low for low, _ in spans), max(high for _, high in spans)) if shared else span
            _draw(plot, panel, whole)
            plot.set_title(panel.heading or say(run.summary.partition(";")[0], 60), loc="left", pad=15)
            if shared and place < len(drawn) - 1:
                plot.tick_params(labelbottom=False)
            else:
                plot.set_xlabel(say(panel.curves[0].axis, 40))
        made = io.BytesIO()  # a backend that cannot write fails in its own words, if at all
        figure.savefig(made, format=format, metadata=_metadata(run, drawn, format, version))
    file.write_bytes(made.getvalue())


def _draw(plot: Axes, panel: Panel, span: tuple[int, int]) -> None:
    finding = panel.finding
    onsets = [] if finding is None or finding.onset_step is None else [finding.onset_step]
    curves = [points_for_screen(curve, POINTS, onsets) for curve in panel.curves]
    pad = max((span[1] - span[0]) * 0.01, 0.5)
    plot.set_xlim(span[0] - pad, span[1] + pad)
    plot.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    plot.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    plot.grid(axis="y")
    plot.set_axisbelow(True)
    set_limits(plot, np.concatenate([curve.value for curve in panel.curves]))
    plot.set_ylabel(panel.quantity)
    named = list(_lines(plot, panel, curves))
    named += _bad(plot, panel.bad, curves, span)
    if finding is not None:
        _episode(plot, finding, panel.curves[0].axis, span)
    handles, labels = zip(*named, strict=True)
    plot.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=min(len(named), 4),
        frameon=False,
        borderaxespad=0.1,
        handlelength=1.8,
        columnspacing=1.2,
        fontsize=7,
    )


def set_limits(plot: Axes, values: Floats) -> None:
    """Set the limits of the value axis, logarithmic where text and HTML reports have it too; zero is at the bottom."""
    finite = np.clip(values[np.isfinite(values)], -MAX_VALUE, MAX_VALUE)
    if not len(finite):
        plot.set_ylim(0, 1)
        plot.set_yticks([])
        return
    scale = Scale.of(finite)
    if scale.log:
        low, high = max(scale.low, MIN_VALUE), scale.high
        pad = min((high / low) ** 0.05, 1e6)
        plot.set_yscale("log")
        plot.set_ylim(low / pad, high * pad)
        plot.yaxis.set_major_locator(LogLocator(numticks=5))
        plot.yaxis.set_major_formatter(FuncFormatter(_power))
        plot.yaxis.set_minor_formatter(NullFormatter())
    else:
        pad = (scale.high - scale.low) * 0.06 or abs(scale.high) * 0.1 or 1.0
        plot.set_ylim(scale.low - pad, scale.high + pad)
        plot.yaxis.set_major_locator(MaxNLocator(4))


def _power(value: float, _: object) -> str:
    """ "0.1", "1e20": without the formula that matplotlib writes."""
    return number(value) if value < 1e5 else f"{value:.0e}".replace("+0", "").replace("+", "")


def _lines(plot: Axes, panel: Panel, curves: Sequence[Thin]) -> Iterator[tuple[Line2D, str]]:
    """Draw the curves; many layers get one range of colours, of which the first and the last are named."""
    many = len(curves) > NAMED
    ramp = mpl.colormaps["cividis"](np.linspace(0.05, 0.85, len(curves)))
    for place, (curve, colour, dash) in enumerate(zip(curves, cycle(COLOURS), cycle(DASHES), strict=False)):
        value = np.clip(curve.value, -MAX_VALUE, MAX_VALUE)
        hue, style = (ramp[place], "-") if many else (colour, dash)
        few = "." if len(value) <= 40 else ""
        (line,) = plot.plot(curve.step, value, color=hue, linestyle=style, marker=few, markersize=3)
        alone = _alone(value)
        if not few and len(alone):
            plot.plot(curve.step[alone], value[alone], color=hue, linestyle="", marker=".", markersize=3)
        if not many or place in (0, len(curves) - 1):
            name = say(panel.curves[place].tag, 44)
            said = f" to the last of {len(curves)}: " if many and place else ""
            yield line, f"{said}{name}" if said else name.replace("_", " _", 1) if name[:1] == "_" else name


def _alone(value: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """The indices of points without a finite neighbour, which no line would show."""
    gap = np.pad(np.isnan(value), 1, constant_values=True)
    return np.flatnonzero(~gap[1:-1] & gap[:-2] & gap[2:])


def _bad(plot: Axes, count: int, thinned: Sequence[Thin], span: tuple[int, int]) -> Iterator[tuple[Line2D, str]]:
    """Draw crosses along the bottom of the plot where values are not finite, and a band where many are in a row."""
    if not count:
        return
    grain = max((span[1] - span[0]) / CROSSES, 1)
    places: dict[int, int] = {}  # one cross a grain of the axis
    for part in (part for curve in thinned for part in curve.bad):
        if part.last - part.first > grain:
            plot.axvspan(part.first, part.last, color=BAD, alpha=0.12, linewidth=0)
        for step in (*islice(range(part.first, part.last, int(grain)), CROSSES), part.last):
            places.setdefault(int(step / grain), step)
    at = list(places.values())
    look: dict[str, Any] = {"linestyle": "", "marker": "x", "color": BAD, "markersize": 3.2, "markeredgewidth": 0.9}
    plot.plot(at, [0.04] * len(at), transform=plot.get_xaxis_transform(), gid="not-finite", **look)
    kinds = {kind for curve in thinned for part in curve.bad for kind in part.what.split(" and ")}
    yield Line2D([], [], **look), f"{' and '.join(sorted(kinds, reverse=True))} ({plural(count, 'point')})"


def _episode(plot: Axes, finding: ReportedFinding, axis: str, span: tuple[int, int]) -> None:
    onset, end, tone = finding.onset_step, finding.end_step, TONES[finding.severity]
    if onset is None or (finding.series and finding.series[0].axis != axis):
        return
    if end is not None and end > onset:
        plot.axvspan(onset, end, color=tone, alpha=0.1, linewidth=0, gid="episode")
    plot.axvline(onset, color=tone, linestyle=(0, (4, 2)), linewidth=0.9, gid="onset")
    right = onset > span[0] + 0.75 * (span[1] - span[0])
    plot.annotate(
        f"{say(axis, 20)} {onset:,}",
        (onset, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if right else 3, -2),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
        color=tone,
        fontsize=7,
        bbox={"boxstyle": "square,pad=0.12", "facecolor": "white", "alpha": 0.75, "linewidth": 0},
    )


def _metadata(run: Diagnosis, drawn: Sequence[Panel], format: str, version: str) -> dict[str, str | None]:
    """Metadata for the file: what it shows; without a date, so that equal input gives equal files."""
    said = "; ".join(dict.fromkeys(say(panel.finding.message) for panel in drawn if panel.finding is not None))
    maker = f"loglens {say(version, 40)}"
    if format == "png":
        return {"Title": say(run.run, 80), "Description": said, "Software": maker}
    if format == "pdf":
        return {"Title": say(run.run, 80), "Subject": said, "Creator": maker, "CreationDate": None}
    return {"Title": say(run.run, 80), "Description": said, "Creator": maker, "Date": None}
