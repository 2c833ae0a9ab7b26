"""loglens watch PATH...: follow logs that still grow, and judge as they grow."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from loglens.cli import atomic_file, console
from loglens.cli import options as common
from loglens.cli.outputs import output_targets, render
from loglens.config.flags import with_flags
from loglens.config.load import FAIL_ON, Config
from loglens.errors import LoglensError
from loglens.model.report import Report
from loglens.pipeline.interrupts import deferred_signals
from loglens.registry import load as registry
from loglens.renderers import jsonl
from loglens.renderers.terminal.look import TextStyle
from loglens.watch import follow as following
from loglens.watch.event import NOTABLE, Event
from loglens.watch.notify import SERVICES, Notifier

#: Seconds that a command of --exec may take.
LONGEST_COMMAND = 60.0
#: The descriptor of standard error, where what such a command prints goes.
STDERR = 2
#: Seconds between two drawings of the lines on a terminal.
REDRAW = 0.5


@click.command("watch")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@click.option(
    "--until",
    type=click.Choice(["error", "warning", "end"]),
    help="End at the first sure finding of this severity, or when all runs have ended, with the exit code of the gate.",
)
@click.option(
    "--exec", "command_line", metavar="CMD", help="Run this for each finding, which it gets as JSON on stdin."
)
@click.option("--notify", "url", metavar="URL", help="Send each finding there. env:NAME takes the URL from a variable.")
@click.option("--notify-as", "service", type=click.Choice(SERVICES), help="The form of the message (default: by host).")
@click.option("--format", "format", type=click.Choice(["text", "jsonl"]), default="text", help="Default: text.")
@common.output_option("Write the last report here; the suffix picks the format.")
@click.option(
    "--interval", type=click.FloatRange(min=0.01), default=10.0, metavar="SECONDS", help="Between looks (default: 10)."
)
@click.option(
    "--stall",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="SECONDS",
    help="A run stands still after so long without a record (default: ten times its usual gap, at least 60).",
)
@click.option("--once", is_flag=True, help="Look once and report.")
@click.option("--fail-on", type=click.Choice(FAIL_ON), help="Exit with 1 from this severity on (default: error).")
@click.option(
    "--select", multiple=True, shell_complete=common.complete_rule, metavar="RULE", help="Apply only this rule."
)
@click.option(
    "--ignore", multiple=True, shell_complete=common.complete_rule, metavar="RULE", help="Leave this rule out."
)
@common.configured
@click.option(
    "-q", "--quiet", is_flag=True, help="No lines on a terminal, and no last report but where -o asks for it."
)
@common.traceback_option
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[str, ...],
    until: str | None,
    command_line: str | None,
    url: str | None,
    service: str | None,
    format: str,
    outputs: tuple[Path, ...],
    interval: float,
    stall: float | None,
    once: bool,
    fail_on: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    config: Config,
    roles: tuple[str, ...],
    quiet: bool,
) -> None:
    """Follow logs that still grow, and say what is wrong as soon as it is sure. It touches nothing of the training.

    PATH is a log file, a run's folder, or a folder in which new runs appear; it need not hold a log yet. Ctrl-C ends
    with a report.
    """
    targets = output_targets(outputs, None, registry.suffixes()) if outputs else []
    hear = _hearers(command_line, url, service)
    if until == "warning" and fail_on is None:
        fail_on = "warning"
    config = with_flags(config, registry.detectors(), fail_on, select, ignore)
    watch = following.Watch(paths, config, interval, stall)
    stopped: KeyboardInterrupt | None = None
    with _lines(watch, format, quiet) as (say, sleep):
        try:
            for event in following.follow(watch, sleep, until, once):
                with deferred_signals():
                    say(event)
                    if event.kind in NOTABLE:
                        for send in hear:
                            send(event)
        except KeyboardInterrupt as interrupt:
            stopped = interrupt
            with contextlib.suppress(KeyboardInterrupt):  # a second one: the report as it is
                watch.finish()
    report = watch.report()
    for line in common.unmatched_roles(roles, set(common.tags_of(report.runs))):
        console.log(line)
    _write(report, format, targets, quiet)
    if stopped is not None:
        raise stopped
    ctx.exit(report.exit_code)


def _hearers(command_line: str | None, url: str | None, service: str | None) -> list[Callable[[Event], None]]:
    """What is said of each finding. Raises LoglensError for a command that does not exist and a URL that is none."""
    hear: list[Callable[[Event], None]] = []
    if command_line is not None:
        try:
            words = shlex.split(command_line)
        except ValueError as error:
            raise LoglensError(f"--exec {command_line!r}: {error}") from error
        if not words or shutil.which(words[0]) is None:
            raise LoglensError(f"--exec {command_line!r}: there is no such command; no shell is used")
        hear.append(lambda event: _run(words, event))
    if url is not None:
        notifier = Notifier(url, service)
        hear.append(lambda event: console.log(why) if (why := notifier.send(event)) else None)
    elif service is not None:
        raise click.UsageError("--notify-as goes with --notify URL")
    return hear


def _run(words: list[str], event: Event) -> None:
    """Run a command with the event on its standard input; what it prints goes to standard error."""
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, without a shell
            words, input=event.as_json().encode(), stdout=STDERR, timeout=LONGEST_COMMAND, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        console.log(f"--exec {words[0]}: {type(error).__name__}: {error}")
        return
    if done.returncode:
        console.log(f"--exec {words[0]}: exit code {done.returncode}")


@contextmanager
def _lines(
    watch: following.Watch, format: str, quiet: bool
) -> Iterator[tuple[Callable[[Event], None], Callable[[float], None]]]:
    """Provide functions that say an event and that sleep: on a terminal below a line for each run, else plain lines."""
    if format == "jsonl" or quiet or not console.is_terminal(sys.stdout):
        write: Callable[[Event], str] = Event.as_json if format == "jsonl" else lambda event: event.line() + "\n"
        yield (lambda event: console.emit(write(event), needs_reader=True)), time.sleep
        return
    from rich.console import Console  # slow to load, and needed at a terminal only
    from rich.live import Live

    from loglens.cli.live import table

    look = console.terminal_style()
    screen = Console(highlight=False, no_color=not look.color)
    with Live(console=screen, auto_refresh=False, transient=True) as live:

        def draw() -> None:
            live.update(table(watch, look), refresh=True)

        def say(event: Event) -> None:
            screen.print(look.text((event.line(), str(event.severity) if event.severity is not None else "")))
            draw()

        def sleep(seconds: float) -> None:
            draw()
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0:
                time.sleep(min(left, REDRAW))
                draw()

        yield say, sleep


def _write(report: Report, format: str, targets: list[tuple[Path | None, str]], quiet: bool) -> None:
    """Write the last report: to standard output in the format of the events, and to the files asked for."""
    for path, name in targets:
        text = render(name, report, TextStyle())
        if path is None:
            console.emit(text)
        else:
            atomic_file.write(text, path)
            if not quiet:
                console.log(f"wrote {path}")
    if quiet:
        return
    look = console.terminal_style()
    console.emit(jsonl.render(report) if format == "jsonl" else render("text", report, look), look.color)
