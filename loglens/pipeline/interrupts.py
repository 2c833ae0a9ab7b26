"""Handle signals: SIGTERM ends a command as Ctrl-C does, and both can be deferred to the end of a block."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Terminated(KeyboardInterrupt):
    """Raised on SIGTERM."""


class Lost(KeyboardInterrupt):
    """Raised where what does the work is gone; the message says what. What was judged is reported, as after Ctrl-C."""


def raise_on_sigterm() -> None:
    """From now on raise `Terminated` on SIGTERM, so that temporary files and workers are cleaned up."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _raise)


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Defer a SIGINT or SIGTERM until the block is done; a second one is not deferred."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []

    def hold(number: int, _: object) -> None:
        if caught:
            _raise(number)
        caught.append(number)

    before = {number: signal.signal(number, hold) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if caught:
        _raise(caught[0])


def _raise(number: int, _: object = None) -> None:
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
