"""Policies that learn: PPO on two games of our own, and group-relative updates on questions with one right answer.

Both are ordinary loops whose parts a fault can replace, as in `training`.
"""

# ruff: noqa: ARG002, ARG005 - hooks of one kind have one signature

from __future__ import annotations

from collections.abc import Callable

import torch
from tasks import chain
from torch import Tensor, nn
from torch.nn.functional import one_hot
from training import Row


class Reach:
    """A mass on a line that is pushed left, right or not at all. It pays its distance from the middle."""

    length, actions, width = 24, 3, 2

    def __init__(self, envs: int) -> None:
        self.envs, self.wind = envs, 0.0

    def start(self) -> Tensor:
        """A place between -1.5 and 1.5, at rest."""
        self.x, self.v = 3 * torch.rand(self.envs) - 1.5, torch.zeros(self.envs)
        return self._seen()

    def move(self, action: Tensor) -> tuple[Tensor, Tensor]:
        """What is seen next, and the reward."""
        self.v = 0.8 * self.v + 0.12 * (action - 1) + self.wind
        self.x = (self.x + self.v).clamp(-3, 3)
        return self._seen(), -self.x.abs() / self.length

    def edge(self) -> Tensor:
        """How far out the mass is."""
        return self.x.abs()

    def _seen(self) -> Tensor:
        return torch.stack([self.x, 3 * self.v], 1)


class Catch:
    """A ball that falls through seven columns, and a paddle below: 1 for a catch, -1 for a miss."""

    length, actions, width = 8, 3, 16

    def __init__(self, envs: int) -> None:
        self.envs, self.wind = envs, 0.0

    def start(self) -> Tensor:
        """The ball and the paddle anywhere."""
        self.ball, self.paddle = torch.randint(7, (self.envs,)), torch.randint(7, (self.envs,))
        self.drift, self.left = torch.randint(-1, 2, (self.envs,)), self.length
        return self._seen()

    def move(self, action: Tensor) -> tuple[Tensor, Tensor]:
        """What is seen next, and the reward, which comes at the end."""
        self.left -= 1
        blown = (torch.rand(self.envs) < self.wind).long() * torch.randint(-3, 4, (self.envs,))
        self.ball = (self.ball + (self.drift if self.left % 3 == 0 else 0) + blown).clamp(0, 6)
        self.paddle = (self.paddle + action - 1).clamp(0, 6)
        caught = 2.0 * (self.ball == self.paddle) - 1
        return self._seen(), caught if self.left == 0 else torch.zeros(self.envs)

    def edge(self) -> Tensor:
        """Whether the paddle is at the left edge."""
        return (self.paddle == 0).float()

    def _seen(self) -> Tensor:
        rest = torch.full((self.envs,), self.left / self.length)
        return torch.cat(
            [one_hot(self.ball, 7), one_hot(self.paddle, 7), rest[:, None], self.drift[:, None]], 1
        ).float()


class Ppo:
    """Proximal policy optimisation (Schulman et al. 2017) with generalised advantages, gamma 0.97 and lambda 0.95."""

    def __init__(self, task: str, seed: int) -> None:
        torch.manual_seed(500 * seed + len(task))
        self.seed, self.updates = seed, (100, 120, 150)[seed % 3]
        self.envs, self.epochs, self.clip, self.rate = 32, 4, 0.2, (6e-3, 4e-3, 8e-3)[seed % 3]
        self.game: Reach | Catch = (Reach if task == "reach" else Catch)(self.envs)
        self.unit = (1.0, 10.0, 0.1)[seed % 3]  # of the rewards
        self.actor = chain(self.game.width, 32, self.game.actions, act=nn.Tanh)
        self.critic = chain(self.game.width, 32, 1, act=nn.Tanh)
        self.schedule: Callable[[float], float] = lambda part: 1.0 - 0.8 * part if seed % 2 else 1.0
        self.before: list[Callable[[int], None]] = []  # called with the update that begins
        self.target: Callable[[Tensor, int], Tensor] = lambda returns, update: returns
        self.paid: Callable[[Tensor, int], Tensor] = lambda reward, update: reward
        self.gain: Callable[[Tensor, int], Tensor] = lambda advantage, update: advantage

    def at(self, part: float) -> int:
        """The update after a part of the run."""
        return int(part * self.updates)

    def run(self) -> list[Row]:
        """Train, and return what was logged."""
        torch.manual_seed(self.seed)
        nets = [*self.actor.parameters(), *self.critic.parameters()]
        self.stepper, rows = torch.optim.Adam(nets, lr=self.rate), []
        for update in range(self.updates):
            for hook in self.before:
                hook(update)
            for group in self.stepper.param_groups:
                group["lr"] = self.rate * self.schedule(update / self.updates)
            rows.append(self._update(update) | {"lr": self.stepper.param_groups[0]["lr"]})
        return rows

    @torch.no_grad()
    def _play(self, update: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, float]:
        seen, parts, score = self.game.start(), [], torch.zeros(self.game.envs)
        for _ in range(self.game.length):
            log = self.actor(seen).log_softmax(1)
            action = torch.multinomial(log.exp(), 1)
            after, reward = self.game.move(action[:, 0])
            score += reward
            paid = self.paid(self.unit * reward, update)
            parts.append((seen, action, log.gather(1, action)[:, 0], paid))
            seen = after
        states, actions, logs, rewards = (torch.stack(part) for part in zip(*parts, strict=True))
        values = self.critic(states)[..., 0]
        advantage, ahead, next_value = (
            torch.zeros_like(rewards),
            torch.zeros(self.game.envs),
            torch.zeros(self.game.envs),
        )
        for t in reversed(range(self.game.length)):
            ahead = rewards[t] + 0.97 * next_value - values[t] + 0.97 * 0.95 * ahead
            advantage[t], next_value = ahead, values[t]
        flat = (states.flatten(0, 1), actions.flatten(0, 1), logs.flatten(), values.flatten(), advantage.flatten())
        return *flat, float(self.unit * score.mean())

    def _update(self, update: int) -> Row:
        states, actions, old, values, advantage, score = self._play(update)
        returns = advantage + values
        target = self.target(returns, update)
        advantage = self.gain((advantage - advantage.mean()) / (advantage.std() + 1e-8), update)
        scale, seen = float(returns.std()) + 1e-8, []
        for _ in range(self.epochs):
            for part in torch.randperm(len(old)).chunk(2):
                log = self.actor(states[part]).log_softmax(1)
                difference = log.gather(1, actions[part])[:, 0] - old[part]
                ratio = difference.exp()
                cut = ratio.clamp(1 - self.clip, 1 + self.clip)
                policy = -torch.min(ratio * advantage[part], cut * advantage[part]).mean()
                value = (target[part] - self.critic(states[part])[:, 0]).square().mean()
                entropy = -(log.exp() * log).sum(1).mean()
                self.stepper.zero_grad()
                torch.autograd.backward(policy + 0.5 * value / scale**2 - 0.01 * entropy)
                self.stepper.step()
                apart = (ratio.detach() - 1).abs() > self.clip
                seen.append(
                    torch.stack(
                        [((ratio - 1) - difference).mean(), apart.float().mean(), entropy, policy, value]
                    ).detach()
                )
        kl, clipped, entropy, policy, value = torch.stack(seen).mean(0).tolist()
        return {
            "step": (update + 1) * len(old),
            "reward": score,
            "kl": kl,
            "clip_fraction": clipped,
            "entropy": entropy,
            "policy": policy,
            "value": value,
            "explained": 1 - float((returns - values).var() / returns.var()),
        }

    def healthy(self, rows: list[Row]) -> bool:
        """Whether the reward rose, and did not fall again."""
        reward = torch.tensor([row["reward"] for row in rows])
        start, end = reward[:10].mean(), reward[-10:].mean()
        return bool(
            end - start > 1.5 * reward[-10:].std() and end > reward.unfold(0, 10, 5).mean(1).max() - (end - start) / 5
        )


class Groups:
    """Group-relative updates (Shao et al. 2024): eight answers of three symbols to each of sixteen questions."""

    def __init__(self, task: str, seed: int) -> None:
        torch.manual_seed(900 + seed)
        self.seed, self.steps, self.rate, self.heat = seed, (200, 300)[seed % 2], (1e-2, 6e-3)[seed % 2], 1.0
        self.symbols = 4 + seed % 3
        self.policy = chain(48, 64, 3 * self.symbols)
        self.right = torch.randint(self.symbols, (48, 3))
        self.judge: Callable[[Tensor], Tensor] = self.exact if seed % 2 else self.shares

    def shares(self, fits: Tensor) -> Tensor:
        """The share of symbols that are right."""
        return fits.float().mean(-1)

    def exact(self, fits: Tensor) -> Tensor:
        """1 where two symbols of three are right."""
        return (fits.sum(-1) >= 2).float()

    def run(self) -> list[Row]:
        """Train, and return what was logged."""
        torch.manual_seed(self.seed)
        stepper, rows = torch.optim.Adam(self.policy.parameters(), lr=self.rate), list[Row]()
        first = [p.detach().clone() for p in self.policy.parameters()]
        for step in range(self.steps):
            asked = torch.randint(48, (16,))
            log = self.policy(torch.eye(48)[asked]).view(16, 1, 3, self.symbols).log_softmax(-1).expand(16, 8, 3, -1)
            chances = (log.detach() / self.heat).softmax(-1)
            answer = torch.multinomial(chances.flatten(0, 2), 1).view(16, 8, 3)
            reward = self.judge(answer == self.right[asked, None])
            spread = reward.std(1, keepdim=True)
            advantage = (reward - reward.mean(1, keepdim=True)) / (spread + 1e-4)
            chosen = log.gather(-1, answer[..., None])[..., 0].sum(-1)
            loss = -(chosen * advantage).mean()
            stepper.zero_grad()
            torch.autograd.backward(loss)
            norm = float(nn.utils.clip_grad_norm_(self.policy.parameters(), 1.0))
            stepper.step()
            moved = sum(
                float((p.detach() - q).square().sum()) for p, q in zip(self.policy.parameters(), first, strict=True)
            )
            if step % 2 == 0:
                rows.append(
                    {
                        "step": step,
                        "loss": float(loss.detach()),
                        "grad_norm": norm,
                        "lr": self.rate,
                        "reward": float(reward.mean()),
                        "reward_std": float(spread.mean()),
                        "same": float((spread == 0).float().mean()),
                        "entropy": float(-(log.exp() * log).sum(-1).mean().detach()),
                        "moved": moved**0.5,
                    }
                )
        return rows

    def healthy(self, rows: list[Row]) -> bool:
        """Whether the reward rose by half of what it could."""
        start, end = (sum(row["reward"] for row in part) / 10 for part in (rows[:10], rows[-10:]))
        return end - start > 0.5 * (1 - start)
