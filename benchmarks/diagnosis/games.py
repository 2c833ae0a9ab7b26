"""Two games with a known fault each: a generator that is never stepped, an entropy bonus of the wrong sign."""

from __future__ import annotations

import torch
from tasks import chain
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import leaky_relu, one_hot
from training import Row


def gan(seed: int, *, broken: bool) -> list[Row]:
    """Points on a ring. Broken: the generator's optimiser is never called."""
    torch.manual_seed(seed)
    make, judge = chain(4, 32, 2), chain(2, 48, 1)
    steps_g = torch.optim.Adam(make.parameters(), lr=1e-3, betas=(0.5, 0.9))
    steps_d = torch.optim.Adam(judge.parameters(), lr=1e-3, betas=(0.5, 0.9))
    ones, zeros, rows = torch.ones(64, 1), torch.zeros(64, 1), list[Row]()
    for step in range(600):
        angle = 6.2832 * torch.rand(64, 1)
        real = 1.5 * torch.cat([angle.cos(), angle.sin()], 1) + 0.1 * torch.randn(64, 2)
        fake = make(torch.randn(64, 4))
        score_real, score_fake = judge(real), judge(fake.detach())
        loss_d = bce(score_real, ones) + bce(score_fake, zeros)
        steps_d.zero_grad()
        torch.autograd.backward(loss_d)
        steps_d.step()
        loss_g = bce(judge(fake), ones)
        steps_g.zero_grad()
        torch.autograd.backward(loss_g)
        if not broken:
            steps_g.step()
        rows.append(
            {
                "step": step,
                "d": float(loss_d.detach()),
                "g": float(loss_g.detach()),
                "real": float(score_real.detach().sigmoid().mean()),
                "fake": float(score_fake.detach().sigmoid().mean()),
            }
        )
    return rows


def bandit(seed: int, *, broken: bool) -> list[Row]:
    """Six states, eight arms, policy gradient. Broken: the entropy bonus is a penalty."""
    rng = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    worth = torch.randn(6, 8, generator=rng)
    policy = chain(6, 32, 8)
    steps = torch.optim.Adam(policy.parameters(), lr=5e-3)
    coefficient, rows, base = (-3.0 if broken else 0.01), list[Row](), 0.0
    for step in range(400):
        state = torch.randint(6, (64,), generator=rng)
        log = leaky_relu(policy(one_hot(state, 6).float()), 1.0).log_softmax(1)
        arm = torch.multinomial(log.detach().exp(), 1, generator=rng)
        reward = worth[state].gather(1, arm).squeeze(1) + 0.3 * torch.randn(64, generator=rng)
        gain = -(log.gather(1, arm).squeeze(1) * (reward - base)).mean()
        entropy = -(log.exp() * log).sum(1).mean()
        base = 0.95 * base + 0.05 * float(reward.mean())
        steps.zero_grad()
        torch.autograd.backward(gain - coefficient * entropy)
        steps.step()
        rows.append(
            {
                "step": step,
                "reward": float(reward.mean()),
                "entropy": float(entropy.detach()),
                "policy": float(gain.detach()),
                "lr": 5e-3,
            }
        )
    return rows
