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
from loglens.model.version import __version__

if TYPE_CHECKING:
    from loglens.model.report import Report
    from loglens.model.run import Run

__all__ = ["LoglensError", "UnreadableError", "__version__", "diagnose", "read"]

# The functions import what they need when called, so that `loglens --version` and
# `import loglens` cost nothing.

Paths = str | Path | Sequence[str | Path]


def read(path: Paths, *, on_error: Literal["note", "raise"] = "note", follow: bool = False) -> list[Run]:
    """Every run under a path: a file, a run's folder, a folder of many runs, a glob, or a list of these.

    A file that cannot be read becomes a note (kind "unreadable") of the first run that can, or with
    on_error="raise" an UnreadableError; where nothing at all can be read, that is always raised.
    follow: whether links that lead out of a path are followed.
    """
    from loglens.model.source import Note

    runs, failures = _read_all(path, follow)
    if failures and (on_error == "raise" or not runs):
        raise UnreadableError(f"{failures[0].path}: {failures[0]}", failures[0].path)
    notes = [Note("unreadable", str(failure), failure.path) for failure in failures]
    return [replace(runs[0], notes=(*runs[0].notes, *notes)), *runs[1:]] if notes else runs


def diagnose(
    path: Paths,
    *,
    config: str | Path | None = None,
    fail_on: str | None = None,
    jobs: int = 1,
    follow: bool = False,
) -> Report:
    """Read and judge every run under a path. What cannot be read is listed in `report.unread`.

    config: a loglens.toml or pyproject.toml whose settings hold; none is looked for. fail_on: error (the
    default), warning, note or never, before that of the configuration. jobs: how many processes judge runs.
    follow: whether links that lead out of a path are followed.
    """
    from loglens.analysis.report_builder import collect
    from loglens.config.flags import with_flags
    from loglens.config.load import Config, load
    from loglens.pipeline import session
    from loglens.registry import load as registry

    rules = registry.detectors()
    settings = with_flags(load(Path(), Path(config)) if config is not None else Config(), rules, fail_on)
    renderers = {name: renderer.render for name, renderer in registry.renderers().items()}
    settings = replace(settings, follow=follow)
    judged, stopped = session.diagnose(_listed(path), settings, session.Execution(jobs=jobs))
    if stopped is not None:
        raise stopped
    return collect(judged, rules, config=settings, renderers=renderers)


def _read_all(path: Paths, follow: bool) -> tuple[list[Run], list[UnreadableError]]:
    """Every run, and what could not be read. Apart from `read`, so that no error it raises keeps fetched files."""
    from loglens.config.load import Config
    from loglens.pipeline.session import open_paths

    reading = open_paths(_listed(path), Config(follow=follow))
    return list(reading), reading.unread


def _listed(path: Paths) -> Sequence[str | Path]:
    return [path] if isinstance(path, str | Path) else path
