"""What the commands share: options, the configuration, the look of the output, writing it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from loglens import config
from loglens.config import Config
from loglens.errors import ConfigError, LoglensError, nearest
from loglens.renderers._look import Look
from loglens.renderers._wording import safe
from loglens.report import Unread
from loglens.run import ROLES

#: What may follow the @ of a role.
SPLITS = ("train", "val", "test", "none")

#: The exit code where no path could be read.
BAD_INPUT = 2

Command = TypeVar("Command", bound=Callable[..., Any])


def traceback_option(command: Command) -> Command:
    """--traceback, which every command has."""

    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        ctx.meta["loglens.traceback"] = value

    return click.option(
        "--traceback",
        is_flag=True,
        expose_value=False,
        callback=remember,
        help="Show where, if loglens itself fails.",
    )(command)


def config_options(command: Command) -> Command:
    """--config, --isolated and --role, for commands that cast curves."""
    for option in (
        click.option(
            "--role",
            "roles",
            multiple=True,
            metavar="TAG=ROLE",
            help="What a curve plays, e.g. 'train/x=loss' or 'dev*=loss@val'; may be repeated.",
        ),
        click.option("--isolated", is_flag=True, help="Ignore all configuration files and LOGLENS_ variables."),
        click.option(
            "--config",
            "file",
            type=click.Path(path_type=Path),
            help="Configuration file in place of the nearest loglens.toml or [tool.loglens].",
        ),
    ):
        command = option(command)
    return command


def settings(file: Path | None, isolated: bool, roles: Iterable[str]) -> Config:
    """The configuration with the roles of the command line before its own."""
    if file is not None and isolated:
        raise click.UsageError("--config and --isolated exclude each other")
    found = Config() if isolated else config.load(Path.cwd(), file, os.environ)
    said = {}
    for wish in roles:
        tag, equals, role = wish.rpartition("=")
        if not (tag and equals and role):
            raise click.UsageError(f"--role {wish!r}: write TAG=ROLE, e.g. --role 'train/x=loss'")
        said[tag] = role
    for table, where in ((said, "--role"), (found.roles, f"{found.file}: [roles]")):
        for tag, role in table.items():
            name, _, split = role.partition("@")
            if name not in ROLES or split not in ("", *SPLITS):
                wrong, known = (split, SPLITS) if name in ROLES else (name, sorted(ROLES))
                hint = nearest(wrong, known, "loglens inspect shows roles in use")
                raise ConfigError(f"{where}: {tag!r} = {role!r}: there is no {wrong!r}; {hint}")
    # the first glob that fits a tag counts, so the command line's come first
    return replace(found, roles=said | {tag: role for tag, role in found.roles.items() if tag not in said})


def rules(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's signature
    """The names of the rules that begin so, for the shell's completion."""
    from loglens import registry  # loads every detector, which no other option needs

    return [name for name in registry.detectors() if name.startswith(incomplete)]


def look(verbose: bool = False) -> Look:
    """What standard output can show. NO_COLOR and FORCE_COLOR are honoured, COLUMNS too."""
    color = is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb"
    if os.environ.get("FORCE_COLOR"):
        color = True
    if os.environ.get("NO_COLOR"):
        color = False
    width = min(max(shutil.get_terminal_size((100, 24)).columns, 40), 120)
    return Look(width, color, _shows("█⣿✗→", _encoding(sys.stdout)), verbose)


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


def say(message: str) -> None:
    """One line to standard error, harmless whatever it quotes."""
    encoding = _encoding(sys.stderr)
    with contextlib.suppress(BrokenPipeError):
        click.echo(safe(message).encode(encoding, "backslashreplace").decode(encoding), err=True)


def say_all(text: str) -> None:
    """Lines to standard error, each harmless whatever it quotes."""
    for line in text.splitlines():
        say(line)


def warn(unread: Iterable[Unread], *, quiet: bool, texted: bool) -> None:
    """What could not be read, one line each, unless a text report says so on the same terminal."""
    if quiet or (texted and is_terminal(sys.stdout) and is_terminal(sys.stderr)):
        return
    for item in unread:
        say(f"{item.path}: {item.why}")


def write(text: str, path: Path, flag: str = "-o") -> None:
    """Text to a file, as `beside` does it."""
    with beside(path, flag) as file:
        file.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def beside(path: Path, flag: str = "-o") -> Iterator[Path]:
    """Gives the file to write to: one beside it that is then renamed, so that there is never half of one.

    What is no regular file (/dev/stdout, a named pipe) is written to as it is. Raises LoglensError
    with one clear line, which names the flag.
    """
    try:
        if path.exists() and not path.is_file():  # a folder fails when it is opened, and says so
            yield path
            return
        target = path.resolve()
        other = target.parent / f".loglens-{secrets.token_hex(6)}.tmp"
        try:
            other.touch(exist_ok=False)
            yield other
            with other.open("r+b") as stream:
                os.fsync(stream.fileno())
            other.replace(target)
        except BaseException:
            other.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise LoglensError(f"{flag} {safe(str(path))}: cannot be written: {error.strerror or error}") from error


def _encoding(stream: TextIO | None) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def _shows(characters: str, encoding: str) -> bool:
    try:
        characters.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
