"""Two games for the makers of sample logs: a GAN of two small networks, and a policy on a grid."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
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


def train_ppo(
    *,
    updates: int,
    lr: Callable[[int], float],
    seed: int,
    epochs: int = 6,
    clip: float = 0.2,
    wrong_sign: bool = False,
    sign: Callable[[int], int] = lambda _: 1,
) -> Iterator[dict[str, float]]:
    """PPO on the grid of `train_policy`, under the names of Stable-Baselines3.

    lr: learning rate of an update. wrong_sign: the value function is taught the returns with a minus. sign: of
    the advantages in an update.
    """
    size, limit, envs = 5, 20, 48
    torch.manual_seed(seed)
    policy, critic = Mlp(2, 32, 4), Mlp(2, 32, 1)
    optimizer = torch.optim.Adam([*policy.parameters(), *critic.parameters()], lr=lr(0))
    moves = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])
    for update in range(updates):
        for group in optimizer.param_groups:
            group["lr"] = lr(update)
        at, alive = torch.randint(0, size - 1, (envs, 2)), torch.ones(envs)
        steps: list[tuple[Tensor, Tensor, Tensor, Tensor, Tensor]] = []
        with torch.no_grad():
            for _ in range(limit):
                log_p = policy(at / size).log_softmax(1)
                action = torch.multinomial(log_p.exp(), 1)
                old = log_p.gather(1, action)[:, 0]
                before, at = at, (at + moves[action[:, 0]]).clamp(0, size - 1)
                goal = (at == size - 1).all(1)
                steps.append((before, action, old, alive * (goal.float() - 0.05), alive))
                alive = alive * (~goal).float()
        state, action, old, rewards, mask = (torch.stack(part) for part in zip(*steps, strict=True))
        score, keep = rewards.sum(0).mean().item(), mask.flatten() > 0
        returns = rewards.flip(0).cumsum(0).flip(0).flatten()[keep]
        x, chosen, old = state.flatten(0, 1)[keep] / size, action.flatten(0, 1)[keep], old.flatten()[keep]
        target = -returns if wrong_sign else returns
        with torch.no_grad():
            value = critic(x)[:, 0]
        explained = 1 - (returns - value).var() / returns.var()
        advantage = returns - value
        advantage = sign(update) * (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        for _ in range(epochs):
            log_p = policy(x).log_softmax(1)
            log_ratio = log_p.gather(1, chosen)[:, 0] - old
            ratio = log_ratio.exp()
            policy_loss = -torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()
            value_loss = (target - critic(x)[:, 0]).square().mean()
            entropy = -(log_p.exp() * log_p).sum(1).mean()
            loss = policy_loss + 0.5 * value_loss - 0.01 * entropy
            backward(loss, optimizer)
            optimizer.step()
        yield {
            "time/iterations": update + 1,
            "rollout/ep_rew_mean": score,
            "train/approx_kl": ((ratio - 1) - log_ratio).mean().item(),
            "train/clip_fraction": ((ratio - 1).abs() > clip).float().mean().item(),
            "train/entropy_loss": -entropy.item(),
            "train/explained_variance": explained.item(),
            "train/learning_rate": lr(update),
            "train/policy_gradient_loss": policy_loss.item(),
            "train/value_loss": value_loss.item(),
        }
