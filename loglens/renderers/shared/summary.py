"""Parts of a report that text outputs share: the order of runs, counts, one-line findings and remedies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import TypeVar
from urllib.parse import quote_from_bytes

from loglens.model.finding import Remedy, Severity
from loglens.model.numbers import number, plural
from loglens.model.plain_text import safe, shorten
from loglens.model.report import Diagnosis, Outline, Report, RuleResult
from loglens.model.reported_finding import ReportedFinding
from loglens.model.series import Series
from loglens.model.strict_json import to_strict
from loglens.remedies.phrases import phrase
from loglens.renderers.shared.wording import condition, label
from loglens.stats.parameter_splits import Split, comparable

#: Worst first: the order in which runs are shown.
VERDICTS = ("failed", "suspect", "not-judged", "unclear", "healthy")
#: Runs up to which each is shown by itself.
FEW_RUNS = 12
#: How long a name, a sentence and a piece of code may become; logs hold names of any length.
NAME, SENTENCE, CODE = 120, 1000, 20_000
#: A run in either form: worst_first and by_cause give back what they are given.
RunT = TypeVar("RunT", Diagnosis, Outline, Diagnosis | Outline)
#: What is said where there is nothing to judge.
NOT_READ = "nothing could be read as a training log"


def distinct(names: Sequence[str]) -> list[str]:
    """Cut paths to what tells them apart: without the folders that all begin with and the parts that all end in."""
    parts = [name.split("/") for name in names]
    if len(set(names)) < 2:
        return list(names)
    shortest = min(map(len, parts)) - 1
    begin = next((at for at in range(shortest) if len({part[at] for part in parts}) > 1), shortest)
    room = shortest - begin
    end = next((at for at in range(room) if len({part[-1 - at] for part in parts}) > 1), room)
    return ["/".join(part[begin : len(part) - end]) for part in parts]


def worst_first(runs: Sequence[RunT]) -> list[RunT]:
    """Sort runs by verdict, worst first; runs of one verdict stay in the order in which they were read."""
    return sorted(runs, key=lambda run: VERDICTS.index(run.verdict))


def counts_line(report: Report) -> str:
    """ "3 runs: 1 failed, 1 suspect, 1 healthy"."""
    verdicts = [run.verdict for run in report.judged]
    counts = [f"{verdicts.count(name):,} {name.replace('-', ' ')}" for name in VERDICTS if name in verdicts]
    return f"{plural(len(verdicts), 'run')}: {', '.join(counts)}" if verdicts else NOT_READ


def by_cause(runs: Sequence[RunT]) -> list[tuple[str, str, list[RunT]]]:
    """Group runs by verdict and first-ranked cause in words, worst verdict first, then the most frequent cause first.

    Of a run in which nothing is wrong, the cause is its note, if it has one: "note: restart".
    """
    groups: dict[tuple[str, str], list[RunT]] = {}
    for run in runs:
        cause = condition(run.primary) if run.primary else ""
        note = "note: " if cause and run.verdict not in ("failed", "suspect") else ""
        groups.setdefault((run.verdict, note + cause), []).append(run)
    order = sorted(groups.items(), key=lambda group: (VERDICTS.index(group[0][0]), -len(group[1]), group[0][1].lower()))
    return [(verdict, cause, members) for (verdict, cause), members in order]


def parameter_hints(report: Report) -> list[str]:
    """Which parameters go with failed and suspect runs, a sentence each, or one sentence that none does."""
    if len(report.judged) <= FEW_RUNS or not comparable(report.sweep):
        return []
    wrong = _wrong(report, "or")
    return [_split(split, wrong) for split in report.splits] or ["no parameter that is not explained by chance as well"]


def hints_heading(report: Report) -> str:
    """The heading of what parameter_hints says: "What the failed and suspect runs have in common"."""
    return f"What the {_wrong(report, 'and')} runs have in common"


def _wrong(report: Report, link: str) -> str:
    verdicts = {run.verdict for run in report.judged}
    return f" {link} ".join(verdict for verdict in ("failed", "suspect") if verdict in verdicts)


def _split(split: Split, wrong: str) -> str:
    value = number(split.value) if isinstance(split.value, float) else say(split.value, 60)
    rest = split.failed_in_all - split.failed, split.healthy_in_all - split.healthy
    chance = "< 0.0001" if split.p < 1e-4 else f"= {split.p:.2g}"
    return (
        f"{say(split.param, 60)} {split.relation} {value}: {split.failed:,} of {split.failed + split.healthy:,} "
        f"{wrong}, of the others {rest[0]:,} of {sum(rest):,} (p {chance})"
    )


def say(text: str, max_length: int = SENTENCE) -> str:
    """Escape and shorten text from a log or a plugin to at most `max_length` characters."""
    return shorten(safe(text), max_length)


def when(finding: ReportedFinding) -> str:
    """ "from step 412 to 430", "at step 412", or nothing where the finding has no place on a curve."""
    to = f" to {number(finding.end_step)}" if finding.lasts else ""
    return f"{finding.begins}{to}"


def numbers(finding: ReportedFinding, max_count: int | None = None) -> list[tuple[str, str]]:
    """The first numbers of the evidence as name and value: ("growth per step", "1.31 (1.28 to 1.33)").

    The ends of an interval stand beside its middle. A text that the message quotes is left out.
    """
    given = to_strict(finding.evidence)
    said = []
    for key, value in given.items():
        if not isinstance(value, str | int | float) or (isinstance(value, str) and value in finding.message):
            continue
        middle = re.sub("_(low|high)$", "", key)
        if middle != key and {middle, f"{middle}_low", f"{middle}_high"} <= given.keys():
            continue
        low, high = given.get(f"{key}_low"), given.get(f"{key}_high")
        span = "" if low is None or high is None else f" ({number(low)} to {number(high)})"
        said.append((say(label(key), 40), say(number(value) + span, 200)))
    return said[:max_count]


def advice(remedy: Remedy) -> str:
    """ "Clip the gradient norm at 0.9: bounds every update"."""
    return say(phrase(remedy) + (f": {remedy.why}" if remedy.why else ""))


def changed_before(finding: ReportedFinding) -> list[str]:
    """What changed just before a finding began, a sentence each: "train/lr falls 100-fold, from 0.001 to 1e-5, ..."."""
    return [say(f"{'likely the cause: ' if change.explains else ''}{change.sentence}") for change in finding.changes]


def title(finding: ReportedFinding) -> str:
    """A finding's condition in words, in a length that fits a heading."""
    return say(condition(finding.condition), NAME)


def of_kind(run: Diagnosis, kind: str) -> list[RuleResult]:
    """The outcomes of one kind: found, clean, skipped or crashed."""
    return [outcome for outcome in run.outcomes if outcome.outcome == kind]


def reasons(outcomes: Iterable[RuleResult]) -> Iterator[tuple[str, list[str]]]:
    """Group skipped rules by their reason."""
    groups: dict[str, list[str]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.why, []).append(say(outcome.condition, NAME))
    for why, names in groups.items():
        yield say(why), names


def complaints(run: Diagnosis) -> list[ReportedFinding]:
    """The findings that say that something is wrong."""
    return [finding for finding in run.findings if finding.severity > Severity.NOTE]


def drawn_curve(run: Diagnosis) -> Series | None:
    """The curve that stands for a run in an overview: that of its first complaint, else its main one."""
    of_complaints = (finding.series[0] for finding in complaints(run) if finding.series)
    return next((curve for curve in of_complaints if len(curve)), None) or main_curve(run)


def main_curve(run: Diagnosis) -> Series | None:
    """The curve to draw of a run without findings: its main loss, or where it has none the first with a role."""
    return next((curve for curve in (run.lead, *run.curves) if curve is not None and len(curve)), None)


def uri(path: str) -> str:
    """A path as a URI reference: relative as it was found, file:// where it is absolute, or with its own scheme."""
    scheme, mark, rest = path.partition("://")
    if mark and scheme.isalnum():
        return f"{scheme}://" + quote_from_bytes(rest.encode("utf-8", "surrogateescape"), safe="/:")
    pure = PurePath(path)
    quoted = quote_from_bytes(pure.as_posix().encode("utf-8", "surrogateescape"), safe="/")
    if not pure.is_absolute():
        return quoted
    return "file://" + quoted if quoted.startswith("/") else "file:///" + quoted
