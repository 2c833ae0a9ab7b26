"""A closed loop: train, log, ask what to change, change it, train again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import loglens
from loglens.model.finding import Severity

#: How often a remedy is tried.
ROUNDS = 3
#: What may remain of the way from the healthy twin's start to its end.
TOLERANCE = 0.12
#: Families of rules that judge the machine and the log, which training again on another machine says nothing about.
BESIDE = ("system", "log")

Action = dict[str, Any]
Recipe = Any
#: Actions in the order in which to try them, given a log and the logs before it, oldest first.
Adviser = Callable[[Path, Sequence[Path]], list[Action]]


class Patient(Protocol):
    """A faulty run that can be trained again after a change.

    recipe: how it is trained at first. twin: how its healthy twin is. group: the part of the benchmark it is of.
    """

    name: str
    group: str
    condition: str
    recipe: Recipe
    twin: Recipe

    def apply(self, recipe: Recipe, action: Action) -> Recipe | None:
        """The recipe after an action; None where a check finds nothing, or there is nothing to change."""
        ...

    def inherent(self) -> list[str]:
        """What loglens complains of in the healthy twin as well."""
        ...

    def rate(self, recipe: Recipe) -> float:
        """Its peak learning rate."""
        ...

    def textbook(self) -> Recipe | None:
        """The recipe after all that a textbook has against a fault that is known; None where it has nothing."""
        ...

    def train(self, recipe: Recipe) -> tuple[Path, float]:
        """The folder of its log, and the share of the twin's gain that it misses (infinite where it is NaN)."""
        ...


@dataclass
class Try:
    """One action, whether there was something to change, and how the run went then."""

    action: Action
    applied: bool
    gap: float | None = None
    left: list[str] = field(default_factory=list)


@dataclass
class Course:
    """The tries of one patient, and the number of the one that healed it (0: none)."""

    name: str
    condition: str
    healed: int
    tries: list[Try]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def treat(patient: Patient, adviser: Adviser, rounds: int = ROUNDS) -> Course:
    """Apply the first action, train again, ask again. A check that finds nothing costs a try, and the next is taken."""
    recipe, before = patient.recipe, list[Path]()
    log, _ = patient.train(recipe)
    ahead = adviser(log, before)
    tries: list[Try] = []
    while ahead and len(tries) < rounds:
        action = ahead.pop(0)
        changed = patient.apply(recipe, action)
        tries.append(Try(action, changed is not None))
        if changed is None:
            continue
        recipe = changed
        before.append(log)
        log, gap = patient.train(recipe)
        left = [name for name in complaints(log) if name not in patient.inherent()]
        tries[-1].gap, tries[-1].left = round(min(gap, 1e9), 4), left
        if gap <= TOLERANCE and not tries[-1].left:
            return Course(patient.name, patient.condition, len(tries), tries)
        ahead = adviser(log, before) if len(tries) < rounds else []
    return Course(patient.name, patient.condition, 0, tries)


def complaints(log: Path) -> list[str]:
    """What loglens has to say about a run at warning or above, apart from the machine and the log."""
    found = loglens.diagnose(log).findings
    return [one.condition for one in found if one.severity > Severity.NOTE and one.family not in BESIDE]


def advice(log: Path, before: Sequence[Path] = ()) -> list[Action]:
    """The remedies of all findings in the order of the report, each action once."""
    actions: dict[str, Action] = {}
    for finding in loglens.diagnose(log, after=[str(path) for path in before]).findings:
        for remedy in finding.remedies:
            actions.setdefault(remedy.action, {"action": remedy.action, **remedy.params})
    return list(actions.values())


def fixed(*actions: Action) -> Adviser:
    """An adviser that looks at nothing: these actions, one after the other."""
    ahead = list(actions)

    def next_one(log: Path, before: Sequence[Path]) -> list[Action]:  # noqa: ARG001 - an adviser
        return [ahead.pop(0)] if ahead else []

    return next_one


def blind() -> Adviser:
    """What people try without looking: a lower rate, a clip, a lower rate again."""
    slower: Action = {"action": "scale_lr", "factor": 0.3}
    return fixed(slower, {"action": "clip_grad_norm", "max_norm": 1.0}, slower)


def by_the_book(patient: Patient) -> float | None:
    """The share of the gain that is missed with the textbook in hand: what can be healed at all. None: it is silent."""
    recipe = patient.textbook()
    return None if recipe is None else min(round(patient.train(recipe)[1], 4), 1e9)
