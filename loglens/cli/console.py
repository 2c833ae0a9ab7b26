"""Write to standard output and standard error, and find out what they can show."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterable
from typing import TextIO

import click

from loglens.errors import LoglensError
from loglens.model.plain_text import safe
from loglens.model.report import Unread
from loglens.renderers.terminal.look import TextStyle


def terminal_style(verbose: bool = False) -> TextStyle:
    """The text style that standard output can show. NO_COLOR, FORCE_COLOR and COLUMNS are honoured."""
    color = is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb"
    if os.environ.get("FORCE_COLOR"):
        color = True
    if os.environ.get("NO_COLOR"):
        color = False
    width = min(max(shutil.get_terminal_size((100, 24)).columns, 40), 120)
    return TextStyle(width, color, _shows("█⣿✗→", _encoding(sys.stdout)), verbose)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal; it is None where it was closed before Python started."""
    return stream is not None and stream.isatty()


def emit(text: str, color: bool = False, *, needs_reader: bool = False) -> None:
    """Write text to standard output. A reader that stops early, such as `head`, is no error.

    needs_reader: whether there is nothing left to do when nobody reads it, so that BrokenPipeError is raised.
    Raises LoglensError where it is closed or full.
    """
    if sys.stdout is None:  # type: ignore[unreachable,unused-ignore]
        raise LoglensError("standard output is closed; -o FILE writes elsewhere")
    encoding = _encoding(sys.stdout)
    try:
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False, color=color)
    except OSError as error:
        # what is left in the buffer must not raise again when Python closes the stream
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if needs_reader and isinstance(error, BrokenPipeError):
            raise
        if not isinstance(error, BrokenPipeError):
            raise LoglensError(f"standard output: cannot be written: {error.strerror or error}") from error


def log(message: str) -> None:
    """Write one line to standard error, with control characters escaped."""
    encoding = _encoding(sys.stderr)
    with contextlib.suppress(OSError):  # nobody reads it, or the disk under it is full
        click.echo(safe(message).encode(encoding, "backslashreplace").decode(encoding), err=True)


def log_lines(text: str) -> None:
    """Write lines to standard error, with control characters escaped."""
    for line in text.splitlines():
        log(line)


def warn(unread: Iterable[Unread], *, quiet: bool, texted: bool) -> None:
    """Warn of what could not be read, one line each, unless a text report on the same terminal lists it."""
    if quiet or (texted and is_terminal(sys.stdout) and is_terminal(sys.stderr)):
        return
    for item in unread:
        log(f"loglens: {item.path}: {item.why}")


def _encoding(stream: TextIO | None) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def _shows(characters: str, encoding: str) -> bool:
    try:
        characters.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
