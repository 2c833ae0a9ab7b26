"""Faults of policies: of the value function, the step, the sign, the judge. As in `faults`, where the rest is."""

# ruff: noqa: ARG005 - hooks of one kind have one signature

from __future__ import annotations

import numpy as np
import torch
from faults import curve, fault, late
from policies import Groups, Ppo
from training import Row

GAMES = (("reach", 0), ("catch", 1), ("reach", 2), ("catch", 3), ("reach", 4), ("catch", 5))
ASTRAY = ("reward-collapse", "entropy-collapse", "high-clip-fraction", "low-explained-variance")


def kept(rows: list[Row]) -> float:
    """The share of the reward's gain that is left at the end."""
    reward = np.array([np.mean(part) for part in np.array_split(curve(rows, "reward"), 20)])
    return float((reward[-3:].mean() - reward[0]) / (reward.max() - reward[0]))


@fault(
    "low-explained-variance",
    GAMES,
    ("entropy-collapse",),
    took=lambda rows, twin: late(rows, "explained") < 0.05 < late(twin, "explained"),
)
def value_of_something_else(p: Ppo) -> None:
    """The value function is taught the returns of other states, or with the wrong sign."""
    if p.seed % 3 == 0:
        p.target = lambda returns, update: returns[torch.randperm(len(returns))]
    elif p.seed % 3 == 1:
        p.target = lambda returns, update: -returns
    else:
        p.target = lambda returns, update: returns.roll(len(returns) // 2 + 1)


@fault(
    "high-clip-fraction",
    GAMES,
    ("kl-blow-up", *ASTRAY),
    took=lambda rows, twin: late(rows, "clip_fraction") > max(0.4, 5 * late(twin, "clip_fraction")),
)
def clip_range_too_small(p: Ppo) -> None:
    """A clip range of 0.2 %, or twice as many epochs on each batch within one of 0.5 %."""
    if p.seed % 2:
        p.clip = 0.002
    else:
        p.clip, p.epochs = 0.005, 8


@fault(
    "kl-blow-up",
    GAMES,
    ASTRAY,
    took=lambda rows, twin: bool(curve(rows, "kl").max() > 20 * late(twin, "kl")) and kept(rows) < 0.6,
)
def step_too_large(p: Ppo) -> None:
    """Without a clip range, and from the middle on at a rate that is 300 times higher, or that doubles ten times."""
    plain, p.clip = p.schedule, 1e9
    if p.seed % 2:
        p.schedule = lambda part: plain(part) * (300 if part >= 0.5 else 1)
    else:
        p.schedule = lambda part: plain(part) * 2 ** (10 * max(0.0, part - 0.4) / 0.6)


@fault("reward-collapse", GAMES, ("kl-blow-up", *ASTRAY), took=lambda rows, twin: kept(rows) < 0.2)
def learn_the_wrong_thing(p: Ppo) -> None:
    """Advantages of the wrong sign, a proxy that pays for the edge of the game, or observations that go blank."""
    since = p.at(0.5)
    if p.seed % 3 == 0:
        p.gain = lambda advantage, update: -advantage if update >= since else advantage
    elif p.seed % 3 == 1:
        p.paid = lambda reward, update: p.unit * p.game.edge() if update >= since else reward
    else:

        @torch.no_grad()
        def blank(update: int) -> None:
            if update >= since:
                next(p.actor.parameters()).zero_()

        p.before.append(blank)


@fault(
    "zero-reward-spread",
    tuple(("groups", seed) for seed in range(6)),
    ("vanishing-gradient", "entropy-collapse", "loss-not-decreasing", "unchanged-weights"),
    took=lambda rows, twin: late(rows, "same") > 0.9 and abs(rows[-1]["reward"] - rows[0]["reward"]) < 0.3,
)
def judge_alike(g: Groups) -> None:
    """A judge that finds nothing right, or all; or a temperature of nearly zero, at which all answers are one."""
    if g.seed % 3 == 0:
        g.judge = lambda fits: torch.zeros(fits.shape[:-1])
    elif g.seed % 3 == 1:
        g.judge = lambda fits: torch.ones(fits.shape[:-1])
    else:
        g.heat = 1e-4
