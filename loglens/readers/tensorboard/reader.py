"""TensorBoard event files, of every writer: torch, tensorboardX, Keras, TensorFlow, JAX.

Unlike TensorBoard's own reader it loses nothing that is intact: a damaged record costs itself alone,
a damaged header what lies before the next valid one. Directories that belong together become one run:
Keras `train/` and `validation/`, torch's `add_scalars` and `add_hparams`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from loglens.errors import UnreadableError
from loglens.model.columns import Histogram
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.tensorboard.event_file import begins_as_events
from loglens.readers.tensorboard.event_log import EventLog
from loglens.readers.tensorboard.growing import read_files
from loglens.readers.tensorboard.remote_ranges import Ranged, fetch_events

FORMAT = "tensorboard"

#: Directories that hold one split of a run, not a run
SPLITS = frozenset("train training validation valid val eval evaluation test testing".split())
#: A file so named but ending like this is judged by its content
_OTHER_SUFFIXES = frozenset(".csv .json .jsonl .md .png .py .txt .yaml .yml .zip".split())


def sniff(path: Path) -> bool:
    """Recognise a file by its name as TensorBoard does, a renamed one by its first record."""
    name = path.name
    if name.endswith(".profile-empty"):  # what the profiler leaves beside the real file
        return False
    if "tfevents" in name and path.suffix not in _OTHER_SUFFIXES:
        return True
    try:
        return begins_as_events(path)
    except (OSError, ValueError, EOFError):
        return False


def touch(file: Ranged) -> None:
    """Fetches what `read` looks at of a remote file."""
    fetch_events(file)


def home(path: Path, inside: frozenset[Path]) -> Path:
    """The highest directory above that has event files of its own, or of its splits.

    torch and tensorboardX put what belongs to a run below its own event file. Runs below a stray
    event file get the same home; `read` tells them apart.
    """
    homes = _homes(inside)
    return next((above for above in reversed(path.parents) if above in homes), _owner(path.parent))


@lru_cache(maxsize=2)
def _homes(inside: frozenset[Path]) -> frozenset[Path]:
    return frozenset(_owner(folder) for folder in {path.parent for path in inside})


def _owner(folder: Path) -> Path:
    return folder.parent if folder.name.lower() in SPLITS and folder.parent != folder else folder


def read(source: Source) -> Iterator[Run]:
    """The run of these files, or the runs. Raises UnreadableError if no file can be read."""
    top = source.path if source.path.is_dir() else source.path.parent
    folders: dict[str, list[Path]] = {}
    for path in sorted(source.files, key=lambda file: file.name):
        folders.setdefault(_below(path.parent, top), []).append(path)
    logs, rejected = {}, []
    for folder, files in sorted(folders.items(), key=lambda item: PurePosixPath(item[0]).parts):
        log, failures = read_files(top / folder, files)
        rejected += [Note("unreadable", str(error), str(path)) for path, error in failures]
        if log.files:
            logs[folder] = log
    if not logs:
        if not rejected:
            raise UnreadableError("no event files", str(top))
        more = f" ({len(rejected) - 1} more files here cannot be read either)" if len(rejected) > 1 else ""
        raise UnreadableError(rejected[0].message + more, rejected[0].file)
    for owner, members in _runs(logs).items():
        notes = [note for note in rejected if _below(Path(note.file).parent, top) in members or not owner]
        name = f"{source.name}/{owner}" if owner else source.name
        yield _run(name, top / owner if owner else source.path, members, notes)


def _below(folder: Path, top: Path) -> str:
    relative = folder.relative_to(top).as_posix() if folder.is_relative_to(top) else folder.as_posix()
    return "" if relative == "." else relative


Members = dict[str, tuple[str, EventLog]]  # folder -> how its tags are called in the run, log


def _runs(logs: dict[str, EventLog]) -> dict[str, Members]:
    """Which folders make which run. A rule is "tag" (the series' new name), "prefix/" or "" (as is)."""
    runs: dict[str, Members] = {}
    for folder, log in logs.items():
        path = PurePosixPath(folder)
        above = [str(p).removeprefix(".") for p in path.parents] if folder else []
        owner = next((p for p in above if p in runs), None)
        inner = folder[len(owner) + 1 if owner else 0 :] if owner is not None else ""
        series = _sub_series(inner, log) if owner is not None else None
        if owner is not None and series:
            runs[owner][folder] = (series, log)
        elif owner is not None and _is_hparams(inner, log):
            runs[owner][folder] = ("params", log)
        elif (folder and path.name.lower() in SPLITS) or (owner is not None and _is_eval(inner)):
            runs.setdefault(above[0], {})[folder] = (f"{path.name}/", log)
        else:
            runs.setdefault(folder, {})[folder] = ("", log)
    return runs


def _sub_series(inner: str, log: EventLog) -> str | None:
    """The series' name if this folder is one of add_scalars: `Loss_a/` (torch), `Loss/a/` (tensorboardX)."""
    if len(log.tags) != 1 or log.summaries.histograms or not inner:
        return None
    (tag,) = log.tags
    cleaned = re.sub(r"[^-/\w.]", "_", inner)
    for stem in (tag.replace("/", "_") + "_", tag + "/"):
        for name in (inner, cleaned):
            if name.startswith(stem) and len(name) > len(stem):
                return f"{tag}/{inner[len(stem) :]}"
    return None


def _is_hparams(inner: str, log: EventLog) -> bool:
    """torch's add_hparams: a folder named by the time, or by the user, with one point a metric."""
    return log.summaries.has_hparams and (bool(re.fullmatch(r"\d+\.\d+", inner)) or log.points <= len(log.tags))


def _is_eval(inner: str) -> bool:
    return "/" not in inner and inner.startswith("eval_")  # TensorFlow's estimators


def _run(name: str, path: Path, members: Members, notes: list[Note]) -> Run:
    histograms: list[Histogram] = []
    params: dict[str, Any] = {}
    files: list[Path] = []
    parts: list[tuple[str, EventLog]] = []
    for rule, log in members.values():
        files += log.files
        notes += log.notes
        params = {**log.summaries.params, **params}
        if rule == "params":
            params |= {f"metric/{tag}": value for tag, value in log.last().items()}
            continue
        parts.append((rule, log))
        prefix = rule if rule.endswith("/") else ""
        histograms += [replace(row, tag=prefix + row.tag) if prefix else row for row in log.summaries.surviving()]
    columns = EventLog.columns(parts)
    if not len(columns) and not histograms:
        notes.append(Note("empty", "no scalar and no histogram was logged", str(files[0])))
    return Run(
        name=name,
        source=path,
        format=FORMAT,
        columns=columns,
        histogram_rows=tuple(histograms),
        params=params,
        notes=tuple(notes),
        files=tuple(files),
        purges=EventLog.purges(parts),
    )
