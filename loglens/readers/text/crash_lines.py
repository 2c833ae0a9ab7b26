"""Find the lines of a log that say how the run crashed."""

from __future__ import annotations

import re

from loglens.model.run_end import SURVIVED
from loglens.model.source import Note
from loglens.readers.text.templates import MARK

_FATAL = re.compile(
    r"cuda out of memory|outofmemoryerror|cuda error:|cublas_status_\w*failed|device-side assert triggered"
    r"|xla.{0,40}resource_exhausted|nccl.{0,80}(?:timeout|timed out|unhandled)|out of memory|\boom[-_ ]?kill"
    r"|watchdog caught collective operation timeout|dataloader worker.{0,60}(?:killed|exited)|bus error"
    r"|floatingpointerror|loss became infinite or|minimum loss scale reached|current loss scale already at minimum"
    r"|: line \0: +\0 (?:killed|aborted|terminated|segmentation fault)\b"
    r"|the histogram is empty, please file|^\W*(?:killed|aborted|terminated|segmentation fault)\b"
    r"|due to (?:time limit|preemption|node failure)|cancelled at|sigterm\b.{0,20}(?:received|exiting)"
    r"|(?:received|got|caught|sent|by) (?:signal )?sig(?:term|kill|segv|abrt|int)|signal.{0,20}sigterm"
    r"|exitcode ?: -?\0|keyboard ?interrupt detected",
)
_WORDS = tuple(
    """memory oom cuda error cublas assert resource_exhausted nccl timeout killed exited floatingpoint infinite
    minimum histogram aborted terminated bus segmentation due cancelled sig exitcode interrupt""".split()
)
_LAST = re.compile(
    r"(?:\[[\w: ]{0,20}\0?\]: ?|\w{0,12}\0: )?[A-Za-z_][\w.]{0,120}"
    r"(?:Error|Exception|Interrupt|Exit|Failed|Timeout)(?::|$)"
)
_TRACEBACK = "Traceback (most recent call last)"
#: At most this many notes a file; one cause repeats on every worker.
MAX_NOTES = 12


def kind(template: str) -> str:
    """ "fatal", "traceback", "exception" (what may end a traceback), or "" for any other line."""
    if _TRACEBACK in template:
        return "traceback"
    head = template[:400].strip()
    low = head.lower()
    if not any(word in low for word in (*_WORDS, "exception", "exit", "failed")):
        return ""
    if _LAST.match(head):
        return "exception"
    return "fatal" if _FATAL.search(low) and not low.startswith("raise ") else ""


class CrashLines:
    """Collects the lines that say how a run crashed, in order and without repetitions."""

    def __init__(self) -> None:
        self.notes: list[tuple[int, str]] = []
        self._open = False
        self._seen: set[str] = set()
        self._more, self._last_more = 0, 0

    def add(self, kind: str, line: int, text: str) -> None:
        if kind == "traceback":
            self._open = True
            return
        if kind == "exception" and not self._open and not _FATAL.search(text[:400].lower()):
            return
        self._open = False
        text = re.sub(r"^\s*\[[\w: ]{0,30}\]:\s*", "", text).strip()
        plain = re.sub(r"\d+", MARK, text[:80])
        if plain in self._seen:
            return
        if len(self.notes) >= MAX_NOTES:
            self._more += 1
            self._last_more = line
            return
        self._seen.add(plain)
        self.notes.append((line, text if len(text) <= 160 else text[:157] + "..."))

    @property
    def found(self) -> bool:
        return bool(self.notes)

    def as_notes(self, file: str, last: int) -> list[Note]:
        """Notes of them. last: the last line with values, after which nothing was trained."""
        notes = [
            Note("crash", f"line {line}: {text}" + (f"; {SURVIVED}" if last > line else ""), file)
            for line, text in self.notes
        ]
        if self._more:
            survived = f"; {SURVIVED}" if last > self._last_more else ""
            notes.append(Note("crash", f"{self._more} more such lines{survived}", file))
        return notes
