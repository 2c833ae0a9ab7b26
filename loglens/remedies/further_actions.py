"""Remedies for groups of sampled completions, for runs that continue from a checkpoint, and for latent codes.

Sources: GRPO compares completions of one prompt, so that equal rewards give no gradient (Shao et al. 2024); completions
that are more, or differ more, make equal rewards rarer (Yu et al. 2025, DAPO).
"""

from __future__ import annotations

from loglens.model.finding import Remedy
from loglens.remedies.snippets import snippets


def more_generations(factor: float) -> Remedy:
    """Sample more completions of each prompt."""
    why = "the more completions there are of a prompt, the less likely it is that all get the same reward"
    verify = "rewards differ within more groups than in this run"
    return Remedy("more_generations", {"factor": factor}, why, snippets("more_generations", factor=factor), verify)


def set_temperature(value: float) -> Remedy:
    """Sample completions that differ more from each other."""
    why = "identical completions all get the same reward, and then there is no update"
    verify = "the entropy is above that of this run, and rewards differ within more groups"
    return Remedy("set_temperature", {"value": value}, why, snippets("set_temperature", value=value), verify)


def restore_optimizer() -> Remedy:
    """Restore optimizer and schedule with the weights."""
    why = "a checkpoint of the weights alone starts over with Adam's moments, the schedule and the loss scale"
    verify = "the learning rate and the loss continue after the resume where they were before"
    return Remedy("restore_optimizer", {}, why, snippets("restore_optimizer"), verify)


def kl_annealing() -> Remedy:
    """Raise the weight of the KL term from zero, and leave each latent a few free bits."""
    why = (
        "a KL term at full weight from the start is cheapest at zero; a weight that rises over the first epochs lets "
        "the decoder learn to use the latents first (Bowman et al. 2016)"
    )
    verify = "the KL term stays above 0.1 nats, and the reconstruction ends better than in this run"
    return Remedy("kl_annealing", {}, why, snippets("kl_annealing"), verify)
