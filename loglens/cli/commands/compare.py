"""loglens compare GOOD BAD: where two runs diverge, and in what."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from loglens.analysis.judge import judge
from loglens.cli import atomic_file, console
from loglens.cli import options as common
from loglens.cli.outputs import output_targets
from loglens.compare.curves import Curves, compare
from loglens.compare.formats import SUFFIXES, with_formats
from loglens.compare.reference import judged, references
from loglens.compare.regression import limit
from loglens.compare.text import text
from loglens.config.flags import with_flags
from loglens.config.load import Config
from loglens.errors import LoglensError
from loglens.model.exit_code import ExitCode
from loglens.model.numbers import plural
from loglens.model.report import Unread
from loglens.model.run import Run
from loglens.pipeline.session import open_paths
from loglens.registry import load as registry
from loglens.renderers.terminal.look import TextStyle
from loglens.roles.assign import assign_roles


@click.command("compare")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="[GOOD] BAD")
@click.option(
    "--against",
    multiple=True,
    metavar="PATH",
    help="Good runs instead of GOOD: a folder or a quoted glob; may be repeated. Their spread counts as noise.",
)
@click.option(
    "--max-regression",
    "regressions",
    multiple=True,
    metavar="'METRIC 2%'",
    help="Exit with 1 if the metric ends worse by more than this, e.g. 'val/loss 2%'; may be repeated.",
)
@click.option(
    "--format",
    "format",
    type=click.Choice(["text", "markdown", "html", "json"]),
    help="Default: text, or what the suffix of -o asks for.",
)
@common.output_option("Write here: .html, .md, .json, .txt, or a figure (.svg, .png, .pdf).")
@common.configured
@click.option("-v", "--verbose", is_flag=True, help="Every curve and every parameter.")
@click.option("-q", "--quiet", is_flag=True, help="No warnings on standard error.")
@common.traceback_option
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[str, ...],
    against: tuple[str, ...],
    regressions: tuple[str, ...],
    format: str | None,
    outputs: tuple[Path, ...],
    config: Config,
    roles: tuple[str, ...],
    verbose: bool,
    quiet: bool,
) -> None:
    """Align two runs and find the first step from which they differ by more than noise.

    GOOD and BAD are a log file or a run's folder. With --against, BAD alone is given, and is compared with
    the spread of several good runs: loglens compare runs/new --against 'runs/good*'

    Good runs are diagnosed first: one that has failed is not a reference.
    """
    if len(paths) != (1 if against else 2):
        raise click.UsageError("give GOOD and BAD, or BAD alone with --against 'runs/good*'")
    wanted = [limit(said) for said in regressions]
    targets = output_targets(outputs, format, SUFFIXES)
    bad = _one(paths[-1], _runs([paths[-1]], config, quiet))
    if against:
        good = [
            entry for entry in _runs(against, config, quiet) if entry[0].source.resolve() != bad[0].source.resolve()
        ]
        if not good:
            raise LoglensError(f"--against {' '.join(against)}: it names no run besides {paths[-1]} itself")
    else:
        good = [_one(paths[0], _runs([paths[0]], config, quiet))]
    for line in common.unmatched_roles(roles, {curve.tag for _, curves in (*good, bad) for curve in curves}):
        console.log(line)
    rules = with_flags(config, registry.detectors())
    *entries, last = judged([*good, bad], partial(judge, detectors=registry.detectors(), config=rules))
    sound, left_out = references(entries)
    if left_out and not quiet:
        console.log(f"{plural(len(left_out), 'run')} of --against left out: failed, so no reference")
    found = with_formats(compare(sound, last, wanted, left_out))
    page = console.terminal_style(verbose)
    for path, name in targets:
        if path is None:
            content = text(found, page) if name == "text" else found.render(name)
            console.emit(content, page.color and name == "text")
            continue
        with atomic_file.replacing(path) as target:
            if name == "text":
                target.write_text(text(found, TextStyle(verbose=verbose)), encoding="utf-8")
            else:
                found.save(target, name)
        if not quiet:
            console.log(f"wrote {path}")
    ctx.exit(ExitCode.FOUND if found.failed else ExitCode.OK)


def _runs(paths: Sequence[str], config: Config, quiet: bool) -> list[tuple[Run, Curves]]:
    """Every run under the paths with its curves and their roles. Raises LoglensError where there is none."""
    reading = open_paths(paths, config)
    runs = [(run, assign_roles(run, config.roles)) for run in reading]
    unread = [Unread.of(failure) for failure in reading.unread]
    if not runs:
        raise LoglensError("; ".join(f"{item.path}: {item.why}" for item in unread[:3]))
    console.warn(unread, quiet=quiet, texted=False)
    return runs


def _one(path: str, runs: Sequence[tuple[Run, Curves]]) -> tuple[Run, Curves]:
    if len(runs) > 1:
        names = ", ".join(run.name for run, _ in runs[:5]) + (" ..." if len(runs) > 5 else "")
        raise LoglensError(f"{path}: holds {len(runs)} runs ({names}); name one of them")
    return runs[0]
