"""The exit codes of the commands."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """Exit code of a command; the last two are those that shells use for Ctrl-C and for kill."""

    OK = 0
    FOUND = 1  # findings at or above the severity that fails the gate
    BAD_INPUT = 2  # usage, configuration, plugin, or no path could be read
    NOT_JUDGED = 3  # read, but nothing could be judged, or not healthy where that is required
    INTERNAL = 4  # loglens itself failed
    INTERRUPTED = 130
    TERMINATED = 143
