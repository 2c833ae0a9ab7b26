"""Find the part of the data (train, val), or the group of a table's rows, that each line belongs to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from loglens.readers.text.line_plan import Value
from loglens.readers.text.line_records import LineRecords, forward_fill
from loglens.stats.arrays import Ints

HELD_OUT = frozenset({"val", "test"})


class Sections(NamedTuple):
    """The names of the sections, and the index of each record's into them."""

    names: list[str]
    inside: Ints


def sections_of(records: LineRecords) -> Sections:
    """The section of each record: what the last line said that names one, train before it."""
    names = list(dict.fromkeys(["train", *(plan.section for plan in records.plans)]))
    code = np.array([names.index(plan.section) if plan.section else np.nan for plan in records.plans], np.float64)
    said = code[records.plan]
    # "Validation:" and then "[Epoch: 3]": the counter says nothing of the data
    heading = np.array([plan.section in HELD_OUT and plan.step < 0 and plan.epoch < 0 for plan in records.plans], bool)
    said[1:][records.has("unsaid")[1:] & heading[records.plan][:-1]] = np.nan
    return Sections(names, np.nan_to_num(forward_fill(said), nan=0.0).astype(np.int64))


def within(section: str, value: Value) -> str:
    """The tag of a value inside a section: rows of a table take its group, other lines a split that is not train."""
    if section.endswith("/"):
        return section + value.tag if value.axis == "table" else value.tag
    return f"{section}/{value.tag}" if value.section and section != "train" else value.tag
