"""The sections on one run in text: verdict, facts, roles of curves, causal chains, what was not checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from loglens.model.causal_chain import causal_trees
from loglens.model.finding import Remedy, Severity
from loglens.model.numbers import number, plural
from loglens.model.plain_text import printable
from loglens.model.report import CurveRole, Diagnosis
from loglens.model.reported_finding import ReportedFinding
from loglens.model.source import Note
from loglens.model.vocabulary import BOOKKEEPING
from loglens.remedies.phrases import phrase
from loglens.renderers.shared.buckets import Scale
from loglens.renderers.shared.summary import changed_before, numbers, of_kind, reasons, when
from loglens.renderers.shared.wording import CHECKS, FRAMEWORKS, codes, condition
from loglens.renderers.shared.worth_logging import how_to_log, worth_logging
from loglens.renderers.terminal.look import STYLES, TextStyle, indented
from loglens.renderers.terminal.plots import plot

#: Roles that have a line of their own; the others share one.
LEADING = ("loss", "grad_norm_global", "grad_norm_layer", "weight_norm_global", "lr", "loss_scale", "rl_reward")
#: Number of tags, notes and numbers that are shown without --verbose.
FEW_TAGS, FEW_NOTES, FEW_NUMBERS = 2, 6, 6
#: Columns to the left of the tags in the list of curves: the heading, the longest usual role, and "=".
LEFT_OF_CURVES = 36


def headline(run: Diagnosis, look: TextStyle) -> RenderableType:
    """The verdict in one line: mark, word, what happened, and which run where there is room for it."""
    verdict = f"{look.mark(run.verdict)} {run.verdict.replace('-', ' ').upper()}"
    said = look.say(run.summary.removeprefix("not judged: "))
    name = f"   {look.say(run.run, 60)}"
    fits = cell_len(verdict) + 2 + cell_len(said) + cell_len(name) <= look.width
    line = _grid(None)
    line.add_row(look.text((verdict, run.verdict)), look.text((said, "head"), (name if fits else "", "muted")))
    return line


def sections(run: Diagnosis, look: TextStyle) -> Iterator[RenderableType]:
    """Everything below the verdict."""
    yield from _facts(run, look)
    for index, chain in enumerate(causal_trees(run.findings)):
        yield from _chain(chain, look, first=index == 0)
    yield from _outcomes(run, look)
    if notes := [note for note in run.notes if look.verbose or not _said(note, run.findings)]:
        yield from _notes(notes, look)


def _facts(run: Diagnosis, look: TextStyle) -> Iterator[RenderableType]:
    steps = f", steps {number(run.first_step)} to {number(run.last_step)}" if run.first_step is not None else ""
    counts = f"{plural(len(run.files), 'file')}{steps}, {plural(run.points, 'point')}"
    table = _grid()
    name = look.say(run.run, 60)
    table.add_row(look.text(("Run", "head")), look.text(f"{name}: {look.say(run.format, 40)}, {counts}"))
    if run.path not in (run.run, ""):
        table.add_row("", look.text((look.say(run.path, 300), "muted")))
    if run.verdict not in ("unclear", "not-judged"):  # there the headline says it
        table.add_row(look.text(("Outcome", "head")), look.text(f"{run.outcome.state}: {look.say(run.outcome.why)}"))
    rows = list(_role_lines(run.curve_roles, look))
    width = max((len(name) for name, _ in rows), default=0)
    for index, (name, curves) in enumerate(rows):
        table.add_row(look.text(("Curves", "head") if index == 0 else ""), _pair(name, curves, width, look))
    if not rows:
        hint = "none was recognised; --role 'TAG=loss' names one, loglens inspect lists the tags"
        table.add_row(look.text(("Curves", "head")), look.text((hint, "muted")))
    yield ""
    yield table


def _pair(name: str, players: Text, width: int, look: TextStyle) -> Table:
    also = name == "also"
    pair = Table.grid(padding=(0, 1, 0, 0))
    pair.add_column(no_wrap=True, width=width)
    pair.add_column(no_wrap=True, width=1)
    pair.add_column(ratio=1, overflow="fold")
    pair.add_row(look.text((name, "muted" if also else "")), look.text((" " if also else "=", "muted")), players)
    return pair


def _role_lines(parts: Iterable[CurveRole], look: TextStyle) -> Iterator[tuple[str, Text]]:
    """One row a role: "loss = train/ce_loss (2,000 points)"; layers are counted, minor roles only named."""
    groups: dict[tuple[str, bool], list[CurveRole]] = {}
    for part in parts:
        split = f"{part.split}_" if part.split in ("val", "test") else ""
        layered = part.layer is not None and part.role != "grad_norm_layer"
        groups.setdefault((split + (part.role or ""), layered), []).append(part)

    def rank(key: tuple[str, bool]) -> tuple[int, bool, bool]:
        role = key[0].removeprefix("val_").removeprefix("test_")
        return LEADING.index(role) if role in LEADING else len(LEADING), role != key[0], key[1]

    minor = []
    for key in sorted(groups, key=rank):
        name, layered = key
        if groups[key][0].role in BOOKKEEPING and not look.verbose:
            minor.append(f"{name} ({len(groups[key])})" if len(groups[key]) > 1 else name)
        else:
            yield f"{name.removesuffix('_global')} by layer" if layered else name, _players(groups[key], look)
    if minor:
        yield "also", look.text((", ".join(minor), "muted"))


def _players(parts: list[CurveRole], look: TextStyle) -> Text:
    layers = [part for part in parts if part.layer is not None]
    if len(layers) > 1 and not look.verbose:
        bad = sum(part.nonfinite for part in layers)
        ends = f": {look.say(layers[0].tag, 30)} to {look.say(layers[-1].tag, 30)}"
        said = f" ({plural(max(part.points for part in layers), 'point')} each{_bad(bad)}{_guessed(layers[0])})"
        fits = cell_len(plural(len(layers), "layer") + said + ends) <= look.width - LEFT_OF_CURVES
        return look.text(plural(len(layers), "layer"), (said + ends if fits else said, "muted"))
    shown = parts if look.verbose else parts[:FEW_TAGS]
    out = look.text()
    for index, part in enumerate(shown):
        axis = f" by {look.say(part.axis, 20)}" if part.axis != "step" else ""
        out.append_text(look.text(", " if index else "", look.say(part.tag, 60)))
        out.append_text(
            look.text((f" ({plural(part.points, 'point')}{axis}{_bad(part.nonfinite)}{_guessed(part)})", "muted"))
        )
    if len(parts) > len(shown):
        out.append_text(look.text((f" and {len(parts) - len(shown):,} more", "muted")))
    return out


def _guessed(part: CurveRole) -> str:
    return ", guessed" if part.guessed else ""


def _bad(count: int) -> str:
    return f", {count:,} not finite" if count else ""


def _chain(chain: list[ReportedFinding], look: TextStyle, first: bool) -> Iterator[RenderableType]:
    """A root finding with its effects below it, then the remedies for the root."""
    root = chain[0]
    yield ""
    yield _tree(root, [finding for finding in chain if finding is not root], look)
    if root.changes:
        yield ""
        yield _changed(root, look)
    for finding in chain:
        if finding.remedies and (finding is root or look.verbose):
            yield ""
            yield from _remedies(finding, look, code=first and finding is root)


def _changed(root: ReportedFinding, look: TextStyle) -> Table:
    """What changed just before the root began, a line each; a likely cause is set off."""
    table = _grid(19)
    for index, (change, said) in enumerate(zip(root.changes, changed_before(root), strict=True)):
        heading = look.text(("Changed just before", "head") if index == 0 else "")
        table.add_row(heading, look.text((look.say(said), "head" if change.explains else "")))
    return table


def _tree(root: ReportedFinding, effects: list[ReportedFinding], look: TextStyle) -> Tree:
    """A tree of the findings of a chain: below each finding its effects."""
    drawn = _drawn([root, *effects], look)
    left = list(effects)

    def node(finding: ReportedFinding, depth: int) -> tuple[Group, list[ReportedFinding]]:
        mine = [effect for effect in left if effect.caused_by == finding.condition]
        left[:] = [effect for effect in left if all(effect is not own for own in mine)]
        parts = list(_finding(finding, look, look.width - 4 * depth, drawn))
        return Group(*parts, *([look.text("")] if mine else [])), mine

    group, mine = node(root, 0)
    top = Tree(group, guide_style=STYLES["muted"])
    ahead = [(top, effect, 1) for effect in mine]
    while ahead:
        above, effect, depth = ahead.pop(0)
        group, mine = node(effect, depth)
        below = above.add(group)
        ahead += [(below, further, depth + 1) for further in mine]
    return top


def _drawn(chain: list[ReportedFinding], look: TextStyle) -> list[ReportedFinding]:
    """The findings whose curve is drawn: the root, and of several on one curve the one that shows most of it."""
    longest: dict[str, ReportedFinding] = {}
    for finding in chain:
        if finding.series and len(finding.series[0]):
            tag = finding.series[0].tag
            if tag not in longest or _span(finding) > _span(longest[tag]):
                longest[tag] = finding
    if look.verbose:
        return chain
    return [f for f in (chain[0], *longest.values()) if f.severity > Severity.NOTE]


def _span(finding: ReportedFinding) -> int:
    step = finding.series[0].step
    return int(step[-1]) - int(step[0])


def _finding(
    finding: ReportedFinding, look: TextStyle, width: int, drawn: list[ReportedFinding]
) -> Iterator[RenderableType]:
    severity = str(finding.severity)
    place = f", {when(finding)}" if finding.begins else ""
    yield look.text(
        (f"{look.mark(severity)} {condition(finding.condition)}", severity),
        (f"  {'known, ' if finding.known else ''}{severity}, {finding.confidence} confidence{place}", "muted"),
    )
    yield indented(look.text(look.say(finding.message)))
    yield from (indented(line) for line in _numbers(finding, look, width - 2))
    if finding.series and len(finding.series[0]) and any(finding is other for other in drawn):
        yield from (indented(line) for line in _evidence(finding, look, min(width - 2, 88)))


def _numbers(finding: ReportedFinding, look: TextStyle, width: int) -> Iterator[Text]:
    """The evidence: "growth per step 1.31 · ratio above one 0.97", no line break between name and number."""
    line = look.text()
    for name, value in numbers(finding, None if look.verbose else FEW_NUMBERS):
        item = look.text((f"{name} ", "muted"), (value if look.unicode else value.replace("…", "..."), "number"))
        if line and line.cell_len + 3 + item.cell_len > width:
            yield line
            line = look.text()
        line.append_text(look.text((" · " if look.unicode else ", ", "muted")) if line else look.text())
        line.append_text(item)
    if line:
        yield line


def _evidence(finding: ReportedFinding, look: TextStyle, width: int) -> Iterator[Text]:
    curve = finding.series[0]
    scale = Scale.of(curve.value)
    said = ", log scale" if scale.log else ""
    if scale.log and (curve.finite.value <= 0).any():
        said += " (0 at the bottom)"
    bad = f", {'×' if look.unicode else 'x'} not finite" if curve.nonfinite else ""
    others = f" (and {plural(len(finding.series) - 1, 'more curve')})" if len(finding.series) > 1 else ""
    yield look.text("")
    yield look.text(look.say(curve.tag, max(width // 2, 20)), (said + bad + others, "muted"))
    height = 5 if finding.caused_by is None else 3
    for line in plot(curve, finding.onset_step, width=width, height=height, unicode=look.unicode):
        yield look.text(*line)


def _remedies(finding: ReportedFinding, look: TextStyle, code: bool) -> Iterator[RenderableType]:
    of = f" about {condition(finding.condition)}" if finding.caused_by or not code else ""
    yield look.text((f"What to change{of}", "head"), ("  in the order to try them", "muted"))
    for index, remedy in enumerate(finding.remedies):
        full = look.verbose or (code and index == 0)
        row = _grid(3, gap=1)
        row.add_row(
            f"{index + 1:>2}.", look.text((phrase(remedy), "head"), f": {look.say(remedy.why)}" if remedy.why else "")
        )
        yield row
        if full:
            yield from _snippets(remedy, look)
            if remedy.verify:
                row = _grid(3, gap=1)
                row.add_row("", look.text(("Then check: ", "head"), look.say(remedy.verify)))
                yield row
            if look.verbose and CHECKS in remedy.snippets:
                yield from _code(CHECKS, remedy.snippets[CHECKS], look)


def _snippets(remedy: Remedy, look: TextStyle) -> Iterator[RenderableType]:
    """The code of a remedy: for the run's own framework, or PyTorch; for the others where asked to be verbose."""
    (first, *others) = codes(remedy.snippets) or [("", "")]
    for framework, snippet in (first, *others) if look.verbose else (first,):
        if snippet:
            yield from _code(framework, snippet, look)
    if others and not look.verbose:
        names = ", ".join(FRAMEWORKS.get(name) or look.say(name, 20) for name, _ in others)
        yield look.text((f"{'':>11} {'│' if look.unicode else '|'} ", "muted"), (f"{names}: -v", "muted"))


def _code(framework: str, snippet: str, look: TextStyle) -> Iterator[RenderableType]:
    """Lines of code beside the name of the framework, never wrapped so that they can be copied."""
    name = FRAMEWORKS.get(framework) or look.say(framework.capitalize(), 8)
    bar = "│" if look.unicode else "|"
    for index, code in enumerate(printable(snippet).split("\n")):
        row = look.text((f"{name if index == 0 else '':>11} {bar} ", "muted"), (code, "code"))
        row.no_wrap = True
        yield row


def _outcomes(run: Diagnosis, look: TextStyle) -> Iterator[RenderableType]:
    """Crashed rules one by one, how many were clean or not checked, and with --verbose which and why."""
    crashed = [outcome for outcome in run.outcomes if outcome.outcome == "crashed"]
    if crashed:
        yield ""
    for outcome in crashed:
        head = f"{look.mark('crashed')} rule {look.say(outcome.condition, 60)} crashed"
        yield look.text((head, "crashed"), f": {look.say(outcome.why)}; a fault of the rule, please report it")
    table = _grid()
    clean, skipped = of_kind(run, "clean"), of_kind(run, "skipped")
    if not look.verbose:
        lacking = sum(not outcome.foreign for outcome in skipped)
        said = f"{plural(len(clean), 'rule')} found nothing, {lacking} lacked data"
        table.add_row(look.text(("Rules", "head")), look.text(said, ("; -v lists them", "muted")))
    elif clean:
        names = ", ".join(look.say(outcome.condition, 60) for outcome in clean)
        table.add_row(look.text(("Clean", "head")), look.text(names))
    for index, (why, left_out) in enumerate(reasons(skipped) if look.verbose else ()):
        heading = look.text(("Not checked", "head") if index == 0 else "")
        table.add_row(heading, look.text(look.say(", ".join(left_out)), (f": {look.say(why)}", "muted")))
    if absent := worth_logging(run):
        named = ", ".join(f"{what} ({tag})" for what, tag in absent)
        how = how_to_log(run.format, absent[0][1])
        table.add_row(look.text(("Log also", "head")), look.text(named, (f": {how}" if how else "", "muted")))
    if table.row_count:
        yield ""
        yield table


def _said(note: Note, findings: Iterable[ReportedFinding]) -> bool:
    """Whether a finding quotes the note."""
    return any(note.message in finding.message for finding in findings)


def _notes(notes: list[Note], look: TextStyle) -> Iterator[RenderableType]:
    shown = notes if look.verbose else notes[:FEW_NOTES]
    table = _grid()
    for index, note in enumerate(shown):
        file = f" ({look.say(note.file, 60)})" if note.file else ""
        head = look.text(("Notes", "head") if index == 0 else "")
        table.add_row(head, look.text(f"{look.say(note.kind, 20)}: {look.say(note.message)}", (file, "muted")))
    if len(notes) > len(shown):
        table.add_row("", look.text((f"and {len(notes) - len(shown):,} more; -v shows them", "muted")))
    yield ""
    yield table


def _grid(width: int | None = 11, gap: int = 2) -> Table:
    """Two columns: a head of fixed or natural width, and the rest."""
    table = Table.grid(padding=(0, gap, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True, width=width)
    table.add_column(ratio=1, overflow="fold")
    return table
