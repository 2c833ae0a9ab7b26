"""Guess what curves are that are named after a part of the data and nothing else: "Train: 71.2%, Valid: 69.8%"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from loglens.model.series import Series
from loglens.roles.role import Role
from loglens.roles.table import SPLITS
from loglens.roles.words import read_tag, words_of
from loglens.stats.quantiles import median

#: Points before the values are looked at.
MIN_POINTS = 5
#: The name of the only value of a log that names none.
_UNNAMED = "value"
#: What is measured on held-out data and called no more than this is better the higher it is.
_SCORES = frozenset({"score", "scores"})
#: Where the best one so far is kept, the split need not be said.
_SCORES_KEPT, _BEST = frozenset({"score", "avg score", "cv score", "metric"}), re.compile(r"\bbest (score|metric)$")


def guess_bare_splits(curves: Mapping[str, Series], roles: Iterable[str | None]) -> dict[str, Role]:
    """The roles of those curves without one whose names say of what part of the data they are and nothing else.

    roles: those of the run's other curves. They are the loss where there is no other and all of them fall, and else a
    metric that is better the way in which it goes. One of the training alone is the loss beside scores.
    """
    roles = list(roles)
    scores: dict[str, Role] = {}
    named: dict[str, str] = {}
    if list(curves) == [_UNNAMED] and not any(roles) and len(curves[_UNNAMED].finite) >= MIN_POINTS:
        return {_UNNAMED: Role("loss", "train", guessed=True)} if _change(curves[_UNNAMED]) < 0 else {}
    scores |= _kept(curves)
    for tag in curves:
        said, split = read_tag(tag)
        if said in _SCORES and split in ("val", "test"):
            scores[tag] = Role("metric_higher", split, guessed=True)
        elif said == "metric" and split in ("val", "test") and len(curves[tag].finite) >= MIN_POINTS:
            scores |= _metrics({tag: split}, [_change(curves[tag]) < 0])
        words = words_of(tag).split()
        split = SPLITS.get(words[0]) if len(words) == 1 and len(words[0]) > 2 else None
        if split and len(curves[tag].finite) >= MIN_POINTS:
            named[tag] = split
    has_loss = any(role and "loss" in role for role in roles)
    falls = [_change(curves[tag]) < 0 for tag in named]
    if list(named.values()) == ["train"] and all(falls) and "metric_higher" in roles and not has_loss:
        return scores | {tag: Role("loss", "train", guessed=True) for tag in named}
    if "train" not in named.values() or len(set(named.values())) < 2:
        return scores
    if all(falls) and not has_loss:
        return scores | {tag: Role("loss", split, guessed=True) for tag, split in named.items()}
    return scores | _metrics(named, falls)


def _kept(curves: Mapping[str, Series]) -> dict[str, Role]:
    """A score of which the best is kept, "Score" beside "Save Best Score": it is better the way the best one goes."""
    best = [curve.finite.value for tag, curve in curves.items() if _BEST.search(words_of(tag))]
    moves = np.concatenate([np.diff(value) for value in best]) if best else np.zeros(0)
    if not len(moves) or not ((moves > 0).all() or (moves < 0).all()):
        return {}
    role = "metric_higher" if moves[0] > 0 else "metric_lower"
    found = [tag for tag in curves if words_of(tag) in _SCORES_KEPT]
    return {tag: Role(role, "val", guessed=True) for tag in found}


def _metrics(named: Mapping[str, str], falls: list[bool]) -> dict[str, Role]:
    """They are of one kind: the way most of them go is the better one."""
    role = "metric_lower" if 2 * sum(falls) > len(falls) else "metric_higher"
    return {tag: Role(role, split, guessed=True) for tag, split in named.items()}


def _change(curve: Series) -> float:
    """How far the last third of a curve lies above the first."""
    value = curve.finite.value
    third = max(len(value) // 3, 1)
    return float(median(value[-third:]) - median(value[:third]))
