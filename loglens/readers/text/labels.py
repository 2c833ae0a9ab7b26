"""Lines of one form that several parts of a run print in turn: "Striker. Step: 1000. Mean Reward: 0.2."."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from loglens.readers.text.line_plan import LinePlan
from loglens.readers.text.line_records import LineRecords
from loglens.readers.text.templates import MARK

_LABEL = re.compile(r"\W*([^\W\d][\w /@#-]{0,38}[\w)\]]|\w)\W*")
#: Of the places of one part so many are those of another, and so often it is met.
_SAME, _FEW = 0.5, 3


def label_of(before: str) -> str:
    """What stands before the first counter of a line, where it is a name; "" for none."""
    found = None if MARK in before else _LABEL.fullmatch(before)
    return found[1] if found else ""


def with_labels(records: LineRecords) -> LineRecords:
    """The records with the labels of their lines before the names of values, where labels take turns at each step.

    A label that comes alone, or at steps of its own, says nothing that tells a curve from another.
    """
    labelled = [i for i, plan in enumerate(records.plans) if plan.label]
    if len({records.plans[i].label for i in labelled}) < 2:
        return records
    plans = list(records.plans)
    for family in dict.fromkeys(plans[i].family for i in labelled):
        mine: dict[str, list[int]] = {}
        for i in labelled:
            if plans[i].family == family:
                mine.setdefault(plans[i].label, []).append(i)
        places = {label: _places(records, forms) for label, forms in mine.items()}
        tags = {label: {value.tag for i in forms for value in plans[i].values} for label, forms in mine.items()}
        for label, forms in mine.items():
            others = [other for other in mine if other != label and tags[other] & tags[label]]
            if any(_overlap(places[label], places[other]) for other in others):
                for i in forms:
                    plans[i] = _named(plans[i], label)
    return replace(records, plans=tuple(plans))


def _named(plan: LinePlan, label: str) -> LinePlan:
    values = tuple(replace(value, tag=f"{label}/{value.tag}") for value in plan.values)
    return replace(plan, values=values, family=f"{label}:{plan.family}")


def _places(records: LineRecords, forms: list[int]) -> set[tuple[float, float]]:
    rows = np.flatnonzero(np.isin(records.plan, forms))
    epoch, step = (np.nan_to_num(column[rows], nan=-1.0).tolist() for column in (records.epoch, records.step))
    return set(zip(epoch, step, strict=True))


def _overlap(one: set[tuple[float, float]], two: set[tuple[float, float]]) -> bool:
    least = min(len(one), len(two))
    return least >= _FEW and len(one & two) >= _SAME * least
