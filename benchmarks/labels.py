"""What is known of labelled runs: three forms of labels.json in one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

#: The names of the two halves of a set.
HALVES = ("looked at", "held out")
#: Facts of the log: no complaint on a healthy run, and a right answer only where the label asks for them.
FACTS = frozenset({"restart", "truncated-log"})
#: Stands for every name.
ANY = "*"


@dataclass(frozen=True)
class Label:
    """What is known of a run.

    first: names accepted as the first-ranked cause; ANY accepts every name. allowed: further names that are true of
    it. cause: the name under which the run is counted. errors_only: whether only an error counts as an answer.
    silence_is_right: whether it holds no training, so that reading nothing is right.
    """

    id: str
    failing: bool
    cause: str
    first: frozenset[str]
    allowed: frozenset[str] = frozenset()
    errors_only: bool = False
    silence_is_right: bool = False

    @property
    def half(self) -> str:
        """Half of the set, by a hash of the id, so that nobody chose it."""
        return HALVES[hashlib.sha1(self.id.encode(), usedforsecurity=False).digest()[0] % 2]

    def accepts(self, name: str) -> bool:
        """Whether a finding of this name is true of the run."""
        return name in self.first | self.allowed or ANY in self.first


def read_label(entry: dict[str, Any]) -> Label | None:
    """One entry of labels.json; None for a run that counts neither as healthy nor as failing.

    Three forms: `class`, an AlgoPerf run by how near it came to its target; `conditions` and `primary`, a small net
    with an injected fault or none; `healthy`, `expected` and `acceptable`, a log judged by a careful reader.
    """
    if "class" in entry:
        if entry["class"] not in ("reached", "catastrophic", "collapsed"):
            return None
        failing = entry["class"] != "reached"
        return Label(entry["id"], failing, entry["class"], _names([ANY] if failing else []), errors_only=True)
    if "conditions" in entry:
        return _injected(entry)
    first, failing = _names([*entry["expected"], *entry["acceptable"]]), not entry["healthy"]
    cause = next(iter(entry["expected"]), "healthy")
    return Label(entry["id"], failing, cause, first, silence_is_right=bool(entry.get("unread_ok")))


def _injected(entry: dict[str, Any]) -> Label:
    """The fault itself comes first, or any name of a group that the log cannot tell apart from it."""
    if not entry["primary"]:
        return Label(entry["id"], False, "healthy", frozenset())
    fault, conditions = _names([entry["primary"]]), entry["conditions"]
    groups = [_names(group) for group in conditions.get("must_any", [])]
    first = fault.union(*(group for group in groups if fault & group))
    allowed = _names([*conditions["must"], *conditions["may"]]).union(*groups)
    return Label(entry["id"], True, next(iter(fault)), first, allowed)


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.replace("_", "-") for name in names)
