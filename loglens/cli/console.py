"""Standard output and standard error: what they can show, and writing to them."""

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
    """What standard output can show. NO_COLOR and FORCE_COLOR are honoured, COLUMNS too."""
    color = is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb"
    if os.environ.get("FORCE_COLOR"):
        color = True
    if os.environ.get("NO_COLOR"):
        color = False
    width = min(max(shutil.get_terminal_size((100, 24)).columns, 40), 120)
    return TextStyle(width, color, _shows("█⣿✗→", _encoding(sys.stdout)), verbose)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody watches; Python has no stream at all where it was closed."""
    return stream is not None and stream.isatty()


def emit(text: str, color: bool = False) -> None:
    """Text to standard output. Whoever reads it may stop early: that is no fault."""
    encoding = _encoding(sys.stdout)
    try:
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False, color=color)
    except OSError as error:
        # what is left in the buffer must not raise again when Python closes the stream
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise LoglensError(f"standard output: cannot be written: {error.strerror or error}") from error


def log(message: str) -> None:
    """One line to standard error, harmless whatever it quotes."""
    encoding = _encoding(sys.stderr)
    with contextlib.suppress(BrokenPipeError):
        click.echo(safe(message).encode(encoding, "backslashreplace").decode(encoding), err=True)


def log_lines(text: str) -> None:
    """Lines to standard error, each harmless whatever it quotes."""
    for line in text.splitlines():
        log(line)


def warn(unread: Iterable[Unread], *, quiet: bool, texted: bool) -> None:
    """What could not be read, one line each, unless a text report says so on the same terminal."""
    if quiet or (texted and is_terminal(sys.stdout) and is_terminal(sys.stderr)):
        return
    for item in unread:
        log(f"{item.path}: {item.why}")


def _encoding(stream: TextIO | None) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def _shows(characters: str, encoding: str) -> bool:
    try:
        characters.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
