"""Work out, for one form of line, which of its numbers are counters and which are values of what name."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from loglens.readers.text import crash_lines
from loglens.readers.text.cell_names import MEASURES, Cell, cells, counter, is_counter, split_word
from loglens.readers.text.patterns import MLLOG, MLLOG_STEP, MLPERF_EARLY, MLPERF_EARLY_EPOCH, SURE, Pattern, patterns
from loglens.readers.text.templates import MARK

#: A line longer than this is read up to here.
LONGEST = 16_000
#: Plans of so many templates of so many bytes are remembered: a file is looked at before it is read, and the runs
#: of one trainer print lines of the same forms.
_MOST, _SHORT = 8192, 512
_STAMP = re.compile(r"[^\0]{0,40}?(?:\0[^\0]{1,20}){0,2}?\0([-/])\0\1\0[ _,-]{1,2}\0:\0:\0(?P<comma>,\0)?")
_PREFIX = re.compile(
    r"(?:(?:[^{\0]{0,60}?\0)?[^{\0]{0,60}?\b(?:INFO|DEBUG|WARNING|WARN|ERROR|CRITICAL)\b(?:\|[\w.]{1,40}:\0)?[\]\s:|-]*"
    r"(?:\[?[\w.]{1,60}:(?:[\w.<>]{1,60}:\0|\0:[\w.<>]{1,60})(?:\]| -)\s?)?(?:\[Rank \0\] ?)?"
    r"|\[?\0/\0 \0:\0:\0(?: [AP]M| [\w.]{1,60}\]:?)?"
    r"|\[[\w.:-]{0,20}\0?\]:(?:\[[\w.]{1,20}\])?)[\s\]-]*"
)
_LEAD = re.compile(r"(?:[\s\])]|-(?=\s))*")
_SETTER = re.compile(r"[-=*#>+ ]*epoch ?:?=? ?\[?\0")

#: What MLPerf's first rounds measure; "opt_...", "model_hp_..." and targets are settings.
_MLPERF_RESULT = re.compile(r"(?:eval|train)_(?!hp_|target)")


@dataclass(frozen=True, slots=True)
class Value:
    """A slot that holds a value. axis: what its step counts. when: 0 always, 1 at the end of a pass, 2 before."""

    slot: int
    tag: str
    axis: str
    when: int = 0
    section: bool = False


@dataclass(frozen=True, slots=True)
class LinePlan:
    """What to take from the lines of one template; slots are numbers of numbers in the line, -1 for none.

    stamp: slot of the year; comma: whether milliseconds follow. millis, seconds: slot of a Unix
    time in that unit. family: lines that share a counter. section: what
    the lines from here on are of, a split of the data or, with "/" behind it, a group of the rows of a table.
    """

    family: str
    words: frozenset[str] = frozenset()
    step: int = -1
    epoch: int = -1
    total: int = -1
    stamp: int = -1
    comma: bool = False
    millis: int = -1
    seconds: int = -1
    section: str = ""
    values: tuple[Value, ...] = ()
    raw: str = ""

    @property
    def sure(self) -> bool:
        return self.family.partition("/")[0] in SURE


@lru_cache(1)
def _table() -> tuple[Pattern, ...]:
    return patterns()


@lru_cache(1)
def _bare_table() -> tuple[Pattern, ...]:
    """The patterns of lines without a number."""
    return tuple(pattern for pattern in _table() if pattern.words & {"section", "restart", "rule", "group"})


def plan_of(template: bytes) -> LinePlan | None:
    """The plan for the lines of a template; None for lines that say nothing of training."""
    return _cached_plan(template) if len(template) <= _SHORT else _make_plan(template)


@lru_cache(_MOST)
def _cached_plan(template: bytes) -> LinePlan | None:
    return _make_plan(template)


def _make_plan(template: bytes) -> LinePlan | None:
    text = template[:LONGEST].decode("utf-8", "replace").rstrip()
    raw = crash_lines.kind(text)
    if raw:
        return LinePlan("fatal", raw=raw)
    if ":::MLL" in text and (found := MLLOG.search(text[:2000])):
        return _mllog(text, found)
    if ":::ML" in text and (found := MLPERF_EARLY.search(text[:2000])):
        return _mlperf_early(text, found)
    stamp, comma, at = _stamp(text)
    if prefix := _PREFIX.match(text, at):
        at = prefix.end()
    if lead := _LEAD.match(text, at):
        at = lead.end()
    body, offset = text[at:], text.count(MARK, 0, at)
    low = _lower(body)
    plan = _known(body, low) or _generic(body, low)
    if plan is None:
        return None
    step, epoch, total = (slot + offset if slot >= 0 else -1 for slot in (plan.step, plan.epoch, plan.total))
    values = tuple(replace(value, slot=value.slot + offset) for value in plan.values)
    return replace(plan, stamp=stamp, comma=comma, values=values, step=step, epoch=epoch, total=total)


def _stamp(text: str) -> tuple[int, bool, int]:
    """The slot of the first number of a date and time, whether milliseconds follow, and where it ends."""
    found = _STAMP.match(text)
    if not found:
        return -1, False, 0
    comma = found["comma"] is not None
    return text.count(MARK, 0, found.end()) - 6 - comma, comma, found.end()


def _lower(text: str) -> str:
    """In lower case, letter for letter."""
    low = text.lower()
    return low if len(low) == len(text) else text.encode("utf-8", "replace").lower().decode("utf-8", "replace")


def _known(body: str, low: str) -> LinePlan | None:
    for pattern in _table() if MARK in body else _bare_table():
        found = pattern.find(low)
        if found and (plan := _fit(pattern, body, found)):
            return plan
    return None


def _fit(pattern: Pattern, body: str, found: re.Match[str]) -> LinePlan | None:
    """The plan that a pattern of the table makes of a line."""
    words, groups = pattern.words, found.groupdict()
    if "split" in groups:
        words |= {"given"}
    slots = {name: body.count(MARK, 0, found.start(name)) for name, text in groups.items() if text == MARK}
    split = _split(groups.get("split"))
    step, epoch, total = (slots.get(name, -1) for name in ("step", "epoch", "total"))
    base = LinePlan(f"{pattern.name}/{split}", words, step=step, epoch=epoch, total=total)
    if words & {"set", "rule", "restart", "bar"} or (pattern.name == "coqui" and "carry" not in words):
        return replace(base, section=split or "train")
    if "group" in words:
        return replace(base, section=f"{body[found.start('key') : found.end('key')]}/")
    if "opens" in words:
        base = replace(base, section=split or "train")
    axis = _axis(words)
    if "value" in slots:
        key = body[found.start("key") : found.end("key")].strip()
        key = f"{split}/{key}" if split else key
        return replace(base, values=(Value(slots["value"], key, "table" if "table" in words else axis),))
    named = [
        Cell(slot, name[1:].replace("train_loss", "loss").replace("val_loss", "loss"), _named_split(name), -1)
        for name, slot in slots.items()
        if name[0] == "v"
    ]
    taken = frozenset(slots.values())
    prefix = groups.get("prefix")
    listed = [] if "alone" in words else cells(body, taken, whole="cells" in words, bare=pattern.name != "bar")
    listed = [cell for cell in listed if not is_counter(cell.key)]
    if prefix:
        listed = [_fairseq(cell, prefix, json="{" in body) for cell in listed]
    if "telling" in words and not any(MEASURES.search(cell.key) for cell in listed):
        return None
    values = _values([*named, *listed], split, axis, words)
    return replace(base, values=values) if values else None


def _fairseq(cell: Cell, prefix: str, *, json: bool) -> Cell:
    """The tag of a value as fairseq's own JSON has it, whichever of its formats it was printed in."""
    key = cell.key if not cell.split else f"{prefix}_{cell.key}"
    return Cell(cell.slot, key if json or prefix == "train_inner" else f"{prefix}_{key}", "", -1)


def _axis(words: frozenset[str]) -> str:
    if "samples" in words:
        return "samples"
    if "log" in words:
        return "log"
    return "epoch" if words & {"epoch", "final"} and "carry" not in words else "step"


def _split(group: str | None) -> str:
    if group is None:
        return ""
    word = re.match(r"[A-Za-z]*", group)
    return split_word(word[0]) if word and split_word(word[0]) else "val"


def _named_split(name: str) -> str:
    return {"vtrain_loss": "train", "vval_loss": "val"}.get(name, "")


def _values(listed: list[Cell], split: str, axis: str, words: frozenset[str]) -> tuple[Value, ...]:
    values: dict[tuple[str, str, int], Value] = {}

    def add(slot: int, tag: str, axis: str, when: int = 0) -> None:
        values.setdefault((tag, axis, when), Value(slot, tag, axis, when, "section" in words))

    for cell in listed:
        key = re.sub(r" value$", "", cell.key).strip()
        side = (split or cell.split) if "given" in words else (cell.split or split)
        key = f"{key} all" if "all" in words else key
        tag = f"{side}/{key}" if side and not key.startswith(f"{side}_") else key
        if "keras" in words:
            add(cell.slot, tag, "epoch", 1)
            add(cell.slot, f"running/{tag}", "step", 2)
        elif "final" in words:
            add(cell.running if cell.running >= 0 else cell.slot, tag, axis, 1)
        elif "mean" in words and cell.running >= 0:
            add(cell.running, tag, axis)
        else:
            add(cell.slot, tag, axis)
            if cell.running >= 0:
                add(cell.running, f"{tag}_running", axis)
    return tuple(values.values())


def _generic(body: str, low: str) -> LinePlan | None:
    """A line that no trainer of the table prints: it counts steps or epochs, and measures something."""
    step, epoch = counter(low, "step"), counter(low, "epoch")
    if step is None and epoch is None:
        return None
    taken = frozenset(slot for each in (step, epoch) if each for slot in (each.slot, each.total) if slot >= 0)
    first = min(each.start for each in (step, epoch) if each)
    lead = re.match(r"\W*(train|training|val|valid|validation|validate|eval|evaluation|test)\b", low[:first])
    split = split_word(lead[1]) if lead else ""
    listed = [cell for cell in cells(body, taken, whole=False, bare=False) if not is_counter(cell.key)]
    if not any(MEASURES.search(cell.key) for cell in listed):
        return LinePlan("generic/", frozenset({"set"}), epoch=epoch.slot) if epoch and _SETTER.match(low) else None
    values = _values(listed, split, "step" if step else "epoch", frozenset())
    counts = LinePlan(f"generic/{split}", values=values, epoch=epoch.slot if epoch else -1)
    return counts if step is None else replace(counts, step=step.slot, total=step.total)


def _mllog(text: str, found: re.Match[str]) -> LinePlan | None:
    """A line of MLPerf: a value at an epoch, or else a parameter of the run."""
    millis = text.count(MARK, 0, found.start("time"))
    counted = MLLOG_STEP.search(text, found.end())
    if found["value"][0] not in "\0{":
        return LinePlan("mllog/", raw="param")
    if counted is None:
        return LinePlan("mllog/", raw="param") if found["value"] == MARK else None
    axis = {"epoch_num": "epoch", "samples_count": "samples"}.get(counted["axis"], "step")
    at = text.count(MARK, 0, counted.start("step"))
    start = text.count(MARK, 0, found.start("value"))
    values: tuple[Value, ...] = (Value(start, found["key"], axis),)
    if found["value"] != MARK:
        inner = cells(found["value"], frozenset(), whole=False, bare=False)
        values = tuple(Value(start + cell.slot, f"{found['key']}/{cell.key}", axis) for cell in inner)
    plan = LinePlan("mllog/", values=values, millis=millis)
    return replace(plan, epoch=at) if axis == "epoch" else replace(plan, step=at)


def _mlperf_early(text: str, found: re.Match[str]) -> LinePlan | None:
    """A line of MLPerf's first rounds: an epoch begins, a result of an epoch, or else a parameter of the run.

    A result carries its epoch inside its value, or belongs to the epoch that began last.
    """
    key, value = found["key"], found["value"]
    start = text.count(MARK, 0, found.start("value"))
    seconds = text.count(MARK, 0, found.start("seconds"))
    if key == "train_epoch" and value == MARK:
        return LinePlan("mlperf/", frozenset({"set"}), epoch=start, seconds=seconds)
    counted = MLPERF_EARLY_EPOCH.search(value)
    if value == MARK and _MLPERF_RESULT.match(key) and MEASURES.search(key):
        return LinePlan("mlperf/val", values=(Value(start, key, "epoch"),), seconds=seconds)
    if not counted:
        return LinePlan("mlperf/", raw="param") if value == MARK else None
    epoch = start + value.count(MARK, 0, counted.start("epoch"))
    inner = cells(value, frozenset({epoch - start}), whole=False, bare=False)
    values = tuple(
        Value(start + cell.slot, key if cell.key == "value" else f"{key}/{cell.key}", "epoch")
        for cell in inner
        if cell.key != "target" and not key.endswith("_size") and not is_counter(cell.key)
    )
    return LinePlan("mlperf/val", values=values, epoch=epoch, seconds=seconds)
