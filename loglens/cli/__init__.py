"""The command line: from arguments to calls, to files and an exit code. Nothing else in loglens prints."""

from __future__ import annotations

import atexit
import contextlib
import difflib
import errno
import gc
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from loglens.errors import LoglensError
from loglens.model.exit_code import ExitCode
from loglens.model.version import __version__
from loglens.pipeline.interrupts import Lost, Terminated, end_on_sigint, raise_on_signals

# A command's module is loaded when the command is called, so that `loglens --version`, `--help`, completion
# and a misspelt command wait for neither numpy nor rich.
COMMANDS = {
    "diagnose": "Read, judge, report: the main command.",
    "watch": "Follow growing logs, judge as they grow.",
    "inspect": "What is in here: runs, curves, roles.",
    "plot": "The evidence of the findings as figures.",
    "compare": "Where two runs diverge, and in what.",
    "history": "How metrics drift over the runs of a recipe.",
    "export": "The points as CSV, Parquet or JSON Lines.",
    "rules": "The rules; one rule explained.",
    "roles": "The roles of curves; one role explained.",
    "config": "The settings in force, and where each comes from.",
    "init": "Write a commented loglens.toml.",
    "mcp": "Serve read-only tools to an agent.",
    "agents": "How a language model uses loglens.",
}

# Loading modules makes many objects that stay: looking for garbage among them takes a tenth of a short call.
gc.set_threshold(50_000, 20, 20)
# Nor is there any to look for as Python ends, which takes as long again.
atexit.register(gc.freeze)

#: Of output that cannot be written: the pipe is closed, the disk is full.
_OF_OUTPUT = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT)


class Commands(click.Group):
    """Load commands when they are called, and turn every failure into one line and its exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"loglens.cli.commands.{name}").command
        raise_on_signals()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [CompletionItem(name, help=said) for name, said in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, COMMANDS, 1)
            if Path(name).exists():
                near = [f"diagnose {name}"]
            hint = f"did you mean: loglens {near[0]}" if near else f"there are {', '.join(COMMANDS)}"
            raise click.UsageError(f"no command {click.unstyle(name)!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def main(  # type: ignore[override]  # of which click gives two variants
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> Any:
        """Run a command and exit with its code, instead of click, which exits with 1 where nothing was found."""
        if not extra.pop("standalone_mode", True):
            return super().main(args, prog_name, standalone_mode=False, **extra)
        _open_closed_streams()
        stdout = sys.stdout
        try:
            code = int(super().main(args, prog_name, standalone_mode=False, **extra) or ExitCode.OK)
        except click.ClickException as error:
            _unless_full(partial(_complain, error))
            code = ExitCode.BAD_INPUT
        except (click.Abort, KeyboardInterrupt) as stopped:
            end_on_sigint()
            # click makes an Abort of what is raised while it reads arguments or opens the command's files
            code = _code_of_stop(stopped if isinstance(stopped, KeyboardInterrupt) else stopped.__cause__)
        except OSError as error:  # of what click itself writes, such as --help
            code = _cannot_be_written(error)
        except SystemExit:
            if sys.stdout is stdout:
                raise
            sys.stdout, code = stdout, ExitCode.OK  # click has replaced it: the pipe is closed
        end_on_sigint()
        return sys.exit(code if _flushed(sys.stdout) else ExitCode.BAD_INPUT)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except KeyboardInterrupt as stopped:
            end_on_sigint()
            code = _code_of_stop(stopped)
            said = "terminated" if code == ExitCode.TERMINATED else "interrupted"
            _say(f"{said}: {stopped}" if isinstance(stopped, Lost) else said)
            ctx.exit(code)
        except LoglensError as error:
            _say(f"loglens: {_line(error)}")
            ctx.exit(ExitCode.BAD_INPUT)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _OF_OUTPUT:
                raise
            if isinstance(error, FileNotFoundError) and not _is_somewhere():
                _say("loglens: the working folder has been deleted; change to one that exists")
                ctx.exit(ExitCode.BAD_INPUT)
            if ctx.meta.get("loglens.traceback"):
                _say(traceback.format_exc().rstrip("\n"))
            _say(
                f"loglens itself failed: {type(error).__name__}: {_line(error)}; please report; --traceback shows where"
            )
            ctx.exit(ExitCode.INTERNAL)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 nothing at or above --fail-on; 1 findings at or above it; 2 usage, configuration, "
    "plugin, or no path could be read; 3 read, but nothing could be judged; 4 loglens itself failed.",
)
@click.version_option(__version__, prog_name="loglens", message="%(prog)s %(version)s")
@click.option("--no-plugins", is_flag=True, help="Do not load third-party rules, formats or outputs.")
@click.pass_context
def main(ctx: click.Context, no_plugins: bool) -> None:
    """Say what went wrong in a training run, from which step, why, and what to change."""
    if no_plugins:
        _without_plugins(ctx)


def _without_plugins(ctx: click.Context) -> None:
    """Turn plugins off for this command, and for the processes that it starts."""
    from loglens.registry import load as registry  # slow to load

    before = os.environ.get(registry.NO_PLUGINS, "")

    def restore() -> None:
        os.environ[registry.NO_PLUGINS] = before
        registry.forget()

    os.environ[registry.NO_PLUGINS] = "1"
    registry.forget()
    ctx.call_on_close(restore)


def _code_of_stop(stopped: BaseException | None) -> ExitCode:
    return ExitCode.TERMINATED if isinstance(stopped, Terminated) else ExitCode.INTERRUPTED


def _say(text: str) -> None:
    _unless_full(lambda: click.echo(text, err=True))


def _complain(error: click.ClickException) -> None:
    """Write an error of usage in one line, as all errors; help where a command was called with nothing."""
    context = getattr(error, "ctx", None)
    if context is None or error.format_message() == context.get_help():
        error.show()
        return
    said = _line(error.format_message()).rstrip(".")
    click.echo(f"loglens: {said}; {context.command_path} --help says more", err=True)


def _unless_full(write: Callable[[], None]) -> None:
    """Write to standard error; where it takes no more, the exit code has to do."""
    with contextlib.suppress(OSError):
        write()
    _flushed(sys.stderr)


def _cannot_be_written(error: OSError) -> ExitCode:
    """The exit code where standard output takes no more. A reader that stops early, such as `head`, is no error."""
    if error.errno == errno.EPIPE:
        return ExitCode.OK
    what = f"{_line(error.filename)}: " if error.filename else "standard output: "
    _say(f"loglens: {what}cannot be written: {error.strerror or error}")
    return ExitCode.BAD_INPUT


def _flushed(stream: Any) -> bool:
    """Flush a stream, so that Python need not as it ends. Whether that worked, or nobody reads it any more."""
    try:
        if stream is not None:
            stream.flush()
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return getattr(error, "errno", errno.EPIPE) == errno.EPIPE
    return True


def _open_closed_streams() -> None:
    """Open what stands for standard input, output and error where they are closed: no file may take their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _is_somewhere() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def _line(error: object) -> str:
    """The error's message as one line that is safe to print."""
    from loglens.model.plain_text import safe  # loads numpy, which a command that works has by now

    return safe(" ".join(str(error).split()))
