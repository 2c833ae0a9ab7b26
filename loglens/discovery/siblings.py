"""Sources that their names call parts of one run: one a rank, a split of the data, or a size of step."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from loglens.model.source import Source

#: The number of a process in a name: rank_0.log, rank1/, log.rank-2.txt, replica_3.
_RANK = re.compile(r"(?<![a-z])((?:global_?|local_?)?rank|replica|process)([-_.]?)(\d{1,6})(?!\d)", re.I)
_TOKEN = re.compile(r"[a-z]+|\d+|[^a-z\d]+", re.I)
TRAINING = frozenset({"train", "training"})
EVALUATION = frozenset("val valid validation eval evaluation test testing dev".split())
#: What a row of a table stands for. NequIP writes metrics_initialization.csv, metrics_batch_train.csv and more.
_ROWS = frozenset("epoch epochs batch batches step steps iter iteration iterations initialization".split())
#: Formats of which people write a file a split. A console holds its splits itself.
_TABLES = frozenset({"csv", "jsonl"})


class Siblings(NamedTuple):
    """Places (in what `siblings` was given) of the parts of one run, with the rank or the split of each.

    kind: "rank" or "split". The first is the one that the run is judged on, or its training.
    """

    kind: str
    places: tuple[int, ...]
    labels: tuple[str, ...]


def siblings(sources: Sequence[tuple[str, Source]]) -> list[Siblings]:
    """The groups of two or more sources (each with its format) that are parts of one run by their names."""
    ranks: dict[tuple[str, str], dict[str, int]] = {}
    splits: dict[tuple[str, Path, str], dict[tuple[str, str], int]] = {}
    for place, (form, source) in enumerate(sources):
        path = source.path
        if match := list(_RANK.finditer(path.as_posix())):
            last = match[-1]
            bare = f"{path.as_posix()[: last.start(3)]}#{path.as_posix()[last.end() :]}"
            ranks.setdefault((form, bare), {}).setdefault(str(int(last[3])), place)
        elif form in _TABLES and source.files == (path,):
            bare, split = without_split(path.stem)
            bare, rows = _without_word(bare, _ROWS)
            splits.setdefault((form, path.parent, bare + path.suffix), {}).setdefault((rows, split), place)
    counted = [sorted(group.items(), key=lambda item: int(item[0])) for group in ranks.values()]
    found = [
        Siblings("rank", tuple(place for _, place in group), tuple(rank for rank, _ in group))
        for group in counted
        if _counts_from_zero(rank for rank, _ in group)
    ]
    found += [Siblings("split", *group) for parts in splits.values() if (group := _parts_of_one(parts))]
    return found


def _parts_of_one(parts: dict[tuple[str, str], int]) -> tuple[tuple[int, ...], tuple[str, ...]] | None:
    """Places and labels of tables (what a row stands for, split), training first; None where they are several runs."""
    rows = {each for each, _ in parts}
    trained = [each for each, split in parts if split in TRAINING | {""}]
    if len(parts) < 2 or len(trained) > len(set(trained)) or (len(rows) == 1 and len(parts) == len(trained)):
        return None
    order = sorted(parts, key=lambda part: part[1] in EVALUATION)
    labels = ["/".join(filter(None, part if len(rows) > 1 else part[1:])) for part in order]
    return tuple(parts[part] for part in order), tuple(labels)


def without_split(stem: str) -> tuple[str, str]:
    """A file's name without the one word in it that names a split, and that word; "" where there is none or several."""
    return _without_word(stem, TRAINING | EVALUATION)


def _without_word(stem: str, words: frozenset[str]) -> tuple[str, str]:
    tokens = _TOKEN.findall(stem)
    named = [at for at, token in enumerate(tokens) if token.lower() in words]
    if len(named) != 1:
        return stem, ""
    (at,) = named
    rest = [token for place, token in enumerate(tokens) if place != at and token.isalnum()]
    return "_".join(rest), tokens[at].lower()


def _counts_from_zero(group: Iterable[str]) -> bool:
    """Whether ranks are those of processes: from 0 on without a gap. The rank of a LoRA adapter is never 0."""
    numbers = sorted(map(int, group))
    return len(numbers) > 1 and numbers == list(range(len(numbers)))
