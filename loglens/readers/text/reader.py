"""Console logs of trainers: Megatron, DeepSpeed, Composer, nanoGPT, llm.c, Keras, skorch and everyone's own loops."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.files.one_run_per_file import each_file
from loglens.readers.files.other_suffixes import OTHER_SUFFIXES
from loglens.readers.files.text_file import head
from loglens.readers.files.values import refuse
from loglens.readers.text.blocks import MAX_LENGTH, Blocks
from loglens.readers.text.curves import curves
from loglens.readers.text.line_collector import LineCollector
from loglens.readers.text.templates import normalise_spaces, to_template
from loglens.readers.text.unknown_logs import repeats_numbers
from loglens.readers.text.unread_lines import remark

FORMAT = "text"

_SUFFIXES = frozenset({"", ".log", ".txt", ".md", ".out", ".err", ".stdout", ".stderr", ".output", ".console"})
#: "train.log.1", "job.o12345": a number behind the suffix, of a rotated log or of a queue's job.
_NUMBERED = re.compile(r"\.(?:log|txt|out|err|[oe])\.?-?\d+$", re.I)
_NO_LOGS = re.compile(
    r"^(?:requirements|readme|license|copying|notice|changelog|cmakelists|metadata|record|makefile|dockerfile)",
    re.I,
)
#: Texts in which a log may be pasted, but that are none.
_DOCUMENTS = frozenset({".md"})
#: How much is looked at, first a little, to decide whether a file is a log.
_PROBES = (8 << 10, 32 << 10)
_FEW = 3
#: So many values a document quotes from a log without being one.
_QUOTED = 10
#: "val.log", "metrics_validation.txt"
_HELD_OUT = re.compile(r"(?:^|[^a-z])(?:val|valid|validation|eval|evaluation)(?:[^a-z]|$)", re.I)
_SPLIT = re.compile(r"train|(?:^|[^a-z])(?:val|valid|validation|eval|test)(?:[^a-z]|$)", re.I)
_PARAM = re.compile(r'"key": ?"(\w+)", ?"value": ?("(?:[^"\\]|\\.)*"|[-+.\w]+)')
_MLPERF = re.compile(r"^.{0,60}?:::ML[LP]", re.M)
_EARLY_PARAM = re.compile(r":::ML[LP]v\S+ \S+ \S+ \([^()]*\) (\w+): ([-+.\w]+)$")


def sniff(path: Path) -> bool:
    """A file named like a log or a text, with several lines in it that hold a step and a metric.

    One that repeats lines with numbers is a log as well, if not one that can be read: it is refused by name.
    """
    suffix = path.suffix.lower()
    if suffix in OTHER_SUFFIXES or _NO_LOGS.match(path.name):
        return False
    if suffix not in _SUFFIXES and not _NUMBERED.search(path.name):
        return _is_log(head(path, _PROBES[-1]))
    document = suffix in _DOCUMENTS
    if any(_is_log(head(path, size), document=document) for size in _PROBES):
        return True
    if _is_log(middle := _middle(path), document=document):
        return True
    return not document and any(map(repeats_numbers, (head(path, _PROBES[-1]), middle)))


def home(path: Path, inside: frozenset[Path]) -> Path:  # noqa: ARG001 - as all readers
    """The file itself."""
    return path


def read(source: Source) -> Iterator[Run]:
    """One run a file."""
    yield from each_file(source, _run)


def _middle(path: Path) -> str:
    """A piece from the middle of a long file, whose head may hold nothing but settings."""
    try:
        size = path.stat().st_size
        if size <= _PROBES[-1] or not path.is_file() or not head(path):
            return ""
        with path.open("rb") as file:
            file.seek(size - _PROBES[-1] if size <= 2 * _PROBES[-1] else size // 2)
            data = file.read(_PROBES[-1])
    except OSError:
        return ""
    return data.partition(b"\n")[2].decode("utf-8", "replace")


def _is_log(text: str, *, document: bool = False) -> bool:
    """Whether a text is a log. A document quotes errors: there, only lines with numbers count."""
    if not text or text.startswith(("#!", "<?xml", "<!DOCTYPE")):
        return False
    if _MLPERF.search(text):
        return True
    collector = LineCollector(lambda _: None)
    collector.add(text.rpartition("\n")[0].encode("utf-8", "replace") or text.encode("utf-8", "replace"))
    if collector.sure:
        return True
    counted = collector.counted
    errors = 0 if document else 2 * collector.crashes.found
    quoted = _QUOTED if document else 0
    return (counted > 0 and counted + errors >= _FEW) or len(curves(collector)[0]) > max(counted, quoted)


def _run(source: Source, path: Path, name: str) -> Run:
    params = Params()
    collector = LineCollector(params.add)
    blocks = Blocks(path)
    before = b""
    size, read = path.stat().st_size, 0
    for block in blocks:
        read += len(block)
        collector.add(block, read / size)
        before = block
    notes: list[Note] = []
    if blocks.rest.strip():
        if _breaks_off(collector, blocks.rest, before):
            notes.append(
                Note("truncated", f"the file ends inside line {collector.lines + 1}: that line is left out", path.name)
            )
        else:
            collector.add(blocks.rest)
    columns, axes, remarks = _of_file(path, *curves(collector))
    if not len(columns):
        raise refuse(path, "text without a line that gives a step and a metric: not a training log that loglens knows")
    notes += [Note(kind, message, path.name) for kind, message in remarks]
    if blocks.skipped:
        count = f"{blocks.skipped} line{'s' if blocks.skipped > 1 else ''}"
        notes.append(Note("corrupt", f"{count} of more than {MAX_LENGTH >> 20} MiB skipped", path.name))
    if blocks.zeros:
        notes.append(
            Note("corrupt", f"{blocks.zeros} zero bytes in the text, as a machine crash leaves them", path.name)
        )
    if sessions := int(columns.session.max(initial=0)):
        notes.append(
            Note("restart", f"the log holds {sessions + 1} sessions: it started over {sessions} times", path.name)
        )
    if left_out := remark(collector.templates.unread.repeated()):
        notes.append(Note("unread-lines", left_out, path.name))
    notes += collector.crashes.as_notes(path.name, collector.last_value_line)
    return Run(name, source.path, FORMAT, columns, params=params.found, notes=tuple(notes), files=(path,), axes=axes)


def _of_file(
    path: Path, columns: Columns, axes: dict[str, str], remarks: tuple[tuple[str, str], ...]
) -> tuple[Columns, dict[str, str], tuple[tuple[str, str], ...]]:
    """The curves of a log; they are of the validation where its name says so, and none of theirs names a split."""
    held = _HELD_OUT.search(path.stem)
    if not held or any(map(_SPLIT.search, (*columns.tags, path.stem.replace(held[0], "", 1)))):
        return columns, axes, remarks
    tags = tuple(f"val/{tag}" for tag in columns.tags)
    return replace(columns, tags=tags), {f"val/{tag}": axis for tag, axis in axes.items()}, remarks


@dataclass
class Params:
    """Collects the parameters of the run that a log names."""

    found: dict[str, Any] = field(default_factory=dict)

    def add(self, text: str) -> None:
        if match := _PARAM.search(text) or _EARLY_PARAM.search(text):
            try:
                self.found[match[1]] = ast.literal_eval(match[2])
            except (ValueError, SyntaxError):
                return


def _breaks_off(collector: LineCollector, rest: bytes, before: bytes) -> bool:
    """Whether an unfinished last line is cut off before its last value ends."""
    if collector.ruled.breaks_off(rest):
        return True
    templates, numbers = to_template(normalise_spaces(rest))
    last = templates[-1].rstrip()
    if not last:
        return False
    if collector.templates[last] < 0 or not last.endswith(b"\0"):
        return len(last) > 2 and collector.templates.begins(last)
    usual = collector.number_of(last, before)
    places, usual_places = (len(number.partition(b".")[2]) for number in (numbers[-1], usual))
    return (b"e" not in usual.lower() and places < usual_places) or collector.templates.begins(last)
