"""A lower or a higher learning rate, by how much follows from the run."""

from __future__ import annotations

from loglens.model.finding import Remedy
from loglens.remedies import actions
from loglens.remedies import learning_rate as rates
from loglens.remedies.clues import BELOW_LIMIT, Clues

#: A tenth where nothing was learned, a third where the run was sound until then: the usual first tests.
MUCH_LOWER, LOWER = 0.1, 0.3
#: Less than half as much again is no test of a higher rate.
LEAST_RAISE = 1.5


def lower_rate(clues: Clues, onset: int | None, otherwise: float) -> Remedy:
    """A lower rate: the one that still trained in the warmup, else a usual one, else a factor of it."""
    peak, overshoots = clues.peak, "the updates overshoot: a smaller step stays in the valley"
    if peak is None:
        return actions.scale_lr(otherwise, clues.lr, overshoots)
    before = rates.rate_on_the_way_up(clues.lr, onset) if clues.lr is not None and onset is not None else None
    if before is not None and before < BELOW_LIMIT * peak and before < clues.usual.high:
        why = f"it still trained at {before:.2g}, in the warmup, so take half of that"
        return actions.scale_lr(actions.two_digits(BELOW_LIMIT * before / peak), clues.lr, why)
    if clues.too_high:
        name = {rates.ADAPTIVE: "for Adam and similar optimizers", rates.PLAIN: "for gradient descent"}.get(
            clues.optimizer, ""
        )
        why = f"a rate of {peak:.2g} is above the usual range; a common start is {clues.usual.start:g} {name}".rstrip()
        return actions.scale_lr(actions.two_digits(min(clues.usual.start / peak, otherwise)), clues.lr, why)
    return actions.scale_lr(otherwise, clues.lr, overshoots)


def higher_rate(clues: Clues) -> Remedy:
    """A higher rate: as many times as the loss has to fall faster, within what is usual for the optimizer."""
    main = clues.main
    paced = main is not None and len(main.finite) >= 8
    factor = rates.times_faster(main.finite.value) if main is not None and paced else 10.0
    needs = f"at its pace the loss needs {factor:.2g} times the steps to be done"
    why = needs if paced else "a learning rate far too low moves nothing"
    if clues.peak is not None:
        low, high = rates.WORTH_TRYING
        if clues.pretrained:
            low, high = rates.FINE_TUNING, rates.USUAL[rates.ADAPTIVE].start
        elif clues.optimizer == rates.PLAIN:
            high = clues.usual.high
        factor = max(min(max(factor, low / clues.peak), high / clues.peak), 2.0)
        why += f"; rates from {low:g} to {high:g} are worth trying first"
    return actions.scale_lr(actions.two_digits(factor), clues.lr, why)


def within_usual(faster: Remedy, clues: Clues) -> Remedy | None:
    """A raise of the rate that ends within what is usual, where the one given does not; None where it does."""
    factor, high = float(faster.params["factor"]), clues.usual.high
    if factor <= 1 or clues.peak is None or factor * clues.peak <= high:
        return None
    return actions.scale_lr(actions.two_digits(max(high / clues.peak, LEAST_RAISE)), clues.lr, faster.why.split(";")[0])
