"""loglens history PATH...: how the metrics of a recipe drift over its runs."""

from __future__ import annotations

import click

from loglens.cli import console
from loglens.cli import options as common
from loglens.compare import history
from loglens.config.load import Config
from loglens.model.exit_code import ExitCode
from loglens.model.report import Unread
from loglens.pipeline.session import open_paths
from loglens.renderers.json import dump
from loglens.roles.assign import assign_roles


@click.command("history", short_help="How metrics drift over the runs of a recipe.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@click.option("--metric", "metrics", multiple=True, metavar="TAG", help="Only this metric; may be repeated.")
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the last N runs.")
@click.option("--fail-on-drift", is_flag=True, help="Exit with 1 if a metric has drifted for the worse.")
@click.option("--format", "format", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
@common.configured
@click.option("-q", "--quiet", is_flag=True, help="No warnings on standard error.")
@common.traceback_option
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[str, ...],
    metrics: tuple[str, ...],
    last: int | None,
    fail_on_drift: bool,
    format: str,
    config: Config,
    roles: tuple[str, ...],
    quiet: bool,
) -> None:
    """Find where the level at which runs of one recipe end has changed: by small steps, beyond their noise.

    PATH holds the runs, such as those of every night. They are taken in the order in which they began.
    """
    reading = open_paths(paths, config)
    runs = history.in_order([(run, assign_roles(run, config.roles)) for run in reading])
    for line in common.unmatched_roles(roles, {curve.tag for _, curves in runs for curve in curves}):
        console.log(line)
    console.warn([Unread.of(failure) for failure in reading.unread], quiet=quiet and bool(runs), texted=False)
    runs = runs[-last:] if last else runs
    found = history.drifts(runs, metrics)
    drifted = any(drift.drifted for drift in found)
    page = console.terminal_style()
    if format == "json":
        document = {"schema_version": "1.0", "runs": len(runs), "metrics": [drift.as_dict() for drift in found]}
        console.emit(dump({**document, "drifted": drifted}))
    elif runs:
        console.emit(history.text(found, len(runs), page))
    code = ExitCode.BAD_INPUT if not runs else ExitCode.NOT_JUDGED if not found else ExitCode.OK
    ctx.exit(ExitCode.FOUND if drifted and fail_on_drift else code)
