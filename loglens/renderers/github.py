"""Workflow commands of GitHub Actions: the findings as annotations on a run and on a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from loglens.model.finding import Severity
from loglens.model.numbers import plural
from loglens.model.plain_text import safe
from loglens.model.report import Diagnosis, Report
from loglens.model.reported_finding import ReportedFinding
from loglens.renderers.shared.summary import NAME, NOT_READ, advice, counts_line, of_kind, say, title, when, worst_first

FORMAT = "github"
SUFFIXES: tuple[str, ...] = ()

#: How many annotations of each kind GitHub shows for a step; it drops the others without a word.
CAP = 10
KINDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation, a line for GitHub. rank: sort key; effects come after causes, the less sure after the sure."""

    severity: Severity
    title: str
    lines: tuple[str, ...]
    file: str = ""
    rank: tuple[int, ...] = (0,)

    def __str__(self) -> str:
        properties = {"file": self.file, "title": self.title}
        said = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
        return f"::{KINDS[self.severity]} {said}::{'%0A'.join(map(_data, self.lines))}"


def render(report: Report) -> str:
    """Render at most ten annotations of each kind, worst first, and a last line on what was left out."""
    lines: list[str] = []
    left = []
    annotations = sorted(_annotations(report), key=lambda annotation: annotation.rank)
    for severity, kind in KINDS.items():
        mine = [annotation for annotation in annotations if annotation.severity is severity]
        lines += map(str, mine[:CAP])
        if len(mine) > CAP:
            left.append(plural(len(mine) - CAP, kind))
    if left:
        lines.append(
            f"loglens: {counts_line(report)}; left out: {', '.join(left)}, "
            f"as GitHub shows {CAP} of a kind for each step"
        )
    else:
        lines.append(f"loglens: {counts_line(report)}; nothing left out")
    return "\n".join(lines) + "\n"


def _annotations(report: Report) -> Iterator[Annotation]:
    for run in worst_first(report.runs):
        for place, finding in enumerate(run.findings):
            yield _finding(run, finding, place)
        for outcome in of_kind(run, "crashed"):
            name = f"{_run(run)}: rule {say(outcome.condition, NAME)} crashed: {say(outcome.why)}"
            yield Annotation(Severity.WARNING, "loglens: a rule crashed", (name,), _file(run), (2,))
        if run.verdict in ("not-judged", "unclear"):
            yield Annotation(
                Severity.NOTE,
                f"loglens: {run.verdict.replace('-', ' ')}",
                (f"{_run(run)}: {say(run.summary)}",),
                _file(run),
                (2,),
            )
    severity = Severity.WARNING if report.runs else Severity.ERROR
    if not report.runs:
        yield Annotation(severity, "loglens: not read", (NOT_READ,))
    for unread in report.unread:
        yield Annotation(severity, "loglens: not read", (f"{say(unread.path, 200)}: {say(unread.why)}",), rank=(3,))


def _finding(run: Diagnosis, finding: ReportedFinding, place: int) -> Annotation:
    heading = f"{title(finding)} {when(finding)}".strip()
    lines = [f"{_run(run)}: {say(finding.message)}"]
    if finding.caused_by is not None:
        lines.append(f"It follows from {say(finding.caused_by, NAME)}.")
    if finding.remedies:
        lines.append(f"What to change first: {advice(finding.remedies[0])}")
    # the root of every run goes before the effects of any
    rank = (0 if finding.caused_by is None else 1, -finding.confidence, place)
    return Annotation(finding.severity, heading, tuple(lines), _file(run), rank)


def _run(run: Diagnosis) -> str:
    return say(run.run, NAME)


def _file(run: Diagnosis) -> str:
    """The first log file, if it can be one of the repository and its name can be written."""
    path = run.files[0] if run.files else ""
    pure = PurePath(path)
    here = path and "://" not in path and not pure.is_absolute()
    return pure.as_posix() if here and safe(path) == path else ""


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
