"""loglens diagnose PATH...: read, judge, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from loglens.analysis import baseline
from loglens.analysis.report_builder import collect
from loglens.cli import atomic_file, console, progress
from loglens.cli import options as common
from loglens.cli.json_lines import JsonLines
from loglens.cli.outputs import output_targets, render
from loglens.config.flags import with_flags
from loglens.config.load import FAIL_ON, Config
from loglens.errors import LoglensError, nearest
from loglens.model.numbers import plural
from loglens.model.report import Judged, Report, Unread
from loglens.pipeline import session
from loglens.registry import load as registry
from loglens.renderers import jsonl
from loglens.renderers.terminal.look import TextStyle


class Format(click.ParamType[str]):
    """Parameter type: the name of a renderer, looked up when used, so that a broken plugin gives one clear line."""

    name = "format"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        known = list(registry.renderers())
        if value not in known:
            self.fail(f"no format {value!r}; {nearest(value, known)}", param, ctx)
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        return [CompletionItem(name) for name in registry.renderers() if name.startswith(incomplete)]


@click.command("diagnose")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@click.option(
    "--format",
    "format",
    type=Format(),
    metavar="NAME",
    help="text (the default), markdown, html, json, jsonl, sarif, junit, github, brief.",
)
@common.output_option("Write here; the suffix picks the format.")
@click.option("--fail-on", type=click.Choice(FAIL_ON), help="Exit with 1 from this severity on (default: error).")
@click.option(
    "--require-healthy", is_flag=True, help="Exit with 3 unless every run is healthy: the log shows that it learned."
)
@click.option(
    "--select",
    multiple=True,
    shell_complete=common.complete_rule,
    metavar="RULE",
    help="Apply only this rule; may be repeated.",
)
@click.option(
    "--ignore",
    multiple=True,
    shell_complete=common.complete_rule,
    metavar="RULE",
    help="Skip this rule; may be repeated.",
)
@click.option(
    "--baseline",
    "accepted",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Findings that this file accepts are known: shown, but not counted by --fail-on.",
)
@click.option(
    "--write-baseline",
    "accept",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Accept today's findings: write them to this file.",
)
@click.option(
    "--after",
    "earlier",
    multiple=True,
    type=click.Path(),
    metavar="PATH",
    help="An earlier run of the same recipe: says whether the change helped, and what to try next. May be repeated.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Judge N runs at a time (default: one a core where there is much to do).",
)
@click.option("--engine", type=click.Choice(["local", "dask"]), default="local", help="Where runs are judged.")
@click.option("--scheduler", metavar="ADDRESS", help="With --engine dask: the scheduler, e.g. tcp://10.0.0.1:8786.")
@click.option(
    "--no-cache",
    "cached",
    flag_value=False,
    default=True,
    help="Judge unchanged runs again instead of using kept results.",
)
@common.configured
@click.option("-v", "--verbose", is_flag=True, help="Every curve, snippet and healthy run in full.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no warnings on standard error.")
@common.traceback_option
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[str, ...],
    format: str | None,
    outputs: tuple[Path, ...],
    fail_on: str | None,
    require_healthy: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    accepted: Path | None,
    accept: Path | None,
    earlier: tuple[str, ...],
    jobs: int | None,
    engine: str,
    scheduler: str | None,
    cached: bool,
    config: Config,
    roles: tuple[str, ...],
    verbose: bool,
    quiet: bool,
) -> None:
    """Read, judge, report: what went wrong, from which step, why, what to change.

    PATH is a log file, a run's folder, a folder of many runs, or a quoted glob.
    """
    if (engine == "dask") != (scheduler is not None):
        raise click.UsageError("--engine dask and --scheduler ADDRESS go together")
    targets = output_targets(outputs, format, registry.suffixes() if outputs else {})
    config = with_flags(config, registry.detectors(), fail_on, select, ignore)
    old = baseline.load(accepted) if accepted else None
    whole = [(path, name) for path, name in targets if name != jsonl.FORMAT]
    tags: set[str] = set()
    in_light = _after(earlier, config)

    def on_result(items: Sequence[Judged]) -> None:
        lines.write(in_light(items))
        if roles:
            tags.update(common.tags_of(items))

    with JsonLines([path for path, name in targets if name == jsonl.FORMAT]) as lines:
        formats = {"overview" if name == "text" and not verbose else name for _, name in whole}
        formats |= {"html"} if earlier else set()  # whose runs are kept whole
        execution = session.Execution(jobs, scheduler, cached, formats)
        with progress.tracker(quiet) as track:
            judged, stopped = session.diagnose(paths, config, execution, on_result=on_result, track=track)
        report = collect(in_light(judged), registry.detectors(), config=config)
        report = replace(report, require_healthy=require_healthy)
        report = _known(report, old, accepted, accept, quiet)
        lines.write_text(jsonl.closing(report))
    console.warn(report.unread, quiet=quiet and bool(report.judged), texted=(None, "text") in targets)
    if ctx.meta.get("loglens.traceback"):
        for trace in filter(None, (unread.trace for unread in report.unread)):
            console.log_lines(trace)
    for line in common.unmatched_roles(roles, tags):
        console.log(line)
    page = console.terminal_style(verbose)
    for path, name in sorted(whole, key=lambda target: target[0] is None):  # files first: they can still be written
        if path is None:
            console.emit(render(name, report, page), page.color)
        else:
            atomic_file.write(render(name, report, TextStyle(verbose=verbose)), path)
            if not quiet:
                console.log(f"wrote {path}")
    if stopped is not None:
        raise stopped  # the report is written; the exit code says that it is incomplete
    ctx.exit(report.exit_code)


def _after(earlier: Sequence[str], config: Config) -> Callable[[Sequence[Judged]], Sequence[Judged]]:
    """A function that puts judged runs in the light of the earlier ones under the paths of --after."""
    if not earlier:
        return lambda items: items
    from loglens.analysis import follow_up  # slow to load

    return follow_up.after([_earlier(path, config) for path in earlier])


def _earlier(path: str, config: Config) -> Sequence[Judged]:
    """The judged runs under a path given by --after. Raises LoglensError where there are none."""
    items = session.diagnose([path], config).judged
    unread = [item for item in items if isinstance(item, Unread)]
    if len(unread) == len(items):
        raise LoglensError(f"--after {path}: {unread[0].why if unread else 'it holds no run'}")
    return items


def _known(
    report: Report, old: baseline.Accepted | None, accepted: Path | None, accept: Path | None, quiet: bool
) -> Report:
    """Mark the findings that the baseline knows; with --write-baseline, write one and mark all findings."""
    if old is not None and accepted:
        report = baseline.accept(report, old, accepted)
    if accept and report.judged:
        text = baseline.dump(report, accept)
        atomic_file.write(text, accept, "--write-baseline")
        if not quiet:
            console.log(f"wrote {accept}: {plural(len(report.all_findings), 'finding')} accepted")
        report = baseline.accept(report, baseline.load(accept), accept)
    return report
