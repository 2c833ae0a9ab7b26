"""Join the parts of one run that are alike in format: the files of its splits, the logs of its ranks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from loglens.discovery.same_run import agree, share_steps
from loglens.discovery.siblings import EVALUATION, TRAINING
from loglens.discovery.tags import only_tags
from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.model.source import Note

_WORD = re.compile(r"[a-z]+", re.I)
_NAMED = 4


def join_splits(parts: Sequence[Run], splits: Sequence[str]) -> Run:
    """One run: the tags of each split but the first get its name before them, unless they name a split already."""
    first = parts[0]
    columns, axes, session, known = [first.columns], dict(first.axes), 0, set(first.tags)
    for part, split in zip(parts[1:], splits[1:], strict=True):
        names = {tag: tag if _has_split(tag) else f"{split}/{tag}" for tag in part.tags}
        names = {tag: f"{split}/{name}" if name in known else name for tag, name in names.items()}
        known.update(names.values())
        session += int(columns[-1].session.max(initial=0)) + 1
        shift = np.int32(session)
        columns.append(replace(part.columns, tags=tuple(names.values()), session=part.columns.session + shift))
        axes |= {names[tag]: axis for tag, axis in part.axes.items()}
    files = ", ".join(part.files[0].name for part in parts[1:])
    note = Note("merged", f"{files}: parts of one run, a file for each split", first.files[0].name)
    return _joined(parts, Columns.join(columns), axes, note)


def _has_split(tag: str) -> bool:
    return bool({word.lower() for word in _WORD.findall(tag)} & (TRAINING | EVALUATION))


def join_ranks(parts: Sequence[Run], ranks: Sequence[str]) -> Run | None:
    """The run as its first rank has it, with the curves that only others have; None where they log no curve alike."""
    first, rest = parts[0], list(zip(parts[1:], ranks[1:], strict=True))
    common = [[tag for tag in part.curves if tag in first.curves] for part, _ in rest]
    if not all(any(share_steps(first.curves[tag], part.curves[tag]) for tag in tags)
               for (part, _), tags in zip(rest, common, strict=True)):  # fmt: skip
        return None
    columns, axes, parted = [first.columns], dict(first.axes), []
    for (part, rank), tags in zip(rest, common, strict=True):
        known = frozenset(first.tags)
        new = [tag not in known for tag in part.tags]
        more = only_tags(part, new)
        columns.append(replace(more, tags=tuple(f"rank{rank}/{tag}" for tag in more.tags)))
        axes |= {f"rank{rank}/{tag}": axis for tag, axis in more.axes_kept(part.axes).items()}
        parted += [
            (at, tag, rank) for tag in tags if (at := _parts_at(first.curves[tag], part.curves[tag])) is not None
        ]
    alone = (
        f"{len(parts)} ranks of one run: judged on rank {ranks[0]}, the others' curves of the same names are left out"
    )
    notes = [Note("ranks", alone, first.files[0].name)]
    if parted:
        named = "; ".join(f"{tag} on rank {rank} from step {at}" for at, tag, rank in sorted(parted)[:_NAMED])
        more_of = f" and {len(parted) - _NAMED} more" if len(parted) > _NAMED else ""
        notes.append(Note("ranks-part", f"ranks differ: {named}{more_of}", first.files[0].name))
    return _joined(parts, Columns.join(columns), axes, *notes)


def _parts_at(one: Series, two: Series) -> int | None:
    """The first common step at which two ranks differ: none while the curves agree but for rounding."""
    if agree(one, two):
        return None
    steps, first, second = np.intersect1d(one.step, two.step, return_indices=True)
    differ = np.flatnonzero(~np.isclose(one.value[first], two.value[second], rtol=1e-3, atol=0, equal_nan=True))
    return int(steps[differ[0]]) if len(differ) else None


def _joined(parts: Sequence[Run], columns: Columns, axes: dict[str, str], *notes: Note) -> Run:
    first = parts[0]
    params = dict(first.params)
    for part in parts[1:]:
        params = dict(part.params) | params
    return replace(
        first,
        columns=columns,
        params=params,
        notes=(*dict.fromkeys(note for part in parts for note in part.notes), *notes),
        files=tuple(dict.fromkeys(file for part in parts for file in part.files)),
        axes=axes,
    )
