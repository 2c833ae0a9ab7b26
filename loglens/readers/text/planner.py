"""Work out, for one form of line, which of its numbers are counters and which are values of what name."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from loglens.readers.text import crash_lines, prefixes
from loglens.readers.text.cell_names import MEASURES, Cell, cells, is_counter, own_split, split_word
from loglens.readers.text.generic_lines import generic
from loglens.readers.text.line_plan import LinePlan, Value, values_of
from loglens.readers.text.mlperf_lines import mlperf
from loglens.readers.text.patterns import Pattern, patterns
from loglens.readers.text.ranks import rank_of
from loglens.readers.text.templates import MARK

#: A line longer than this is read up to here.
MAX_LENGTH = 16_000
#: Plans of so many templates of so many bytes are remembered: a file is looked at before it is read, and the runs
#: of one trainer print lines of the same forms.
_MAX_PLANS, _SHORT = 8192, 512


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


@lru_cache(_MAX_PLANS)
def _cached_plan(template: bytes) -> LinePlan | None:
    return _make_plan(template)


def _make_plan(template: bytes) -> LinePlan | None:
    text = template[:MAX_LENGTH].decode("utf-8", "replace").rstrip()
    raw = crash_lines.kind(text)
    if raw:
        return LinePlan("fatal", raw=raw)
    is_mlperf, plan = mlperf(text)
    if is_mlperf:
        return plan
    stamp, comma, at = prefixes.stamp(text)
    first = prefixes.after_logger(text, at)
    begin, plan = _message(text, first)
    if not plan:
        return None
    rank, ranked = rank_of(text, begin, first, (plan.step, plan.epoch, *(value.slot for value in plan.values)))
    return replace(plan, stamp=stamp, comma=comma, rank=rank, ranked=ranked)


def _message(text: str, at: int) -> tuple[int, LinePlan | None]:
    """The plan of a line whose message begins at a place or, behind further tags, after it; and where it begins."""
    begins = [at]
    if (further := prefixes.after_tags(text, at)) > at:
        begins.append(further)
    if lead := prefixes.NUMBERED.match(text, begins[-1]):
        begins.append(lead.end())
    plan = None
    for begin in begins:
        body = text[begin:]
        plan = _known(body, _lower(body))
        if plan and not (begin > further and _uncounted(plan)):
            break
    else:
        begin = further
        body = text[begin:]
        plan = generic(body, _lower(body))
        if plan and plan.values and not plan.label:
            plan = replace(plan, label=prefixes.last_tag(text, at, further))
    return begin, _moved(plan, text.count(MARK, 0, begin)) if plan else None


def _uncounted(plan: LinePlan) -> bool:
    """Whether a line is known by its values alone: then a number before it ("[2000] valid_loss=4.3") is its counter."""
    return "telling" in plan.words and plan.step < 0 and plan.epoch < 0


def _moved(plan: LinePlan, by: int) -> LinePlan:
    """A plan for a line with so many more numbers before."""
    step, epoch, total = (slot + by if slot >= 0 else -1 for slot in (plan.step, plan.epoch, plan.total))
    values = tuple(replace(value, slot=value.slot + by) for value in plan.values)
    return replace(plan, values=values, step=step, epoch=epoch, total=total)


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
        return replace(base, section=split or ("" if "box" in words else "train"))
    if "group" in words:
        return replace(base, section=f"{body[found.start('key') : found.end('key')]}/")
    if "opens" in words:
        base = replace(base, section=split or "train")
    axis = _axis(words)
    if "value" in slots:
        key = body[found.start("key") : found.end("key")].strip().replace(MARK, "#")
        if "own" in words:
            split, key = own_split(key)
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
    values = values_of([*named, *listed], split, axis, words)
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
