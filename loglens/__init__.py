"""loglens reads what a training run left on disk and says what went wrong, since when, and why.

report = loglens.diagnose("logdir")
report.primary, report.findings, print(report.render())
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from loglens.errors import LoglensError, UnreadableError

if TYPE_CHECKING:
    from loglens.model.report import Report
    from loglens.model.run import Run

__all__ = ["LoglensError", "UnreadableError", "__version__", "diagnose", "read"]
__version__ = "0.1.0"

# The functions import what they need when called, so that `loglens --version` and
# `import loglens` cost nothing.

Paths = str | Path | Sequence[str | Path]


def read(path: Paths, *, on_error: Literal["note", "raise"] = "note") -> list[Run]:
    """Every run under a path: a file, a run's folder, a folder of many runs, a glob, or a list of these.

    A file that cannot be read becomes a note (kind "unreadable") of the first run that can, or with
    on_error="raise" an UnreadableError; where nothing at all can be read, that is always raised.
    """
    from loglens.discovery.find import find
    from loglens.discovery.units import load
    from loglens.model.source import Note
    from loglens.registry import load as registry

    runs: list[Run] = []
    failures: list[UnreadableError] = []
    for item in load(find(_listed(path), registry.readers())):
        if isinstance(item, UnreadableError):
            failures.append(item)
        else:
            runs.append(item)
    if failures and (on_error == "raise" or not runs):
        raise UnreadableError(f"{failures[0].path}: {failures[0]}", failures[0].path)
    notes = [Note("unreadable", str(failure), failure.path) for failure in failures]
    return [replace(runs[0], notes=(*runs[0].notes, *notes)), *runs[1:]] if notes else runs


def diagnose(path: Paths, *, config: str | Path | None = None, fail_on: str | None = None, jobs: int = 1) -> Report:
    """Read and judge every run under a path. What cannot be read is listed in `report.unread`.

    config: a loglens.toml or pyproject.toml whose settings hold; none is looked for. fail_on: error (the
    default), warning, note or never, before that of the configuration. jobs: how many processes judge runs.
    """
    from loglens.analysis.report_builder import collect
    from loglens.config.load import Config
    from loglens.config.load import load as settings
    from loglens.config.options import options
    from loglens.discovery.find import find
    from loglens.discovery.units import units
    from loglens.model.report import Unread
    from loglens.pipeline.diagnose_units import diagnose_units
    from loglens.registry import load as registry

    found = find(_listed(path), registry.readers())
    renderers = {name: renderer.render for name, renderer in registry.renderers().items()}
    wanted = options(settings(Path(), Path(config)) if config is not None else Config(), fail_on)
    judged = sorted(diagnose_units(units(found), wanted, jobs), key=lambda result: result[0])
    failures = [Unread(failure.path, str(failure)) for failure in found.failures]
    items = [*failures, *(item for _, unit in judged for item in unit)]
    return collect(items, registry.detectors(), version=__version__, options=wanted, renderers=renderers)


def _listed(path: Paths) -> Sequence[str | Path]:
    return [path] if isinstance(path, str | Path) else path
