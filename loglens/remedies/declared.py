"""What the parameters of a run say of its learning rate, and of what it was trained from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_PRETRAINED = re.compile(
    r"pretrain|fine_?tune|name_or_path|resume|init_from|init_checkpoint|load_from|lora|adapter|peft", re.I
)
_NO = (None, False, 0, "", "False", "false", "None", "none", "null", "scratch")
_RATES = ("learning_rate", "lr", "base_lr", "lr0", "optimizer.lr", "optim.lr")


def declared_rate(params: Mapping[str, object]) -> float | None:
    """The learning rate among the parameters."""
    found: Iterable[float] = (
        float(value)
        for key, value in params.items()
        if key.lower() in _RATES and isinstance(value, int | float) and 0 < value < 1e3
    )
    return next(iter(found), None)


def is_pretrained(params: Mapping[str, object]) -> bool:
    """Whether the run continues from weights that were trained before, as its parameters say."""
    return any(_PRETRAINED.search(key) and value not in _NO for key, value in params.items())
