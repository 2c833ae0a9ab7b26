"""The report in under 2 KB and 60 lines, for a chat message or the context of a language model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from loglens.model.numbers import plural
from loglens.model.report import Diagnosis, Report
from loglens.renderers.shared.summary import (
    NOT_READ,
    advice,
    changed_before,
    complaints,
    counts_line,
    numbers,
    of_kind,
    say,
    title,
    when,
    worst_first,
)

FORMAT = "brief"
SUFFIXES: tuple[str, ...] = ()

#: The whole text stays below so many bytes of UTF-8 and lines.
MAX_BYTES, MAX_LINES = 2000, 59
#: What is kept for the lines on what did not fit.
RESERVE_BYTES, RESERVE_LINES = 220, 2
#: Bytes of a line: a heading, a sentence, a list of numbers. A run alone takes at most two thirds of the whole.
NAME, SENTENCE, NUMBERS = 130, 290, 160
#: How many numbers of the evidence are shown.
FEW_NUMBERS = 5


def render(report: Report) -> str:
    """Render verdict, chain, onset, first remedy and evidence of the worst runs, and how many there are besides."""
    page = _Page()
    if len(report.runs) != 1:
        page.add([_cut(counts_line(report) if report.runs else NOT_READ, SENTENCE)])
    runs = worst_first(report.runs)
    shown = 0
    for run in runs:
        if not (page.add(_run(run)) or page.add([_line(run)])):
            break
        shown += 1
    for place, unread in enumerate(report.unread):
        if not page.add([_cut(f"not read: {say(unread.path, NAME)}: {say(unread.why)}", NUMBERS)]):
            page.close(f"{plural(len(report.unread) - place, 'more path')} not read")
            break
    if shown < len(runs):
        page.close(f"{plural(len(runs) - shown, 'more run')}, none of them worse; --format json lists all")
    return page.text()


class _Page:
    """Lines within the limits. A block of lines is added whole or not at all."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.size = 0

    def add(self, block: Iterable[str]) -> bool:
        """Add a block if there is room for it. Whether it was added."""
        lines = list(block)
        size = sum(len(line.encode()) + 1 for line in lines)
        if self.size + size > MAX_BYTES - RESERVE_BYTES or len(self.lines) + len(lines) > MAX_LINES - RESERVE_LINES:
            return False
        self.close(*lines)
        return True

    def close(self, *lines: str) -> None:
        """Add lines for which room was kept."""
        self.lines += lines
        self.size += sum(len(line.encode()) + 1 for line in lines)

    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


def _run(run: Diagnosis) -> Iterator[str]:
    yield _cut(f"{run.verdict.replace('-', ' ')}: {say(run.run, NAME)}", NAME)
    yield _cut(f"  {say(run.summary)}", SENTENCE)
    found = complaints(run)
    if not found:
        if run.verdict == "healthy":  # of others the summary says why they are not
            yield _cut(f"  {say(run.outcome.state, NAME)}: {say(run.outcome.why)}", SENTENCE)
        return
    root = found[0]
    place = ", ".join(filter(None, [str(root.severity), f"{root.confidence} confidence", when(root)]))
    yield _cut(f"  {title(root)} ({place}): {say(root.message)}", SENTENCE)
    if evidence := numbers(root, FEW_NUMBERS):
        yield _cut("  evidence: " + ", ".join(f"{name} {value}" for name, value in evidence), NUMBERS)
    if changes := changed_before(root):
        yield _cut(f"  just before: {changes[0]}", NUMBERS)
    if root.remedies:
        yield _cut(f"  change first: {advice(root.remedies[0])}", SENTENCE)
    if others := found[1:]:
        yield _cut(f"  also: {', '.join(title(finding) for finding in others)}", NUMBERS)
    if crashed := of_kind(run, "crashed"):
        yield f"  {plural(len(crashed), 'rule')} crashed"


def _line(run: Diagnosis) -> str:
    """A run in one line."""
    name = _cut(say(run.run, NAME), NAME // 2)
    return _cut(f"{run.verdict.replace('-', ' ')}: {name}: {say(run.summary)}", NAME)


def _cut(text: str, max_bytes: int) -> str:
    """The text, or its beginning in at most `max_bytes` bytes of UTF-8."""
    data = text.encode()
    if len(data) <= max_bytes:
        return text
    return data[: max_bytes - 3].decode(errors="ignore").rstrip() + "…"
