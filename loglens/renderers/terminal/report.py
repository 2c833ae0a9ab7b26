"""The report as text for a terminal: verdict first, then why, what to change, what was not checked."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table

from loglens.model.numbers import plural
from loglens.model.report import Diagnosis, Outline, Report
from loglens.renderers.shared.summary import (
    FEW_RUNS,
    VERDICTS,
    by_cause,
    distinct,
    drawn_curve,
    hints_heading,
    parameter_hints,
    worst_first,
)
from loglens.renderers.terminal.look import TextStyle, indented
from loglens.renderers.terminal.plots import sparkline
from loglens.renderers.terminal.sections import headline, sections

FORMAT = "text"
SUFFIXES = (".txt",)


def render(
    report: Report, *, width: int = 100, color: bool = False, unicode: bool = True, verbose: bool = False
) -> str:
    """Render the report as text of at most `width` columns; only code and very long words may be longer.

    color: with ANSI colours. unicode: False where the output can show ASCII only. verbose: every
    curve, snippet and healthy run in full.
    """
    look = TextStyle(width, color, unicode, verbose)
    return look.print(_page(report, look))


def _page(report: Report, look: TextStyle) -> Iterator[RenderableType]:
    judged = worst_first(report.judged)
    many = not look.verbose and (len(judged) > FEW_RUNS or bool(report.outlines))
    if not judged:
        yield look.text((f"{look.mark('failed')} NOT READ", "failed"), "  nothing could be read as a training log")
    elif many:
        yield _counts(judged, look)
        yield ""
        yield _groups(judged, look)
    else:
        yield from _runs(worst_first(report.runs), look)
    apart = parameter_hints(report)
    if apart:
        yield ""
        yield look.text((hints_heading(report), "head"))
        yield from (indented(look.text(look.say(line))) for line in apart)
    if report.unread:
        yield ""
        yield look.text(("Could not be read", "head"))
        shown = report.unread[:FEW_RUNS] if many else report.unread
        for unread in shown:
            yield indented(look.text((look.say(unread.path, 200), "warning"), f": {look.say(unread.why)}"))
        if len(shown) < len(report.unread):
            yield indented(look.text((f"and {len(report.unread) - len(shown):,} more; -v shows all", "muted")))
    known = sum(finding.known for finding in report.all_findings)
    if known:
        yield ""
        said = "the gate passes" if not report.failed else "the gate fails on the others"
        yield look.text(
            ("Known", "head"), f"  {known:,} of {plural(len(report.all_findings), 'finding')} accepted; {said}"
        )
    primary = next((run.primary for run in judged if run.verdict in ("failed", "suspect")), None)
    if many:
        yield ""
        yield look.text(("One of them? ", "muted"), f"loglens diagnose {_place(judged[0], look)}")
        yield look.text(("All of them? ", "muted"), "-v", (" or ", "muted"), "-o report.html")
    elif primary:
        yield ""
        yield _hint(primary, look)


def _runs(runs: list[Diagnosis], look: TextStyle) -> Iterator[RenderableType]:
    """One run in full; several as a table, followed by each that failed, is suspect or has a crashed rule."""
    if len(runs) == 1:
        yield headline(runs[0], look)
        yield from sections(runs[0], look)
        return
    yield _counts(runs, look)
    yield ""
    yield _table(runs, look)
    for run in runs:
        if look.verbose or run.verdict in ("failed", "suspect") or run.crashed:
            yield ""
            yield _rule(look)
            yield headline(run, look)
            yield from sections(run, look)


def _counts(runs: Sequence[Diagnosis | Outline], look: TextStyle) -> RenderableType:
    """ "3 runs: 1 failed, 1 suspect, 1 healthy"."""
    counts = {verdict: sum(run.verdict == verdict for run in runs) for verdict in VERDICTS}
    pieces: list[str | tuple[str, str]] = [(f"{plural(len(runs), 'run')}: ", "head")]
    for verdict, count in counts.items():
        if count:
            pieces += [", " if len(pieces) > 1 else "", (f"{count:,} {verdict.replace('-', ' ')}", verdict)]
    return look.text(*pieces)


def _table(runs: list[Diagnosis], look: TextStyle) -> Table:
    spark = 20 if look.width >= 96 else 10
    max_width = max(look.width // 4, 20)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, max_width=max_width)
    table.add_column(no_wrap=True, width=spark)
    table.add_column(ratio=1, overflow="fold")
    names = Counter(run.run for run in runs)
    for run, short in zip(runs, distinct([run.run for run in runs]), strict=True):
        # one folder that holds two formats gives two runs of one name
        reader = f" ({look.say(run.format, 12)})" if names[run.run] > 1 else ""
        curve = drawn_curve(run)
        line = sparkline(curve, spark, look.unicode) if curve is not None else ""
        table.add_row(
            look.text((f"{look.mark(run.verdict)} {run.verdict.replace('-', ' ')}", run.verdict)),
            look.text((look.say(short, max_width - len(reader)), "head"), reader),
            look.text(*((c, "bad" if c in "×x" else "curve") for c in line)),
            look.text(look.say(run.summary).removeprefix("not judged: ").removeprefix("nothing wrong found; ")),
        )
    return table


def _groups(runs: Sequence[Diagnosis | Outline], look: TextStyle) -> Table:
    """A table with a row for the runs of each verdict and cause: how many, and the names of the first."""
    rows = by_cause(runs)
    causes = [look.say(cause, 34) for _, cause, _ in rows]
    count = max(len(f"{len(members):,}") for *_, members in rows)
    room = look.width - 2 * 3 - len("x not judged") - count - max(map(len, causes))
    table = Table.grid(padding=(0, 2, 0, 0))
    for justify in ("left", "right", "left", "left"):
        table.add_column(no_wrap=True, justify=justify)
    for (verdict, _, members), cause in zip(rows, causes, strict=True):
        names = _names([look.say(short, 60) for short in distinct([run.run for run in members])], max(room, 12), look)
        table.add_row(
            look.text((f"{look.mark(verdict)} {verdict.replace('-', ' ')}", verdict)),
            look.text((f"{len(members):,}", "head")),
            look.text(cause),
            look.text((names, "muted")),
        )
    return table


def _names(names: list[str], room: int, look: TextStyle) -> str:
    """As many of the names as fit; the first is always shown, shortened if it must be."""
    for count in range(min(len(names), FEW_RUNS), 0, -1):
        more = f" and {len(names) - count:,} more" if count < len(names) else ""
        said = ", ".join(names[:count]) + more
        if cell_len(said) <= room:
            return said
    return look.say(names[0], max(room - len(more), 8)) + more


def _place(run: Diagnosis | Outline, look: TextStyle) -> str:
    return look.say(shlex.quote(run.path), 200)


def _rule(look: TextStyle) -> RenderableType:
    return look.text(("─" * look.width if look.unicode else "-" * look.width, "muted"))


def _hint(condition: str, look: TextStyle) -> RenderableType:
    rule = f"loglens rules {look.say(condition, 60)}"
    hint = look.text(("In doubt? ", "muted"), rule)
    return hint if look.verbose else hint.append_text(look.text(("   All the code? ", "muted"), "-v"))
