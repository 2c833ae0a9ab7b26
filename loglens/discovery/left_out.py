"""Reasons for what discovery left out: files nobody may open, archives, damaged logs, logs among a run's products."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
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
_ARCHIVES = tuple(".gz .bz2 .xz .zst .lz4 .lz .lzma .z .zip .tar .tgz .tbz .tbz2 .txz .tzst .7z .rar".split())
_LOG_NAME = re.compile(
    rb"tfevents|\.(?:csv|tsv|jsonl|ndjson|log|wandb|out|err)(?![a-z])|(?:metrics|trainer_state)\.json|mlflow\.db"
    rb"|(?<![a-z])log[^/\0]*\.txt"
)
#: An archive in an archive.
_INNER = re.compile(rb"[\w)-]\.(?:zip|tar|tgz|tbz2?|txz|tzst|rar)(?![a-z])")
#: Names of logs whose readers look at the content as well; event files, CSV and block logs are theirs by name.
_LOG_FILE = re.compile(r".*\.(?:jsonl|ndjson|log|out|err|parquet)|(?:.*[^a-z])?log[^/]*\.txt|mlflow\.db")
#: The write-ahead logs of key-value stores: binary, and named by number.
_OF_STORE = re.compile(r"\d+\.log")
#: At both ends of a Parquet file, and of one with an encrypted footer.
_PARQUET = (b"PAR1", b"PARE")
#: Archives that nobody here can look into, so that each is named.
_CLOSED = (".7z", ".rar", ".tzst", ".tar.zst", ".tar.lz4", ".tar.lz", ".tar.lzma", ".tar.z")
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
        name = file.name.lower()
        if file in taken or not (name.endswith(_ARCHIVES) or _LOG_NAME.search(os.fsencode(name))):
            continue
        try:
            with file.open("rb") as stream:
                kind = (file_kind(stream.read(HEAD)) or "").partition("; ")[0]
                if not kind.endswith("archive"):
                    continue
                stream.seek(0)
                start = stream.read(_PIECE)
                stream.seek(max(len(start), stream.seek(0, os.SEEK_END) - _PIECE))
                end = stream.read(_PIECE)
        except OSError:
            continue  # said to be unopened
        own = name if not name.endswith(_ARCHIVES) else file.stem.lower()
        if name.endswith(_CLOSED):
            yield UnreadableError(f"{kind}, which cannot be looked into, not read; unpack it first", str(file))
        elif _INNER.search(_names(start) + end):
            yield UnreadableError(f"{kind} with an archive in it by its names, not read; unpack it first", str(file))
        elif _LOG_NAME.search(os.fsencode(own) + b"\0" + _names(start) + end):
            yield UnreadableError(f"{kind} with logs in it by its names, not read; unpack it first", str(file))


def damaged(files: Sequence[Path], claimed: Sequence[tuple[Reader, list[Path]]]) -> Iterator[UnreadableError]:
    """Files that no reader took and that have the name of a log, but not its beginning, or of Parquet its end."""
    taken = {file for _, own in claimed for file in own}
    for file in files:
        name = file.name.lower()
        if file not in taken and _LOG_FILE.fullmatch(name) and not _OF_STORE.fullmatch(name):
            with suppress(OSError):  # said to be unopened
                if why := _damage(file):
                    yield UnreadableError(f"{why}, not read; fetch it again", str(file))


def _damage(file: Path) -> str:
    with file.open("rb") as stream:
        start = stream.read(HEAD)
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 8))
        end = stream.read(8)
    if file.suffix.lower() == ".parquet":
        whole = start[:4] in _PARQUET and end[4:] in _PARQUET and int.from_bytes(end[:4], "little") <= size - 12
        return "" if whole or not start else "a Parquet file that is damaged or cut off"
    if file.name.lower() == "mlflow.db":
        return "a damaged database of MLflow, or none" if start else ""
    return "binary data under the name of a log, so damaged or none" if file_kind(start) == "a binary file" else ""


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
