"""Two games for the makers of sample logs: a GAN of two small networks, and a policy on a grid."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from sample_parts import Mlp, backward, write_scalars
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.tensorboard import SummaryWriter


def train_gan(
    out: Path, *, steps: int, lr: tuple[float, float], width: tuple[int, int], d_steps: int, seed: int
) -> None:
    """A GAN of two small networks on a ring of eight Gaussians; `lr`, `width` of generator and discriminator."""
    torch.manual_seed(seed)
    generator = Mlp(4, width[0], width[0], 2)
    discriminator = Mlp(2, width[1], width[1], 1, act=nn.LeakyReLU)
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=lr[0], betas=(0.5, 0.99))
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=lr[1], betas=(0.5, 0.99))

    def judge(points: Tensor, real: bool) -> tuple[Tensor, float]:
        logits = discriminator(points)
        loss = binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))
        return loss, logits.sigmoid().mean().item()

    with SummaryWriter(str(out)) as writer:
        for step in range(steps):
            for _ in range(d_steps):
                angle = torch.randint(0, 8, (128,)) * (math.pi / 4)
                real = 2 * torch.stack([angle.cos(), angle.sin()], dim=1) + 0.1 * torch.randn(128, 2)
                on_real, score_real = judge(real, real=True)
                on_fake, score_fake = judge(generator(torch.randn(128, 4)).detach(), real=False)
                backward(on_real + on_fake, d_optimizer)
                d_optimizer.step()
            g_loss, _ = judge(generator(torch.randn(128, 4)), real=True)
            backward(g_loss, g_optimizer)
            g_optimizer.step()
            if step % (steps // 200) == 0:
                d_loss = (on_real + on_fake).item()
                scalars = {"Loss/D": d_loss, "Loss/G": g_loss.item(), "D(x)": score_real, "D(G(z))": score_fake}
                write_scalars(writer, scalars, step)


def train_policy(*, updates: int, lr: float, entropy_weight: float, seed: int) -> Iterator[dict[str, float]]:
    """REINFORCE with a baseline on a 5 x 5 grid: from one corner to the other in at most 20 moves.

    Every move costs 0.05 and the goal gives 1. Rows under the names of Stable-Baselines3.
    """
    size, limit, envs = 5, 20, 32
    torch.manual_seed(seed)
    policy = Mlp(2, 32, 5)  # four moves, and the value of the state
    optimizer = torch.optim.Adam(policy.parameters(), lr=lr)
    moves = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])
    began, seen = time.perf_counter(), 0
    for update in range(updates):
        at = torch.zeros(envs, 2, dtype=torch.long)
        alive = torch.ones(envs)
        steps: list[tuple[Tensor, Tensor, Tensor, Tensor, Tensor]] = []
        for _ in range(limit):
            out = policy(at / size)
            log_p = out[:, :4].log_softmax(1)
            action = torch.multinomial(log_p.detach().exp(), 1)
            at = (at + moves[action[:, 0]]).clamp(0, size - 1)
            goal = (at == size - 1).all(1)
            reward = alive * (goal.float() - 0.05)
            entropy = -(log_p.exp() * log_p).sum(1)
            steps.append((log_p.gather(1, action)[:, 0], entropy, out[:, 4], reward, alive))
            alive = alive * (~goal).float()
        log_p, entropy, value, rewards, mask = (torch.stack(part) for part in zip(*steps, strict=True))
        returns = rewards.flip(0).cumsum(0).flip(0)
        advantage = (returns - value).detach()
        policy_loss = -(log_p * advantage * mask).sum() / mask.sum()
        value_loss = ((returns - value).square() * mask).sum() / mask.sum()
        mean_entropy = (entropy * mask).sum() / mask.sum()
        loss = policy_loss + 0.5 * value_loss - entropy_weight * mean_entropy
        backward(loss, optimizer)
        optimizer.step()
        seen += int(mask.sum())
        yield {
            "time/iterations": update + 1,
            "rollout/ep_rew_mean": rewards.sum(0).mean().item(),
            "rollout/ep_len_mean": mask.sum(0).mean().item(),
            "time/fps": int(seen / (time.perf_counter() - began)),
            "time/total_timesteps": seen,
            "train/entropy_loss": -mean_entropy.item(),
            "train/policy_gradient_loss": policy_loss.item(),
            "train/value_loss": value_loss.item(),
            "train/learning_rate": lr,
            "train/loss": loss.item(),
        }
