"""The command line: from arguments to calls, to files and an exit code. Nothing else in loglens prints."""

from __future__ import annotations

import difflib
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from loglens.errors import LoglensError
from loglens.model.exit_code import ExitCode
from loglens.model.version import __version__
from loglens.pipeline.interrupts import Terminated, raise_on_sigterm

# A command's module is loaded when the command is called, so that `loglens --version`, completion and
# a misspelt command wait for neither numpy nor rich.
COMMANDS = ("diagnose", "inspect", "plot", "compare", "export", "rules", "roles", "config", "init")


class Commands(click.Group):
    """Load commands when they are called, and turn every failure into one line and its exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"loglens.cli.commands.{name}").command
        return command

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

    def invoke(self, ctx: click.Context) -> Any:
        raise_on_sigterm()
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except KeyboardInterrupt as stopped:
            terminated = isinstance(stopped, Terminated)
            click.echo("terminated" if terminated else "interrupted", err=True)
            ctx.exit(ExitCode.TERMINATED if terminated else ExitCode.INTERRUPTED)
        except LoglensError as error:
            click.echo(f"loglens: {_line(error)}", err=True)
            ctx.exit(ExitCode.BAD_INPUT)
        except Exception as error:
            if ctx.meta.get("loglens.traceback"):
                click.echo(traceback.format_exc(), err=True, nl=False)
            click.echo(
                f"loglens itself failed: {type(error).__name__}: {_line(error)}; "
                "please report; --traceback shows where",
                err=True,
            )
            ctx.exit(ExitCode.INTERNAL)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 nothing at or above --fail-on; 1 findings at or above it; 2 usage, configuration, "
    "plugin, or no path could be read; 3 read, but nothing could be judged; 4 loglens itself failed.",
)
@click.version_option(__version__, prog_name="loglens", message="%(prog)s %(version)s")
def main() -> None:
    """Say what went wrong in a training run, since which step, why, and what to change."""


def _line(error: Exception) -> str:
    """The error's message as one line that is safe to print."""
    from loglens.model.plain_text import safe  # loads numpy, which a command that works has by now

    return safe(" ".join(str(error).split()))
