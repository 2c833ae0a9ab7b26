"""Choose the curves that show the progress of a run (its indicators), and sort them by weight."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from loglens.analysis.outcome.curve_progress import LOWER_IS_BETTER, Progress, measure
from loglens.analysis.outcome.curve_state import ends_broken, state_of
from loglens.analysis.outcome.metric_scale import percent_scores
from loglens.model.series import Series
from loglens.model.vocabulary import is_preference_training
from loglens.roles.from_tags import main_curve
from loglens.stats.running_average import is_climbing_average

REWARDS = ("rl_success", "rl_reward", "rl_return")
#: Either half of a trade-off says nothing without the other: precision rises where recall falls.
_HALF = re.compile(r"(?<!average)[ _./-]*(precision|recall|sensitivity|specificity|tpr|tnr|fpr|fnr)\b", re.IGNORECASE)
_AVERAGE = re.compile(r"average[ _./-]*(precision|recall)", re.IGNORECASE)
#: A run that begins later than this multiple of the steps it shows was resumed: its start is not in the log.
RESUMED = 2.0


class Indicator(NamedTuple):
    """One progress curve with its state. progress is None where fewer than two points are finite."""

    curve: Series
    state: str
    progress: Progress | None
    metric: bool

    @property
    def heldout(self) -> bool:
        return self.curve.split in ("val", "test")

    @property
    def rank(self) -> int:
        """0 weighs most: held-out metrics, held-out losses, training metrics and rewards, training losses."""
        return 2 * (not self.heldout) + (not self.metric)


def indicators(curves: Sequence[Series]) -> list[Indicator]:
    """Every curve that measures the progress of this kind of run, those of the most weight first."""
    kept = [curve for curve in _of_this_kind(curves) if curve.layer is None and len(curve)]
    scores = percent_scores(curves)
    found = [indicator for curve in kept if (indicator := _indicator(curve, scores)) is not None]
    return sorted(found, key=lambda indicator: indicator.rank)


def is_resumed(curves: Sequence[Series]) -> bool:
    """Whether the log begins long after the run did."""
    ranges = [(int(curve.step[0]), int(curve.step[-1])) for curve in curves if len(curve) > 1]
    if not ranges:
        return False
    first, last = min(first for first, _ in ranges), max(last for _, last in ranges)
    return first > RESUMED * (last - first) > 0


def _of_this_kind(curves: Sequence[Series]) -> list[Series]:
    """Metrics of every run; losses of supervised runs only; in reinforcement learning the main reward."""
    roles = {curve.role or "" for curve in curves}
    metrics = _whole([curve for curve in curves if (curve.role or "").startswith("metric_")])
    losses = _one_a_split([curve for curve in curves if curve.role == "loss"])
    if is_preference_training(curve.tag for curve in curves):
        return metrics + losses
    if any(role.startswith("gan_") for role in roles):
        return metrics
    if any(role.startswith("rl_") for role in roles):
        return metrics + _main_reward(curves)
    return metrics + losses


def _whole(metrics: list[Series]) -> list[Series]:
    """Metrics without the halves of trade-offs, and without those that are never finite, where there is another."""
    measured = {curve.split for curve in metrics if len(curve.finite)}
    metrics = [curve for curve in metrics if len(curve.finite) or curve.split not in measured]
    whole = [curve for curve in metrics if _AVERAGE.search(curve.tag) or not _HALF.search(curve.tag)]
    return [curve for curve in whole or metrics if not _is_absent(curve)]


def _is_absent(curve: Series) -> bool:
    """Whether a metric is -1 throughout: what COCO's evaluation writes where there is nothing to evaluate."""
    return bool((curve.value == -1).all())


def _one_a_split(losses: list[Series]) -> list[Series]:
    splits = dict.fromkeys(curve.split for curve in losses)
    return [main_curve([curve for curve in losses if curve.split == split]) for split in splits]


def _main_reward(curves: Sequence[Series]) -> list[Series]:
    for role in REWARDS:
        fitting = [curve for curve in curves if curve.role == role and curve.layer is None]
        if fitting:
            heldout = [curve for curve in fitting if curve.split in ("val", "test")]
            rest = [curve for curve in fitting if curve.split not in ("val", "test")]
            return [main_curve(group) for group in (heldout, rest) if group]
    return []


def _indicator(curve: Series, scores: frozenset[str]) -> Indicator | None:
    if (curve.role or "") not in LOWER_IS_BETTER:
        return None
    metric = curve.role != "loss"
    if ends_broken(curve):
        return Indicator(curve, "broke", measure(curve, scores), metric)
    progress = measure(curve, scores)
    if progress is None:
        return Indicator(curve, "short", None, metric)
    if progress.lower and is_climbing_average(progress.curve.value):
        return None
    return Indicator(curve, state_of(progress), progress, metric)
