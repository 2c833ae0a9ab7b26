"""Whether a cross entropy is what guessing among some number of classes costs."""

from __future__ import annotations

import numpy as np

from loglens.stats.arrays import Floats
from loglens.stats.levels import levels
from loglens.stats.quantiles import median

#: No number of classes is recognised outside these losses: ln 2 is 0.69, and ln 160,000 is 12.
LOWEST, HIGHEST = 0.6, 12.0
#: Up to so many classes, every number is usual, and their logarithms lie far apart.
FEW_CLASSES = 10
#: Classes of usual data sets (ImageNet: 1000, COCO: 80, 90 and 91, CIFAR: 10 and 100, ...), vocabularies of usual
#: tokenizers (GPT-2: 50257, BERT: 30522, Llama: 32000), and powers of two.
# fmt: off
USUAL = frozenset({
    12, 15, 16, 20, 26, 27, 37, 43, 50, 64, 65, 80, 90, 91, 100, 101, 102, 128,
    196, 200, 256, 365, 400, 1000, 10000, 21841, 30522, 32000, 50257, 50304,
})
# fmt: on
#: The commonest of them: named where a level is near one, even if another number lies nearer.
COMMONEST = (*range(2, FEW_CLASSES + 1), 20, 100, 200, 1000, 32000, 50257)


def chance_classes(level: float, tolerance: float) -> int | None:
    """The number of classes C of which ln C lies within `tolerance` (a share) of a loss; None where none is usual.

    A net that gives every class the same chance has a cross entropy of ln C (Karpathy, A Recipe for Training Neural
    Networks, 2019).
    """
    if not LOWEST < level < HIGHEST:
        return None
    common = min(COMMONEST, key=lambda classes: abs(np.log(classes) - level))
    nearest = round(float(np.exp(level)))
    for classes in (common, nearest):
        usual = classes <= FEW_CLASSES or classes in USUAL
        if usual and abs(np.log(classes) - level) <= tolerance * level:
            return int(classes)
    return None


def stays_at_chance(value: Floats, tolerance: float) -> int | None:
    """The number of classes of which a loss stays at the chance level; None where it moves or has under five points.

    tolerance: a share of the level, by which it may move, and may lie off.
    """
    still = len(value) >= 5 and abs(levels(value).drop) < tolerance
    return chance_classes(float(median(value[-3:])), tolerance) if still else None


def constant_answer_entropy(share: float) -> float:
    """The least cross entropy of one answer for every input that is right in a share of all cases.

    That is -a ln a - (1 - a) ln(1 - a) with two classes, and more with several wrong ones; 0 where a is 0 or 1.
    """
    if not 0 < share < 1:
        return 0.0
    return float(-share * np.log(share) - (1 - share) * np.log(1 - share))
