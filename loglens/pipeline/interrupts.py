"""Handle signals: SIGTERM ends a command as Ctrl-C does, and both can be deferred to the end of a block."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Terminated(KeyboardInterrupt):
    """Raised on SIGTERM."""


class Lost(KeyboardInterrupt):
    """Raised where what does the work is gone; the message says what. What was judged is reported, as after Ctrl-C."""


#: Whether this process runs a command and nothing else, so that a SIGINT may end it.
_of_command = False
#: As shells have it for Ctrl-C.
_INTERRUPTED = 128 + signal.SIGINT


def process_of_command() -> None:
    """Say that this process runs a command alone. Until `raise_on_signals` a SIGINT ends it at once.

    Nothing has begun, and a KeyboardInterrupt in the middle of an import may come out as exit code 1.
    """
    global _of_command
    _of_command = True
    end_on_sigint()


def end_on_sigint() -> None:
    """End the process of a command at once on SIGINT: there is nothing to clean up."""
    if _of_command and signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, None):
        signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))


def raise_on_signals() -> None:
    """Raise `Terminated` on SIGTERM and KeyboardInterrupt on SIGINT, so that files and workers are cleaned up."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _raise)
        if _of_command and signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, None):
            signal.signal(signal.SIGINT, signal.default_int_handler)


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
