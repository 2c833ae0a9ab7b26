"""A metric that the configuration names is not in the log.

Why it matters. Early stopping, the choice of the best checkpoint and every comparison later rest on it;
that it was never computed shows at the end of the run at best.

How it is found. The parameters name a metric to watch (metric_for_best_model, monitor and similar), and
no curve has its name; or they ask for evaluation (eval_strategy other than "no") and no curve is of a
validation or test split; or a metric was logged at five points or more, and not one of them is a number.

When it is wrong. Names may be changed between the configuration and the log, and a run that ended before
its first evaluation has none. So it is a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.run import Run
from loglens.model.series import Series

RULE = Rule("missing-metric", "log", Severity.NOTE)

_WATCHED = re.compile(
    r"(^|[./])(metric_for_best_model|monitor(ed)?(_metric)?|(early_stopping|checkpoint|best)_metric)$"
)
#: What is watched to keep the newest checkpoint: the axis of all curves, and none itself.
_AXES = frozenset({"step", "global_step", "epoch", "iteration", "iter", "time"})
_EVALUATES = re.compile(r"(^|[./])(eval(uation)?_strategy)$")
_HELD_OUT = re.compile(r"(^|[^a-z])(val|valid|validation|eval|evaluation|dev|test)", re.I)

#: Characters of a parameter that are shown.
MAX_LENGTH = 60


def detect(
    metric_higher: tuple[Series, ...],
    metric_lower: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    val_metric_lower: tuple[Series, ...],
    run: Run,
    *,
    min_points: int = 5,
) -> Iterator[Finding]:
    if not run.tags:
        raise Skip("nothing was logged")
    for key, value in run.params.items():
        if not isinstance(value, str) or not value:
            continue
        watched = _WATCHED.search(key.lower()) and value.lower() not in _AXES
        if watched and not any(_named(value, tag) for tag in run.tags):
            yield _finding(f"{key} is {value[:MAX_LENGTH]}, and no curve of that name was logged", key)
        asks = _EVALUATES.search(key.lower()) and value.rpartition(".")[2].lower() in ("steps", "epoch")
        if asks and not any(_HELD_OUT.search(tag) for tag in run.tags):
            yield _finding(f"{key} is {value[:MAX_LENGTH]}, and no validation or test curve was logged", key)
    for curve in (*metric_higher, *metric_lower, *val_metric_higher, *val_metric_lower):
        if len(curve) >= min_points and not np.isfinite(curve.value).any():
            yield _finding(f"{curve.tag} is not a number at any of its {len(curve):,} points", curve.tag, curve)


def _named(wanted: str, tag: str) -> bool:
    """Whether a tag holds the name that is wanted, or all of its words in any order."""
    words = re.findall("[a-z0-9]+", wanted.lower())
    return "".join(words) in re.sub("[^a-z0-9]", "", tag.lower()) or all(word in tag.lower() for word in words)


def _finding(message: str, key: str, curve: Series | None = None) -> Finding:
    return Finding(
        message,
        Severity.NOTE,
        Confidence.MEDIUM,
        evidence={"expected": key},
        series=(curve,) if curve is not None else (),
        key=key,
    )
