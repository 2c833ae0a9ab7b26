"""One line a run on a terminal while logs are followed: verdict, step, rate, and the main curve as a sparkline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loglens.model.finding import Severity
from loglens.model.numbers import number
from loglens.model.report import Diagnosis
from loglens.renderers.shared.summary import VERDICTS, main_curve
from loglens.renderers.terminal.look import TextStyle
from loglens.renderers.terminal.plots import sparkline
from loglens.watch.follow import Watch
from loglens.watch.followed import Followed
from loglens.watch.pace import rate

if TYPE_CHECKING:  # slow to load, and needed at a terminal only
    from rich.table import Table

#: Lines that are shown, and the columns of a name and a sparkline.
FEW_RUNS, NAME, SPARK = 20, 36, 24


def verdict(one: Followed, run: Diagnosis) -> str:
    """The verdict by what is sure; a run to which nothing is written has that of its whole log."""
    if one.over or one.still or not one.grew:
        return run.verdict
    said = one.sureness(run).said
    if said is not None:
        return "failed" if said is Severity.ERROR else "suspect"
    return "healthy" if run.verdict == "healthy" else "unclear"


def table(watch: Watch, look: TextStyle) -> Table:
    """The lines of the runs, worst first, those that have ended last."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2, 0, 0))
    rows = [(one, run, verdict(one, run)) for one, run in watch.runs]
    rows.sort(key=lambda row: (row[0].over, row[0].still, VERDICTS.index(row[2])))
    for one, run, word in rows[:FEW_RUNS]:
        grid.add_row(*(look.text(piece) for piece in _cells(one, run, word, look)))
    if len(rows) > FEW_RUNS:
        grid.add_row("", look.text((f"{len(rows) - FEW_RUNS} more", "muted")))
    if not rows:
        grid.add_row(look.text(("waiting for a log", "muted")))
    return grid


def _cells(one: Followed, run: Diagnosis, word: str, look: TextStyle) -> list[str | tuple[str, str]]:
    curve = main_curve(run)
    axis = curve.axis if curve is not None else "step"
    step = "" if run.last_step is None else f"{look.say(axis, 12)} {number(run.last_step)}"
    speed = rate(curve) or one.rate
    ended = "over" if one.over else "still" if one.still else "" if speed is None else f"{number(speed)}/s"
    last = "" if curve is None or not len(curve) else f"{look.say(curve.tag, 24)} {number(float(curve.value[-1]))}"
    drawn = "" if curve is None else sparkline(curve, SPARK, look.unicode)
    name = look.say(run.run, NAME)
    return [(f"{look.mark(word)} {word}", word), name, step, ended, last, (drawn, "curve")]
