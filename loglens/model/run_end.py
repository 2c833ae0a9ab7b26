"""How a run ended, as far as the readers' notes say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from loglens.model.source import Note

#: Added by a reader to an error that training survived.
SURVIVED = "training went on after it"
#: Kinds of end and the words that tell them, the most telling first; the last one is any other end.
KINDS: Mapping[str, re.Pattern[str]] = {
    "numeric": re.compile(
        r"became infinite|infinite or nan|floatingpointerror|(?:minimum )?loss scale|float division by zero"
        r"|histogram is empty|loss (?:is|was|exploded)|nan\b|overflowerror",
        re.I,
    ),
    "memory": re.compile(r"out ?of ?memory|\boom\b|oom-kill|resource_exhausted|bad_alloc|memoryerror", re.I),
    "person": re.compile(r"keyboard ?interrupt|sigint|exit code (?:130|255)\b", re.I),
    "scheduler": re.compile(r"time limit|preempt|sigterm|terminated|cancelled|node failure|exit code 143\b", re.I),
    "communication": re.compile(r"nccl|gloo|collective|timed? ?out|connection|rendezvous|socket", re.I),
    "labels": re.compile(r"device-side assert|index out of|target \d+ is out of bounds|indexerror", re.I),
    "killed": re.compile(r"\bkilled|sigkill|sigsegv|segmentation|bus error|aborted|exit code (?:137|139)\b", re.I),
    "other": re.compile(""),
}
#: Kinds of end that are no error of the run: somebody or something else stopped it.
STOPPED = frozenset({"person", "scheduler"})


def end_notes(notes: Iterable[Note]) -> list[Note]:
    """The notes on an error, an exit code or a tracker's state with which a run ended."""
    return [note for note in notes if note.kind in ("crash", "failed") and SURVIVED not in note.message]


def kind_of_end(note: Note) -> str:
    """One of KINDS."""
    return next(kind for kind, pattern in KINDS.items() if pattern.search(note.message))
