"""The text output of `loglens compare`: where the runs depart, what differs, and whether limits are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table

from loglens.compare.curves import Changed, Comparison, Pair, last_step
from loglens.model.numbers import number, plural
from loglens.model.run import Run
from loglens.renderers.terminal.look import TextStyle, indented

#: How many curves and parameters are shown where the reader has not asked for all.
FEW_CURVES, FEW_PARAMS = 8, 12


def text(found: Comparison, look: TextStyle) -> str:
    """The comparison as text: the verdict, the curves that depart, the parameters that differ, the limits."""
    return look.print(_page(found, look))


def _page(found: Comparison, look: TextStyle) -> Iterator[RenderableType]:
    yield _headline(found, look)
    yield ""
    yield _runs(found, look)
    if found.parted:
        yield ""
        yield look.text(("Where they part", "head"), ("  in the order in which to look at it", "muted"))
        shown = found.parted if look.verbose else found.parted[:FEW_CURVES]
        for pair in shown:
            yield indented(_parted(pair, look))
        if len(found.parted) > len(shown):
            yield indented(
                look.text((f"and {plural(len(found.parted) - len(shown), 'more curve')}; -v shows them", "muted"))
            )
    if found.params:
        yield ""
        yield look.text(("Parameters that differ", "head"))
        yield indented(_params(found.params, look))
    elif found.bad.params:
        yield ""
        yield look.text(("Parameters", "head"), "  none differs of those that were logged")
    yield from _rest(found, look)
    if found.regressions:
        yield ""
        yield look.text(("Limits", "head"))
    for item in found.regressions:
        mark = ("failed" if item.failed else "clean",) * 2
        by = f"{number(abs(item.worse) * 100)} %" if item.relative else number(abs(item.worse))
        change = "no number" if item.worse != item.worse else f"{'worse' if item.worse > 0 else 'better'} by {by}"
        said = f" {look.say(item.limit, 60)}: {change}, from {number(item.good)} to {number(item.bad)}"
        yield indented(look.text((look.mark(mark[0]), mark[1]), said, (f"  ({look.say(item.tag, 60)})", "muted")))


def _headline(found: Comparison, look: TextStyle) -> RenderableType:
    if any(item.failed for item in found.regressions):
        broken = ", ".join(look.say(item.limit, 60) for item in found.regressions if item.failed)
        return look.text(
            (f"{look.mark('failed')} REGRESSION", "failed"), (f"  {broken}{_first(found, look, '; ')}", "head")
        )
    if found.parted:
        return look.text((f"{look.mark('suspect')} THEY PART", "suspect"), (_first(found, look, "  "), "head"))
    if found.together:
        count = plural(len(found.together), "curve")
        return look.text((f"{look.mark('healthy')} TOGETHER", "healthy"), f"  {count} agree within noise")
    return look.text((f"{look.mark('not-judged')} NOT COMPARED", "not-judged"), "  no curve is in both")


def _first(found: Comparison, look: TextStyle, before: str) -> str:
    if not found.parted:
        return ""
    pair = found.parted[0]
    return f"{before}first at {pair.axis} {pair.onset}: {look.say(pair.role, 40)} ({look.say(pair.tag, 50)})"


def _runs(found: Comparison, look: TextStyle) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, width=4)
    table.add_column(ratio=1, overflow="fold")
    names = _names(found.good, look)
    table.add_row(look.text(("good", "head")), look.text(names))
    table.add_row(look.text(("bad", "head")), look.text(_names([found.bad], look)))
    return table


def _names(runs: Sequence[Run], look: TextStyle) -> str:
    few = runs if look.verbose else runs[:3]
    more = f" and {len(runs) - len(few)} more" if len(runs) > len(few) else ""
    return (
        ", ".join(f"{look.say(run.name, 80)} ({look.say(run.format, 40)}, to step {last_step(run)})" for run in few)
        + more
    )


def _parted(pair: Pair, look: TextStyle) -> RenderableType:
    pieces: list[str | tuple[str, str]] = [
        (look.say(pair.role, 40), "head"),
        f" {look.say(pair.tag, 60)}",
        (f" against {look.say(pair.good_tag, 60)}" if pair.good_tag != pair.tag else "", "muted"),
        f": from {pair.axis} ",
        (str(pair.onset), "onset"),
    ]
    if pair.nonfinite is not None:
        pieces += [", ", ("not finite", "bad"), f" from {pair.axis} {pair.nonfinite}"]
    for part in pair.parts[:1]:
        pieces += [
            ", ",
            (f"{number(part.bad)} in place of {number(part.good)}", "number"),
            f" at {pair.axis} {part.worst}",
            (f", {number(part.times)} times the noise" if part.times < 1e6 else ", without noise", "muted"),
        ]
        if part.until is not None:
            pieces.append((f"; together again from {pair.axis} {part.until}", "muted"))
    if len(pair.parts) > 1:
        last = pair.parts[-1]
        pieces += [
            f"; apart {'again' if len(pair.parts) == 2 else 'for the last time'} from {pair.axis} ",
            (str(last.step), "onset"),
            (f", {number(last.bad)} in place of {number(last.good)}", "number"),
            f" at {pair.axis} {last.worst}",
        ]
    if pair.same_until is not None:
        pieces.append((f"; exactly the same up to {pair.axis} {pair.same_until}", "muted"))
    return look.text(*pieces)


def _params(params: Iterable[Changed], look: TextStyle) -> Table:
    params = list(params)
    telling = [param for param in params if not param.minor]
    shown = params if look.verbose else telling[:FEW_PARAMS]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    arrow = "→" if look.unicode else "->"
    for param in shown:
        values = list(dict.fromkeys(number(value) for value in param.good))
        good = "absent" if param.absent == "good" else ", ".join(look.say(value, 80) for value in values[:4])
        bad = "absent" if param.absent == "bad" else look.say(number(param.bad), 80)
        name = look.say(param.name, look.width // 3)
        table.add_row(look.text((name, "muted")), look.text(f"{good} {arrow} ", (bad, "number")))
    if len(params) > len(shown):
        kinds = "of place and time" if len(shown) == len(telling) else ""
        table.add_row(
            look.text((f"and {len(params) - len(shown):,} more {kinds}".rstrip() + "; -v shows them", "muted"))
        )
    return table


def _rest(found: Comparison, look: TextStyle) -> Iterator[RenderableType]:
    """What is alike, what could not be compared and why, and what the bad run did not log."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, width=12)
    table.add_column(ratio=1, overflow="fold")
    if found.together:
        names = list(dict.fromkeys(look.say(pair.role, 40) for pair in found.together))
        table.add_row(look.text(("Together", "head")), look.text(", ".join(names)))
    reasons: dict[str, list[str]] = {}
    for pair in found.uncompared:
        reasons.setdefault(pair.why, []).append(look.say(pair.tag, 60))
    for index, (why, tags) in enumerate(reasons.items()):
        few = tags if look.verbose else tags[:FEW_CURVES]
        more = f" and {len(tags) - len(few)} more" if len(tags) > len(few) else ""
        heading = look.text(("Not compared", "head") if index == 0 else "")
        table.add_row(heading, look.text(", ".join(few) + more, (f": {look.say(why)}", "muted")))
    if found.missing:
        said = ", ".join(look.say(role, 40) for role in found.missing)
        table.add_row(look.text(("Missing", "head")), look.text(said, (": the bad run did not log it", "muted")))
    if table.row_count:
        yield ""
        yield table
