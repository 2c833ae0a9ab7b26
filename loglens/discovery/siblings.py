"""Sources that their names call parts of one run: one a rank of its processes, or one a split of its data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loglens.model.source import Source

#: The number of a process in a name: rank_0.log, rank1/, log.rank-2.txt, replica_3.
_RANK = re.compile(r"(?<![a-z])((?:global_?|local_?)?rank|replica|process)([-_.]?)(\d{1,6})(?!\d)", re.I)
_TOKEN = re.compile(r"[a-z]+|\d+|[^a-z\d]+", re.I)
TRAINING = frozenset({"train", "training"})
EVALUATION = frozenset("val valid validation eval evaluation test testing dev".split())
#: Formats of which people write a file a split. A console holds its splits itself.
_TABLES = frozenset({"csv", "jsonl"})


@dataclass(frozen=True, slots=True)
class Siblings:
    """Places (in what `siblings` was given) of the parts of one run, with the rank or the split of each.

    kind: "rank" or "split". The first is the one that the run is judged on, or its training.
    """

    kind: str
    places: tuple[int, ...]
    labels: tuple[str, ...]


def siblings(sources: Sequence[tuple[str, Source]]) -> list[Siblings]:
    """The groups of two or more sources (each with its format) that are parts of one run by their names."""
    ranks: dict[tuple[str, str], dict[str, int]] = {}
    splits: dict[tuple[str, Path, str], dict[str, int]] = {}
    for place, (form, source) in enumerate(sources):
        path = source.path
        if match := list(_RANK.finditer(path.as_posix())):
            last = match[-1]
            bare = f"{path.as_posix()[: last.start(3)]}#{path.as_posix()[last.end() :]}"
            ranks.setdefault((form, bare), {}).setdefault(str(int(last[3])), place)
        elif form in _TABLES and source.files == (path,):
            bare, split = without_split(path.stem)
            splits.setdefault((form, path.parent, bare + path.suffix), {}).setdefault(split, place)
    found = [Siblings("rank", *_sorted(group, int)) for group in ranks.values() if _counts_from_zero(group)]
    for group in splits.values():
        own = [split for split in group if split in TRAINING | {""}]
        if len(group) > 1 and len(own) <= 1 and set(group) & EVALUATION:
            found.append(Siblings("split", *_sorted(group, EVALUATION.__contains__)))
    return found


def without_split(stem: str) -> tuple[str, str]:
    """A file's name without the one word in it that names a split, and that word; "" where there is none or several."""
    tokens = _TOKEN.findall(stem)
    named = [at for at, token in enumerate(tokens) if token.lower() in TRAINING | EVALUATION]
    if len(named) != 1:
        return stem, ""
    (at,) = named
    rest = [token for place, token in enumerate(tokens) if place != at and token.isalnum()]
    return "_".join(rest), tokens[at].lower()


def _counts_from_zero(group: Iterable[str]) -> bool:
    """Whether ranks are those of processes: from 0 on without a gap. The rank of a LoRA adapter is never 0."""
    numbers = sorted(map(int, group))
    return len(numbers) > 1 and numbers == list(range(len(numbers)))


def _sorted(group: dict[str, int], key: Callable[[str], int]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    labels = sorted(group, key=key)
    return tuple(group[label] for label in labels), tuple(labels)
