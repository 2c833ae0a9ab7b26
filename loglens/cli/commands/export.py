"""loglens export PATH... -o FILE: the points as a table."""

from __future__ import annotations

import itertools
from pathlib import Path

import click

from loglens.cli import atomic_file, console, progress
from loglens.cli import options as common
from loglens.errors import LoglensError
from loglens.model.exit_code import ExitCode
from loglens.model.limits import limit_of
from loglens.model.numbers import plural
from loglens.model.report import Unread
from loglens.pipeline.session import open_paths
from loglens.renderers import point_tables as export


@click.command("export")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write here; the suffix picks the format: .csv, .parquet (needs pyarrow) or .jsonl.",
)
@click.option(
    "--tidy/--wide",
    default=True,
    help="Tidy (the default): run, tag, step, time, value, every point as written. "
    "Wide: one row per run and step, one column per tag; a blank is not logged, nan a logged NaN.",
)
@click.option(
    "--raw-text",
    is_flag=True,
    help="CSV: write names that begin with = + - @ or a tab unchanged; a spreadsheet runs them as formulas. "
    "Without it they are prefixed with an apostrophe.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress and no warnings on standard error.")
@common.reading_options
@common.traceback_option
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[str, ...],
    output: Path,
    tidy: bool,
    raw_text: bool,
    columns: tuple[str, ...],
    follow: bool,
    limits: dict[str, int],
    quiet: bool,
) -> None:
    """Write the scalars of every run to one table."""
    suffix = output.suffix.lower()
    try:
        export.check(suffix)
    except LoglensError as error:
        raise LoglensError(f"-o {output}: {error}") from None
    if not output.parent.is_dir():
        raise LoglensError(f"-o {output}: no such folder: {output.parent}")
    config = common.load_config(None, False, (), columns, follow, limits)
    reading = open_paths(paths, config)
    with progress.progress_bar(reading.sources, quiet) as watch:
        runs = watch(reading)
        first = next(runs, None)
        if first is not None:
            with atomic_file.replacing(output) as file:
                count = export.write(
                    itertools.chain([first], runs),
                    file,
                    suffix,
                    wide=not tidy,
                    raw_text=raw_text,
                    max_cells=limit_of(config.limits, "cells"),
                )
    console.warn(map(Unread.of, reading.unread), quiet=quiet and first is not None, texted=False)
    if first is None:
        ctx.exit(ExitCode.BAD_INPUT)
    if count.left_out and not quiet:
        console.log(
            f"{plural(count.left_out, 'point')} left out: a resume or a later value of the same step replaces them; "
            "--tidy keeps all"
        )
    if not quiet:
        console.log(f"wrote {output}: {plural(count.points, 'point')} of {plural(count.runs, 'run')}")
