"""A comparison as Markdown, for a pull request or a step summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loglens.compare.curves import Comparison, Entry
from loglens.compare.phrases import change, first_difference, headline, limit_kept, noise, remarks, values
from loglens.renderers.shared.markdown_text import folded, name, prose

SIGNS = {"regression": "❌", "diverge": "⚠️", "no-difference": "✅", "not-compared": "❔"}
#: Rows of a table that are shown; GitHub cuts a comment at 65,536 characters.
MAX_ROWS = 100


def markdown(found: Comparison) -> str:
    """The comparison as Markdown: the verdict, the curves that diverge, the parameters that differ, the limits."""
    return "\n\n".join(_blocks(found)) + "\n"


def _blocks(found: Comparison) -> Iterator[str]:
    title, _, said = headline(found).partition("  ")
    yield f"## {SIGNS[found.verdict]} {title.capitalize()}: {prose(said, 300)}"
    yield "\n".join([f"- good: {_names(found.good)}", f"- bad: {_names([found.bad])}"])
    if found.left_out:
        rows = [f"- {name(entry.run.name)}: {prose(entry.summary, 200)}" for entry in found.left_out[:MAX_ROWS]]
        yield "Left out as a reference, because the run itself has failed:\n\n" + "\n".join(rows)
    if found.regressions:
        rows = [f"- {'❌' if item.failed else '✅'} {prose(limit_kept(item), 300)}" for item in found.regressions]
        yield "### Limits\n\n" + "\n".join(rows)
    if found.parted:
        yield f"### Where the runs diverge\n\n{_parted(found)}"
    if found.params:
        yield f"### Parameters that differ\n\n{_params(found)}"
    if found.together:
        names = ", ".join(name(pair.tag) for pair in found.together[:MAX_ROWS])
        yield folded(f"No difference: {len(found.together)} curves", names)
    rows = [f"- {', '.join(map(name, tags[:MAX_ROWS]))}: {prose(why)}" for why, tags in found.reasons.items()]
    if found.missing:
        rows.append(f"- {', '.join(map(name, found.missing[:MAX_ROWS]))}: the bad run did not log it")
    if rows:
        yield folded("Not compared", "\n".join(rows))


def _names(entries: Sequence[Entry]) -> str:
    few = [
        f"{name(entry.run.name)} (to step {entry.last_step}" + (f", {entry.verdict})" if entry.verdict else ")")
        for entry in entries[:3]
    ]
    return ", ".join(few) + (f" and {len(entries) - 3} more" if len(entries) > 3 else "")


def _parted(found: Comparison) -> str:
    lines = ["| Curve | First difference | Good → bad | Times the noise | |", "| :-- | :-- | :-- | --: | :-- |"]
    for pair in found.parted[:MAX_ROWS]:
        good, bad, where = values(pair)
        cells = [name(pair.tag, 60), prose(first_difference(pair)), f"{prose(good)} → **{prose(bad)}** {prose(where)}"]
        lines.append(f"| {' | '.join(cells)} | {noise(pair)} | {prose('; '.join(remarks(pair)), 200)} |")
    if len(found.parted) > MAX_ROWS:
        lines.append(f"| and {len(found.parted) - MAX_ROWS} more | | | | |")
    return "\n".join(lines)


def _params(found: Comparison) -> str:
    lines = ["| Parameter | Good | Bad |", "| :-- | :-- | :-- |"]
    for param in found.params[:MAX_ROWS]:
        good, bad = change(param)
        lines.append(f"| {name(param.name, 60)} | {prose(good, 200)} | {prose(bad, 200)} |")
    if len(found.params) > MAX_ROWS:
        lines.append(f"| and {len(found.params) - MAX_ROWS} more | | |")
    return "\n".join(lines)
