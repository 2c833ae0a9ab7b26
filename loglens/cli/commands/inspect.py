"""loglens inspect PATH...: what is in here, and what each curve is taken for."""

from __future__ import annotations

import click

from loglens.cli import console, progress
from loglens.cli import options as common
from loglens.config.load import Config
from loglens.model.exit_code import ExitCode
from loglens.model.report import Unread
from loglens.pipeline.session import open_paths
from loglens.renderers.json import dump
from loglens.renderers.terminal import inspection
from loglens.roles.assign import assign_roles, parts


@click.command("inspect")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@click.option("--format", "format", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
@common.configured
@click.option(
    "--show-params", is_flag=True, help="The parameters alone, all of them, as reports show them: no secrets."
)
@click.option("-v", "--verbose", is_flag=True, help="Every per-layer curve and every parameter.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no warnings on standard error.")
@common.traceback_option
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[str, ...],
    format: str,
    config: Config,
    roles: tuple[str, ...],
    show_params: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """List runs, curves, points, roles and notes, without judging."""
    table = config.roles
    reading = open_paths(paths, config)
    with progress.progress_bar(reading.sources, quiet) as watch:
        runs = [(run, parts(assign_roles(run, table))) for run in watch(reading)]
    unread = [Unread.of(failure) for failure in reading.unread]
    console.warn(unread, quiet=quiet and bool(runs), texted=format == "text")
    for line in common.unmatched_roles(roles, {part.tag for _, curves in runs for part in curves}):
        console.log(line)
    page = console.terminal_style(verbose)
    if format == "json":
        console.emit(dump(inspection.document(runs, unread)))
    elif runs or unread:
        console.emit(inspection.text(runs, unread, page, show_params), page.color)
    ctx.exit(ExitCode.OK if runs else ExitCode.BAD_INPUT)
