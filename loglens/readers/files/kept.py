"""What a reader keeps of logs that grow, so that it need not read their beginning again.

Only who reads the same log again and again sets a memory up, as `loglens watch` does; without one nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: By the folder of a log, whatever its reader keeps of it.
Memory = dict[Path, Any]

_current: Memory | None = None


@contextmanager
def keeping(memory: Memory) -> Iterator[None]:
    """Let readers keep what they read in this memory, and continue from it."""
    global _current
    before, _current = _current, memory
    try:
        yield
    finally:
        _current = before


def kept() -> Memory | None:
    """The memory of who reads now, None where the log is read once."""
    return _current
