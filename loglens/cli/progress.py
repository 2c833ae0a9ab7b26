"""A progress bar on standard error, where a command takes longer than a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from loglens.cli.console import is_terminal
from loglens.model.plain_text import safe, shorten
from loglens.model.report import Judged, Unread
from loglens.pipeline.session import Results

if TYPE_CHECKING:
    from rich.progress import Progress

#: Seconds after which the bar appears; what is faster needs none.
PATIENCE = 1.0


@contextmanager
def tracker(quiet: bool) -> Iterator[Callable[[Results, int], Results]]:
    """Provide a function that passes the results of a session through and shows each run as it is done."""
    with ExitStack() as stack:
        yield lambda results, total: stack.enter_context(progress_bar(total, quiet))(results, _name)


def _name(result: tuple[int, list[Judged]]) -> str:
    return next((item.run for item in result[1] if not isinstance(item, Unread)), "reading")


@contextmanager
def progress_bar(total: int, quiet: bool = False) -> Iterator[Callable[..., Iterator[Any]]]:
    """Provide a function that passes items through and counts them on a progress bar.

    Its second argument, if given, names an item for the bar. Nothing is shown where standard error is no terminal.
    """
    if quiet or not is_terminal(sys.stderr):
        yield lambda items, _=None: iter(items)
        return
    progress = _bar()
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


def _bar() -> Progress:
    """A bar with the item's name, how many are done, the rate, the time taken and the time left."""
    from rich import progress  # slow to load, and needed at a terminal only
    from rich.console import Console
    from rich.text import Text

    class Rate(progress.ProgressColumn):
        def render(self, task: progress.Task) -> Text:
            return Text(f"{task.speed:.3g}/s" if task.speed else "", style="progress.data.speed")

    return progress.Progress(
        progress.SpinnerColumn(style="color(31)"),
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=20, complete_style="color(31)", finished_style="color(31)"),
        progress.MofNCompleteColumn(),
        Rate(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("left", style="progress.remaining"),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True, highlight=False),
        transient=True,
    )
