"""Judge a run after earlier runs of the same recipe: whether the change between them helped, and what to try next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from loglens.analysis import rerun
from loglens.analysis.judge import clues_of
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.report import Diagnosis, Judged, RuleResult
from loglens.model.reported_finding import ReportedFinding
from loglens.model.source import Note
from loglens.remedies import actions, schedule_and_decay
from loglens.remedies.in_context import in_context
from loglens.remedies.learning_rate import times_faster
from loglens.remedies.likely_cause import UNSTABLE
from loglens.remedies.recipe import Recipe
from loglens.remedies.second_try import SAME_RATE, Trial, key, next_factor, without

#: What a rate that is too low brings.
SLOW = frozenset({"lr-too-low", "underfitting"})
#: The rule that a run belongs to which is well but not at its end, as its detector names it.
UNFINISHED = Rule("underfitting", "loss", Severity.WARNING)
#: How many times as long a run is to continue, at the least and at the most, that still learns at its end.
LONGER = 1.5, 4.0
#: Limits of the gradient norm that were too low: what was widened is not made narrow again.
WIDER = frozenset({"set_clip", "remove_clip"})
#: A run that is shorter than the one before by more than this share was stopped on purpose.
STOPPED = 0.05
#: A learning rate that was changed, among what was tried.
RATE = ("scale_lr", "")
#: Points from which the pace of a curve is known.
ENOUGH = 8


def follow_up(run: Diagnosis, earlier: Sequence[Diagnosis]) -> Diagnosis:
    """The diagnosis of a run after earlier runs of its recipe, oldest first: a note, and its remedies in a new order.

    Each earlier run is taken to have been followed by its first remedy, as those before it let it be, unless that was
    a learning rate and the rates are the same.
    """
    in_turn: list[Diagnosis] = []
    for one in (*earlier, run):
        in_turn.append(_after(one, in_turn) if in_turn else one)
    return in_turn[-1]


def _after(run: Diagnosis, earlier: Sequence[Diagnosis]) -> Diagnosis:
    """A run after earlier ones that have their own remedies in the right order."""
    runs = (*earlier, run)
    trials = [_trial(one) for one in runs]
    now, last = trials[-1], trials[-2]
    if _higher_got_further(runs, trials):
        now = replace(now, direction=-1)
    findings = tuple(_with_other_advice(found, runs, (*trials[:-1], now)) for found in run.findings)
    rates = None if now.rate is None or last.rate is None or _same_rate(now, last) else (now.rate, last.rate)
    note = Note("after", rerun.what_changed(run, earlier[-1], rates))
    found = replace(run, findings=findings, notes=(note, *run.notes))
    return found if any(_is_shorter(run, one) for one in earlier) else _go_on(found)


def _with_other_advice(found: ReportedFinding, runs: Sequence[Diagnosis], trials: Sequence[Trial]) -> ReportedFinding:
    """A finding of the last run with its remedies in the order that follows from the runs before."""
    run, now, before = runs[-1], trials[-1], trials[:-1]
    tried, in_vain = _tried(runs, trials)
    advice = without(found.remedies, tried, in_vain)
    if found.severity == Severity.NOTE or not advice:
        return replace(found, treatment=tuple(one for one in advice if key(one) not in in_vain))
    clues, recipe, ahead = clues_of(run.params, run.curves), Recipe(rate=now.rate), list[Remedy]()
    factor = next_factor(now, before)
    if found.condition in UNSTABLE and rerun.breaks_at_the_same_place(run, runs[-2]):
        jumps, data = schedule_and_decay.fix_schedule("no_jump"), actions.clean_data()
        ahead += without([data, jumps] if clues.lr is not None else [jumps, data], tried, in_vain)
    elif factor is not None and RATE not in in_vain:
        ahead.append(actions.scale_lr(factor, clues.lr, _why(now, before)))
    said = [replace(in_context(one, found.condition, found.finding, recipe), checks=advice[0].checks) for one in ahead]
    rest = [one for one in advice if key(one) not in {key(first) for first in ahead}]
    return replace(found, treatment=(*said, *rest))


def _tried(runs: Sequence[Diagnosis], trials: Sequence[Trial]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """What was tried, and what of that did not help: a rate that was changed, if the run ended alike."""
    tried, in_vain = set(), set()
    for old, new, one, after in zip(runs, runs[1:], trials, trials[1:], strict=False):
        if one.first is None or (one.first.action == "scale_lr" and _same_rate(one, after)):
            continue
        tried.add(key(one.first))
        if one.first.action in WIDER:
            in_vain.add(("clip_grad_norm", ""))
        known = one.first.action == "scale_lr" and one.rate is not None and after.rate is not None
        if rerun.ends_alike(new, old) if known else not rerun.helped(new, old):
            in_vain.add(key(one.first))
    return tried, in_vain


def _higher_got_further(runs: Sequence[Diagnosis], trials: Sequence[Trial]) -> bool:
    """Whether the last run got further than all at lower rates, and yet not far: then a higher one is worth a try."""
    rate, state = trials[-1].rate, runs[-1].outcome.state
    if rate is None or state != "little":
        return False
    lower = [run for run, one in zip(runs, trials, strict=True) if one.rate is not None and one.rate * SAME_RATE < rate]
    return bool(lower) and all(rerun.got_further(runs[-1], one) for one in lower)


def _is_shorter(run: Diagnosis, old: Diagnosis) -> bool:
    """Whether a run was stopped before the end of the other."""
    return (run.last_step or 0) < (1 - STOPPED) * (old.last_step or 0)


def _go_on(run: Diagnosis) -> Diagnosis:
    """A run that is well, and still learns at its end, with the advice to train it for longer."""
    clues = clues_of(run.params, run.curves)
    main = clues.val_loss if clues.val_loss is not None and len(clues.val_loss.finite) >= ENOUGH else clues.main
    if run.outcome.state != "learning" or rerun.complaints(run) or main is None or len(main.finite) < ENOUGH:
        return run
    factor = actions.two_digits(min(max(times_faster(main.finite.value), LONGER[0]), LONGER[1]))
    finding = Finding(
        f"{main.tag} still falls at the end of this rerun",
        Severity.NOTE,
        Confidence.MEDIUM,
        end_step=main.last_step,
        remedies=[actions.train_longer(factor)],
        series=(main,),
    )
    said = in_context(finding.remedies[0], UNFINISHED.name, finding, Recipe(rate=clues.peak))
    found = ReportedFinding.of(UNFINISHED, replace(finding, remedies=[said]))
    results = [RuleResult(one.condition, "found") if one.condition == UNFINISHED.name else one for one in run.outcomes]
    return replace(run, findings=(found, *run.findings), outcomes=tuple(results))


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
