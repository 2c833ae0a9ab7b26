"""NVIDIA's dllogger: lines of "DLLL" and an object, whose step says by its length what the line is about.

[epoch, iteration] is training, [epoch] the end of an epoch, [epoch, iteration, validation iteration] a batch of
validation, [] the summary of the run; "PARAMETER" are its settings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from loglens.readers.files.json_file import flatten
from loglens.readers.tables.step_axis import Axis, row_axis
from loglens.readers.tables.table import Rows, Table

PREFIX = "DLLL "
_PARAMETER = "PARAMETER"
_COUNTERS = ("epoch", "iteration", "validation_iteration")


def is_log(text: str) -> bool:
    """Whether the whole lines of a file's head, of which there is one at least, are dllogger's."""
    lines = [line for line in text.split("\n")[:-1] if line.strip()]
    return bool(lines) and all(line.startswith(PREFIX + "{") for line in lines)


def tables(objects: Iterable[dict[str, Any]]) -> tuple[list[tuple[Table, Axis | None]], dict[str, Any]]:
    """The table of training and the ends of epochs, that of the batches of validation, and the settings.

    The end of an epoch stands at the iteration before it. A batch of validation is no step of the optimizer.
    """
    training, batches = Rows(), Rows()
    params: dict[str, Any] = {}
    iteration: float | None = None
    for row in objects:
        step, data = row.get("step"), row.get("data")
        if not isinstance(data, dict):
            continue
        numbers, strings = flatten(data, "/")
        if step == _PARAMETER:
            params |= numbers | {key: word for key, word in strings.items() if len(word) < 200}
        counters = _counters(step)
        if not counters or not numbers:
            continue
        iteration = counters.get("iteration", iteration)
        stamp = _stamp(row.get("timestamp"))
        if len(counters) == len(_COUNTERS):
            batches.add(stamp | {f"batches/{key}": value for key, value in numbers.items()})
            continue
        if iteration is not None:
            counters["iteration"] = iteration
        training.add(counters | stamp | numbers)
    found: list[tuple[Table, Axis | None]] = [(training.table(), None)] if training.height else []
    if batches.height:
        table = batches.table()
        found.append((table, row_axis(table, "batch")))
    return found, params


def _counters(step: Any) -> dict[str, float]:
    """The counters of a line by name; a number that stands alone is a step."""
    if isinstance(step, int) and not isinstance(step, bool):
        return {"step": step}
    if not isinstance(step, list) or not all(type(each) is int and abs(each) < 2**53 for each in step):
        return {}
    return dict(zip(_COUNTERS, step, strict=False))


def _stamp(value: Any) -> dict[str, float]:
    """The time of a line, Unix seconds that are written as a string."""
    try:
        return {"timestamp": float(value)}
    except (TypeError, ValueError):
        return {}
