"""Reasons for what discovery left out: files nobody may open, archives, logs among a run's products."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from loglens.discovery.walk import Walk
from loglens.errors import UnreadableError
from loglens.model.contract import Reader
from loglens.model.file_kinds import HEAD, NEVER, file_kind
from loglens.readers.files.packed import DAMAGE, MAGIC, magic_of

#: Of one reason so many paths are named, and then how many more there are.
NAMED = 20
#: In a folder of products so many files are looked at that are neither models nor pictures by their names.
LOOKED_AT = 500
#: Suffixes of archives; behind the suffix of a log, or with names of logs in them, they may hold one.
_ARCHIVES = (".gz", ".bz2", ".xz", ".zst", ".zip", ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".7z", ".rar")
_LOG_NAME = re.compile(rb"tfevents|\.(?:csv|tsv|jsonl|ndjson|log|wandb)(?![a-z])|(?:metrics|trainer_state)\.json")
#: How much of an archive is looked at, at either end: a tar has its names before its files, a zip at its end.
_PIECE = 1 << 18


def unopened(files: Sequence[Path], claimed: Sequence[tuple[Reader, list[Path]]]) -> Iterator[UnreadableError]:
    """The files that no reader took because nobody may open them."""
    taken = {file for _, own in claimed for file in own}
    for file in files:
        if file not in taken and not os.access(file, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
            yield UnreadableError("cannot be opened: permission denied", str(file))


def logs_in_products(folders: Sequence[Path], readers: Sequence[Reader]) -> Iterator[UnreadableError]:
    """Folders of models and pictures in which a log lies, or too many files to know."""
    for folder in folders:
        strangers = (file for file in Walk(folder) if not file.name.lower().endswith(NEVER))
        files = list(islice(strangers, LOOKED_AT + 1))
        log = next((file for file in files[:LOOKED_AT] if any(reader.sniff(file) for reader in readers)), None)
        if log is not None:
            why = f"a folder of a run's output, not read, but {log.relative_to(folder)} in it is a log; give the folder"
            yield UnreadableError(why, str(folder))
        elif len(files) > LOOKED_AT:
            yield UnreadableError(f"a folder of a run's output with more than {LOOKED_AT} files, not read", str(folder))


def summarised(left_out: Sequence[UnreadableError]) -> list[UnreadableError]:
    """What was left out, one each, but for those of one reason beyond `NAMED`, which are counted in one line."""
    groups: dict[str, list[UnreadableError]] = {}
    for each in left_out:
        groups.setdefault(_kind(str(each)), []).append(each)
    found = []
    for group in groups.values():
        found += group[:NAMED]
        if more := group[NAMED:]:
            found.append(UnreadableError(f"{more[0]!s}; and {len(more) - 1:,} more like it", more[0].path))
    return found


def _kind(why: str) -> str:
    return why.partition(",")[0].partition(":")[0]


def archives(files: Sequence[Path], claimed: Sequence[tuple[Reader, list[Path]]]) -> Iterator[UnreadableError]:
    """Archives that no reader took and that hold a log by the names in them or their own."""
    taken = {file for _, own in claimed for file in own}
    for file in files:
        if not file.name.lower().endswith(_ARCHIVES) or file in taken:
            continue
        try:
            with file.open("rb") as stream:
                start = stream.read(_PIECE)
                stream.seek(max(len(start), stream.seek(0, os.SEEK_END) - _PIECE))
                end = stream.read(_PIECE)
        except OSError:
            continue  # said to be unopened
        kind = (file_kind(start[:HEAD]) or "").partition("; ")[0]
        names = os.fsencode(file.stem) + b"\0" + _names(start) + end
        if kind.endswith("archive") and _LOG_NAME.search(names):
            yield UnreadableError(f"{kind} with logs in it by its names, not read; unpack it first", str(file))


def _names(start: bytes) -> bytes:
    """The beginning of an archive, unpacked where it is a compressed tar."""
    magic = magic_of(start)
    if not magic:
        return start
    try:
        unpacked = MAGIC[magic]().decompress(start, _PIECE)
    except DAMAGE:
        return b""
    return unpacked if unpacked[257:262] == b"ustar" else b""
