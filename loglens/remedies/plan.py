"""Which remedy to try first, given all that a run shows; equal actions of its findings get one number.

A detector lists what helps against its condition. Here the whole run is looked at: the likeliest cause decides what
comes first, in all findings of its chain, and an effect is treated by what treats its cause.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from loglens.model.finding import Finding, Remedy, Severity
from loglens.model.reported_finding import ReportedFinding
from loglens.remedies import actions
from loglens.remedies import learning_rate as rates
from loglens.remedies.clues import Clues

#: Conditions that a learning rate too high can bring about.
UNSTABLE = frozenset(
    "divergence loss-spike nan-loss exploding-gradient lr-too-high no-warmup metric-collapse oscillation dead-relu "
    "unstable-training weight-growth kl-blow-up reward-collapse entropy-collapse value-loss-blow-up".split()
)
#: Conditions of a run that learns nothing.
STUCK = frozenset("loss-not-decreasing metric-stuck lr-too-low underfitting reward-not-rising".split())
#: Roots whose own remedy is the one to try, whatever else the curves show.
SELF_EVIDENT = frozenset("unchanged-weights gan-collapse posterior-collapse zero-reward-spread crashed".split())
#: Actions of which a run gets one, with one number.
ONE = frozenset("scale_lr clip_grad_norm add_warmup train_longer weight_decay increase_capacity resume_from".split())
#: Actions that throw away what was trained before.
FROM_SCRATCH = frozenset("change_init change_activation replace_cell add_normalization increase_capacity".split())
#: Transformers have activations that let the gradient pass, and are normalised.
NOT_IN_ATTENTION = frozenset({"change_activation", "add_normalization"})
#: A tenth where nothing was learned, a third where the run was sound until then: the usual first tests.
MUCH_LOWER, LOWER = 0.1, 0.3
#: A rate in warmup that still trained is the limit itself; half of it leaves room.
BELOW_LIMIT = 0.5
#: Less than half as much again is no test of a higher rate.
LEAST_RAISE = 1.5
#: Above this many times Adam's usual rate, a run that never warmed up and learns nothing is too fast, unless it is SGD.
FAST = 5.0


def plan(found: Sequence[ReportedFinding], clues: Clues) -> list[Finding]:
    """The findings with their remedies in the order in which to try them. found: ranked, root causes first."""
    found = [one if one.remedies else _usual(one, clues) for one in found]
    grave = [one for one in found if one.severity > Severity.NOTE] or list(found)
    if not any(one.remedies for one in grave):
        return [one.finding for one in found]
    names = [one.condition for one in grave]
    onset = next((one.onset_step for one in grave if one.condition in UNSTABLE), grave[0].onset_step)
    first = list(lead(names, onset, clues))
    root = next(one for one in grave if one.remedies)
    numbers: dict[str, Remedy] = {}
    for remedy in (*first, *(remedy for one in grave for remedy in one.remedies)):
        if remedy.action in ONE:
            numbers.setdefault(remedy.action, remedy)
    chain = _chain(root, grave)
    left_out = FROM_SCRATCH if clues.pretrained else NOT_IN_ATTENTION if clues.attends else frozenset[str]()
    if (faster := numbers.get("scale_lr")) is not None and (sized := _within_usual(faster, clues)) is not None:
        numbers["scale_lr"] = sized
    ahead = {id(one): first or ([root.remedies[0]] if id(one) in chain else []) for one in grave}
    return [_with(one.finding, ahead.get(id(one), []), numbers, left_out) for one in found]


def _usual(one: ReportedFinding, clues: Clues) -> ReportedFinding:
    """A warning or error that comes without remedies, as one that rests on the outcome does, with the usual ones."""
    if one.severity == Severity.NOTE:
        return one
    advice: list[Remedy] = []
    if one.condition in UNSTABLE:
        advice = [lower_rate(clues, one.onset_step, LOWER), actions.clip_grad_norm(None)]
    elif one.condition in STUCK:
        advice = [higher_rate(clues), actions.check_optimizer_step(), actions.check_labels()]
    return replace(one, finding=replace(one.finding, remedies=advice))


def _chain(root: ReportedFinding, found: Sequence[ReportedFinding]) -> set[int]:
    """The root and all findings that go back to it, by their identities."""
    names, chain = {root.condition}, {id(root)}
    for one in found:
        if one.caused_by in names and one.caused_by is not None:
            names.add(one.condition)
            chain.add(id(one))
    return chain


def _with(
    finding: Finding, first: Sequence[Remedy], numbers: Mapping[str, Remedy], left_out: Collection[str]
) -> Finding:
    """A finding whose remedies begin with the likeliest, each action once and with the run's one number."""
    if not finding.remedies:
        return finding
    kept: dict[tuple[str, str], Remedy] = {}
    for place, remedy in enumerate((*first, *finding.remedies)):
        same = numbers.get(remedy.action, remedy)
        if (place >= len(first) and _contradict(same, remedy)) or remedy.action in left_out:
            continue
        kept.setdefault((same.action, str(same.params.get("to", same.params.get("kind", "")))), same)
    return replace(finding, remedies=list(kept.values()))


def _contradict(one: Remedy, other: Remedy) -> bool:
    """Whether one raises the rate and the other lowers it."""
    if one.action != "scale_lr":
        return False
    return (float(one.params["factor"]) > 1) != (float(other.params["factor"]) > 1)


def _within_usual(faster: Remedy, clues: Clues) -> Remedy | None:
    """A raise of the rate that ends within what is usual, where the one given does not; None where it does."""
    factor, high = float(faster.params["factor"]), clues.usual.high
    if factor <= 1 or clues.peak is None or factor * clues.peak <= high:
        return None
    return actions.scale_lr(actions.two_digits(max(high / clues.peak, LEAST_RAISE)), clues.lr, faster.why.split(";")[0])


def lead(names: Sequence[str], onset: int | None, clues: Clues) -> Iterator[Remedy]:
    """The remedies against the likeliest cause. names: of the rules that found something, root causes first."""
    root, seen = names[0], frozenset(names)
    if root in SELF_EVIDENT or (root == "oscillation" and not clues.too_high):
        return
    if seen & UNSTABLE and clues.jump(onset) is not None:
        yield actions.fix_schedule("no_jump")
    elif seen & UNSTABLE and clues.rate_still_rises(onset):
        yield actions.fix_schedule("hold")
    elif seen & STUCK and clues.weights_wither:
        yield actions.fix_weight_decay()
    elif seen & STUCK and clues.hidden_gradient_is_zero:
        yield actions.change_init("he")
    elif "weight-growth" in seen or (seen & {"divergence", "exploding-gradient"} and _grows(onset, clues)):
        yield actions.fix_weight_decay()
    elif "plateau" in seen or root in ("lr-schedule", "clipping-always-active"):
        return
    elif root == "vanishing-gradient" and not clues.attends:
        if clues.rectified:
            yield actions.change_init("he")
    elif seen & {"nan-loss", "entropy-collapse"} and clues.too_high:
        yield lower_rate(clues, onset, MUCH_LOWER)
    elif root in STUCK or seen & {"lr-too-high", "no-warmup"} or (root == "vanishing-gradient" and clues.attends):
        yield from _against_standstill(seen, onset, clues)


def _grows(onset: int | None, clues: Clues) -> bool:
    return onset is not None and not clues.too_high and clues.grows_steadily(onset)


def _against_standstill(seen: frozenset[str], onset: int | None, clues: Clues) -> Iterator[Remedy]:
    """What to do about a run that learns nothing: by its rate, by what its gradients and evaluations show."""
    if clues.weights_stand_still:
        yield actions.check_optimizer_step()
    elif clues.too_high or "lr-too-high" in seen:
        yield lower_rate(clues, onset, MUCH_LOWER)
    elif "no-warmup" in seen:
        yield actions.add_warmup(clues.length, round(actions.MAX_WARMUP_SHARE * clues.length / 2))
    elif clues.too_low or "lr-too-low" in seen:
        yield higher_rate(clues)
    elif clues.memorises:
        yield actions.check_labels()
    elif _too_fast_without_warmup(clues):
        yield lower_rate(clues, onset, MUCH_LOWER)
    elif clues.attends and clues.no_warmup:
        yield actions.add_warmup(clues.length, round(actions.MAX_WARMUP_SHARE * clues.length / 2))


def _too_fast_without_warmup(clues: Clues) -> bool:
    fast = clues.peak is not None and clues.peak > FAST * rates.USUAL[rates.ADAPTIVE].start
    return fast and clues.no_warmup and clues.optimizer != rates.PLAIN


def lower_rate(clues: Clues, onset: int | None, otherwise: float) -> Remedy:
    """A lower rate: the one that still trained in the warmup, else a usual one, else a factor of it."""
    peak, overshoots = clues.peak, "the updates overshoot: a smaller step stays in the valley"
    if peak is None:
        return actions.scale_lr(otherwise, clues.lr, overshoots)
    before = rates.rate_when(clues.lr, onset) if clues.lr is not None and onset is not None else None
    if before is not None and before < BELOW_LIMIT * peak:
        why = f"it still trained at {before:.2g}, in the warmup, so take half of that"
        return actions.scale_lr(actions.two_digits(BELOW_LIMIT * before / peak), clues.lr, why)
    if clues.too_high:
        name = {rates.ADAPTIVE: "for Adam and its kin", rates.PLAIN: "for gradient descent"}.get(clues.optimizer, "")
        why = f"a rate of {peak:.2g} is above all that is usual; one begins at {clues.usual.start:g} {name}".rstrip()
        return actions.scale_lr(actions.two_digits(min(clues.usual.start / peak, otherwise)), clues.lr, why)
    return actions.scale_lr(otherwise, clues.lr, overshoots)


def higher_rate(clues: Clues) -> Remedy:
    """A higher rate: as many times as the loss has to fall faster, within what is usual for the optimizer."""
    main = clues.main
    factor = rates.times_faster(main.finite.value) if main is not None and len(main.finite) >= 8 else 10.0
    why = f"at its pace the loss needs {factor:.2g} times the steps to be done"
    if clues.peak is not None:
        low, high = rates.WORTH_TRYING
        if clues.pretrained:
            low, high = rates.FINE_TUNING, rates.USUAL[rates.ADAPTIVE].start
        elif clues.optimizer == rates.PLAIN:
            high = clues.usual.high
        factor = max(min(max(factor, low / clues.peak), high / clues.peak), 2.0)
        why += f"; rates from {low:g} to {high:g} are worth trying first"
    return actions.scale_lr(actions.two_digits(factor), clues.lr, why)
