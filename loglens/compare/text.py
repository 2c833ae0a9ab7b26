"""The text output of `loglens compare`: where the runs diverge, what differs, and whether limits are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table

from loglens.compare.curves import Comparison, Entry, Pair
from loglens.compare.parameters import Changed
from loglens.compare.phrases import HEADLINES, change, first_difference, headline, limit_kept, noise, remarks, values
from loglens.model.numbers import plural
from loglens.renderers.terminal.look import TextStyle, indented

#: How many curves and parameters are shown where the reader has not asked for all.
FEW_CURVES, FEW_PARAMS = 8, 12
#: Columns of the page below which the name of a curve may not fall.
NARROWEST = 16
#: From this width on, a heading of two words has one line.
ROOMY = 100


def text(found: Comparison, look: TextStyle) -> str:
    """The comparison as text: the verdict, the curves that diverge, the parameters that differ, the limits."""
    return look.print(_page(found, look))


def _page(found: Comparison, look: TextStyle) -> Iterator[RenderableType]:
    mark, style, _ = HEADLINES[found.verdict]
    title, _, said = headline(found).partition("  ")
    yield look.text((f"{look.mark(mark)} {title}", style), (f"  {look.say(said, 300)}", "head"))
    yield ""
    yield _runs(found, look)
    if found.parted:
        yield ""
        yield look.text(("Where the runs diverge", "head"), ("  most important first", "muted"))
        shown = found.parted if look.verbose else found.parted[:FEW_CURVES]
        yield indented(_parted(shown, look))
        if len(found.parted) > len(shown):
            yield indented(
                look.text((f"and {plural(len(found.parted) - len(shown), 'more curve')}; -v shows them", "muted"))
            )
    if found.params:
        yield ""
        yield look.text(("Parameters that differ", "head"))
        yield indented(_params(found.params, look))
    elif found.bad.run.params:
        yield ""
        yield look.text(("Parameters", "head"), "  no difference in those that were logged")
    yield from _rest(found, look)
    if found.regressions:
        yield ""
        yield look.text(("Limits", "head"))
    for item in found.regressions:
        mark = "failed" if item.failed else "clean"
        tag = (f"  ({look.say(item.tag, 60)})", "muted")
        yield indented(look.text((look.mark(mark), mark), f" {look.say(limit_kept(item), 300)}", tag))


def _runs(found: Comparison, look: TextStyle) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, width=8)
    table.add_column(ratio=1, overflow="fold")
    rows = [("good", found.good), ("bad", [found.bad]), ("left out", found.left_out)]
    for name, entries in rows:
        if entries:
            table.add_row(look.text((name, "head")), look.text(_names(entries, look, why=name == "left out")))
    return table


def _names(entries: Sequence[Entry], look: TextStyle, why: bool) -> str:
    few = entries if look.verbose else entries[:3]
    more = f" and {len(entries) - len(few)} more" if len(entries) > len(few) else ""
    return (
        "; ".join(
            f"{look.say(entry.run.name, 80)} ({look.say(entry.run.format, 40)}, to step {entry.last_step}"
            + (f", {entry.verdict}" if entry.verdict else "")
            + (f": {look.say(entry.summary, 120)})" if why else ")")
            for entry in few
        )
        + more
    )


def _parted(pairs: Sequence[Pair], look: TextStyle) -> Table:
    """A row a curve, and below it what else there is to say of it."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="none", expand=False)
    arrow = "→" if look.unicode else "->"
    table.add_column(look.text(("Curve", "muted")), overflow="fold", min_width=NARROWEST)
    apart = " " if look.width >= ROOMY else "\n"
    table.add_column(look.text((f"First{apart}difference", "muted")), no_wrap=True)
    table.add_column(look.text((f"Good {arrow} bad", "muted")), overflow="fold", min_width=NARROWEST)
    table.add_column(look.text((f"Times{apart}the noise", "muted")), justify="right")
    for pair in pairs:
        good, bad, where = values(pair)
        table.add_row(
            look.text((look.say(pair.tag, 60), "head"), (f"\n{_below(pair, look)}", "muted")),
            look.text((look.say(first_difference(pair), 40), "onset")),
            look.text(f"{good} {arrow} ", (bad, "number"), (f" {look.say(where, 40)}", "muted")),
            look.text(noise(pair)),
        )
    return table


def _below(pair: Pair, look: TextStyle) -> str:
    return look.say("; ".join([pair.role, *remarks(pair, "→" if look.unicode else "->")]), 200)


def _params(params: Iterable[Changed], look: TextStyle) -> Table:
    params = list(params)
    telling = [param for param in params if not param.minor]
    shown = params if look.verbose else telling[:FEW_PARAMS]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    arrow = "→" if look.unicode else "->"
    for param in shown:
        good, bad = change(param)
        name = look.say(param.name, look.width // 3)
        both = look.text(f"{look.say(good, 330)} {arrow} ", (look.say(bad, 80), "number"))
        table.add_row(look.text((name, "muted")), both)
    if len(params) > len(shown):
        kinds = "paths and times" if len(shown) == len(telling) else ""
        table.add_row(
            look.text((f"and {len(params) - len(shown):,} more {kinds}".rstrip() + "; -v shows them", "muted"))
        )
    return table


def _rest(found: Comparison, look: TextStyle) -> Iterator[RenderableType]:
    """What is alike, what could not be compared and why, and what the bad run did not log."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, width=13)
    table.add_column(ratio=1, overflow="fold")
    if found.together:
        names = list(dict.fromkeys(look.say(pair.role, 40) for pair in found.together))
        table.add_row(look.text(("No difference", "head")), look.text(", ".join(names)))
    for index, (why, tags) in enumerate(found.reasons.items()):
        few = tags if look.verbose else tags[:FEW_CURVES]
        more = f" and {len(tags) - len(few)} more" if len(tags) > len(few) else ""
        heading = look.text(("Not compared", "head") if index == 0 else "")
        named = ", ".join(look.say(tag, 60) for tag in few)
        table.add_row(heading, look.text(named + more, (f": {look.say(why)}", "muted")))
    if found.missing:
        said = ", ".join(look.say(role, 40) for role in found.missing)
        table.add_row(look.text(("Missing", "head")), look.text(said, (": the bad run did not log it", "muted")))
    if table.row_count:
        yield ""
        yield table
