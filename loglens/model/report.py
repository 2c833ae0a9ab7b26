"""The diagnosis of a run, and the report on all runs, from which every output is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from loglens.errors import LoglensError, UnreadableError, nearest
from loglens.model import report_file
from loglens.model.causal_chain import chain_sentence
from loglens.model.exit_code import ExitCode
from loglens.model.finding import RuleHelp, Severity
from loglens.model.histogram_grid import Distribution
from loglens.model.numbers import plural
from loglens.model.outcome import RunOutcome
from loglens.model.plain_text import safe
from loglens.model.reported_finding import ReportedFinding
from loglens.model.series import Series
from loglens.model.source import Note
from loglens.model.strict_json import dumps
from loglens.model.version import __version__
from loglens.model.vocabulary import HIGHER, LOWER

if TYPE_CHECKING:
    from loglens.stats.parameter_splits import Split

SCHEMA_VERSION = "1.2"
#: Curves that a summary offers as the loss, beside the likeliest one.
FEW_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The result of one rule on one run: found, clean, skipped or crashed, and why.

    foreign: whether it was skipped as a rule for another kind of training; not written to JSON.
    """

    condition: str
    outcome: str
    why: str = ""
    foreign: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {"condition": self.condition, "outcome": self.outcome, "why": self.why}


@dataclass(frozen=True, slots=True)
class CurveRole:
    """One curve with its role (None where it has none) and its extent.

    guessed: whether the role does not follow from the name alone; shown to people, not written to JSON.
    """

    tag: str
    role: str | None
    split: str | None
    layer: str | None
    axis: str
    points: int
    nonfinite: int
    first_step: int | None = None
    last_step: int | None = None
    guessed: bool = False

    def as_dict(self) -> dict[str, Any]:
        names = ("role", "tag", "split", "layer", "axis", "points", "nonfinite")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Diagnosis:
    """The diagnosis of one run: the roles of its curves, its findings (ranked, root causes first), every rule's result.

    curve_roles: every curve that has a role. outcomes: one result a rule. judged: whether any rule had the data to
    judge the training. outcome: how the run went. lead: the main loss curve, drawn in overviews. curves: those that
    have a role and after them some that have none, drawn but not written to JSON; so are the distributions (histograms
    over steps). params: the run's
    parameters, redacted, to distinguish the runs of a sweep. candidates: tags without a role
    that could be the loss.
    """

    run: str
    path: str
    format: str
    files: tuple[str, ...]
    points: int
    first_step: int | None
    last_step: int | None
    curve_roles: tuple[CurveRole, ...]
    findings: tuple[ReportedFinding, ...]
    outcomes: tuple[RuleResult, ...]
    notes: tuple[Note, ...]
    judged: bool
    outcome: RunOutcome = field(default_factory=RunOutcome)
    lead: Series | None = None
    curves: tuple[Series, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    candidates: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Diagnosis of {safe(self.run)!r}: {self.verdict}, {safe(self.summary)}>"

    @property
    def verdict(self) -> str:
        """failed or suspect by the worst finding; else healthy where the log shows that it learned, or unclear."""
        worst = max((finding.severity for finding in self.findings), default=Severity.NOTE)
        if worst is Severity.ERROR:
            return "failed"
        if worst is Severity.WARNING:
            return "suspect"
        if not self.judged:
            return "not-judged"
        return "healthy" if self.outcome.success else "unclear"

    @property
    def primary(self) -> str | None:
        return self.findings[0].condition if self.findings else None

    @property
    def summary(self) -> str:
        """The verdict in one sentence."""
        complaints = [finding for finding in self.findings if finding.severity > Severity.NOTE]
        if complaints:
            return chain_sentence(complaints)
        ran = sum(outcome.outcome in ("clean", "found") for outcome in self.outcomes)
        if self.judged and not self.outcome.success:
            why = f"{self.outcome.why}{'' if self._shows_progress else self._naming}"
            return f"nothing wrong found, but the log does not show that it learned: {why}"
        if self.judged:
            had = f"{ran} of {len(self.outcomes)} rules had the data to judge"
            if self.findings:
                return f"{plural(len(self.findings), 'note')}: {chain_sentence(self.findings)}; {had}"
            return f"nothing wrong found; {had}"
        why = next(
            (o.why for o in self.outcomes if o.outcome == "skipped" and o.why),
            "no rule had the data that it needs",
        )
        ended = [note.message for note in self.notes if note.kind == "failed"]
        return f"not judged: {'; '.join([*ended, why])}{self._naming}"

    @property
    def _shows_progress(self) -> bool:
        return any(part.role in LOWER | HIGHER for part in self.curve_roles)

    @property
    def _naming(self) -> str:
        """How to name the loss, where there are curves whose names say nothing."""
        if not self.candidates:
            return ""
        first, *others = self.candidates
        quoted = "'" + f"{first}=loss".replace("'", "'\"'\"'") + "'"  # as a shell reads it
        more = others[FEW_CANDIDATES:]
        also = ", ".join([*others[:FEW_CANDIDATES], *([f"{len(more)} more"] if more else [])])
        return f"; if one of its curves is the loss, name it: --role {quoted}" + (f" (or {also})" if also else "")

    def as_dict(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "path": self.path,
            "format": self.format,
            "files": list(self.files),
            "verdict": self.verdict,
            "outcome": self.outcome.as_dict(),
            "summary": self.summary,
            "primary": self.primary,
            "steps": {"first": self.first_step, "last": self.last_step},
            "points": self.points,
            "cast": [part.as_dict() for part in self.curve_roles],
            "findings": [finding.as_dict() for finding in self.findings],
            "outcomes": [outcome.as_dict() for outcome in self.outcomes],
            "notes": [note_dict(note) for note in self.notes],
        }

    def as_json(self) -> str:
        """`as_dict` as strict JSON on one line."""
        return dumps(self.as_dict())

    @property
    def crashed(self) -> bool:
        """Whether a rule crashed on it."""
        return any(result.outcome == "crashed" for result in self.outcomes)


@dataclass(frozen=True, slots=True)
class FindingOutline:
    """The part of a finding that counts, gate and baseline need."""

    condition: str
    severity: Severity
    tags: tuple[str, ...]
    message: str
    key: str
    known: bool = False


@dataclass(frozen=True, slots=True)
class Outline:
    """A diagnosis without its curves: what counts, gate, baseline and overview need, and the JSON of the run.

    It is kept instead of the `Diagnosis` where no output draws curves. document: the JSON, on one line.
    """

    run: str
    path: str
    verdict: str
    primary: str | None
    crashed: bool
    findings: tuple[FindingOutline, ...]
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    document: str = field(default="", repr=False)

    @classmethod
    def of(cls, run: Diagnosis) -> Self:
        findings = tuple(
            FindingOutline(found.condition, found.severity, tuple(found.tags), found.message, found.key, found.known)
            for found in run.findings
        )
        return cls(run.run, run.path, run.verdict, run.primary, run.crashed, findings, run.params, run.as_json())

    def as_dict(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.document)
        return document

    def as_json(self) -> str:
        """The run as strict JSON on one line."""
        return self.document


@dataclass(frozen=True, slots=True)
class Unread:
    """A path that could not be read, and why.

    trace: the traceback where loglens itself failed; shown with --traceback, not written to JSON.
    """

    path: str
    why: str
    trace: str = ""

    @classmethod
    def of(cls, error: UnreadableError) -> Self:
        return cls(error.path, str(error))

    def as_dict(self) -> dict[str, str]:
        return {"path": self.path, "why": self.why}


#: The result of judging a source: a run in either form, or why there is none.
Judged = Diagnosis | Outline | Unread


@dataclass(frozen=True)
class Report:
    """All judged runs, the paths that could not be read, and whether the findings fail the gate (`fail_on`).

    outlines: instead of `runs` where no output needs more than JSON or an overview.
    rules: the help on every rule that was applied or left out, for outputs that carry it along.
    require_healthy: whether a run that is not healthy, or an unread path, ends the command with NOT_JUDGED.
    suffixes: the format of each file ending, for `save`.
    """

    runs: tuple[Diagnosis, ...]
    unread: tuple[Unread, ...]
    version: str = __version__
    fail_on: Severity | None = Severity.ERROR
    renderers: Mapping[str, Callable[[Report], str]] = field(default_factory=dict, repr=False, compare=False)
    rules: Mapping[str, RuleHelp] = field(default_factory=dict, repr=False, compare=False)
    outlines: tuple[Outline, ...] = ()
    require_healthy: bool = False
    suffixes: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __repr__(self) -> str:
        verdicts = [run.verdict for run in self.judged]
        counts = ", ".join(f"{verdicts.count(verdict):,} {verdict}" for verdict in sorted(set(verdicts)))
        unread = f", {len(self.unread):,} not read" if self.unread else ""
        return f"<Report on {plural(len(verdicts), 'run')}{': ' if counts else ''}{counts}{unread}>"

    @property
    def judged(self) -> Sequence[Diagnosis | Outline]:
        """Every run, whole or as an outline."""
        return self.outlines or self.runs

    @property
    def findings(self) -> list[ReportedFinding]:
        """The findings of all runs that were kept whole."""
        return [finding for run in self.runs for finding in run.findings]

    @property
    def all_findings(self) -> list[ReportedFinding | FindingOutline]:
        """The findings of all runs, whole or as outlines."""
        return [finding for run in self.judged for finding in run.findings]

    @property
    def primary(self) -> str | None:
        """Rule name of the first-ranked finding of the first run that has one."""
        return next((run.primary for run in self.judged if run.primary), None)

    @cached_property
    def splits(self) -> list[Split]:
        """The parameters whose values separate failed and suspect runs from healthy ones."""
        from loglens.stats.parameter_splits import splits

        return splits(self.sweep)

    @property
    def sweep(self) -> list[tuple[Mapping[str, Any], bool]]:
        """Of every failed, suspect and healthy run its parameters, and whether something is wrong with it."""
        told = ("failed", "suspect", "healthy")
        return [(run.params, run.verdict != "healthy") for run in self.judged if run.verdict in told]

    @property
    def counts(self) -> dict[str, int]:
        severities = [finding.severity for finding in self.all_findings]
        return {"runs": len(self.judged)} | {
            str(level): severities.count(level) for level in sorted(Severity, reverse=True)
        }

    @property
    def failed(self) -> bool:
        """Whether any finding that no baseline accepts is at or above the severity that fails the gate."""
        return self.fail_on is not None and any(f.severity >= self.fail_on and not f.known for f in self.all_findings)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code: nothing read, else the gate failed, else loglens failed, else nothing judged.

        Where healthy runs are required, one that is not counts as not judged, and so does what was not read.
        """
        broken = any(unread.trace for unread in self.unread)
        if not self.judged:
            return ExitCode.INTERNAL if broken else ExitCode.BAD_INPUT
        if self.failed:
            return ExitCode.FOUND
        if broken or any(run.crashed for run in self.judged):
            return ExitCode.INTERNAL
        if self.require_healthy and (self.unread or any(run.verdict != "healthy" for run in self.judged)):
            return ExitCode.NOT_JUDGED
        return ExitCode.OK if any(run.verdict != "not-judged" for run in self.judged) else ExitCode.NOT_JUDGED

    def as_dict(self) -> dict[str, Any]:
        """The report as strict JSON, as docs/report.schema.json describes it."""
        return self.with_runs([run.as_dict() for run in self.judged])

    def with_runs(self, runs: Sequence[Any]) -> dict[str, Any]:
        """The report as a dict, with `runs` instead of its own runs."""
        header = self.header()
        head = {name: header.pop(name) for name in ("schema_version", "tool")}
        return head | {"runs": runs, "unread": [unread.as_dict() for unread in self.unread]} | header

    def header(self) -> dict[str, Any]:
        """The report as a dict, without runs and unread paths."""
        return {
            "schema_version": SCHEMA_VERSION,
            "tool": {"name": "loglens", "version": self.version},
            "counts": self.counts,
            "gate": {
                "fail_on": "never" if self.fail_on is None else str(self.fail_on),
                "failed": self.failed,
            },
        }

    def render(self, format: str = "text") -> str:
        """The report in one of the output formats, the same text that the command writes.

        Raises LoglensError for a format that does not exist.
        """
        if format not in self.renderers:
            raise LoglensError(f"no format {format!r}; {nearest(format, list(self.renderers))}")
        return self.renderers[format](self)

    def save(self, path: str | Path, format: str | None = None) -> Path:
        """Write the report to a file and return its path. The suffix picks the format, as with `-o`.

        Raises LoglensError for a suffix that no format has and for a file that cannot be written.
        """
        return report_file.save(self.render, Path(path), format, self.suffixes)

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the HTML report in a frame of its own; None where HTML cannot be made."""
        try:
            page = self.render("html")
        except LoglensError:
            return None  # the notebook then shows the plain representation
        return report_file.framed(page, "loglens report")


def note_dict(note: Note) -> dict[str, str]:
    """A note as the JSON report holds it."""
    return {"kind": note.kind, "file": note.file, "message": note.message}
