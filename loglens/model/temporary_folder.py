"""Temporary folders that do not outlive their process: what one that was killed left behind, the next one clears."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if sys.platform != "win32":
    import fcntl

PREFIX = "loglens-tmp-"
_LOCK = ".lock"
#: So much of the free space is left to others.
MARGIN = 64 << 20
#: Seconds in which a folder that was just made may still lack its lock.
YOUNG = 60.0


@contextlib.contextmanager
def temporary_folder(purpose: str) -> Iterator[Path]:
    """Provide a temporary folder that is removed at the end, or at the next call after its process was killed."""
    import tempfile  # slow to load, and needed for remote logs and databases only

    top = Path(tempfile.gettempdir())
    _clear(top)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{purpose}-", dir=top))
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_EX)  # released by the kernel when the process is gone
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def free_space(folder: Path) -> int:
    """Bytes that may be written to a folder's disk, with a margin for others."""
    return max(0, shutil.disk_usage(folder).free - MARGIN)


@functools.cache
def _clear(top: Path) -> None:
    """Once a process, remove our folders whose process is gone: nobody holds their lock."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        for entry in os.scandir(top):
            if not entry.name.startswith(PREFIX) or not entry.is_dir(follow_symlinks=False):
                continue
            with contextlib.suppress(OSError):
                info = entry.stat(follow_symlinks=False)
                if info.st_uid != os.geteuid() or time.time() - info.st_mtime < YOUNG:
                    continue
                lock = os.open(Path(entry.path) / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(entry.path, ignore_errors=True)
                finally:
                    os.close(lock)
