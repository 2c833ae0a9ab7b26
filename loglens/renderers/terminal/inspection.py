"""The output of `loglens inspect`: runs, curves, points, roles and notes, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from loglens.model.numbers import number, plural
from loglens.model.redaction import HIDDEN, redact_params
from loglens.model.report import CurveRole, Unread, note_dict
from loglens.model.run import Run
from loglens.model.strict_json import to_strict
from loglens.renderers.terminal.look import TextStyle, indented

#: Number of parameters that are shown without --verbose.
FEW_PARAMS = 12

Inspected = Sequence[tuple[Run, Sequence[CurveRole]]]


def document(runs: Inspected, unread: Sequence[Unread]) -> dict[str, Any]:
    """The inspection as JSON types, schema 1.0."""
    return {
        "schema_version": "1.0",
        "runs": [
            {
                "run": run.name,
                "path": str(run.source),
                "format": run.format,
                "files": [str(file) for file in run.files],
                "params": to_strict(redact_params(run.params)),
                "series": [
                    part.as_dict() | {"first_step": part.first_step, "last_step": part.last_step} for part in parts
                ],
                "notes": [note_dict(note) for note in run.notes],
            }
            for run, parts in runs
        ],
        "unread": [item.as_dict() for item in unread],
    }


def text(runs: Inspected, unread: Sequence[Unread], look: TextStyle, all_params: bool = False) -> str:
    """The form for people: a table of curves a run, those without a role last, layers summed up.

    all_params: every parameter, and none of the curves.
    """
    return look.print(_page(runs, unread, look, all_params))


def _page(runs: Inspected, unread: Sequence[Unread], look: TextStyle, all_params: bool) -> Iterator[RenderableType]:
    for index, (run, parts) in enumerate(runs):
        if index:
            yield ""
        yield look.text(
            (look.say(run.name, 60), "head"),
            (
                f"   {look.say(run.format, 40)}, {plural(len(run.files), 'file')}, {plural(len(parts), 'curve')}, "
                f"{plural(len(run.columns), 'point')}",
                "muted",
            ),
        )
        if all_params:
            yield indented(_params(run, look, len(run.params)) if run.params else "no parameter was logged")
            continue
        yield indented(_table(parts, look))
        if run.params:
            yield ""
            yield indented(_params(run, look, len(run.params) if look.verbose else FEW_PARAMS))
        for note in run.notes:
            yield indented(look.text((f"{look.say(note.kind, 20)}: ", "warning"), look.say(note.message)))
    for item in unread:
        yield look.text((look.say(item.path, 200), "warning"), f": {look.say(item.why)}")


def _table(parts: Sequence[CurveRole], look: TextStyle) -> Table:
    """Every column as wide as it needs, the tags in what is left."""
    groups = _groups(parts, look.verbose)
    rows = [_row(group, look) for group in groups]
    heads = ["role", "points", "steps", "not finite"][: 4 if any(row[3] for row in rows) else 3]
    widths = [max(len(head), *(len(row[i]) for row in rows)) if rows else 0 for i, head in enumerate(heads)]
    room = max(look.width - 2 - sum(widths) - 2 * len(heads), 12)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    table.add_column(look.text(("role", "muted")), no_wrap=True, min_width=widths[0])
    table.add_column(look.text(("tag", "muted")), no_wrap=True)
    for head, width in zip(heads[1:], widths[1:], strict=True):
        table.add_column(look.text((head, "muted")), no_wrap=True, min_width=width, justify="right")
    for (role, points, steps, bad), group in zip(rows, groups, strict=True):
        layers = f"{len(group):,} layers, " if len(group) > 1 else ""
        tag = layers + look.say(group[0].tag, room - len(layers))
        cells: list[RenderableType] = [
            look.text((role, "" if group[0].role else "muted")),
            tag,
            points,
            steps,
            look.text((bad, "bad")),
        ]
        table.add_row(*cells[: len(heads) + 1])
    return table


def _row(group: Sequence[CurveRole], look: TextStyle) -> tuple[str, str, str, str]:
    """Role as in the configuration ("loss@val"), with whether it was guessed; points, steps, points not finite."""
    part, bad = group[0], sum(part.nonfinite for part in group)
    role = f"{part.role}@{part.split}" if part.split and part.role else part.role or "-"
    if part.guessed and part.role:
        role += " (guessed)"
    axis = "" if part.axis == "step" else f" {look.say(part.axis, 10)}"
    steps = "" if part.first_step is None else f"{number(part.first_step)} to {number(part.last_step)}{axis}"
    return role, f"{part.points:,}", steps, f"{bad:,}" if bad else ""


def _groups(parts: Iterable[CurveRole], verbose: bool) -> list[list[CurveRole]]:
    """Group curves into rows: a curve, or all layers of one role."""
    groups: dict[object, list[CurveRole]] = {}
    for part in parts:
        layered = part.layer is not None and part.role is not None and not verbose
        groups.setdefault((part.role, part.split) if layered else ("", part.tag), []).append(part)
    return list(groups.values())


def _params(run: Run, look: TextStyle, max_params: int) -> Table:
    shown = list(redact_params(run.params).items())[:max_params]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for name, value in shown:
        said = look.say(number(value), 200)
        table.add_row(look.text((look.say(str(name), look.width // 3), "muted")), _redacted_apart(said, look))
    if len(run.params) > len(shown):
        table.add_row(look.text((f"and {len(run.params) - len(shown):,} more; -v shows them", "muted")))
    return table


def _redacted_apart(value: str, look: TextStyle) -> RenderableType:
    """A value with the redacted part in another style."""
    before, *rest = value.split(HIDDEN)
    return look.text(before, *(piece for after in rest for piece in ((HIDDEN, "muted"), after)))
