"""Where a command writes its result: `-o FILE`, whose suffix picks the format, or standard output."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from loglens.errors import LoglensError
from loglens.model.report import Report
from loglens.model.report_file import format_of
from loglens.registry import load as registry
from loglens.renderers.terminal.look import TextStyle


def output_targets(
    outputs: Sequence[Path], format: str | None, suffixes: Mapping[str, str]
) -> list[tuple[Path | None, str]]:
    """The files to write to, each with its format; None is standard output.

    suffixes: file ending -> format. Raises LoglensError for a file without a format and for a missing folder.
    """
    if not outputs:
        return [(None, format or "text")]
    targets: list[tuple[Path | None, str]] = []
    for path in outputs:
        if str(path) == "-":
            targets.append((None, format or "text"))
            continue
        name = format_of(path, suffixes) or format
        if name is None:
            raise LoglensError(
                f"-o {path}: no format has this suffix ({', '.join(suffixes)}); rename it or add --format"
            )
        if not path.parent.is_dir():
            raise LoglensError(f"-o {path}: no such folder: {path.parent}")
        targets.append((path, name))
    if format and format not in {name for _, name in targets}:
        raise LoglensError(
            f"--format {format}, but the suffixes of -o ask for {', '.join(name for _, name in targets)}; "
            "drop one of the two"
        )
    return targets


def render(name: str, report: Report, look: TextStyle) -> str:
    """Render the report in one format. A renderer gets those fields of the text style that its signature names."""
    render = registry.renderer(name).render
    asked: dict[str, Any] = {
        field: getattr(look, field)
        for field in TextStyle.__dataclass_fields__
        if field in inspect.signature(render).parameters
    }
    return render(report, **asked)
