"""What `watch` says: one event, as a line for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from loglens.model.finding import Severity
from loglens.model.numbers import number
from loglens.model.plain_text import safe, shorten
from loglens.model.strict_json import dumps, to_ascii

#: What can happen: a run is met, a finding is sure, it has gone away, a file lost what was in it, a run stands still,
#: moves again, was over before the watch began, cannot be read.
KINDS = ("run", "found", "gone", "file", "still", "moving", "over", "unread")
#: Of these somebody wants to hear who does not look.
NOTABLE = frozenset({"found", "gone", "still"})
#: Characters of a run's name and of a message in a line.
NAME, MESSAGE = 80, 400


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a run. time: Unix seconds. finding: as in the JSON report."""

    kind: str
    run: str
    time: float
    message: str
    path: str = ""
    step: int | None = None
    axis: str = "step"
    severity: Severity | None = None
    condition: str | None = None
    verdict: str | None = None
    finding: dict[str, Any] | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """The event as strict JSON."""
        return {
            "event": self.kind,
            "time": round(self.time, 3),
            "run": self.run,
            "path": self.path,
            "step": self.step,
            "severity": None if self.severity is None else str(self.severity),
            "condition": self.condition,
            "verdict": self.verdict,
            "message": self.message,
            "finding": self.finding,
        }

    def as_json(self) -> str:
        """The event as one line of JSON, with the line break."""
        return to_ascii(dumps(self.as_dict()))

    def line(self) -> str:
        """The event as one line of text that is safe to show."""
        clock = datetime.fromtimestamp(self.time).astimezone().strftime("%H:%M:%S")
        step = "" if self.step is None else f" {safe(self.axis)} {number(self.step)}"
        word = str(self.severity) if self.kind == "found" else self.kind
        return f"{clock} {word}: {shorten(safe(self.run), NAME)}{step}: {shorten(safe(self.message), MESSAGE)}"
