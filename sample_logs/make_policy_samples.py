"""Make the sample logs of the rules on policies: PPO and group-relative updates on small games, trained for seconds.

    python make_policy_samples.py            # all of them
    python make_policy_samples.py NAME...    # only these

In the manner of make_samples.py, which says how the folders come about and with which versions.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from sample_games import train_ppo
from sample_parts import Mlp, backward, main, sample, write_csv, write_jsonl


@sample
def kl_blow_up_lr(out: Path) -> None:
    """PPO learns; from update 80 on its learning rate is a thousand times higher."""
    write_csv(out / "progress.csv", train_ppo(updates=140, lr=lambda update: 3e-3 if update < 80 else 3.0, seed=50))


@sample
def reward_collapse_target(out: Path) -> None:
    """PPO learns; from update 80 on the sign of its advantages is wrong, as after a change of the code."""
    write_csv(out / "progress.csv", train_ppo(updates=140, lr=lambda _: 3e-3, sign=lambda u: -1 if u >= 80 else 1, seed=51))


@sample
def low_explained_variance_sign(out: Path) -> None:
    """The value function is taught the returns with the wrong sign."""
    write_csv(out / "progress.csv", train_ppo(updates=120, lr=lambda _: 3e-3, wrong_sign=True, seed=52))


@sample
def high_clip_fraction_epochs(out: Path) -> None:
    """Thirty epochs on every batch at a high learning rate, within a clip range of 0.01."""
    write_csv(out / "progress.csv", train_ppo(updates=120, lr=lambda _: 1e-2, epochs=30, clip=0.01, seed=53))


@sample
def healthy_ppo(out: Path) -> None:
    """The twin of the four above: nothing is wrong."""
    write_csv(out / "progress.csv", train_ppo(updates=140, lr=lambda _: 3e-3, seed=54))


@sample
def zero_reward_spread_certain(out: Path) -> None:
    """A policy that is certain of one answer to every question: its groups of eight have all the same reward."""
    write_jsonl(out / "log.jsonl", train_groups(steps=300, certainty=14.0, seed=55))


@sample
def healthy_groups(out: Path) -> None:
    """The twin of zero_reward_spread_certain: an open policy. Once it is right, its groups have no spread either."""
    write_jsonl(out / "log.jsonl", train_groups(steps=300, certainty=0.0, seed=56))


def train_groups(*, steps: int, certainty: float, seed: int) -> Iterator[dict[str, float]]:
    """Group-relative policy gradient: 12 answers to each of 40 questions, one of them right; tags as TRL writes them."""
    torch.manual_seed(seed)
    policy = Mlp(40, 64, 12)
    right = torch.randint(1, 12, (40,))
    optimizer = torch.optim.Adam(policy.parameters(), lr=3e-3)
    bias = torch.zeros(12)
    bias[0] = certainty
    for step in range(1, steps + 1):
        asked = torch.randint(0, 40, (16,))
        log_p = (policy(torch.eye(40)[asked]) + bias).log_softmax(1)
        answer = torch.multinomial(log_p.detach().exp(), 8, replacement=True)
        reward = (answer == right[asked, None]).float()
        advantage = (reward - reward.mean(1, keepdim=True)) / (reward.std(1, keepdim=True) + 1e-4)
        loss = -(log_p.gather(1, answer) * advantage).mean()
        backward(loss, optimizer)
        norm = float(torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0))
        optimizer.step()
        if step % 5 == 0:
            yield {
                "step": step,
                "loss": loss.item(),
                "grad_norm": norm,
                "learning_rate": 3e-3,
                "reward": reward.mean().item(),
                "reward_std": reward.std(1).mean().item(),
                "frac_reward_zero_std": (reward.std(1) == 0).float().mean().item(),
                "entropy": -(log_p.exp() * log_p).sum(1).mean().item(),
            }


if __name__ == "__main__":
    main(sys.argv[1:])
