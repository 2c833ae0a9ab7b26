"""The report as Markdown for a pull request or a step summary: the verdict first, the worst runs first."""

from __future__ import annotations

from collections.abc import Iterator

from loglens.model.causal_chain import causal_trees
from loglens.model.finding import Remedy, Severity
from loglens.model.numbers import number, plural
from loglens.model.report import Diagnosis, Report
from loglens.model.reported_finding import ReportedFinding
from loglens.remedies.phrases import phrase
from loglens.renderers.shared.markdown_text import fenced, folded, name, plain, prose
from loglens.renderers.shared.summary import (
    FEW_RUNS,
    NOT_READ,
    advice,
    by_cause,
    changed_before,
    complaints,
    counts_line,
    distinct,
    hints_heading,
    numbers,
    of_kind,
    parameter_hints,
    reasons,
    title,
    when,
    worst_first,
)
from loglens.renderers.shared.wording import CHECKS, FRAMEWORKS, codes

FORMAT = "markdown"
SUFFIXES = (".md", ".markdown")

#: In bytes. GitHub takes 1 MiB as a step summary and shows nothing of a longer one.
LIMIT = 1_000_000
#: The share of the limit that the table of runs may fill, and what is kept for the last line.
TABLE, RESERVE = 0.5, 400
#: How many numbers, notes, unread paths and curves are shown.
FEW_NUMBERS, FEW_NOTES, FEW_UNREAD, FEW_TAGS = 6, 20, 50, 3

MARKS = {"failed": "❌", "suspect": "⚠️", "healthy": "✅", "not-judged": "❔", "unclear": "❔"}
SIGNS = {Severity.ERROR: "❌", Severity.WARNING: "⚠️", Severity.NOTE: "ℹ️"}


def render(report: Report, *, limit: int = LIMIT) -> str:
    """Render the report in at most `limit` bytes of UTF-8; a last line says what did not fit.

    A comment on a pull request may have 65,536 characters, which is then the limit to pass.
    """
    runs = worst_first(report.runs)
    page = _Page(limit - RESERVE)
    page.add(_headline(runs, report))
    if len(runs) > FEW_RUNS:
        page.add(_groups(runs))
    apart = parameter_hints(report)
    if apart:
        page.add(f"**{hints_heading(report)}**\n\n" + "\n".join(f"- {prose(line)}" for line in apart))
    if len(runs) > 1:
        page.add(_table(runs, int(limit * TABLE)))
    if report.unread:
        page.add(_unread(report))
    shown = [run for run in runs if len(runs) == 1 or complaints(run) or of_kind(run, "crashed")]
    for place, run in enumerate(shown):
        if not all(page.add(block) for block in _run(run, heading=len(runs) > 1)):
            whole = f"{place} of {plural(len(shown), 'run')} with trouble"
            page.cut = f"Cut here to stay below {limit:,} bytes: {whole} shown in full. `loglens diagnose` shows all."
            break
    return page.text()


class _Page:
    """A page of Markdown blocks with a limit on its size."""

    def __init__(self, limit: int) -> None:
        self.blocks: list[str] = []
        self.left = limit
        self.cut = ""

    def add(self, block: str) -> bool:
        """Add a block if it fits as a whole, and return whether it did."""
        size = len(block.encode("utf-8")) + 2
        if size > self.left:
            return False
        self.left -= size
        self.blocks.append(block)
        return True

    def text(self) -> str:
        return "\n\n".join([*self.blocks, *([f"**{self.cut}**"] if self.cut else [])]) + "\n"


def _headline(runs: list[Diagnosis], report: Report) -> str:
    if not runs:
        return f"## ❌ Not read: {NOT_READ}"
    if len(runs) > 1:
        return f"## {MARKS[runs[0].verdict]} {counts_line(report)}"
    return f"## {_verdict(runs[0])}: {_summary(runs[0])}"


def _verdict(run: Diagnosis) -> str:
    return f"{MARKS[run.verdict]} {run.verdict.replace('-', ' ').capitalize()}"


def _summary(run: Diagnosis, max_length: int = 300) -> str:
    return prose(run.summary.removeprefix("not judged: ").replace(" -> ", " → "), max_length)


def _groups(runs: list[Diagnosis]) -> str:
    """A table with a row for the runs of each verdict and cause."""
    lines = ["| Verdict | Runs | Cause | Which |", "| :-- | --: | :-- | :-- |"]
    for verdict, cause, members in by_cause(runs):
        names = ", ".join(name(short, 60) for short in distinct([run.run for run in members])[:FEW_RUNS])
        more = f" and {len(members) - FEW_RUNS:,} more" if len(members) > FEW_RUNS else ""
        word = f"{MARKS[verdict]} {verdict.replace('-', ' ').capitalize()}"
        lines.append(f"| {word} | {len(members):,} | {prose(cause)} | {names}{more} |")
    return "\n".join(lines)


def _table(runs: list[Diagnosis], room: int) -> str:
    """A table with a row for each run, as many as there is room for."""
    lines = ["| Verdict | Run | What happened | Steps | Points |", "| :-- | :-- | :-- | --: | --: |"]
    for index, run in enumerate(runs):
        steps = "" if run.first_step is None else f"{number(run.first_step)} to {number(run.last_step)}"
        row = f"| {_verdict(run)} | {name(run.run, 60)} | {_summary(run)} | {steps} | {run.points:,} |"
        room -= len(row.encode("utf-8")) + 1
        if room < 0:
            lines.append(f"| … | {plural(len(runs) - index, 'more run')} | | | |")
            break
        lines.append(row)
    return "\n".join(lines)


def _run(run: Diagnosis, heading: bool) -> Iterator[str]:
    """Everything on one run, in blocks that stand on their own."""
    if heading:
        yield f"### {MARKS[run.verdict]} {name(run.run)}: {_summary(run)}"
    yield _facts(run, named=not heading)
    for index, chain in enumerate(causal_trees(run.findings)):
        yield "\n".join(_finding(finding, place, chain) for place, finding in enumerate(chain, 1))
        if chain[0].changes:
            yield "**Changed just before:**\n\n" + "\n".join(f"- {prose(line)}" for line in changed_before(chain[0]))
        remedies = list(_remedies(chain))
        if index == 0 and chain[0].remedies and chain[0].severity > Severity.NOTE:
            remedies = remedies[1:]
            first = chain[0].remedies[0]
            yield f"**What to change first:** {prose(advice(first))}"
            yield from _code(first, tuple(name for name, _ in codes(first.snippets)[:1]))
            if first.verify:
                yield f"**Then check:** {prose(first.verify)}"
        if remedies:
            of = "" if index == 0 else f" about {plain(title(chain[0]))}"
            lead = "Other remedies" if index == 0 and chain[0].remedies else "What to change"
            yield folded(f"{lead}{of} ({len(remedies)})", *_others(remedies))
    for outcome in of_kind(run, "crashed"):
        yield f"❌ **Rule {name(outcome.condition)} crashed:** {prose(outcome.why)}; a fault of the rule"
    yield from _quiet(run)


def _facts(run: Diagnosis, named: bool) -> str:
    steps = f", steps {number(run.first_step)} to {number(run.last_step)}" if run.first_step is not None else ""
    counts = f"{plural(len(run.files), 'file')}{steps}, {plural(run.points, 'point')}"
    where = f" in {name(run.path, 200)}" if run.path not in (run.run, "") else ""
    loss = next((part.tag for part in run.curve_roles if part.role == "loss" and part.split in ("train", None)), None)
    main_loss = f"; loss = {name(loss)}" if loss is not None else ""
    head = f"{name(run.run)}{where}: " if named else f"{where.removeprefix(' in ')}: " if where else ""
    went = f"\n\nOutcome: **{run.outcome.state}**: {prose(run.outcome.why)}"
    return f"{head}{prose(run.format, 40)}, {counts}{main_loss}{went}"


def _finding(finding: ReportedFinding, place: int, chain: list[ReportedFinding]) -> str:
    """One step of a causal chain as an item of a list: what, how sure, from which step, which curves, which numbers."""
    said = ", ".join(filter(None, [str(finding.severity), f"{finding.confidence} confidence", prose(when(finding))]))
    before = chain[place - 2].condition if place > 1 else None
    if finding.caused_by is not None and finding.caused_by != before:
        said += f", follows from {name(finding.caused_by)}"
    bullet = f"{place}." if len(chain) > 1 else "-"
    lines = [f"{bullet} {SIGNS[finding.severity]} **{prose(title(finding))}** ({said})", prose(finding.message)]
    if finding.tags:
        more = f" and {len(finding.tags) - FEW_TAGS:,} more" if len(finding.tags) > FEW_TAGS else ""
        lines.append(f"Curves: {', '.join(name(tag, 80) for tag in finding.tags[:FEW_TAGS])}{more}")
    if shown := numbers(finding, FEW_NUMBERS):
        lines.append(" · ".join(f"{prose(key)} **{prose(value)}**" for key, value in shown))
    return f"\\\n{' ' * (len(bullet) + 1)}".join(lines)


def _remedies(chain: list[ReportedFinding]) -> Iterator[tuple[ReportedFinding, Remedy]]:
    """The remedies of a chain, root first, without repeating one that a cause has asked for already."""
    shown = []
    for finding in chain:
        for remedy in finding.remedies:
            if (said := phrase(remedy)) not in shown:
                shown.append(said)
                yield finding, remedy


def _code(remedy: Remedy, frameworks: tuple[str, ...], shown: bool = False) -> Iterator[str]:
    for framework in frameworks:
        if shown:
            yield f"{prose(FRAMEWORKS.get(framework, framework.capitalize()), 40)}:"
        yield fenced(remedy.snippets[framework], framework)


def _others(remedies: list[tuple[ReportedFinding, Remedy]]) -> Iterator[str]:
    """Yield remedies with all their code, each under the finding that it is for."""
    before = None
    for finding, remedy in remedies:
        if finding is not before and finding.caused_by is not None:
            yield f"About {prose(title(finding))}:"
        before = finding
        yield f"**{prose(phrase(remedy))}**" + (f": {prose(remedy.why)}" if remedy.why else "")
        yield from _code(remedy, tuple(name for name, _ in codes(remedy.snippets)), shown=True)
        if remedy.verify:
            yield f"Then check: {prose(remedy.verify)}"
        if CHECKS in remedy.snippets:
            yield fenced(remedy.snippets[CHECKS], CHECKS)


def _quiet(run: Diagnosis) -> Iterator[str]:
    """What was not checked and why, what was clean, and notes on the files."""
    skipped = of_kind(run, "skipped")
    if skipped:
        rows = [f"- {', '.join(map(name, names))}: {prose(why)}" for why, names in reasons(skipped)]
        yield folded(f"Not checked: {plural(len(skipped), 'rule')}", "\n".join(rows))
    clean = of_kind(run, "clean")
    if clean:
        yield folded(f"Clean: {plural(len(clean), 'rule')}", ", ".join(name(outcome.condition) for outcome in clean))
    if run.notes:
        rows = [
            f"- {name(note.kind, 40)}: {prose(note.message)}" + (f" ({name(note.file)})" if note.file else "")
            for note in run.notes[:FEW_NOTES]
        ]
        if len(run.notes) > FEW_NOTES:
            rows.append(f"- and {len(run.notes) - FEW_NOTES:,} more")
        yield folded(f"Notes on the log: {len(run.notes)}", "\n".join(rows))


def _unread(report: Report) -> str:
    rows = [f"- {name(unread.path, 200)}: {prose(unread.why)}" for unread in report.unread[:FEW_UNREAD]]
    if len(report.unread) > FEW_UNREAD:
        rows.append(f"- and {len(report.unread) - FEW_UNREAD:,} more")
    return "**Could not be read:**\n\n" + "\n".join(rows)
