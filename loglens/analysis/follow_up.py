"""Judge a run after earlier runs of the same recipe: whether the change between them helped, and what to try next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from loglens.analysis.judge import clues_of
from loglens.model.finding import Remedy, Severity
from loglens.model.numbers import number
from loglens.model.report import Diagnosis, Judged
from loglens.model.series import Series
from loglens.model.source import Note
from loglens.remedies import actions
from loglens.remedies.clues import Clues
from loglens.remedies.in_context import in_context
from loglens.remedies.likely_cause import UNSTABLE
from loglens.remedies.recipe import Recipe
from loglens.remedies.second_try import SAME_RATE, Trial, key, next_factor, without

#: What a rate that is too low brings.
SLOW = frozenset({"lr-too-low", "underfitting"})
#: A loss that ends within this share of the earlier one ends at the same level.
SAME_LEVEL = 0.05


def follow_up(run: Diagnosis, earlier: Sequence[Diagnosis]) -> Diagnosis:
    """The diagnosis of a run after earlier runs of its recipe, oldest first: a note, and its remedies in a new order.

    Each earlier run is taken to have been followed by its first remedy, unless that was a learning rate and the rates
    are the same.
    """
    if not earlier:
        return run
    trials = [_trial(one) for one in (*earlier, run)]
    now, before = trials[-1], trials[:-1]
    tried = {
        key(one.first)
        for one, after in zip(before, trials[1:], strict=True)
        if one.first is not None and (one.first.action != "scale_lr" or not _same_rate(one, after))
    }
    factor = next_factor(now, before)
    slower = (
        None if factor is None else actions.scale_lr(factor, clues_of(run.params, run.curves).lr, _why(now, before))
    )
    findings = []
    for found in run.findings:
        advice = without(found.remedies, tried)
        if slower is not None and found.severity > Severity.NOTE and advice:
            said = in_context(slower, found.condition, found.finding, Recipe(rate=now.rate))
            advice = [replace(said, checks=advice[0].checks), *(one for one in advice if one.action != "scale_lr")]
        findings.append(replace(found, finding=replace(found.finding, remedies=advice)))
    note = Note("after", _what_changed(run, earlier[-1], now, before[-1]))
    return replace(run, findings=tuple(findings), notes=(note, *run.notes))


def after(sessions: Sequence[Sequence[Judged]]) -> Callable[[Sequence[Judged]], Sequence[Judged]]:
    """A function that puts judged runs in the light of earlier sessions, oldest first; what has no partner is kept."""
    known = [[one for one in items if isinstance(one, Diagnosis)] for items in sessions]

    def follow(items: Sequence[Judged]) -> Sequence[Judged]:
        return [_follow(item) if isinstance(item, Diagnosis) else item for item in items]

    def _follow(run: Diagnosis) -> Diagnosis:
        found = (partner(run, session) for session in known)
        return follow_up(run, [one for one in found if one is not None])

    return follow if known else lambda items: items


def partner(run: Diagnosis, earlier: Sequence[Diagnosis]) -> Diagnosis | None:
    """The run among those of an earlier session that is this one's predecessor: of its name, or the only one."""
    same = [one for one in earlier if one.run == run.run]
    return (same or [*earlier])[0] if same or len(earlier) == 1 else None


def _trial(run: Diagnosis) -> Trial:
    grave = [found for found in run.findings if found.severity > Severity.NOTE]
    names = {found.condition for found in grave}
    clues = clues_of(run.params, run.curves)
    first = next((remedy for found in run.findings for remedy in found.remedies), None)
    return Trial(clues.peak, _direction(first, names), first)


def _direction(first: Remedy | None, names: Collection[str]) -> int:
    """In which way the rate is wrong: by the first remedy where that is a rate, else by what was found."""
    if first is not None and first.action == "scale_lr":
        return -1 if float(first.params["factor"]) > 1 else 1
    return 1 if UNSTABLE.intersection(names) else -1 if SLOW.intersection(names) else 0


def _same_rate(one: Trial, other: Trial) -> bool:
    if one.rate is None or other.rate is None:
        return False
    return max(one.rate, other.rate) < SAME_RATE * min(one.rate, other.rate)


def _why(now: Trial, before: Sequence[Trial]) -> str:
    rates = ", ".join(f"{one.rate:.2g}" for one in before if one.rate is not None)
    ways = {one.direction for one in before if one.direction}
    if ways == {now.direction}:
        return f"{rates} was too high and {now.rate or 0:.2g} still is: go twice as far again on a log scale"
    return f"between {now.rate or 0:.2g} and {rates}, of which one is too high and one too low: their geometric mean"


def _what_changed(run: Diagnosis, old: Diagnosis, now: Trial, before: Trial) -> str:
    """One sentence: what differs between the two runs, and whether it helped."""
    said = [f"after {old.path}"]
    if now.rate is not None and before.rate is not None and not _same_rate(now, before):
        said.append(f"the learning rate peaks at {now.rate:.3g} instead of {before.rate:.3g}")
    gone = [name for name in _complaints(old) if name not in _complaints(run)]
    new = [name for name in _complaints(run) if name not in _complaints(old)]
    said += [f"gone: {', '.join(gone)}"] if gone else []
    said += [f"new: {', '.join(new)}"] if new else []
    ends = _ends(clues_of(run.params, run.curves), clues_of(old.params, old.curves))
    if ends is None:
        return "; ".join([*said, "no curve is in both runs, so whether it helped is unknown"])
    tag, end, was = ends
    verdict = "it helped" if _better(end, was) else "it made it worse" if _better(was, end) else "it changed little"
    return "; ".join([*said, f"{tag} ends at {number(end)} instead of {number(was)}: {verdict}"])


def _complaints(run: Diagnosis) -> list[str]:
    return list(dict.fromkeys(found.condition for found in run.findings if found.severity > Severity.NOTE))


def _ends(new: Clues, old: Clues) -> tuple[str, float, float] | None:
    """The validation loss, else the loss, where both runs have it: its tag, and the level at the end of each."""
    for one, other in ((new.val_loss, old.val_loss), (new.loss, old.loss)):
        if one is not None and other is not None and len(one) and len(other):
            return one.tag, _end(one), _end(other)
    return None


def _end(curve: Series) -> float:
    return float("nan") if curve.ends_nonfinite else float(np.median(curve.finite.tail()))


def _better(one: float, other: float) -> bool:
    """Whether a loss ends clearly below another; any number is better than none."""
    if np.isnan(one) or np.isnan(other):
        return bool(np.isnan(other) and not np.isnan(one))
    return other - one > SAME_LEVEL * max(abs(one), abs(other))
