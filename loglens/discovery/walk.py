"""Walk over the files below a folder, and keep the reason for everything that is left out."""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

from loglens.errors import UnreadableError
from loglens.model.limits import limit_of, raise_hint

#: Folders of programs and their libraries. They hold no logs of a run, but may hold a million files.
SKIPPED = frozenset({".git", "node_modules", "__pycache__", ".venv", "site-packages"})
#: Folders of what a run made: models, pictures. They are not read; where logs lie in one, that is a reason.
PRODUCTS = frozenset({"media", "artifacts"})
#: File systems of the kernel: their files may block, never end, or change what they are read from.
_PSEUDO = ("/proc", "/sys", "/dev")
_WANDB_DEBUG = re.compile(r"debug(?:-internal|-core|-cli(?:\..+)?)?\.log")
_WANDB_RUN = re.compile(r"(?:offline-)?(?:run|dryrun)-\d{8}_\d{6}-|latest-run$")


class Walk:
    """Regular files below a root, by name, and then what links lead to; what was met before is passed over.

    Links are followed inside the root, and out of it only with `follow`. What the W&B client writes about itself,
    and `SKIPPED` folders, are no logs. left_out: the reason for everything else that was not looked at.
    Sockets hold nothing. products: the `PRODUCTS` folders that were met.
    """

    def __init__(self, root: Path, follow: bool = False, limits: Mapping[str, int] | None = None) -> None:
        self.root, self.follow = root, follow
        self.left_out: list[UnreadableError] = []
        self.products: list[Path] = []
        self._real = os.path.realpath(root)
        self._max_files = limit_of(limits or {}, "files")
        self._max_depth = limit_of(limits or {}, "depth")
        self._seen: set[tuple[int, int]] = set()

    def __iter__(self) -> Iterator[Path]:
        ahead, links, count = deque([(self.root, 0)]), deque[tuple[os.DirEntry[str], int]](), 0
        while ahead or links:
            if ahead:
                folder, depth = ahead.popleft()
                entries = self._entries(folder)
                links.extend((entry, depth) for entry in entries if entry.is_symlink())
                entries = [entry for entry in entries if not entry.is_symlink()]
            else:  # a folder and its files go by their own names, where they have been met under those
                link, depth = links.popleft()
                entries = [link] if self._may_follow(link) else []
            below: list[tuple[Path, int]] = []
            for entry in entries:
                info = self._new(entry)
                if info is None:
                    continue
                if stat.S_ISDIR(info.st_mode) and self._may_enter(entry, depth):
                    below.append((Path(entry.path), depth + 1))
                elif stat.S_ISREG(info.st_mode):
                    if count == self._max_files:
                        self._leave_out(self.root, f"more than {count:,} files, the rest, from {entry.path} "
                                                   f"on, is not read; {raise_hint('files')}")  # fmt: skip
                        return
                    count += 1
                    if not _is_of_wandb_itself(file := Path(entry.path)):
                        yield file
                elif stat.S_ISFIFO(info.st_mode) or stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode):
                    self._leave_out(entry.path, "a pipe or a device, not a file, not opened")
            ahead.extendleft(reversed(below))

    def _new(self, entry: os.DirEntry[str]) -> os.stat_result | None:
        """What an entry leads to, None where it leads nowhere or to what was met before."""
        try:
            info = entry.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            if not entry.is_symlink():  # a link in a circle leads nowhere either
                self._leave_out(entry.path, f"cannot be inspected: {error.strerror or error}")
            return None
        if (info.st_dev, info.st_ino) in self._seen:
            return None
        self._seen.add((info.st_dev, info.st_ino))
        return info

    def _may_enter(self, folder: os.DirEntry[str], depth: int) -> bool:
        if folder.name in PRODUCTS:
            self.products.append(Path(folder.path))
            return False
        if folder.name in SKIPPED:
            return False
        if depth >= self._max_depth:
            self._leave_out(folder.path, f"{depth} folders deep, not searched; {raise_hint('depth')}")
            return False
        return True

    def _may_follow(self, link: os.DirEntry[str]) -> bool:
        target = os.path.realpath(link.path)
        if os.path.commonpath([target, self._real]) == self._real or not os.path.exists(target):  # noqa: PTH110
            return True
        if is_pseudo(target):
            self._leave_out(link.path, f"a link to {target}, which holds no logs")
            return False
        if not self.follow:
            self._leave_out(link.path, f"a link that leaves this folder, to {target}, not followed; use --follow")
        return self.follow

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            return sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self._leave_out(folder, f"cannot be listed: {error.strerror or error}")
            return []

    def _leave_out(self, path: str | Path, why: str) -> None:
        self.left_out.append(UnreadableError(why, str(path)))


def is_pseudo(target: str) -> bool:
    """Whether a resolved path lies in a file system of the kernel. Shared memory holds files as any other."""
    return any(target == top or target.startswith(f"{top}/") for top in _PSEUDO) and not target.startswith("/dev/shm/")  # noqa: S108


def _is_of_wandb_itself(file: Path) -> bool:
    """Whether a file is what the W&B client writes about itself: wandb/debug.log, run-*/logs/debug-internal.log."""
    if not _WANDB_DEBUG.fullmatch(file.name):
        return False
    return file.parent.name == "wandb" or (
        file.parent.name == "logs" and bool(_WANDB_RUN.match(file.parent.parent.name))
    )
