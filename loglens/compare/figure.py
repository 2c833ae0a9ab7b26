"""A comparison as a figure: the curves that diverge, the bad run over the good ones, with the first difference."""

from __future__ import annotations

import io
import warnings
from itertools import islice

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from loglens.compare.curves import Comparison, Pair
from loglens.compare.overlay import GOOD_RUNS, pairs_to_draw
from loglens.compare.phrases import first_difference, headline
from loglens.renderers.figures.figure import AROUND, BAD, COLOURS, MAX_VALUE, PANEL, POINTS, STYLE, set_limits
from loglens.renderers.shared.summary import say
from loglens.renderers.shared.thinning import points_for_screen

#: Panels of a figure: more do not fit a page.
PANELS = 8
WIDTH = 5.5


def figure(found: Comparison, format: str) -> bytes:
    """Draw a panel for each curve that diverges, or for the compared ones where none does. format: svg, png or pdf."""
    drawn = list(islice(pairs_to_draw(found), PANELS))
    with mpl.rc_context(mpl.rcParamsDefault), warnings.catch_warnings():  # whatever the user's own style is
        mpl.rcParams.update(STYLE)
        warnings.simplefilter("ignore")  # characters that the font lacks
        page = Figure(figsize=(WIDTH, AROUND + PANEL * max(len(drawn), 1)), layout="constrained")
        page.suptitle(say(headline(found), 90), fontsize=7.5, color="#566070", x=0.01, ha="left")
        plots = page.subplots(max(len(drawn), 1), 1, squeeze=False)[:, 0]
        for plot, pair in zip(plots, drawn, strict=False):
            _draw(plot, pair)
        made = io.BytesIO()
        dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}  # equal input gives equal files
        page.savefig(made, format=format, metadata=dates.get(format))
    return made.getvalue()


def _draw(plot: Axes, pair: Pair) -> None:
    curves = [*((curve, COLOURS[0]) for curve in pair.goods[:GOOD_RUNS]), *([(pair.bad, BAD)] if pair.bad else [])]
    onsets = [] if pair.onset is None else [pair.onset]
    thin = [(points_for_screen(curve, POINTS, onsets), colour) for curve, colour in curves if len(curve)]
    set_limits(plot, np.concatenate([curve.value for curve, _ in thin] or [np.zeros(0)]))
    for place, (curve, colour) in enumerate(thin):
        last = place == len(thin) - 1
        name = "bad" if last else "good" if not place else None
        value = np.clip(curve.value, -MAX_VALUE, MAX_VALUE)
        plot.plot(curve.step, value, color=colour, alpha=1 if last or len(thin) == 2 else 0.45, label=name)
        for part in curve.bad:
            plot.axvspan(part.first, part.last, color=BAD, alpha=0.12, linewidth=0)
    if pair.onset is not None:
        plot.axvline(pair.onset, color=BAD, linestyle=(0, (4, 2)), linewidth=0.9, gid="onset")
    plot.grid(axis="y")
    plot.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    plot.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    plot.set_xlabel(say(pair.axis, 40))
    since = f", first difference at {first_difference(pair)}" if pair.onset is not None else ""
    plot.set_title(f"{say(pair.tag, 50)}{say(since, 60)}", loc="left")
    plot.legend(loc="best", frameon=False, fontsize=7)
