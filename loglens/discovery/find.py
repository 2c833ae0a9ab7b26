"""Find the logs under a path, the reader of each, and the files that make one run."""

from __future__ import annotations

import contextlib
import difflib
import glob
import itertools
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from loglens.discovery.left_out import archives, damaged, logs_in_products, summarised, unopened
from loglens.discovery.walk import PRODUCTS, SKIPPED, Walk, is_pseudo
from loglens.errors import UnreadableError
from loglens.model.contract import Reader
from loglens.model.file_kinds import HEAD, file_kind, not_a_log
from loglens.model.limits import limit_of
from loglens.model.source import Source
from loglens.readers.tables.header import nameless_columns
from loglens.remote.mirror import Mirror, with_remote_names
from loglens.remote.storage import is_remote

#: From so many files on, caching which reader each is for pays off.
MANY_FILES = 64
#: Names in a folder that are compared with one that is missing.
NAMES = 10_000


class Found(NamedTuple):
    """The result of discovery: sources with their reader, paths that hold nothing to read, and what was left out.

    mirror: holds the files of remote sources as long as it is held.
    """

    sources: tuple[tuple[Reader, Source], ...]
    failures: tuple[UnreadableError, ...]
    mirror: Mirror | None = None


class _Files(frozenset[Path]):
    """The files of one reader, compared by identity: caches keyed by it need not compare every file."""

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__


#: Gives the number of the reader of a file: from the cache, or from the function that it is given.
Owner = Callable[[Path, Callable[[Path], int | None]], int | None]


def find(
    paths: Sequence[str | Path],
    readers: Sequence[Reader],
    memory: Callable[[], Owner] | None = None,
    columns: Sequence[str] = (),
    *,
    follow: bool = False,
    limits: Mapping[str, int] = MappingProxyType({}),
) -> Found:
    """Find the sources under each path: a file, a folder of one run or of many, or a glob pattern; local or remote.

    Each folder and file is taken once, and only regular files are opened. Never raises: a path that leads to
    nothing is a failure that says why, and so is what was left out on the way. memory: called where there are
    many files; returns a function that caches the reader of each. columns: names for tables without a header line.
    follow: whether links that lead out of a path are followed. limits: of `model.limits`, where they are not the
    defaults.
    """
    sources: dict[tuple[str, Path], tuple[Reader, Source]] = {}
    failures: list[UnreadableError] = []
    mirror = Mirror() if any(map(is_remote, paths)) else None
    max_files = limit_of(limits, "files")
    roots = [root for path in paths for root in _expand(path, readers, mirror, max_files)]
    for root in roots:
        walk = Walk(root, follow, limits)
        try:
            known = None if columns or (mirror and root.is_relative_to(mirror.folder)) else memory
            for reader, source in _under(walk, readers, known, tuple(columns), prefix=len(roots) > 1):
                # below one root each file is met once
                place = source.path.resolve() if len(roots) > 1 else source.path
                sources.setdefault((reader.FORMAT, place), (reader, source))
        except UnreadableError as error:
            failures.append(UnreadableError(str(error), error.path or str(root)))
        failures += summarised(walk.left_out)
    if mirror is None:
        return Found(tuple(sources.values()), tuple(failures))
    here = mirror.folder
    mirrored = [
        (reader, replace(source, mirror=here) if source.path.is_relative_to(here) else source)
        for reader, source in sources.values()
    ]
    failures = [with_remote_names(failure, here) for failure in (*mirror.failures, *failures)]
    return Found(tuple(mirrored), tuple(failures), mirror)


def _expand(path: str | Path, readers: Sequence[Reader], mirror: Mirror | None, max_files: int) -> list[Path]:
    text = os.fspath(path)
    if mirror and is_remote(path):
        return mirror.add(text, readers, SKIPPED | PRODUCTS, max_files)
    if not os.path.lexists(text) and glob.has_magic(text):
        return [Path(match) for match in sorted(glob.glob(text, recursive=True))] or [Path(text)]  # noqa: PTH207 - absolute patterns
    return [Path(text)]


def _under(
    walk: Walk,
    readers: Sequence[Reader],
    memory: Callable[[], Owner] | None,
    columns: tuple[str, ...],
    prefix: bool,
) -> Iterator[tuple[Reader, Source]]:
    root = walk.root
    try:
        mode = root.stat().st_mode
    except OSError as error:
        reason = _missing(root) if isinstance(error, FileNotFoundError) else error.strerror
        raise UnreadableError(f"{reason}") from error
    if is_pseudo(os.path.realpath(root)):
        raise UnreadableError("not a file on a disk (the kernel generates it when read); copy it to a file")
    if stat.S_ISDIR(mode):
        files = list(walk)
    elif stat.S_ISREG(mode):
        files = [root]
    else:
        raise UnreadableError("neither a file nor a folder; give the log file or its folder")
    claimed = _assign_files(files, readers, memory() if memory and len(files) >= MANY_FILES else None, columns)
    if stat.S_ISDIR(mode):
        walk.left_out += unopened(files, claimed)
        walk.left_out += archives(files, claimed)
        walk.left_out += damaged(files, claimed)
    walk.left_out += logs_in_products(walk.products, readers)
    if not claimed:
        raise UnreadableError(_nothing(root, files, bool(walk.left_out)))
    for reader, own in claimed:
        inside = _Files(own)
        homes: dict[Path, list[Path]] = {}
        for file in own:
            homes.setdefault(reader.home(file, inside), []).append(file)
        for home, group in homes.items():
            yield reader, Source(home, tuple(group), _name(home, root, prefix), columns=columns)


def _assign_files(
    files: Iterable[Path], readers: Sequence[Reader], owner: Owner | None, columns: tuple[str, ...]
) -> list[tuple[Reader, list[Path]]]:
    def ask(file: Path) -> int | None:
        if bare := [i for i, fits in tables if fits and fits(file, columns)]:
            return bare[0]
        return next((i for i, reader in enumerate(readers) if reader.sniff(file)), None)

    # readers load as they are met, so that nothing is loaded in vain
    tables = [(i, getattr(reader, "fits", None)) for i, reader in enumerate(readers if columns else ())]
    claims: dict[int, list[Path]] = {}
    for file in files:
        number = owner(file, ask) if owner else ask(file)
        if number is not None:
            claims.setdefault(number, []).append(file)
    return [(readers[i], claims[i]) for i in sorted(claims)]


def _name(home: Path, root: Path, prefix: bool) -> str:
    if home in (root, root.parent):
        return root.as_posix() if prefix else root.resolve().name
    name = home.relative_to(root) if home.is_relative_to(root) else home
    return (root / name).as_posix() if prefix else name.as_posix()


def _nothing(root: Path, files: Sequence[Path], left_out: bool = False) -> str:
    if files == [root]:
        kind, why = _describe(root)
        return why or f"not a log that loglens reads: {kind}"
    if not files and left_out:
        return "no training log in what could be read"
    if not files:
        return "an empty folder; give the folder that the run logged to"
    strangers = ", ".join(f"{file.name} ({_describe(file)[0]})" for file in files[:3])
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return f"no training log in this folder, only {strangers}{more}"


def _describe(file: Path) -> tuple[str, str | None]:
    """What a file is that no reader takes, and where that is known, why it is not read."""
    try:
        with file.open("rb") as stream:
            start = stream.read(HEAD)
    except OSError as error:
        return f"unreadable: {error.strerror}", None
    if not start:
        return "an empty file", None
    if start.startswith(b"version https://git-lfs"):
        return "a git-LFS pointer, not the file itself; run `git lfs pull`", None
    kind = (file_kind(start) or "a text file of unknown form").partition("; ")[0]
    return kind, not_a_log(start) or nameless_columns(start) or None


def why_missing(path: str | Path) -> str:
    """Why a path of this machine leads to nothing; empty where it leads somewhere, or is remote."""
    if is_remote(path) or os.path.lexists(path):
        return ""
    if glob.has_magic(os.fspath(path)):
        matched = next(glob.iglob(os.fspath(path), recursive=True), None)  # noqa: PTH207 - absolute patterns
        return "" if matched is not None else "no file or folder matches this pattern"
    return _missing(Path(path))


def _missing(path: Path) -> str:
    """Why a path that does not exist is none: the nearest one that does, where there is one."""
    above = next((folder for folder in path.absolute().parents if folder.is_dir()), Path())
    name, *rest = path.absolute().relative_to(above).parts or (path.name,)
    with contextlib.suppress(OSError), os.scandir(above) as entries:
        names = [entry.name for entry in itertools.islice(entries, NAMES)]
        for near in difflib.get_close_matches(name, names):
            if (above / near).joinpath(*rest).exists():
                depth = len(rest) + 1
                parent = path.parents[depth - 1] if len(path.parents) >= depth else Path()
                return f"no such file or folder; did you mean {(parent / near).joinpath(*rest)}?"
    return "no such file or folder; check the path"
