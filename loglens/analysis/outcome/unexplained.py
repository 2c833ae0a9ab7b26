"""A failed outcome that no rule explains, as a finding by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from loglens.analysis.outcome.curve_progress import BEYOND_NOISE
from loglens.analysis.outcome.curve_state import ENOUGH, few_right
from loglens.analysis.outcome.indicators import Indicator, indicators, is_resumed
from loglens.analysis.outcome.together import fell_together, guesses, stands_at_worst, stays_at_worst
from loglens.model.finding import Confidence, Finding, Rule, RuleHelp, Severity
from loglens.model.outcome import SUCCESS, RunOutcome
from loglens.model.series import Series
from loglens.stats.quantiles import median

RULE = Rule("unstable-training", "outcome", Severity.WARNING)
HELP = RuleHelp(
    RULE,
    "Progress swings by as much as was gained, to the end",
    {
        "Why it matters.": "The result depends on the moment at which the run is stopped: one evaluation is good, the "
        "next is as bad as the start. No checkpoint can be trusted before the swings stop.",
        "How it is found.": "From the outcome of the run, which is judged from all its progress curves together. In "
        "the later half the curve that weighs most (held-out metrics, then held-out losses, training metrics, "
        "training losses) falls below half of its gain at least twice after it was above three quarters of it, "
        "in medians of a few points. It is said only where no other rule explains how the run ended. It is an error "
        "where a held-out metric ends below half of its gain, beyond its noise, or with an evaluation below it.",
        "When it is wrong.": "A validation set of few samples swings without a fault; so does an average return "
        "over few episodes.",
    },
)

#: Findings that say how a run ended: beside one of them an outcome needs no words of its own.
ENDINGS = frozenset(
    "divergence metric-collapse metric-stuck non-finite-metric zero-loss unbounded-loss posterior-collapse "
    "crashed unstable-training reward-collapse reward-not-rising overfitting oscillation gan-collapse kl-blow-up "
    "value-loss-blow-up loss-scale-collapse entropy-collapse assertion".split()
)
#: Findings that explain a run that never learned.
NO_START = frozenset(
    "loss-not-decreasing underfitting plateau lr-too-low lr-too-high vanishing-gradient dead-relu "
    "unchanged-weights saturated-activations exploding-gradient no-warmup".split()
)
#: A loss that ends below its start by this share of it has fallen (as in loss-not-decreasing).
FALL = 0.05
#: Points on either side of a place that show the level there.
BESIDE = 2
FAILURES = frozenset({"lost", "unstable", "stuck"})
#: Warnings that say that a run swings, and not that it ends without what it had.
SWINGS = frozenset({"oscillation", "unstable-training"})


def unexplained(
    outcome: RunOutcome, found: Iterable[tuple[Rule, Finding]], curves: Sequence[Series]
) -> tuple[str, Finding] | None:
    """The outcome as a finding, where it is a failure that no error and no warning explains.

    outcome: of the run with these curves. found: each finding with the rule that made it. Returns the name of the
    rule that stands for the failure, and the finding. A training curve that stands still is left to the rules: it
    may be near its best. So is a run whose start is not in the log.
    """
    if outcome.state not in FAILURES or is_resumed(curves):
        return None
    loud = {rule.name: finding.severity for rule, finding in found if finding.severity > Severity.NOTE}
    explains = ENDINGS | NO_START if outcome.state == "stuck" else ENDINGS
    seen = indicators(curves)
    chief = next((w for w in seen if outcome.tags and w.curve.tag == outcome.tags[0]), None)
    if chief is None or chief.progress is None:
        return None
    together = fell_together(seen) is not None if outcome.state != "stuck" else stays_at_worst(seen) is not None
    if len(chief.progress.curve) < ENOUGH and not together:
        return None
    if outcome.state == "unstable" and max(chief.progress.falls_back, chief.progress.comes_back) < 2 and not together:
        return None  # a wide spread from point to point may be noise of the evaluation
    errors = [name for name, severity in loud.items() if severity is Severity.ERROR]
    given_back = _ends_below_half(chief)
    if errors or (explains.difference(SWINGS if given_back else ()) & loud.keys() and not together):
        return None  # what curves show together is an error, whatever was warned of
    if outcome.state == "stuck" and not (together or _surely_stuck(chief, seen)):
        return None
    name = _name(outcome.state, chief, seen)
    return (
        None
        if name in loud and outcome.state == "stuck"
        else (name, _finding(outcome, chief, severe=together or given_back))
    )


def _ends_below_half(chief: Indicator) -> bool:
    """Whether a held-out metric ends below half of its gain, beyond its noise: what the run leaves is of no use.

    Of one that swings, the last evaluation counts: the last checkpoint is of a bad moment.
    """
    progress = chief.progress
    if progress is None or not (chief.heldout and chief.metric):
        return False
    sign = -1.0 if progress.lower else 1.0
    last, gain = sign * (progress.last - progress.start), sign * (progress.best - progress.start)
    if progress.comes_back >= 2 and last < gain / 2:
        return True
    if progress.sureness < BEYOND_NOISE:
        return False
    return progress.kept < 0.5 and progress.drop_sureness >= BEYOND_NOISE


def _surely_stuck(chief: Indicator, seen: Sequence[Indicator]) -> bool:
    """Whether a held-out curve or a reward stands still far from its best, and no other curve learns.

    What stands still at a fair level may have been good from the start; so may a training loss, of which nobody
    knows the best value. A held-out metric at its worst level, or with few answers right, says it whatever the losses
    and the training metrics do, unless a held-out one of another kind learns: a loss of rare events falls by learning
    how rare they are.
    """
    progress = chief.progress
    if progress is None:
        return False
    if guesses(seen) is chief:
        return True
    if chief.metric and chief.heldout and (stands_at_worst(chief) or few_right(progress)):
        return not any(one.metric and one.heldout and one.state in SUCCESS for one in seen)
    if any(indicator.state in SUCCESS for indicator in seen):
        return False
    if not chief.heldout:
        return (chief.curve.role or "").startswith("rl_")
    return progress.lower or progress.ideal is None or progress.end < progress.ideal / 2


def _finding(outcome: RunOutcome, chief: Indicator, *, severe: bool) -> Finding:
    progress = chief.progress
    assert progress is not None  # noqa: S101 - the caller has looked
    severe = severe or (chief.heldout and outcome.state == "lost")
    return Finding(
        f"{_SAID[outcome.state]}: {outcome.why}",
        Severity.ERROR if severe else Severity.WARNING,
        Confidence.MEDIUM if severe and progress.drop_sureness > 2 * ENOUGH else Confidence.LOW,
        onset_step=progress.lost_at if outcome.state == "lost" else None,
        evidence={
            "start": progress.start,
            "best": progress.best,
            "end": progress.end,
            "kept": progress.kept,
            "swing": progress.swing,
            "noise": progress.noise,
        },
        series=(chief.curve,),
    )


_SAID = {
    "lost": "what was gained is lost again",
    "unstable": "progress swings by as much as was gained",
    "stuck": "progress never left its start",
}


def _name(state: str, chief: Indicator, seen: Sequence[Indicator]) -> str:
    """The rule that is named after what was seen."""
    if state == "unstable":
        return RULE.name
    if (chief.curve.role or "").startswith("rl_"):
        return "reward-collapse" if state == "lost" else "reward-not-rising"
    losses = [one for one in seen if not one.metric and one.progress is not None]
    trained = [one for one in losses if not one.heldout]
    if state == "lost" and not chief.metric:
        fell = chief.heldout and trained and all(_fell_since(one, chief) for one in trained)
        return "overfitting" if fell else "divergence"
    if state == "lost":
        return "metric-collapse"
    # a metric that stands still beside losses that do is their matter
    return "metric-stuck" if chief.metric and (not trained or any(map(_falls, losses))) else "loss-not-decreasing"


def _fell_since(training: Indicator, held_out: Indicator) -> bool:
    """Whether a training loss ends below its level of where a held-out loss was lowest."""
    if training.progress is None or held_out.progress is None:
        return False
    curve, lowest = training.progress.curve, held_out.progress.curve
    at = int(np.searchsorted(curve.step, lowest.step[int(np.argmin(lowest.value))]))
    around = curve.value[max(0, at - BESIDE) : at + BESIDE + 1]
    return bool(len(around) and training.progress.end < (1 - FALL) * median(around))


def _falls(loss: Indicator) -> bool:
    """Whether a loss ends below its start by a share that counts."""
    progress = loss.progress
    return progress is not None and progress.start - progress.end > FALL * abs(progress.start)
