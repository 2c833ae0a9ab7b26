"""A progress bar on standard error, where a command takes longer than a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from loglens.cli.console import is_terminal
from loglens.model.plain_text import safe, shorten
from loglens.model.report import Judged, Unread
from loglens.pipeline.session import Results

#: Seconds after which the line appears: what is faster needs none.
PATIENCE = 1.0


@contextmanager
def tracker(quiet: bool) -> Iterator[Callable[[Results, int], Results]]:
    """Gives a function that lets the results of a session through and shows each run as it is done."""
    with ExitStack() as stack:
        yield lambda results, total: stack.enter_context(progress_bar(total, quiet))(results, _name)


def _name(result: tuple[int, list[Judged]]) -> str:
    return next((item.run for item in result[1] if not isinstance(item, Unread)), "reading")


@contextmanager
def progress_bar(total: int, quiet: bool = False) -> Iterator[Callable[..., Iterator[Any]]]:
    """Gives a function that lets items through and counts them; told how, it names the last one.

    Shows nothing where nobody watches.
    """
    if quiet or not is_terminal(sys.stderr):
        yield lambda items, _=None: iter(items)
        return
    # slow to load, and seldom watched
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.3g}/s" if task.speed else "", style="progress.data.speed")

    progress = Progress(
        SpinnerColumn(style="color(31)"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20, complete_style="color(31)", finished_style="color(31)"),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TextColumn("left", style="progress.remaining"),
        TimeRemainingColumn(),
        console=Console(stderr=True, highlight=False),
        transient=True,
    )
    task = progress.add_task("reading", total=total)

    def watch(items: Iterable[Any], name: Callable[[Any], str] = lambda _: "reading") -> Iterator[Any]:
        for item in items:
            progress.update(task, description=shorten(safe(name(item)), 30), advance=1)
            yield item

    timer = threading.Timer(PATIENCE, progress.start)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        timer.join()
        progress.stop()
