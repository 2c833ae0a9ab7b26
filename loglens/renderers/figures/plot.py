"""Figures of the evidence of findings, for papers and issues: PNG, SVG or PDF files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from loglens.errors import LoglensError
from loglens.model.causal_chain import causal_trees
from loglens.model.finding import Severity
from loglens.model.report import Diagnosis, Report
from loglens.model.reported_finding import ReportedFinding
from loglens.renderers.shared.summary import main_curve, worst_first

SUFFIXES = (".svg", ".png", ".pdf")
#: The error message where the extra is not installed.
MISSING = "plots need: pip install 'loglens[plot]'"
EXTRA = ("matplotlib",)

#: One figure: the run, and the findings with their numbers on it.
Job = tuple[Diagnosis, Sequence[tuple[int, ReportedFinding]]]


def check() -> None:
    """Check that the libraries of the extra `plot` are installed. Raises LoglensError where they are not."""
    try:
        import loglens.renderers.figures.figure  # noqa: F401 - loaded when asked for: the extra is optional
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise LoglensError(MISSING) from error


def jobs(report: Report, rules: Sequence[str] = (), separate: bool = False) -> list[Job]:
    """Choose what is drawn: of every run its findings, causes first, or where it has none its main loss.

    rules: draw only findings of these. separate: a figure a finding. A run without a curve is left out,
    and so are notes beside complaints.
    """
    found: list[Job] = []
    for run in worst_first(report.runs):
        chained = [finding for tree in causal_trees(run.findings) for finding in tree]
        drawn = [entry for entry in enumerate(chained, 1) if any(map(len, entry[1].series))]
        if rules:
            drawn = [entry for entry in drawn if entry[1].condition in rules]
        else:
            drawn = [entry for entry in drawn if entry[1].severity > Severity.NOTE] or drawn
        if drawn:
            found += [(run, [entry]) for entry in drawn] if separate else [(run, drawn)]
        elif not rules and main_curve(run) is not None:
            found.append((run, []))
    return found


def files(wanted: Sequence[Job], target: Path, separate: bool = False) -> list[Path]:
    """The file of each figure: the target, with the run's name below their common folder where there are several
    runs, and the number and rule of the finding where each has its own."""
    folders = [run.run.split("/")[:-1] for run, _ in wanted]
    shared = len(list(takewhile(lambda level: len(set(level)) == 1, zip(*folders, strict=False))))
    several = len({id(run) for run, _ in wanted}) > 1
    named: list[Path] = []
    for run, findings in wanted:
        parts = [target.stem, _slug("/".join(run.run.split("/")[shared:]))] if several else [target.stem]
        if separate and findings:
            parts += [str(findings[0][0]), _slug(findings[0][1].condition)]
        name, count = "-".join(parts), 1
        while target.with_name(name + target.suffix) in named:
            count += 1
            name = "-".join([*parts, str(count)])
        named.append(target.with_name(name + target.suffix))
    return named


def draw(job: Job, file: Path, format: str, *, width: float, version: str) -> None:
    """Write one figure. format: svg, png or pdf. width: inches."""
    from loglens.renderers.figures.figure import save

    save(job[0], job[1], file, format, width, version)


def _slug(name: str) -> str:
    """A name that is safe in a file name."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-.")[-60:].strip("-.") or "run"
