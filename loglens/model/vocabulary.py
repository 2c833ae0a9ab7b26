"""The vocabulary of all packages: roles of curves, their splits, and in which direction they are better."""

from __future__ import annotations

import re
from collections.abc import Iterable

from loglens.errors import ConfigError, nearest
from loglens.model.role_table import ROLE_TABLE

#: What may follow the @ of a role; none is no split at all.
SPLITS = ("train", "val", "test", "none")

#: Roles whose lower values are better, and those whose higher values are.
LOWER = frozenset(
    "loss loss_component loss_max loss_summary metric_lower step_time data_time gpu_memory rl_value_loss".split()
)
HIGHER = frozenset({"metric_higher", "rl_reward", "rl_return", "rl_success", "throughput"})

#: Roles of counters and of measurements of the machine: they say nothing about the training.
BOOKKEEPING = frozenset(
    """data_time duplicate_axis epoch flops gpu_memory gpu_util host_memory hparam ignore other samples
    step step_time throughput time tokens""".split()
)

#: Every role that a curve can have. `loss` and the metrics take a split besides (train, val, test).
ROLES = frozenset(ROLE_TABLE)


def parse_role(tag: str, text: str, where: str) -> tuple[str, str | None]:
    """Parse the role that a user gives to a tag, "loss" or "loss@val", into role and split (None where not named).

    where: the flag or the file that says so, for the error. Raises ConfigError for a word that does not exist.
    """
    role, _, split = text.partition("@")
    for word, known in ((role, sorted(ROLES)), (split or "none", SPLITS)):
        if word not in known:
            hint = nearest(word, known, "loglens roles lists them")
            raise ConfigError(f"{where}: {tag!r} = {text!r}: there is no {word!r}; {hint}")
    return role, split or None


#: Tags of a cross entropy or of the likelihood of a class: guessing costs ln C, however the run is set up.
CROSS_ENTROPY = re.compile(r"cross_?entropy|xent|nll|(^|[^a-z])(ce|lm)([^a-z]|$)", re.I)

#: Tags of a share of right answers.
ACCURACY = re.compile(r"acc|top[_-]?[15](?![0-9])", re.I)

#: Tags of measures that have no best value, whatever range they stay in: decibels, margins, ratings, likelihoods.
UNBOUNDED = re.compile(
    r"(?<![a-z])(?:margins?|p?snr|(?:si_?)?sn?dri?|dbs?|elo|log_?(?:prob|lik)[a-z]*|logps)(?![a-z])", re.I
)

#: Tags of preference training (DPO and similar): scores of the chosen and the rejected answer, which may both fall
#: while the model learns, so that they are no rewards to judge a run by.
PREFERENCE = re.compile(r"(?<![a-z])(?:chosen|rejected|margins?)(?![a-z])", re.I)

#: Tags of scores that preference training computes from its batch, beside PREFERENCE: none is a return.
PAIR_SCORES = re.compile(r"chosen|rejected|margins?|accurac(?:y|ies)|reward_?(?:diff|gap)", re.I)


def is_preference_training(tags: Iterable[str]) -> bool:
    """Whether a run learns from pairs (DPO, KTO, ORPO, a reward model): it logs the chosen and the rejected answers.

    Their rewards are computed from the batch, nobody collects them, and the loss is an ordinary classification loss.
    """
    names = [tag.lower() for tag in tags]
    return any("chosen" in name for name in names) and any("rejected" in name for name in names)
