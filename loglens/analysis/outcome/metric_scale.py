"""What a metric is a share of: 1 or 100, and how many answers are right by it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from loglens.model.series import Series
from loglens.model.vocabulary import ACCURACY, UNBOUNDED
from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median

#: Roles of which the best possible value is known: 0 for losses and errors, 1 or 100 for these.
SHARES = frozenset({"metric_higher", "rl_success"})
#: Tags of error rates of words, characters, tokens or phones.
ERROR_RATE = re.compile(r"(?<![a-z])([wctp]er|error_?rate|err_?rate|[a-z]+_error_rate)(?![a-z])", re.I)
#: Tags of scores of whole texts.
TEXT_SCORE = re.compile(r"(?<![a-z])(sacre)?bleu[_-]?[1-4]?(?![a-z])", re.I)
#: More errors than this a word are no rate: such values are in per cent.
PERCENT_FROM = 5.0
#: A rate that starts higher, with a decoder that repeats itself, and ends at 1 or so (up to 1.5) is no per cent.
ENDS_LOW, NO_RATE = 1.5, 20.0
#: Four right tokens in a row: the geometric mean of the precisions of one to four tokens is the 2.5th power of the
#: accuracy of a token, where errors are independent. The square leaves room, as a translation may place words freely:
#: of 7,914 evaluations of 80 AlgoPerf runs that translate, from 0 to 34 BLEU, none lies above 0.88 of it.
TOKENS_IN_A_ROW = 2.0


def ideal(curve: Series, percent_scores: frozenset[str] = frozenset()) -> float | None:
    """The best value that is possible: 0 of a loss or an error that is never below it, 1 or 100 of a share.

    curve: with two finite points or more, all finite. percent_scores: see `percent_scores`.
    """
    value = curve.value
    if curve.role in ("loss", "metric_lower"):
        return 0.0 if value.min() >= 0 else None
    if curve.role in SHARES and value.min() >= -1 and not UNBOUNDED.search(curve.tag):
        unit = value.max() <= 1 and curve.tag not in percent_scores
        return 1.0 if unit else 100.0 if value.max() <= 100 else None
    return None


def percent_scores(curves: Sequence[Series]) -> frozenset[str]:
    """Tags of BLEU scores between 0 and 1 that are in per cent: as shares they were above the squared accuracy.

    A BLEU of 0.1 may be good (of 1) or that of a model that learned nothing (of 100). It counts four tokens in a row,
    so that it is below the accuracy of tokens, teacher-forced, of the same split.
    """
    found = set()
    for score in curves:
        if score.role != "metric_higher" or not TEXT_SCORE.search(score.tag) or not len(score.finite):
            continue
        best = float(score.finite.value.max())
        accuracies = [c.finite.value for c in curves if c.split == score.split and ACCURACY.search(c.tag)]
        right = max((float(value.max()) for value in accuracies if len(value)), default=1.0)
        if best <= 1 and 0 <= right <= 1 and best > right**TOKENS_IN_A_ROW:
            found.add(score.tag)
    return frozenset(found)


def is_error_rate(curve: Series) -> bool:
    """Whether a curve is an error rate of words, characters, tokens or phones."""
    return curve.role == "metric_lower" and bool(ERROR_RATE.search(curve.tag))


def errors_at_most_all(curve: Series) -> Series:
    """An error rate of words with values above 1 (or 100) at 1: an empty answer is no better than it is.

    What falls from 1.3, where a decoder repeats itself, to 1 has learned to say nothing. curve: finite.
    """
    if not is_error_rate(curve) or not len(curve):
        return curve
    return replace(curve, value=np.minimum(curve.value, whole_of_rate(curve.value)))


def whole_of_rate(value: Floats) -> float:
    """1 or 100: what an error rate is a share of. value: finite, not empty."""
    top, end = float(value.max()), float(median(value[-max(1, len(value) // 4) :]))
    return 100.0 if top > NO_RATE or (top > PERCENT_FROM and end > ENDS_LOW) else 1.0
