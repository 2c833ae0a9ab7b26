"""Group the sources that were found into units that are read together, and read their runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from loglens.discovery.find import Found
from loglens.discovery.join_parts import join_ranks, join_splits
from loglens.discovery.same_run import merge
from loglens.discovery.siblings import siblings
from loglens.discovery.side_by_side import first_writer
from loglens.discovery.starts import split_starts
from loglens.discovery.tags import only_tags
from loglens.errors import UnreadableError
from loglens.model.budget import Budget
from loglens.model.contract import Reader
from loglens.model.limits import raise_hint
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.remote.mirror import with_remote_names

#: Sources that are read together, each with its reader.
Unit = tuple[tuple[Reader, Source], ...]
#: Characters of a parameter's text: whole programs and tables are logged as one at times.
MAX_PARAM = 20_000
#: So many levels below a log folders are looked at for the same run, where they are few: all are in memory at once.
NESTED, FEW_BELOW = 3, 8


def units(found: Found) -> list[Unit]:
    """Group the sources into units that can be read independently.

    Sources of one folder in several formats are one group, so that a run in several formats can be seen
    to be one; of one format those are together that their names call parts of one run.
    """
    folders: dict[Path, list[tuple[Reader, Source]]] = {}
    for folder, member in zip(_folders(found), found.sources, strict=True):
        folders.setdefault(folder, []).append(member)
    grouped: list[Unit] = []
    for group in folders.values():
        formats = {reader.FORMAT for reader, _ in group}
        grouped.extend([tuple(group)] if len(formats) > 1 else _related(group))
    return grouped


def _folders(found: Found) -> list[Path]:
    """The folder of the run of each source.

    Below a folder `runs` are as many runs as there are folders, but where a log lies beside it: Hugging Face and
    torch write events of that one there. The console of a W&B run lies in `files`, below its transaction log. A
    few folders below one with a log of another format may hold the same run, which its values will tell.
    """
    wandb = {
        file.parent: _folder(source) for _, source in found.sources for file in source.files if file.suffix == ".wandb"
    }
    own = [_folder(source) for _, source in found.sources]
    own = [wandb.get(folder.parent, folder) if folder.name == "files" else folder for folder in own]
    formats: dict[Path, set[str]] = {}
    for folder, (reader, _) in zip(own, found.sources, strict=True):
        formats.setdefault(folder, set()).add(reader.FORMAT)
    below = Counter(above for folder in own for above in folder.parents if above in formats)
    for place, (folder, (reader, _)) in enumerate(zip(own, found.sources, strict=True)):
        above = folder.parent.parent
        if folder.parent.name == "runs" and above in formats:
            own[place] = above
            continue
        whole = next((each for each in list(folder.parents)[:NESTED] if each in formats), None)
        if whole and below[whole] <= FEW_BELOW and reader.FORMAT not in formats[whole]:
            own[place] = whole
    for each in siblings([(reader.FORMAT, source) for reader, source in found.sources]):
        for place in each.places:  # with the first of them, wherever they lie
            own[place] = own[each.places[0]]
    return own


def _related(group: Sequence[tuple[Reader, Source]]) -> list[Unit]:
    """Sources of one format, those together that are parts of one run by their names."""
    first = list(range(len(group)))
    for each in siblings([(reader.FORMAT, source) for reader, source in group]):
        for place in each.places:
            first[place] = each.places[0]
    units: dict[int, list[tuple[Reader, Source]]] = {}
    for place, member in zip(first, group, strict=True):
        units.setdefault(place, []).append(member)
    return [tuple(members) for members in units.values()]


def open_unit(unit: Unit, limits: Mapping[str, int] = MappingProxyType({})) -> Iterator[Run | UnreadableError]:
    """Yield every run of a unit, or the error instead of a source that cannot be read.

    limits: of `model.limits`, where they are not the defaults.
    """
    if len(unit) == 1:
        yield from _read(*unit[0], limits)
        return
    read = [list(_read(reader, source, limits)) for reader, source in unit]
    yield from (item for items in read for item in items if isinstance(item, UnreadableError))
    runs = [[item for item in items if isinstance(item, Run)] for items in read]
    for each in siblings([(reader.FORMAT, source) for reader, source in unit]):
        parts = [runs[place] for place in each.places]
        if all(len(part) == 1 for part in parts):  # else it is not known which belongs to which
            join = join_splits if each.kind == "split" else join_ranks
            if one := join([part[0] for part in parts], each.labels):
                for place in each.places:
                    runs[place] = [one] if place == each.places[0] else []
    yield from merge([run for group in runs for run in group])


class Reading:
    """Every run that was found, read one at a time when it is iterated over.

    unread: what could not be read, complete after the last run. sources: how many there are to read.
    """

    def __init__(self, found: Found, limits: Mapping[str, int] = MappingProxyType({})) -> None:
        self._found, self._limits = found, limits
        self.unread: list[UnreadableError] = list(found.failures)
        self.sources = len(found.sources)

    def __iter__(self) -> Iterator[Run]:
        for unit in units(self._found):
            for item in open_unit(unit, self._limits):
                if isinstance(item, UnreadableError):
                    self.unread.append(item)
                else:
                    yield item


def _read(reader: Reader, source: Source, limits: Mapping[str, int]) -> Iterator[Run | UnreadableError]:
    for item in _within_budget(reader, source, limits):
        for one in split_starts(first_writer(item)) if isinstance(item, Run) else [item]:
            yield with_remote_names(one, source.mirror) if source.mirror else one


def _within_budget(reader: Reader, source: Source, limits: Mapping[str, int]) -> Iterator[Run | UnreadableError]:
    """The runs of a source as far as its budget goes, with notes on what was left out."""
    budget = Budget(limits, source.files)
    items = _attempt(reader, source)
    while True:
        with budget.spending():  # the reader's work, not that of who takes the run
            item = next(items, None)
        if item is None:
            return
        if isinstance(item, Run):
            if not budget.take("runs"):
                yield UnreadableError(budget.reason("runs"), str(source.path))
                return
            item = _bounded(item, budget)
        yield item


def _bounded(run: Run, budget: Budget) -> Run:
    """The run with its first curves, as many as may be; and notes on what the reader left out."""
    notes, max_curves = budget.notes(run.files[0].name if run.files else ""), budget.limit("curves")
    if len(run.tags) > max_curves:
        columns = only_tags(run, [place < max_curves for place in range(len(run.tags))])
        why = f"{len(run.tags):,} curves, of which {max_curves:,} are read; {raise_hint('curves')}"
        notes.append(Note("left-out", why, run.files[0].name if run.files else ""))
        run = replace(run, columns=columns)
    long = {
        key: value[:MAX_PARAM] for key, value in run.params.items() if isinstance(value, str) and len(value) > MAX_PARAM
    }
    if long:
        why = f"{len(long)} parameters of more than {MAX_PARAM:,} characters, read up to there"
        notes.append(Note("left-out", why, run.files[0].name if run.files else ""))
        run = replace(run, params={**run.params, **long})
    return replace(run, notes=(*run.notes, *notes)) if notes else run


def _attempt(reader: Reader, source: Source) -> Iterator[Run | UnreadableError]:
    try:
        yield from reader.read(source)
    except UnreadableError as error:
        path = error.path or str(source.path)
        yield UnreadableError(str(error).removeprefix(f"{Path(path).name}: "), path)
    except OSError as error:
        yield UnreadableError(f"cannot be read: {error.strerror or error}", str(source.path))


def _folder(source: Source) -> Path:
    """The folder in which other logs of the same run would lie."""
    return source.path if source.path.is_dir() else source.path.parent
