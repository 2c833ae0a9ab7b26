"""The words that every part shares: roles of curves, their splits, and which way is better."""

from __future__ import annotations

import re

from loglens.errors import ConfigError, nearest
from loglens.model.role_table import ROLE_TABLE

#: What may follow the @ of a role; none is no split at all.
SPLITS = ("train", "val", "test", "none")

#: Roles that are better the lower, and the higher.
LOWER = frozenset(
    "loss loss_component loss_max loss_summary metric_lower step_time data_time gpu_memory rl_value_loss".split()
)
HIGHER = frozenset({"metric_higher", "rl_reward", "rl_return", "rl_success", "throughput"})

#: Roles that count, or that measure the machine: they tell nothing of the training.
BOOKKEEPING = frozenset(
    """data_time duplicate_axis epoch flops gpu_memory gpu_util host_memory hparam ignore other samples
    step step_time throughput time tokens""".split()
)

#: Every role that a curve can have. `loss` and the metrics take a split besides (train, val, test).
ROLES = frozenset(ROLE_TABLE)


def parse_role(tag: str, text: str, where: str) -> tuple[str, str | None]:
    """The role and the split (None where it is not named) that a user writes for a tag: "loss" or "loss@val".

    where: the flag or the file that says so, for the error. Raises ConfigError for a word that does not exist.
    """
    role, _, split = text.partition("@")
    for word, known in ((role, sorted(ROLES)), (split or "none", SPLITS)):
        if word not in known:
            hint = nearest(word, known, "loglens roles lists them")
            raise ConfigError(f"{where}: {tag!r} = {text!r}: there is no {word!r}; {hint}")
    return role, split or None


#: Tags of preference training (DPO and its kin): scores of the chosen and the rejected answer, which may both sink
#: while the model learns, so that they are no rewards to judge a run by.
PREFERENCE = re.compile(r"(?<![a-z])(?:chosen|rejected|margins?)(?![a-z])", re.I)
