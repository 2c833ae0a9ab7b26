"""Exceptions of loglens. Each message is one line that names the file, key or flag and what to do."""

from __future__ import annotations

from collections.abc import Sequence


class LoglensError(Exception):
    """Bad input of any kind; its message is one line for the user, never a traceback."""


class UnreadableError(LoglensError):
    """A path that cannot be read as a training log; the message says why and what to do.

    path: filled in by discovery where the reader leaves it empty.
    """

    def __init__(self, why: str, path: str = "") -> None:
        super().__init__(why)
        self.path = path


class ConfigError(LoglensError):
    """A configuration file, key or value that cannot be used."""


class PluginError(LoglensError):
    """A reader, detector or renderer that does not keep the contract."""


class Skip(Exception):  # noqa: N818 - a detector's way to abstain, not a fault
    """Raised by a detector that lacks the data to judge: `Skip("needs 20 losses, has 7")`."""


def nearest(name: str, known: Sequence[str], otherwise: str = "") -> str:
    """Suggest names instead of an unknown one: the most similar known ones, or all where none is similar."""
    import difflib  # only for a message, and these errors are loaded by whoever loads loglens

    close = difflib.get_close_matches(name, known, 3, 0.5)
    return f"did you mean {' or '.join(close)}?" if close else otherwise or f"there are: {', '.join(known)}"
