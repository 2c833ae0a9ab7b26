"""loglens plot PATH... -o FILE: the evidence of the findings as figures."""

from __future__ import annotations

from pathlib import Path

import click

from loglens.analysis.report_builder import collect
from loglens.cli import atomic_file, console, progress
from loglens.cli import options as common
from loglens.config.flags import with_flags
from loglens.config.load import Config
from loglens.errors import LoglensError, nearest
from loglens.model.exit_code import ExitCode
from loglens.model.numbers import plural
from loglens.model.version import __version__
from loglens.pipeline import session
from loglens.registry import load as registry
from loglens.renderers.figures import plot


@click.command("plot")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write here: .svg, .png or .pdf. Of several runs each has a file of its own, with its name after FILE's.",
)
@click.option(
    "--select",
    multiple=True,
    shell_complete=common.complete_rule,
    metavar="RULE",
    help="Draw only findings of this rule; may be repeated.",
)
@click.option("--separate", is_flag=True, help="A file for each finding, with its number and rule after FILE's name.")
@click.option(
    "--width",
    type=click.FloatRange(2, 40),
    default=5.5,
    show_default=True,
    metavar="INCHES",
    help="How wide a figure is.",
)
@common.configured
@click.option("-q", "--quiet", is_flag=True, help="No progress and no warnings on standard error.")
@common.traceback_option
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[str, ...],
    output: Path,
    select: tuple[str, ...],
    separate: bool,
    width: float,
    config: Config,
    roles: tuple[str, ...],
    quiet: bool,
) -> None:
    """Draw the curves that each finding rests on, with its onset, its episode and values that are not finite.

    A run is one figure, with a panel for each finding, causes first; a run without findings shows its main loss.
    """
    suffix = output.suffix.lower()
    if suffix not in plot.SUFFIXES:
        raise LoglensError(f"-o {output}: no figure has this suffix; there are {', '.join(plot.SUFFIXES)}")
    if not output.parent.is_dir():
        raise LoglensError(f"-o {output}: no such folder: {output.parent}")
    for name in select:
        if name not in registry.detectors():
            raise LoglensError(f"--select: no rule {name!r}; {nearest(name, list(registry.detectors()))}")
    plot.check()
    config = with_flags(config, registry.detectors())
    execution = session.Execution(jobs=None, cached=True, formats={"plot"})
    with progress.tracker(quiet) as track:
        judged, stopped = session.diagnose(paths, config, execution, track=track)
    if stopped is not None:
        raise stopped
    report = collect(judged, registry.detectors(), config=config)
    console.warn(report.unread, quiet=quiet and bool(report.judged), texted=False)
    console.log_lines("\n".join(common.unmatched_roles(roles, set(common.tags_of(judged)))))
    if not report.judged:
        ctx.exit(ExitCode.BAD_INPUT)
    jobs = plot.jobs(report, select, separate)
    for job, path in zip(jobs, plot.files(jobs, output, separate), strict=True):
        with atomic_file.replacing(path) as target:
            plot.draw(job, target, suffix[1:], width=width, version=__version__)
        if not quiet:
            console.log(f"wrote {path}: {plural(len(job[1]), 'finding')} of {job[0].run}")
    if not jobs:
        console.log("nothing to draw: " + ("no finding of this rule" if select else "no curve was recognised"))
        ctx.exit(ExitCode.NOT_JUDGED)  # runs were read, and nothing in them can be drawn
