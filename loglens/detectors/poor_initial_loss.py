"""A classifier starts far worse than guessing.

Why it matters. An untrained net should give every class the same chance, which costs ln C for C
classes (Karpathy, A Recipe for Training Neural Networks, 2019). One that starts far above is confident of wrong
answers: its last layer is initialised too large, its inputs are not normalised, or the loss is summed
instead of averaged. The first steps only undo that.

How it is found. The first training loss is above 2 ln C (TheDeepChecker allows as much), where the
parameters name the number of classes or the size of the vocabulary and the loss is a cross entropy as far
as names tell. Only the first, as those after it are the work of the updates: a poor start is often undone
in two or three steps, and a good one lost as fast to a rate that is too high. Without C in the parameters
it is not checked.

When it is wrong. A loss that is summed over tokens, tasks or micro-batches, or has further terms, has
another scale; so it is a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import estimate, number
from loglens.model.run import Run
from loglens.model.series import Series, require
from loglens.model.vocabulary import CROSS_ENTROPY
from loglens.remedies import actions as remedies

RULE = Rule("poor-initial-loss", "loss", Severity.NOTE, supervised=True)

_CLASSES = re.compile(r"(^|[./])((num|n)_?(classes|labels)|nclass(es)?|classes|vocab_?size)$")
_OTHER = re.compile(r"mse|mae|l1|bce|binary|focal|hinge|contrastive|triplet", re.I)

#: From so many on, a number is no count of classes: vocabularies have up to a few millions.
MAX_CLASSES = 1e7


def detect(
    loss: Series,
    loss_component: tuple[Series, ...],
    run: Run,
    *,
    min_points: int = 10,
    factor: float = 2.0,
) -> Iterator[Finding]:
    classes = [
        (key, int(value))
        for key, value in run.params.items()
        if _CLASSES.search(key.lower()) and isinstance(value, int | float) and 2 <= value < MAX_CLASSES
    ]
    if len({count for _, count in classes}) != 1:
        raise Skip("the parameters do not say how many classes there are")
    key, count = classes[0]
    named = [loss.tag, *(str(value) for name, value in run.params.items() if re.search("loss|criterion", name.lower()))]
    if any(_OTHER.search(name) for name in named) or (loss_component and not CROSS_ENTROPY.search(loss.tag)):
        raise Skip("the loss is not a cross entropy alone, as far as names tell")
    curve = require(loss, min_points, "losses")
    if run.rewinds:
        raise Skip("a resumed run does not begin at its beginning")
    start, chance = float(curve.value[0]), float(np.log(count))
    if start <= factor * chance:
        return
    yield Finding(
        f"{loss.tag} starts at {number(start)}, {estimate(start / chance)} times ln {count} = {number(chance)}, the "
        "level of "
        f"guessing among {count} classes ({key})",
        Severity.NOTE,
        Confidence.MEDIUM,
        onset_step=int(curve.step[0]),
        end_step=int(curve.step[0]),
        evidence={"start": start, "chance": chance, "classes": count},
        remedies=[remedies.change_init("xavier"), remedies.clean_data()],
        series=(loss,),
    )
