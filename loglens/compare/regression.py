"""Limits on how much worse than the good runs a metric may be: "val/loss 2%"."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loglens.errors import ConfigError
from loglens.model.series import Series
from loglens.model.strict_json import to_strict
from loglens.model.vocabulary import HIGHER, LOWER
from loglens.roles.metrics import pick
from loglens.stats.quantiles import median

_LIMIT = re.compile(r"(?P<metric>.*\S)\s+(?P<number>\d+(\.\d*)?|\.\d+)\s*(?P<percent>%?)")


@dataclass(frozen=True, slots=True)
class Limit:
    """How much worse a metric may be: a share where relative, else in its own unit.

    metric: a tag, a glob of tags, or a role such as loss@val.
    """

    text: str
    metric: str
    max_worse: float
    relative: bool


@dataclass(frozen=True, slots=True)
class Regression:
    """A limit, and whether the bad run keeps it. worse: by how much that run is worse, negative where better."""

    limit: str
    tag: str
    good: float
    bad: float
    worse: float
    relative: bool
    failed: bool

    def as_dict(self) -> dict[str, Any]:
        document: dict[str, Any] = to_strict({name: getattr(self, name) for name in self.__slots__})
        return document


def limit(text: str) -> Limit:
    """Parse a limit such as "val/loss 2%" or "val/accuracy 0.01". Raises ConfigError for any other text."""
    found = _LIMIT.fullmatch(text.strip())
    if not found:
        raise ConfigError(f'--max-regression {text!r}: write "METRIC 2%" or "METRIC 0.01", e.g. "val/loss 2%"')
    percent = found["percent"] == "%"
    return Limit(text, found["metric"], float(found["number"]) / (100 if percent else 1), percent)


def regression(limit: Limit, good: Sequence[Sequence[Series]], bad: Sequence[Series]) -> Regression:
    """Check a limit on the final levels of the metric; of several good runs the median counts.

    good, bad: curves with their roles. Raises ConfigError where no curve fits the metric, or where it is not known
    in which direction the metric is better.
    """
    curve = pick(bad, limit.metric)
    partners = [found for group in good if (found := pick(group, limit.metric)) is not None]
    where = f"--max-regression {limit.text!r}"
    if curve is None or not partners:
        side = "the run" if curve is None else "the good run"
        known = sorted({c.tag for c in (bad if curve is None else [c for group in good for c in group])})
        near = difflib.get_close_matches(limit.metric, known, 3, 0.5) or known[:8]
        raise ConfigError(f"{where}: {side} has no curve {limit.metric!r}; it has: {', '.join(near) or 'none'}")
    role = curve.role or ""
    if role not in LOWER | HIGHER:
        raise ConfigError(
            f"{where}: whether {curve.tag} is better low or high is not known (role {role or 'none'}); "
            f"say so with --role '{curve.tag}=metric_lower' or metric_higher"
        )
    before = float(median([final(partner) for partner in partners]))
    now = final(curve)
    worse = before - now if role in HIGHER else now - before
    if limit.relative:
        worse = worse / abs(before) if before else float("inf") * worse if worse else 0.0
    # what is not a number is never good enough; 1e-9 for what floating point makes of "2 %"
    failed = not worse <= limit.max_worse * (1 + 1e-9)
    return Regression(limit.text, curve.tag, before, now, worse, limit.relative, failed)


def final(curve: Series) -> float:
    """The level that a curve ends at: the median of its last tenth, of three points at least.

    NaN where it ends in one.
    """
    if not len(curve) or not np.isfinite(curve.value[-1]):
        return float("nan")
    value = curve.finite.value
    return float(median(value[-max(3, len(value) // 10) :]))
