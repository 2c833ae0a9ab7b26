"""Weights & Biases: the binary transaction log `run-<id>.wandb`, of online and offline runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from loglens.errors import UnreadableError
from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.files.block_log import BLOCK, HEADER
from loglens.readers.files.values import refuse
from loglens.readers.wandb.history import History, history, own_axes
from loglens.readers.wandb.launch import MAGIC, Launch, launch

FORMAT = "wandb"

#: A link to the folder of the last run; where it was copied or committed, it may be a folder itself.
_LATEST = "latest-run"
_FOLDER = re.compile(r"(?:offline-)?(?:run|dryrun)-(\d{8}_\d{6})-")


def sniff(path: Path) -> bool:
    """Recognise a file by its name, or a renamed copy by its first bytes."""
    try:
        if not path.is_file():
            return False
        if path.suffix == ".wandb":
            return True
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def home(path: Path, inside: frozenset[Path]) -> Path:
    """The folder of the run; of a run that was resumed, the folder of its first launch."""
    place = _place(path)
    first = _firsts(inside).get((place.parent.parent, place.name))
    if first and (_FOLDER.match(place.parent.name) or place.parent.name == _LATEST):
        return first.parent
    return place.parent if _FOLDER.match(place.parent.name) else path


def _place(path: Path) -> Path:
    """The path without the link latest-run, which a walk meets before the folder of the run."""
    if path.parent.name != _LATEST:
        return path
    place = path.parent.with_name(path.resolve().parent.name) / path.name
    return place if place.is_file() else path


@lru_cache(maxsize=4)
def _firsts(inside: frozenset[Path]) -> Mapping[tuple[Path, str], Path]:
    """The first launch of every run: one run id, one file name."""
    found: dict[tuple[Path, str], Path] = {}
    for path in sorted(map(_place, inside), key=_order):
        if _FOLDER.match(path.parent.name):
            found.setdefault((path.parent.parent, path.name), path)
    return found


def _order(path: Path) -> tuple[str, str]:
    folder = _FOLDER.match(path.parent.name)
    return folder[1] if folder else "", path.as_posix()


def read(source: Source) -> Iterator[Run]:
    """One run a run id; the files of one id are its launches, one after another."""
    files = {path.resolve(): path for path in sorted(map(_place, source.files), key=_order)}
    runs: dict[str, list[Launch]] = {}
    failed: list[tuple[Path, UnreadableError]] = []
    for path in _without_copies(list(files.values())):
        try:
            found = launch(path)
            if not found.records:
                raise refuse(path, _why_empty(path))
            runs.setdefault(found.run_id or path.name, []).append(found)
        except UnreadableError as error:
            failed.append((path, error))
    if not runs:
        raise failed[0][1]
    notes = [Note("unreadable", str(error), path.name) for path, error in failed]
    for launches in runs.values():
        launches.sort(key=lambda each: each.started if np.isfinite(each.started) else 0.0)
        name = source.name if len(runs) == 1 else f"{source.name}/{launches[0].name or launches[0].run_id}"
        yield _run(source, name, launches, notes)


def _why_empty(path: Path) -> str:
    if path.stat().st_size <= HEADER:
        return "only its header: nothing was flushed before the run ended, or it has just begun"
    return "no intact record: damaged from the start, or not a W&B log"


def _without_copies(files: list[Path]) -> list[Path]:
    """The files without a copy of one of them in `latest-run`, which may be of an earlier moment."""
    kept = []
    for path in files:
        others = [other for other in files if other.name == path.name and other.parent.name != _LATEST]
        if path.parent.name != _LATEST or not any(_begins_with(other, path) for other in others):
            kept.append(path)
    return kept


def _begins_with(whole: Path, part: Path) -> bool:
    """Whether a file begins with the bytes of another."""
    try:
        with whole.open("rb") as one, part.open("rb") as two:
            while piece := two.read(BLOCK):
                if one.read(len(piece)) != piece:
                    return False
    except OSError:
        return False
    return True


def _run(source: Source, name: str, launches: list[Launch], notes: list[Note]) -> Run:
    histories = [history(each) for each in launches]
    own = own_axes(histories, launches)
    stats = [_stats(each, session) for session, each in enumerate(launches)]
    axes = {tag: axis for tag, axis in own.items() if axis != "step"}
    axes |= {tag: "sample" for part in stats for tag in part.tags}
    params: dict[str, Any] = {}
    for each in launches:
        params |= each.about | each.config
    if launches[-1].exit_code is not None:
        params["exit_code"] = launches[-1].exit_code
    return Run(
        name,
        source.path,
        FORMAT,
        Columns.join([*(_columns(each, n, own) for n, each in enumerate(histories)), *stats]),
        histogram_rows=tuple(row for each in histories for row in each.histogram_rows),
        params=params,
        notes=(*_notes(launches, histories), *notes),
        files=tuple(each.path for each in launches),
        axes=axes,
    )


def _columns(history: History, session: int, own: Mapping[str, str]) -> Columns:
    step = history.step[history.row]
    for code, steps in history.own_steps.items():
        if history.tags[code] in own:
            step[history.code == code] = steps
    return Columns(
        history.tags,
        history.code,
        step,
        history.time[history.row],
        history.value,
        np.full(len(step), session, np.int32),
    )


def _stats(each: Launch, session: int) -> Columns:
    """System metrics, which have a time but no step."""
    row, code, value = each.stats.columns()
    tags = tuple("system/" + ".".join(path) for path in each.stats.paths)
    time = np.array(each.times, np.float64)[row]
    return Columns(tags, code, row, time, value, np.full(len(row), session, np.int32))


def _notes(launches: list[Launch], histories: list[History]) -> Iterator[Note]:
    for each in launches:
        yield from each.notes
    last = launches[-1]
    if len(launches) > 1:
        yield Note("restart", f"{len(launches)} launches of one run id, read one after another", "")
    if last.exit_code is None:
        message = "no exit record: the run was killed, crashed, or is still running"
        yield Note("unfinished", message, last.path.name)
    elif last.exit_code:
        yield Note("failed", f"the process ended with exit code {last.exit_code}", last.path.name)
    if not any(len(each.row) for each in histories):
        yield Note("empty", "no history: the run ended before it logged a metric", last.path.name)
    for launch_, history_ in zip(launches, histories, strict=True):
        if history_.nulls:
            few = ", ".join(history_.nulls[:3]) + (" ..." if len(history_.nulls) > 3 else "")
            message = (
                f"null among the numbers of {few}: not logged, or NaN, which old versions wrote as null for float32"
            )
            yield Note("null", message, launch_.path.name)
