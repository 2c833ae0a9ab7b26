"""Find the parameters whose values separate the failed runs of a sweep from the healthy ones.

For each parameter the best split is taken (a decision tree of depth one, both kinds of runs with the
same total weight) and tested by Fisher's exact test. A split is chosen among many, so its p-value is
multiplied by the number of possible splits over all parameters (Bonferroni): that bounds the chance that
runs which fail at random show a split as good. A parameter that separates them need not be the cause;
it may change together with the cause.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

#: Runs of each kind that are needed: with fewer, no split of two parameters reaches ALPHA.
MIN_RUNS = 4
#: A split is reported if runs that fail at random would show one as good less often than this.
ALPHA = 0.05
#: A parameter with more different texts than this is a name, not a setting.
MAX_TEXTS = 12
#: Parameters that are no settings: results that a trainer writes during or after the run, and names.
NO_SETTINGS = frozenset(
    """
    best_metric best_model_checkpoint epoch exit_code global_step hostname is_hyper_param_search num_input_tokens_seen
    pid run_id run_name run_uuid seed started status total_flos total_steps wandb_version
    """.split()
)


#: A relation, a value, and of every run whether it holds for it and whether the run failed.
Question = tuple[str, float | str, list[tuple[bool, bool]]]


class Split(NamedTuple):
    """A parameter and the values at which runs fail: "learning_rate > 0.003".

    failed and healthy: how many of each are on this side, of failed_in_all and healthy_in_all that logged
    the parameter. p: bound on the chance of such a split among runs that fail by chance.
    """

    param: str
    relation: str
    value: float | str
    failed: int
    healthy: int
    failed_in_all: int
    healthy_in_all: int
    p: float


def splits(runs: Sequence[tuple[Mapping[str, Any], bool]]) -> list[Split]:
    """Find the significant splits, most significant first. runs: of each its parameters, and whether it failed."""
    questions: list[tuple[str, Question]] = []
    tried = 0
    for name in comparable(runs):
        asked, count = _questions([(params[name], bad) for params, bad in runs if name in params])
        tried += count
        questions.extend((name, question) for question in asked)
    found = [_judge(name, *question, tried) for name, question in questions]
    best: dict[str, Split] = {}
    for split in sorted(found, key=lambda split: split.p):
        if split.p < ALPHA:
            best.setdefault(split.param, split)
    return list(best.values())


def comparable(runs: Sequence[tuple[Mapping[str, Any], bool]]) -> list[str]:
    """The settings that differ between runs and that half of them logged; none with too few runs of either kind."""
    failed = sum(bad for _, bad in runs)
    if min(failed, len(runs) - failed) < MIN_RUNS:
        return []
    values: dict[str, list[Any]] = {}
    for params, _ in runs:
        for name, value in params.items():
            if name.rpartition("/")[2] not in NO_SETTINGS:
                values.setdefault(name, []).append(value)
    return [name for name, said in values.items() if 2 * len(said) >= len(runs) and len({*map(str, said)}) > 1]


def _questions(known: list[tuple[Any, bool]]) -> tuple[list[Question], int]:
    """The candidate splits of one parameter, and how many there were to choose from."""
    values = [value for value, _ in known]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        kinds = {float(value) for value in values if math.isfinite(value)}
        if len(kinds) < 2:
            return [], 0
        finite = [(float(value), bad) for value, bad in known if math.isfinite(value)]
        cut = _cut(finite)
        above = [(value > cut, bad) for value, bad in finite]
        more = sum(bad for side, bad in above if side) * sum(not side for side, _ in above)
        less = sum(bad for side, bad in above if not side) * sum(side for side, _ in above)
        if more >= less:
            return [(">", max(k for k in kinds if k <= cut), above)], len(kinds) - 1
        return [("<", min(k for k in kinds if k > cut), [(not side, bad) for side, bad in above])], len(kinds) - 1
    texts = [str(value) for value in values]
    options = dict.fromkeys(texts)
    if not 2 <= len(options) <= min(MAX_TEXTS, len(texts) // 2):
        return [], 0
    asked: list[tuple[str, float | str, list[tuple[bool, bool]]]] = [
        ("=", option, [(text == option, bad) for text, (_, bad) in zip(texts, known, strict=True)])
        for option in options
    ]
    return asked, len(options)


def _cut(known: list[tuple[float, bool]]) -> float:
    """Return the value up to which the best split of depth one puts runs on its lower side; the lowest among equals.

    Both kinds weigh alike, so with a and b the shares of failed and of healthy runs on the lower side the decrease of
    the Gini impurity is proportional to (a - b)^2 / ((a + b) (2 - a - b)) (Breiman et al., 1984, section 4.3).
    """
    values, place = np.unique([value for value, _ in known], return_inverse=True)
    bad = np.array([failed for _, failed in known])
    failed, healthy = (np.bincount(place[kind], minlength=len(values)).cumsum()[:-1] for kind in (bad, ~bad))
    a, b = failed / max(bad.sum(), 1), healthy / max((~bad).sum(), 1)
    gain = (a - b) ** 2 / np.maximum((a + b) * (2 - a - b), np.finfo(float).tiny)
    return float(values[gain.argmax()]) if bad.any() and not bad.all() else float(values[0])


def _judge(name: str, relation: str, value: float | str, sides: list[tuple[bool, bool]], tried: int) -> Split:
    from scipy.stats import fisher_exact

    inside = [bad for side, bad in sides if side]
    outside = [bad for side, bad in sides if not side]
    table = np.array([[sum(side), len(side) - sum(side)] for side in (inside, outside)])
    p = float(fisher_exact(table, alternative="greater").pvalue)
    (failed, healthy), (all_failed, all_healthy) = table[0].tolist(), table.sum(axis=0).tolist()
    return Split(name, relation, value, failed, healthy, all_failed, all_healthy, min(p * tried, 1.0))
