"""A line on standard error that says how far we are, where it takes longer than a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from loglens.cli.common import is_terminal
from loglens.errors import UnreadableError
from loglens.renderers._wording import safe, shorten
from loglens.run import Run

Items = Iterable[Run | UnreadableError]

#: Seconds after which the line appears: what is faster needs none.
PATIENCE = 1.0


@contextmanager
def line(total: int, quiet: bool = False) -> Iterator[Callable[[Items], Items]]:
    """Gives a function that lets runs through and counts them. Shows nothing where nobody watches."""
    if quiet or not is_terminal(sys.stderr):
        yield lambda items: items
        return
    # slow to load, and seldom watched
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    progress = Progress(
        SpinnerColumn(style="color(31)"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20, complete_style="color(31)", finished_style="color(31)"),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True, highlight=False),
        transient=True,
    )
    task = progress.add_task("reading", total=total)

    def watch(items: Items) -> Items:
        for item in items:
            if isinstance(item, Run):
                progress.update(task, description=f"judging {shorten(safe(item.name), 30)}")
            yield item
            progress.advance(task, isinstance(item, Run))

    timer = threading.Timer(PATIENCE, progress.start)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        timer.join()
        progress.stop()
