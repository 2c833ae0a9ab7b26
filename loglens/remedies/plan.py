"""Which remedy to try first, given all that a run shows; equal actions of its findings get one number.

A detector lists what helps against its condition. Here the whole run is looked at: the likeliest cause decides what
comes first, in all findings of its chain, and an effect is treated by what treats its cause.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from loglens.model.finding import Remedy, Severity
from loglens.model.reported_finding import ReportedFinding
from loglens.remedies import actions, wording
from loglens.remedies.clues import Clues
from loglens.remedies.likely_cause import STUCK, UNSTABLE, lead
from loglens.remedies.new_rate import LOWER, higher_rate, lower_rate, within_usual

#: Actions of which a run gets one, with one number.
ONE = frozenset("scale_lr clip_grad_norm add_warmup train_longer weight_decay increase_capacity resume_from".split())
#: A run that breaks within this share of it was never sound.
EARLY = 0.1
#: Actions that throw away what was trained before.
FROM_SCRATCH = frozenset("change_init change_activation replace_cell add_normalization increase_capacity".split())
#: Transformers have activations that let the gradient pass.
NOT_IN_ATTENTION = frozenset({"change_activation"})


def plan(ranked: Sequence[ReportedFinding], clues: Clues) -> list[ReportedFinding]:
    """The findings with their remedies in the order in which to try them. ranked: root causes first."""
    found = [one if one.remedies else _usual(one, clues) for one in ranked]
    grave = [one for one in found if one.severity > Severity.NOTE] or list(found)
    if not any(one.remedies for one in grave):
        return found
    onset = next((one.onset_step for one in grave if one.condition in UNSTABLE), grave[0].onset_step)
    poor_start = next((one for one in found if one.condition == "poor-initial-loss"), None)
    first = list(lead(grave, onset, clues, poor_start.remedies if poor_start is not None else ()))
    root = next(one for one in grave if one.remedies)
    numbers: dict[str, Remedy] = {}
    for remedy in (*first, *(remedy for one in grave for remedy in one.remedies)):
        if remedy.action in ONE:
            numbers.setdefault(remedy.action, remedy)
    chain = _chain(root, grave)
    left_out = FROM_SCRATCH if clues.pretrained else NOT_IN_ATTENTION if clues.attends else frozenset[str]()
    if _always_clipped(found):
        left_out = left_out | {"clip_grad_norm"}
    if (faster := numbers.get("scale_lr")) is not None and (sized := within_usual(faster, clues)) is not None:
        numbers["scale_lr"] = sized
    if "clip_grad_norm" in numbers and _never_sound(onset, clues):
        numbers["clip_grad_norm"] = actions.clip_grad_norm(None)
    # what is worded for the root's rule alone would be another thing said of an effect
    inherited = [one for one in root.remedies[:1] if (root.condition, one.action) not in wording.TITLES]
    ahead = {id(one): first or (inherited if id(one) in chain else []) for one in grave}
    return [_with(one, ahead.get(id(one), []), numbers, left_out) for one in found]


def _always_clipped(found: Sequence[ReportedFinding]) -> bool:
    """Whether nearly every update is clipped already: another clip is no remedy then."""
    return any(one.condition == "clipping-always-active" for one in found)


def _never_sound(onset: int | None, clues: Clues) -> bool:
    """Whether the run broke within its first tenth: the norms until then are part of the fault, and no measure."""
    begin = int(clues.main.step[0]) if clues.main is not None and len(clues.main) else 0
    return onset is not None and onset - begin <= EARLY * clues.length


def _usual(one: ReportedFinding, clues: Clues) -> ReportedFinding:
    """A warning or error that comes without remedies, as one that rests on the outcome does, with the usual ones."""
    if one.severity == Severity.NOTE:
        return one
    advice: list[Remedy] = []
    if one.condition in UNSTABLE:
        advice = [lower_rate(clues, one.onset_step, LOWER), actions.clip_grad_norm(None)]
    elif one.condition in STUCK:
        advice = [higher_rate(clues), actions.check_optimizer_step(), actions.check_labels()]
    return replace(one, treatment=tuple(advice)) if advice else one


def _chain(root: ReportedFinding, found: Sequence[ReportedFinding]) -> set[int]:
    """The root and all findings that go back to it, by their identities."""
    names, chain = {root.condition}, {id(root)}
    for one in found:
        if one.caused_by in names and one.caused_by is not None:
            names.add(one.condition)
            chain.add(id(one))
    return chain


def _with(
    finding: ReportedFinding, first: Sequence[Remedy], numbers: Mapping[str, Remedy], left_out: Collection[str]
) -> ReportedFinding:
    """A finding whose remedies begin with the likeliest, each action once and with the run's one number."""
    if not finding.remedies:
        return finding
    kept: dict[tuple[str, str], Remedy] = {}
    for place, remedy in enumerate((*first, *finding.remedies)):
        same = numbers.get(remedy.action, remedy)
        if (place >= len(first) and _contradict(same, remedy)) or remedy.action in left_out:
            continue
        kept.setdefault((same.action, str(same.params.get("to", same.params.get("kind", "")))), same)
    return replace(finding, treatment=tuple(kept.values()))


def _contradict(one: Remedy, other: Remedy) -> bool:
    """Whether one raises the rate and the other lowers it."""
    if one.action != "scale_lr":
        return False
    return (float(one.params["factor"]) > 1) != (float(other.params["factor"]) > 1)
