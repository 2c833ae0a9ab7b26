"""Walk over the files below a folder."""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Iterator
from pathlib import Path

#: Folders that hold no logs but may hold a million files.
SKIPPED = frozenset({".git", "node_modules", "__pycache__", ".venv", "site-packages", "media", "artifacts"})
MAX_DEPTH = 40
MAX_FILES = 200_000
_WANDB_DEBUG = re.compile(r"debug(?:-internal|-core|-cli(?:\..+)?)?\.log")
_WANDB_RUN = re.compile(r"(?:offline-)?(?:run|dryrun)-\d{8}_\d{6}-|latest-run$")


def walk(root: Path) -> Iterator[Path]:
    """Regular files below root, by name, and then what links lead to; what was met before is passed over.

    Folders of no interest (`SKIPPED`) and what the W&B client writes about itself are left out.
    """
    seen: set[tuple[int, int]] = set()
    ahead, links, count = deque([(root, 0)]), deque[tuple[os.DirEntry[str], int]](), 0
    while ahead or links:
        if ahead:
            folder, depth = ahead.popleft()
            entries = _entries(folder)
            links.extend((entry, depth) for entry in entries if entry.is_symlink())
            entries = [entry for entry in entries if not entry.is_symlink()]
        else:  # a folder and its files go by their own names, where they have been met under those
            link, depth = links.popleft()
            entries = [link]
        below = []
        for entry in entries:
            try:
                info = entry.stat()
            except OSError:
                continue
            if (info.st_dev, info.st_ino) in seen:
                continue
            seen.add((info.st_dev, info.st_ino))
            if stat.S_ISDIR(info.st_mode) and entry.name not in SKIPPED and depth < MAX_DEPTH:
                below.append((Path(entry.path), depth + 1))
            elif stat.S_ISREG(info.st_mode):
                count += 1
                if count > MAX_FILES:
                    return
                if not _is_of_wandb_itself(file := Path(entry.path)):
                    yield file
        ahead.extendleft(reversed(below))


def _is_of_wandb_itself(file: Path) -> bool:
    """Whether a file is what the W&B client writes about itself: wandb/debug.log, run-*/logs/debug-internal.log."""
    if not _WANDB_DEBUG.fullmatch(file.name):
        return False
    return file.parent.name == "wandb" or (
        file.parent.name == "logs" and bool(_WANDB_RUN.match(file.parent.parent.name))
    )


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return []
