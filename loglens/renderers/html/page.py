"""Build the HTML page from the template, views of the runs, and a content security policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from loglens.model.finding import Remedy, RuleHelp
from loglens.model.numbers import number, plural
from loglens.model.plain_text import printable, shorten, words
from loglens.model.report import Diagnosis, Report
from loglens.model.reported_finding import ReportedFinding
from loglens.remedies.phrases import phrase
from loglens.renderers.html import figures
from loglens.renderers.html.clock import duration, in_words
from loglens.renderers.html.drawing import spark
from loglens.renderers.html.heatmaps import histograms
from loglens.renderers.html.runs import columns, curves
from loglens.renderers.html.seeds import settings
from loglens.renderers.html.style import SCHEMES, style_sheet
from loglens.renderers.shared.summary import (
    CODE,
    FEW_RUNS,
    NAME,
    by_cause,
    changed_before,
    complaints,
    counts_line,
    distinct,
    drawn_curve,
    hints_heading,
    numbers,
    of_kind,
    parameter_hints,
    reasons,
    say,
    title,
    when,
    worst_first,
)
from loglens.renderers.shared.templates import page_template, policy_hash
from loglens.renderers.shared.wording import CHECKS, FRAMEWORKS, codes, condition

FOLDER = Path(__file__).parent
#: Limit on the sections of failed runs that are expanded when the page opens.
OPEN = 4
#: Runs that have a section of their own, the worst first; the others have a row. Fewer where there are very many runs,
#: which have no sparkline either, so that the page stays below 4 MB.
SECTIONS, FEW_SECTIONS, VERY_MANY = 150, 30, 300
#: Rows of a table and notes that are shown at once; further ones are counted.
ROWS, NOTES, NUMBERS = 400, 200, 12
MARKS = {"failed": "✗", "suspect": "!", "healthy": "✓", "not-judged": "?", "unclear": "?"}
#: Where a class is extended, it stands before its extension.
_PARTS = "numbers axis pointer keys plot point_table line_plot heat_plot page query sparkline overlay runs"
SCRIPTS = tuple(f"{name}.js" for name in _PARTS.split())
HEADINGS = ("Why it matters.", "When it is wrong.")


def page(report: Report, *, theme: str = "auto", framed: bool = False, sections: bool = True) -> str:
    """Render the whole HTML document.

    theme: light, dark, or auto, as the reader's system has it. framed: inside another page, which says whose it is.
    sections: whether each of several runs has one below the table.
    """
    runs = worst_first(report.runs)
    most = SECTIONS if len(runs) <= VERY_MANY else FEW_SECTIONS
    shown = runs[:most] if sections or len(runs) == 1 else []
    groups = [figures.panels(run, len(runs)) for run in shown]
    max_points = figures.share(groups)
    views = [
        _run(
            report,
            run,
            [
                *(figures.figure(p, run, f"r{i}f{j}", max_points) for j, p in enumerate(panels)),
                *histograms(run, f"r{i}", len(panels), len(runs)),
            ],
            i,
        )
        for i, (run, panels) in enumerate(zip(shown, groups, strict=True))
    ]
    bad = sum(view["ill"] for view in views)
    for view in views:
        view["open"] = len(runs) == 1 or (view["ill"] and (bad <= OPEN or view is views[0]))
    drawn: dict[str, Any] = {figure.id: figure.data for view in views for figure in (*view["figures"], *view["folded"])}
    table = columns(runs) if len(runs) > 1 else []
    rows = [*views, *(_row(run, len(runs) <= VERY_MANY) for run in runs[len(shown) :])]
    for place, (row, name) in enumerate(zip(rows, distinct([run.run for run in runs]), strict=True)):
        row["short"] = say(name, NAME)
        row["cells"] = [(column.title, column.text(place)) for column in table if column.shown]
    if table:
        drawn["runs"] = {
            "columns": [{"title": c.title, "kind": c.kind, "values": c.values, "shown": c.shown} for c in table],
            "curves": curves(runs),
        }
    style, script = Markup(style_sheet(theme)), _script()  # noqa: S704 - our own file
    return page_template(FOLDER).render(
        style=style,
        scheme=SCHEMES[theme],
        framed=framed,
        script=script,
        policy=f"default-src 'none'; script-src {policy_hash(script)}; style-src {policy_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'",
        data=_embedded(drawn),
        runs=views,
        rows=rows,
        columns=[column.title for column in table if column.shown],
        groups=_groups(runs) if len(runs) > FEW_RUNS else [],
        apart=parameter_hints(report),
        apart_heading=hints_heading(report),
        settings=settings(runs, table),
        tally=counts_line(report),
        unread=[(say(unread.path, 200), say(unread.why)) for unread in report.unread],
        gate=report.fail_on is not None,
        fail_on=str(report.fail_on),
        failed=report.failed,
        version=say(report.version, 40),
    )


def _row(run: Diagnosis, draws: bool = True) -> dict[str, Any]:
    """A run's row in the overview. draws: whether it has a sparkline."""
    findings = figures.numbered(run)
    lead = run.lead if run.lead is not None else drawn_curve(run)
    onset = next((f.onset_step for f in findings if lead is not None and lead.tag in f.tags), None)
    return {
        "id": "",
        "verdict": run.verdict,
        "mark": MARKS[run.verdict],
        "word": run.verdict.replace("-", " "),
        "sentence": sentence(run),
        "name": say(run.run, NAME),
        "spark": spark(lead, 150, 30, onset) if draws and lead is not None and len(lead) else Markup(""),
    }


def _groups(runs: list[Diagnosis]) -> list[dict[str, Any]]:
    return [
        {
            "verdict": verdict,
            "mark": MARKS[verdict],
            "word": verdict.replace("-", " "),
            "cause": say(cause, NAME),
            "count": f"{len(members):,}",
            "names": [say(name, NAME) for name in distinct([run.run for run in members])[:FEW_RUNS]],
            "more": max(len(members) - FEW_RUNS, 0),
        }
        for verdict, cause, members in by_cause(runs)
    ]


def _run(report: Report, run: Diagnosis, drawn: list[figures.Figure], index: int) -> dict[str, Any]:
    findings = figures.numbered(run)
    steps = "" if run.first_step is None else f"steps {run.first_step:,} to {run.last_step:,}"
    facts = [say(run.format, 40), plural(len(run.files), "file"), steps, plural(run.points, "point")]
    took = duration(run)
    facts.append("" if took is None else f"took {in_words(took)}")
    chain = [_finding(report, run, finding, place, drawn) for place, finding in enumerate(findings, 1)]
    skipped = of_kind(run, "skipped")
    lacking = [outcome for outcome in skipped if not outcome.foreign]
    advised = next((finding for finding in complaints(run) or findings if finding.remedies), None)
    return _row(run) | {
        "id": f"r{index}",
        "ill": run.verdict in ("failed", "suspect") or bool(of_kind(run, "crashed")),
        "path": "" if run.path == run.run else say(run.path, 300),
        "outcome": f"{run.outcome.state}: {say(run.outcome.why)}",
        "facts": [fact for fact in facts if fact],
        "first": "" if run.first_step is None else f"{run.first_step:,}",
        "last": "" if run.last_step is None else f"{run.last_step:,}",
        "axis": say(_axis(run), 30),
        "chain": chain,
        "timed": any(row["at"] is not None for row in chain),
        "advised": None if advised is None else title(advised),
        "remedies": [] if advised is None else [_remedy(remedy) for remedy in advised.remedies],
        "others": [
            (title(finding), [_remedy(remedy) for remedy in finding.remedies])
            for finding in findings
            if finding.remedies and finding is not advised
        ],
        "figures": [figure for figure in drawn if not figure.folded],
        "folded": [figure for figure in drawn if figure.folded],
        "params": [parameter(name, value) for name, value in list(run.params.items())[:ROWS]],
        "cast": [_part(part) for part in run.curve_roles[:ROWS]],
        "uncast": max(len(run.curve_roles) - ROWS, 0),
        "clean": [say(outcome.condition, NAME) for outcome in of_kind(run, "clean")],
        "skipped": list(reasons(lacking)),
        "lacking": plural(len(lacking), "rule"),
        "foreign": len(skipped) - len(lacking),
        "crashed": [(say(outcome.condition, NAME), say(outcome.why)) for outcome in of_kind(run, "crashed")],
        "notes": [(say(note.kind, 30), say(note.message), say(note.file, 200)) for note in run.notes[:NOTES]],
        "unnoted": max(len(run.notes) - NOTES, 0),
    }


def sentence(run: Diagnosis) -> str:
    """The verdict in one sentence, as a heading says it."""
    said = say(run.summary.removeprefix("not judged: ")).replace(" -> ", " → ")
    return said[:1].upper() + said[1:]


def parameter(name: str, value: Any) -> tuple[str, str, bool]:
    """A parameter: its name, its value, and whether that is a text of several lines."""
    lines = isinstance(value, str) and "\n" in value.strip()
    said = shorten(printable(value.strip("\n")), CODE) if lines else say(number(value, 6), 300)
    return say(name, NAME), said, lines


def _finding(
    report: Report, run: Diagnosis, finding: ReportedFinding, place: int, drawn: list[figures.Figure]
) -> dict[str, Any]:
    text: Mapping[str, str] = {}
    if isinstance(rule := report.rules.get(finding.condition), RuleHelp):
        text = rule.text
    name = title(finding)
    at = _place(run, finding)
    return {
        "n": place,
        "name": name[:1].upper() + name[1:],
        "severity": str(finding.severity),
        "confidence": str(finding.confidence),
        "when": when(finding) or ("" if at is None else "from the start"),
        "cause": say(condition(finding.caused_by), NAME) if finding.caused_by else "",
        "message": say(finding.message),
        "changed": changed_before(finding),
        "numbers": numbers(finding, NUMBERS),
        "help": [(heading.rstrip("."), say(text[heading], 2000)) for heading in HEADINGS if heading in text],
        "plots": [(figure.id, figure.title) for figure in drawn if place in figure.findings],
        "rule": say(finding.condition, NAME),
        "at": None if at is None else f"{at[0]:.2f}",
        "wide": None if at is None else f"{at[1]:.2f}",
    }


def _place(run: Diagnosis, finding: ReportedFinding) -> tuple[float, float] | None:
    """The start and the length of a finding on the run's time line, in percent."""
    first, last = run.first_step, run.last_step
    if first is None or last is None or last <= first:
        return None
    if finding.onset_step is None and finding.end_step is None:
        return None
    if finding.series and finding.series[0].axis != _axis(run):
        return None
    begin = first if finding.onset_step is None else finding.onset_step
    end = begin if finding.end_step is None else finding.end_step
    if not first <= begin <= last:
        return None
    begin_at = 100 * (begin - first) / (last - first)
    return begin_at, max(100 * (min(end, last) - first) / (last - first) - begin_at, 0)


def _axis(run: Diagnosis) -> str:
    """The step axis of most curves of a run: step, epoch, samples."""
    axes = [part.axis for part in run.curve_roles]
    return max(set(axes), key=lambda axis: (axes.count(axis), axis)) if axes else "step"


def _remedy(remedy: Remedy) -> dict[str, Any]:
    return {
        "phrase": say(phrase(remedy), 300).replace(" -> ", "\u00a0→ "),
        "why": say(remedy.why),
        "snippets": [
            (FRAMEWORKS.get(name, say(words(name), 20)), shorten(printable(code), CODE))
            for name, code in codes(remedy.snippets)
        ],
        "verify": say(remedy.verify),
        "checks": shorten(printable(remedy.snippets.get(CHECKS, "")), CODE),
    }


def _part(part: Any) -> tuple[str, ...]:
    """A row of the table of curves: role, curve, split, axis, points, values that are not finite, steps."""
    steps = "" if part.first_step is None else f"{part.first_step:,} to {part.last_step:,}"
    bad = f"{part.nonfinite:,}" if part.nonfinite else "–"
    role = say(part.role or "", 40)
    return role, say(part.tag, 200), say(part.split or "–", 20), say(part.axis, 20), f"{part.points:,}", bad, steps


def _embedded(document: Mapping[str, Any]) -> Markup:
    """JSON that is safe inside a script element: nothing in it ends the element or breaks a line."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - all of it ASCII, and what HTML could take for markup escaped


@cache
def _asset(name: str) -> Markup:
    return Markup((FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704 - our own file


@cache
def _script() -> Markup:
    """The scripts of the page as one, whose names no other script sees."""
    parts = Markup("\n").join(_asset(name) for name in SCRIPTS)
    return Markup('"use strict";\n(() => {\n') + parts + Markup("})();\n")
