"""The likeliest cause of what went wrong in a run, and the remedies against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loglens.model.finding import Remedy, Severity
from loglens.model.reported_finding import ReportedFinding
from loglens.remedies import actions, schedule_and_decay
from loglens.remedies import learning_rate as rates
from loglens.remedies.clues import Clues
from loglens.remedies.new_rate import LOWER, MUCH_LOWER, higher_rate, lower_rate

#: Conditions that a learning rate too high can bring about.
UNSTABLE = frozenset(
    "divergence loss-spike nan-loss exploding-gradient lr-too-high no-warmup metric-collapse oscillation dead-relu "
    "unstable-training weight-growth kl-blow-up reward-collapse entropy-collapse value-loss-blow-up".split()
)
#: Conditions that end a run where they are errors.
LOST = frozenset({"divergence", "loss-spike", "metric-collapse", "nan-loss"})
#: Conditions of a run whose gradients or losses grow.
GROWING = frozenset({"divergence", "exploding-gradient"})
#: Conditions of a run that learns nothing.
STUCK = frozenset("loss-not-decreasing metric-stuck lr-too-low underfitting reward-not-rising".split())
#: Conditions that a start far too large brings about: it is where such a run went wrong.
NO_SIGNAL = frozenset({"loss-not-decreasing", "dead-relu"})
#: Roots whose own remedy is the one to try, whatever else the curves show.
SELF_EVIDENT = frozenset("unchanged-weights gan-collapse posterior-collapse zero-reward-spread crashed".split())
#: Steps in which a gradient doubles that grows by itself, and not by an overshoot.
SLOW_DOUBLING = 10.0
#: Above this many times Adam's usual rate, a run that never warmed up and learns nothing is too fast, unless it is SGD.
FAST = 5.0


def lead(
    found: Sequence[ReportedFinding], onset: int | None, clues: Clues, start: Sequence[Remedy] = ()
) -> Iterator[Remedy]:
    """The remedies against the likeliest cause.

    found: root causes first. onset: where the run broke, if it did. start: what helps against a first loss far above
    guessing, where it was that.
    """
    root, seen = found[0].condition, frozenset(one.condition for one in found)
    dead = next((one.remedies[:1] for one in found if one.condition == "dead-relu"), ())
    if root in SELF_EVIDENT:
        return
    if "loss-scale-collapse" in seen and _loss_comes_and_goes(found):
        yield actions.clean_data()
    elif "loss-scale-collapse" in seen and root in STUCK:
        yield actions.use_bf16()  # updates that overflow are skipped
    elif seen & UNSTABLE and clues.jump(onset) is not None:
        yield schedule_and_decay.fix_schedule("no_jump")
    elif seen & UNSTABLE and clues.rate_still_rises(onset):
        yield schedule_and_decay.fix_schedule("hold")
    elif "oscillation" in seen and not clues.too_high:
        yield actions.shuffle_data()
    elif seen & STUCK and clues.weights_wither:
        yield schedule_and_decay.fix_weight_decay()
    elif seen & STUCK and clues.hidden_gradient_is_zero:
        yield actions.change_init("he")
    elif start and root in NO_SIGNAL:
        yield from start
    elif dead and root == "loss-not-decreasing":
        yield from dead  # units that pass no gradient learn at no rate
    elif "weight-growth" in seen or _grows_slowly(found, onset, clues):
        yield schedule_and_decay.fix_weight_decay()
    elif root == "divergence" and clues.settles_near_its_start:
        yield from _against_standstill(seen, onset, clues)  # so little was gained that to lose it says nothing
    elif root == "exploding-gradient" and clues.recurs:
        return  # the textbook's case, and its order: clip first
    elif onset is not None and _is_lost(found) and (clues.too_high or clues.warms_up(onset)):
        yield lower_rate(clues, onset, LOWER)
    elif "plateau" in seen or root in ("lr-schedule", "clipping-always-active"):
        return
    elif root == "vanishing-gradient" and not clues.attends:
        if clues.rectified:
            yield actions.change_init("he")
    elif seen & {"nan-loss", "entropy-collapse"} and (clues.too_high or _broke_before_nan(found)):
        yield lower_rate(clues, onset, MUCH_LOWER)
    elif root in STUCK or seen & {"lr-too-high", "no-warmup"} or (root == "vanishing-gradient" and clues.attends):
        yield from _against_standstill(seen, onset, clues)


def _loss_comes_and_goes(found: Sequence[ReportedFinding]) -> bool:
    """Whether the loss itself is not finite at some points and finite between them: then it is those batches.

    Gradients that overflow leave the loss finite, and weights that are not finite leave it so for good.
    """
    return any(one.condition == "nan-loss" and one.severity == Severity.WARNING for one in found)


def _is_lost(found: Sequence[ReportedFinding]) -> bool:
    """Whether what was learned is lost for good."""
    return any(one.condition in LOST and one.severity == Severity.ERROR for one in found)


def _grows_slowly(found: Sequence[ReportedFinding], onset: int | None, clues: Clues) -> bool:
    """Whether gradients or losses grow for long at a steady pace: an overshoot doubles within a few steps.

    Not in a recurrent net, where such growth is that of its recurrent weights, nor where the weights keep their size.
    """
    if clues.recurs or not clues.decay_may_drive:
        return False
    for one in found:
        doubling = one.evidence.get("doubling_steps")
        slow = isinstance(doubling, float) and doubling > SLOW_DOUBLING
        if one.condition == "exploding-gradient" and one.severity == Severity.ERROR and slow:
            return True
    broken = any(one.condition in GROWING and one.severity == Severity.ERROR for one in found)
    return broken and onset is not None and clues.grows_steadily(onset)


def _broke_before_nan(found: Sequence[ReportedFinding]) -> bool:
    """Whether the loss had jumped or risen before it was not a number: then no record or logarithm is to blame."""
    onsets = {one.condition: one.onset_step for one in found if one.onset_step is not None}
    end = onsets.get("nan-loss")
    return end is not None and any(onsets.get(name, end) < end for name in ("loss-spike", "divergence"))


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
    elif clues.settles_near_its_start and seen & {"loss-not-decreasing", "divergence"}:
        # one batch that can't be fitted either leaves the net: one that is too small, or passes no signal
        yield actions.check_labels()
        yield actions.increase_capacity(4.0) if "underfitting" in seen else actions.change_init("he")


def _too_fast_without_warmup(clues: Clues) -> bool:
    fast = clues.peak is not None and clues.peak > FAST * rates.USUAL[rates.ADAPTIVE].start
    return fast and clues.no_warmup and clues.optimizer != rates.PLAIN
