"""The functions of loglens for Python: `read`, `diagnose`, `compare`, `plot`, `rules` and `roles`.

They are reached as `loglens.diagnose` and so on; the page on Python in the documentation has an example of each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from loglens.analysis import baseline as baselines
from loglens.analysis import follow_up
from loglens.analysis.judge import judge
from loglens.analysis.report_builder import collect
from loglens.config import assertions
from loglens.config.flags import with_flags
from loglens.config.load import Config, load, parse
from loglens.discovery.find import why_missing
from loglens.discovery.starts import split_starts
from loglens.errors import ConfigError, LoglensError, UnreadableError, nearest
from loglens.model.report import Judged, Report
from loglens.model.role_table import ROLE_TABLE
from loglens.model.run import Run
from loglens.model.source import Note
from loglens.model.version import __version__
from loglens.model.vocabulary import HIGHER, LOWER
from loglens.pipeline import session
from loglens.pipeline.trim import point_budget, trim
from loglens.readers.jsonl.in_memory import runs_in_memory
from loglens.registry import load as registry
from loglens.roles.assign import assign_roles
from loglens.roles.metrics import curve_of_role

if TYPE_CHECKING:
    from loglens.compare.curves import Comparison

#: A file, a run's folder, a folder of many runs, or a glob; or several of these.
Paths = str | PathLike[str] | Sequence[str | PathLike[str]]
#: What can be diagnosed: paths, runs as `read` gives them, or curves in memory (a data frame, a dict of arrays, a list
#: of dicts). The types of frames are not named here, so that their libraries need not be installed.
Data = Any


def read(
    path: Paths,
    *,
    on_error: Literal["note", "raise"] = "note",
    follow: bool = False,
    roles: Mapping[str, str] | None = None,
    columns: str | Collection[str] = (),
) -> list[Run]:
    """Read every run under a path: a file, a run's folder, a folder of many runs, a glob, or a list of these.

    A file that cannot be read becomes a note (kind "unreadable") of the first run that can, or with
    on_error="raise" an UnreadableError; where nothing at all can be read, that is always raised.
    follow: whether links that lead out of a path are followed. roles: globs of tags to roles, for
    `run.series(role=...)`, such as {"objective": "loss"}. columns: names for the columns of tables without a header
    line, as "step,loss,lr" or a list.
    """
    runs, failures = _read_all(_paths(path), Config(follow=follow, columns=_columns(columns)))
    if failures and (on_error == "raise" or not runs):
        raise UnreadableError(f"{failures[0].path}: {failures[0]}", failures[0].path)
    notes = [Note("unreadable", str(failure), failure.path) for failure in failures]
    if notes:
        runs[0] = replace(runs[0], notes=(*runs[0].notes, *notes))
    return [replace(run, find=partial(curve_of_role, user=roles)) for run in runs]


def diagnose(
    data: Data,
    *,
    config: str | PathLike[str] | None = None,
    fail_on: str | None = None,
    roles: Mapping[str, str] | None = None,
    select: str | Collection[str] = (),
    ignore: str | Collection[str] = (),
    thresholds: Mapping[str, Mapping[str, float]] | None = None,
    baseline: str | PathLike[str] | None = None,
    jobs: int = 1,
    follow: bool = False,
    columns: str | Collection[str] = (),
    after: Data = (),
) -> Report:
    """Judge every run of the data, and return the report.

    data: a path or a list of paths; a run or a list of runs; a pandas or polars data frame, wide (a column per curve)
    or tidy (step, tag, value); a dict of arrays; a list of dicts, one per row.
    config: a loglens.toml or pyproject.toml to use; none is searched for. fail_on: error (the default),
    warning, note or never. roles: globs of tags to roles, such as {"objective": "loss", "dev*": "loss@val"}.
    select: names of the only rules to apply. ignore: names of rules to skip. thresholds: rule -> threshold ->
    number. These go before the configuration. baseline: a file of accepted findings, which do not fail the gate.
    jobs: how many processes judge runs. follow: whether links that lead out of a path are followed. columns: names for
    the columns of tables without a header line. after: an earlier run of the same recipe, or a list of them, oldest
    first: a note says whether what was changed helped, and the remedies continue from there.

    Raises UnreadableError for a path that does not exist; what else cannot be read is listed in `report.unread`.
    Raises LoglensError for data of another form, ConfigError for a rule, role or threshold that does not exist.
    """
    settings = _settings(config, fail_on, roles, _names(select), _names(ignore), thresholds)
    settings = replace(settings, follow=follow, columns=_columns(columns))
    earlier = [_judged(one, settings, jobs) for one in (after if isinstance(after, list | tuple) else [after])]
    report = _report(follow_up.after(earlier)(_judged(data, settings, jobs)), settings)
    return report if baseline is None else baselines.accept(report, baselines.load(Path(baseline)), Path(baseline))


def _judged(data: Data, settings: Config, jobs: int) -> Sequence[Judged]:
    """Judge every run of the data."""
    if not _is_paths(data):
        runs = _runs(data)
        return [trim(judge(run, registry.detectors(), settings), point_budget(len(runs))) for run in runs]
    paths = _paths(data)
    for path in paths:
        if why := why_missing(path):
            raise UnreadableError(f"{path}: {why}", str(path))
    judged, stopped = session.diagnose(paths, settings, session.Execution(jobs=jobs))
    if stopped is not None:
        raise stopped
    return judged


def compare(
    good: Data,
    bad: Data = None,
    *,
    against: Data = None,
    max_regression: str | Collection[str] = (),
    config: str | PathLike[str] | None = None,
    roles: Mapping[str, str] | None = None,
    follow: bool = False,
    columns: str | Collection[str] = (),
) -> Comparison:
    """Find where a run differs from a good one by more than noise: `compare(good, bad)`.

    With `against`, the one run given is compared with the spread of several good ones:
    `compare(new, against="runs/good*")`; it is left out of them where it is among them. Each is whatever `diagnose`
    takes. max_regression: limits such as "val/loss 2%", which decide `.failed`. config, roles, follow, columns: as in
    `diagnose`.

    Good runs are diagnosed first: those that have failed are in `.left_out`. Raises LoglensError where no good run is
    left, where `good` or `bad` hold several runs, and for a limit on a curve that is not there; UnreadableError for a
    path that does not exist.
    """
    from loglens.compare import reference  # this and the next load scipy, which `diagnose` may not need
    from loglens.compare.curves import compare
    from loglens.compare.formats import with_formats
    from loglens.compare.regression import limit

    if (bad is None) == (against is None):
        raise TypeError("compare() takes a good run and a bad one, or one run and against=")
    settings = replace(_settings(config, None, roles, (), (), None), follow=follow, columns=_columns(columns))
    last = _one(good if bad is None else bad, settings)
    firsts = [_one(good, settings)] if against is None else _others(against, last, settings)
    curves = [(run, assign_roles(run, settings.roles)) for run in (*firsts, last)]
    *entries, entry = reference.judged(curves, lambda run: judge(run, registry.detectors(), settings))
    sound, left_out = reference.references(entries)
    limits = [limit(text) for text in _names(max_regression)]
    return with_formats(compare(sound, entry, limits, left_out))


def plot(data: Data | Report, path: str | PathLike[str], *, separate: bool = False, width: float = 5.5) -> list[Path]:
    """Draw the evidence of the findings into a file (.svg, .png or .pdf), and return the files written.

    data: a report, or whatever `diagnose` takes. Of several runs each has a file of its own, with its name after that
    of `path`. separate: a file for each finding. width: inches. Raises LoglensError for another suffix and where
    matplotlib is not installed.
    """
    from loglens.renderers.figures import plot as figures  # slow to load, and seldom needed

    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in figures.SUFFIXES:
        raise LoglensError(f"{target}: no figure has this suffix; there are {', '.join(figures.SUFFIXES)}")
    figures.check()
    report = data if isinstance(data, Report) else diagnose(data)
    jobs = figures.jobs(report, separate=separate)
    files = figures.files(jobs, target, separate)
    for job, file in zip(jobs, files, strict=True):
        figures.draw(job, file, suffix[1:], width=width, version=__version__)
    return files


def rules() -> list[dict[str, Any]]:
    """Every rule: its name, family, worst severity, title, documentation, curves and thresholds with their defaults."""
    return [
        {
            "name": name,
            "family": detector.rule.family,
            "severity": str(detector.rule.severity),
            "title": detector.title,
            "text": {heading.rstrip("."): text for heading, text in detector.text.items()},
            "curves": {need.name: need.wording for need in detector.needs},
            "thresholds": dict(detector.thresholds),
            "leads_to": list(detector.rule.leads_to),
        }
        for name, detector in registry.detectors().items()
    ]


def roles() -> list[dict[str, Any]]:
    """Every role of curves: its name, meaning, unit, example tags, and whether lower or higher is better."""
    return [
        {
            "name": name,
            "meaning": info.meaning,
            "unit": info.unit,
            "examples": list(info.examples),
            "better": "lower" if name in LOWER else "higher" if name in HIGHER else None,
        }
        for name, info in ROLE_TABLE.items()
    ]


def _settings(
    config: str | PathLike[str] | None,
    fail_on: str | None,
    roles: Mapping[str, str] | None,
    select: Collection[str],
    ignore: Collection[str],
    thresholds: Mapping[str, Mapping[str, float]] | None,
) -> Config:
    """The configuration with the arguments before it. Raises ConfigError for a name that does not exist."""
    known = registry.detectors()
    names = [*known, assertions.RULE.name]
    for argument, given in (("select", select), ("ignore", ignore)):
        for name in given:
            if name not in names:
                raise ConfigError(f"{argument}: no rule {name!r}; {nearest(name, names)}")
    table = {"roles": dict(roles or {}), "rules": {rule: dict(said) for rule, said in (thresholds or {}).items()}}
    own = with_flags(parse(table, "diagnose()"), known)
    found = load(Path(), Path(config)) if config is not None else Config()
    merged = {rule: {**found.thresholds.get(rule, {}), **said} for rule, said in own.thresholds.items()}
    found = replace(
        found,
        # the first glob that fits a tag counts
        roles={**own.roles, **{tag: role for tag, role in found.roles.items() if tag not in own.roles}},
        thresholds={**found.thresholds, **merged},
    )
    return with_flags(found, known, fail_on, select, ignore)


def _report(judged: Iterable[Judged], settings: Config) -> Report:
    renderers = {name: renderer.render for name, renderer in registry.renderers().items()}
    rules = registry.detectors()
    return collect(judged, rules, config=settings, renderers=renderers, suffixes=registry.suffixes())


def _read_all(paths: Sequence[str | Path], config: Config) -> tuple[list[Run], list[UnreadableError]]:
    """Every run, and what could not be read. Apart from `read`, so that no error it raises keeps fetched files."""
    reading = session.open_paths(paths, config)
    return list(reading), reading.unread


def _is_paths(data: Data) -> bool:
    """Whether the data are a path or a list of paths; an empty list counts as one."""
    if isinstance(data, str | PathLike):
        return True
    return isinstance(data, list | tuple) and all(isinstance(item, str | PathLike) for item in data)


def _paths(data: Paths) -> list[str | Path]:
    listed = [data] if isinstance(data, str | PathLike) else data
    return [path if isinstance(path, str) else Path(path) for path in listed]


def _runs(data: Data) -> list[Run]:
    """The runs that the data are or hold. Raises LoglensError for data of another form."""
    if isinstance(data, Run):
        return [data]
    if isinstance(data, list | tuple) and any(isinstance(item, Run) for item in data):
        if not all(isinstance(item, Run) for item in data):
            raise LoglensError("a list must hold runs only, paths only or rows only")
        return list(data)
    return [one for run in runs_in_memory(data) for one in split_starts(run)]


def _one(data: Data, settings: Config) -> Run:
    runs = _any_runs(data, settings)
    if len(runs) > 1:
        names = ", ".join(run.name for run in runs[:5]) + (" ..." if len(runs) > 5 else "")
        raise LoglensError(f"{len(runs)} runs ({names}) where one is compared; give one of them")
    return runs[0]


def _others(data: Data, run: Run, settings: Config) -> list[Run]:
    """The runs of the data but the run itself, which is the same object or has the same path."""
    runs = _any_runs(data, settings)
    found = [other for other in runs if other is not run and not (run.files and other.source == run.source)]
    if not found:
        raise LoglensError(f"against: there is no run but {run.name} itself")
    return found


def _any_runs(data: Data, settings: Config) -> list[Run]:
    """The runs of data or under paths. Raises UnreadableError where nothing can be read."""
    if not _is_paths(data):
        return _runs(data)
    runs, failures = _read_all(_paths(data), settings)
    if not runs:
        first = failures[0] if failures else UnreadableError("nothing to read", str(data))
        raise UnreadableError(f"{first.path}: {first}", first.path)
    return runs


def _names(names: str | Collection[str]) -> Collection[str]:
    return (names,) if isinstance(names, str) else names


def _columns(names: str | Collection[str]) -> tuple[str, ...]:
    """The names of columns, given one by one or parted by commas."""
    listed = names.split(",") if isinstance(names, str) else names
    return tuple(name.strip() for name in listed if name.strip())
