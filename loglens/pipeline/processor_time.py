"""An end to the processor time of a block of code, where the system can tell it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class OutOfTime(BaseException):
    """Raised in the midst of a block that takes too long; the message says how long."""


@contextmanager
def processor_time(seconds: int) -> Iterator[None]:
    """Raise OutOfTime after so many seconds of processor time of this process. Only the main thread can be stopped."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_: int, __: FrameType | None) -> None:
        raise OutOfTime(f"not finished in {seconds:,} seconds of processor time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
