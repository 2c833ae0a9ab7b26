"""What a log says of how its run was trained: by which trainer, with which optimizer, at which learning rate."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from loglens.model.run import Run
from loglens.model.series import Series
from loglens.remedies.trainer import trainer

#: Optimizers that PyTorch, Keras and optax all have, as each of them spells it.
OPTIMIZERS = {
    "adam": ("Adam", "Adam", "adam"),
    "adamw": ("AdamW", "AdamW", "adamw"),
    "sgd": ("SGD", "SGD", "sgd"),
    "rmsprop": ("RMSprop", "RMSprop", "rmsprop"),
    "adagrad": ("Adagrad", "Adagrad", "adagrad"),
    "nadam": ("NAdam", "Nadam", "nadam"),
    "adamax": ("Adamax", "Adamax", "adamax"),
}

_OPTIMIZER = re.compile(r"(?:^|[^a-z])optim(?:izer)?(?:[_./ ]?(?:name|type|class|class_name))?\W+\W*([a-z]\w*)", re.I)
_RATE = re.compile(r"(?:^|/|\.)(?:lr|learning_rate|base_lr|lr0)$", re.I)
#: PyTorch's column of a learning rate monitor names the optimizer: lr-SGD.
_MONITORED = re.compile(r"(?:^|/)lr-([A-Za-z]+)(?:$|[/-])")


@dataclass(frozen=True)
class Recipe:
    """How a run was trained. trainer, optimizer: in lower case, empty where unknown; rate: None where unknown."""

    trainer: str = ""
    optimizer: str = ""
    rate: float | None = None

    @classmethod
    def of(cls, run: Run, lr: Series | None) -> Self:
        """Read the recipe off a run. lr: its learning rate, where that was logged."""
        return cls(trainer(run), _optimizer(run), _peak(lr) or _given_rate(run))

    def before(self, lr: Series | None, onset: int | None) -> Self:
        """The same with the highest rate before an onset (a step): a jump of the rate may be the fault itself."""
        rate = _peak(lr.before(onset)) if lr is not None and onset is not None else None
        return replace(self, rate=rate) if rate is not None else self


def _optimizer(run: Run) -> str:
    """The optimizer by the parameters or the tag of a learning rate: "adamw_torch" and "AdamW" are both adamw."""
    said = [found[1] for found in map(_MONITORED.search, run.tags) if found]
    for line in _lines(run):
        said += _OPTIMIZER.findall(line)
    names = (name.lower().split("_")[0] for name in said)
    return next((name for name in names if name in OPTIMIZERS), "")


def _lines(run: Run) -> Iterator[str]:
    for key, value in run.params.items():
        if isinstance(value, str):
            yield from (f"{key}: {value}", *value.split("\n"))


def _peak(lr: Series | None) -> float | None:
    """The highest learning rate that was logged, None where none was above zero."""
    highest = float(lr.finite.value.max(initial=0.0)) if lr is not None else 0.0
    return highest if highest > 0 else None


def _given_rate(run: Run) -> float | None:
    """The learning rate of the parameters."""
    given = [value for key, value in run.params.items() if _RATE.search(key) and isinstance(value, int | float)]
    return next((float(value) for value in given if 0 < value < math.inf), None)
