"""What MLPerf's logging lines hold: values at an epoch, and parameters of the run."""

from __future__ import annotations

import re
from dataclasses import replace

from loglens.readers.text.cell_names import MEASURES, cells, is_counter
from loglens.readers.text.line_plan import LinePlan, Value
from loglens.readers.text.templates import MARK

#: MLPerf: the value has its name under "key" and its counter in "metadata".
_LOG = re.compile(
    r':::MLL\w*[^{]{0,60}\{.*"time_ms": ?(?P<time>\0).*"key": ?"(?P<key>\w+)", ?"value": ?'
    r'(?P<value>\0|\{[^{}]*\}|"[^"]*"|[a-z]+)'
)
#: MLPerf's first two rounds: ":::MLPv0.5.0 model seconds (file:line) key: value", the value a number or JSON.
_EARLY = re.compile(r":::ML[LP]v[\w.]+ \S+ (?P<seconds>\0) \([^()]*\) (?P<key>\w+): (?P<value>\0$|\{[^{}]*\}$|.)")
_EARLY_EPOCH = re.compile(r'"epoch(?:_num)?": ?(?P<epoch>\0)')
_STEP = re.compile(r'"(?P<axis>epoch_num|samples_count|step_num|iteration|current_iter_num)": ?(?P<step>\0)')
_ALONE = re.compile(r'\{"value": ?(?P<value>\0)\}')
_EARLY_STEP = re.compile(r'"(?:iteration|global_step|step)": ?(?P<step>\0)')

#: What MLPerf's first rounds measure; "opt_...", "model_hp_..." and targets are settings.
_RESULT = re.compile(r"(?:eval|train)_(?!hp_|target)")
#: So much of a line is looked at; the key of a value stands near its begin.
_HEAD = 2000


def mlperf(text: str) -> tuple[bool, LinePlan | None]:
    """Whether the template of a line is one of MLPerf, and its plan."""
    if ":::MLL" in text and (found := _LOG.search(text[:_HEAD])):
        return True, _mllog(text, found)
    if ":::ML" in text and (found := _EARLY.search(text[:_HEAD])):
        return True, _early(text, found)
    return False, None


def _mllog(text: str, found: re.Match[str]) -> LinePlan | None:
    """A line of MLPerf: a value at an epoch, or else a parameter of the run."""
    millis = text.count(MARK, 0, found.start("time"))
    counted = _STEP.search(text, found.end())
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


def _early(text: str, found: re.Match[str]) -> LinePlan | None:
    """A line of MLPerf's first rounds: an epoch begins, a result of an epoch, or else a parameter of the run.

    A result carries its epoch inside its value, or belongs to the epoch that began last.
    """
    key, value = found["key"], found["value"]
    start = text.count(MARK, 0, found.start("value"))
    seconds = text.count(MARK, 0, found.start("seconds"))
    if key == "train_epoch" and value == MARK:
        return LinePlan("mlperf/", frozenset({"set"}), epoch=start, seconds=seconds)
    counted = _EARLY_EPOCH.search(value)
    if value == MARK and _RESULT.match(key) and MEASURES.search(key):
        return LinePlan("mlperf/val", values=(Value(start, key, "epoch"),), seconds=seconds)
    if not counted and (alone := _ALONE.fullmatch(value)):
        at = start + value.count(MARK, 0, alone.start("value"))
        return LinePlan("mlperf/", values=(Value(at, key, "row"),), seconds=seconds)
    if not counted:
        return LinePlan("mlperf/", raw="param") if value == MARK else None
    epoch = start + value.count(MARK, 0, counted.start("epoch"))
    within = _EARLY_STEP.search(value)
    step = start + value.count(MARK, 0, within.start("step")) if within else -1
    inner = cells(value, frozenset({epoch - start, step - start}), whole=False, bare=False)
    values = tuple(
        Value(start + cell.slot, key if cell.key == "value" else f"{key}/{cell.key}", "step" if within else "epoch")
        for cell in inner
        if cell.key != "target" and not key.endswith("_size") and not is_counter(cell.key)
    )
    return LinePlan("mlperf/val", values=values, step=step, epoch=epoch, seconds=seconds)
