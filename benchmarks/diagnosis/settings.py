"""What changes a run and its healthy twin alike: nets, optimisers, schedules, and what only looks like a fault."""

# ruff: noqa: ARG005 - hooks of one kind have one signature

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from language import Transformer
from policies import Ppo
from tasks import Reader, chain
from torch import nn
from training import Scaler, Training


def deep(t: Training) -> None:
    """Ten layers, well initialised."""
    t.net = ten(t, nn.ReLU)
    t.optimizer, t.lr = "adam", 1e-3
    for part in t.net.modules():
        if isinstance(part, nn.Linear):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            nn.init.zeros_(part.bias)
    with torch.no_grad():  # a last layer that starts small: the first guesses are even
        list(t.net.parameters())[-2].mul_(0.1)


def ten(t: Training, act: type[nn.Module]) -> nn.Sequential:
    """Ten layers."""
    return chain(t.task.train[0].shape[1], *[32] * 9, t.task.classes or 1, act=act)


def relu_rnn(t: Training) -> None:
    """A plain recurrent layer with ReLU instead of the gated one."""
    t.net = Reader(t.task.classes, "RNN")
    t.optimizer, t.lr = "adam", 3e-3


def tanh(t: Training) -> None:
    """The same net with tanh, whose saturation is logged."""
    for name, part in t.net.named_children():
        if isinstance(part, nn.ReLU):
            setattr(t.net, name, nn.Tanh())
    t.saturates = True


def sgd_clipped(t: Training) -> None:
    """Stochastic gradient descent, clipped at 1, which cuts only some early steps."""
    t.optimizer, t.lr, t.clip = "sgd", t.task.rates["sgd"], 1.0 if t.task.classes else 10.0


def amp(t: Training) -> None:
    """A dynamic loss scale."""
    t.scaler = Scaler()


def transformer(t: Training) -> None:
    """Two blocks, normalised before each part."""
    t.net, t.optimizer, t.lr = Transformer(t.task.classes, layers=2), "adam", 3e-3


def post_ln(t: Training) -> None:
    """Four blocks, normalised after each sum, at a rate that needs a warmup."""
    t.net, t.optimizer, t.lr = Transformer(t.task.classes, layers=4, after=True), "adam", 2.5e-2
    t.schedule = lambda part: min(1.0, (part + 0.002) / 0.2) * (0.5 + 0.5 * math.cos(math.pi * part))
    t.config["schedule"] = "cosine"


def restarts(t: Training) -> None:
    """Three cosines one after the other, as declared (Loshchilov and Hutter 2017)."""
    t.schedule = lambda part: (0.51 + 0.49 * math.cos(math.pi * (3 * part % 1.0))) * (1.0 - 0.5 * part)
    t.config["schedule"] = "cosine_with_restarts"


def dropout(t: Training) -> None:
    """A tenth of the units dropped in training."""
    t.net = nn.Sequential(*(part for layer in t.net.children() for part in dropping(layer, 0.1)))


def dropping(layer: nn.Module, share: float) -> tuple[nn.Module, ...]:
    """A layer, and dropout after it where it is a nonlinearity."""
    return (layer, nn.Dropout(share)) if isinstance(layer, nn.ReLU) else (layer,)


def few_games(p: Ppo) -> None:
    """A policy that plays six games an update: its KL divergence and its rewards are noisy."""
    p.envs = p.game.envs = 6


def wind(p: Ppo) -> None:
    """For a tenth of the run the game is another, as when a server fails. The reward dips, and recovers."""
    begin, end = p.at(0.6), p.at(0.7)
    p.before.append(lambda update: setattr(p.game, "wind", 0.4 if begin <= update < end else 0.0))


SETTINGS: dict[str, Callable[[Any], None]] = {
    "plain": lambda t: None,
    "deep": deep,
    "relu-rnn": relu_rnn,
    "tanh": tanh,
    "sgd-clipped": sgd_clipped,
    "amp": amp,
    "transformer": transformer,
    "post-ln": post_ln,
    "restarts": restarts,
    "dropout": dropout,
    "few-games": few_games,
    "wind": wind,
}
