"""Make the sample logs of the rules on how a run went: tiny models in numpy, really trained, a second or less each.

    python make_outcome_samples.py            # all of them
    python make_outcome_samples.py NAME...    # only these

Needs numpy alone. Every function trains a model that has the fault in its first docstring line and writes its log.
"""

from __future__ import annotations

import csv
import json
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Row = Mapping[str, float]
HERE = Path(__file__).resolve().parent
SAMPLES: dict[str, Callable[[Path], None]] = {}


def sample(make: Callable[[Path], None]) -> Callable[[Path], None]:
    SAMPLES[make.__name__] = make
    return make


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    rows = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in rows)


def write_jsonl(path: Path, rows: Iterable[Row]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def clusters(n: int, classes: int, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Overlapping Gaussian clusters in 8 dimensions around fixed centres."""
    centres = np.random.default_rng(99).normal(0, 1.5, (classes, 8))
    label = rng.integers(0, classes, n)
    return centres[label] + rng.normal(0, 1, (n, 8)), label


def softmax(score: Floats) -> Floats:
    power = np.exp(score - score.max(1, keepdims=True))
    shares: Floats = power / power.sum(1, keepdims=True)
    return shares


class Classifier:
    """Softmax regression, trained by gradient descent."""

    def __init__(self, classes: int) -> None:
        self.weight = np.zeros((8, classes))

    def step(self, x: Floats, label: NDArray[np.int64], lr: float) -> float:
        share = softmax(x @ self.weight)
        loss = -np.log(share[np.arange(len(x)), label] + 1e-12).mean()
        share[np.arange(len(x)), label] -= 1
        self.weight -= lr * x.T @ share / len(x)
        return float(loss)

    def accuracy(self, x: Floats, label: NDArray[np.int64]) -> float:
        return float(((x @ self.weight).argmax(1) == label).mean())


@sample
def crashed_memory(out: Path) -> None:
    """Every batch's activations are kept; in epoch 8 the next array is larger than the memory."""
    rng, model = np.random.default_rng(1), Classifier(4)
    lines = []
    try:
        for step in range(300):
            x, label = clusters(64, 4, rng)
            lines.append(f"step {step} loss {model.step(x, label, 0.05):.4f}")
            if step == 237:
                np.ones((2**22, 2**22))
    except MemoryError:
        lines += traceback.format_exc().replace(str(HERE), "/project").splitlines()
    (out / "train.log").write_text("\n".join(lines) + "\n", encoding="utf-8")


@sample
def metric_collapse_class_order(out: Path) -> None:
    """At epoch 30 the job is resumed on another machine, whose file system lists the folders of the classes otherwise."""
    rng, model = np.random.default_rng(2), Classifier(4)
    held_out = clusters(500, 4, rng)
    rows = []
    for epoch in range(60):
        losses = []
        for _ in range(10):
            x, label = clusters(64, 4, rng)
            losses.append(model.step(x, label if epoch < 30 else (label + 1) % 4, 0.05))
        rows.append({"epoch": epoch, "train_loss": np.mean(losses), "val_accuracy": model.accuracy(*held_out)})
    write_csv(out / "metrics.csv", rows)


@sample
def metric_stuck_wrong_labels(out: Path) -> None:
    """The labels of the validation set begin at 1, those of the training set at 0, and one class is never seen."""
    rng, model = np.random.default_rng(3), Classifier(2)
    x_val, label_val = clusters(400, 1, rng)
    rows = []
    for epoch in range(40):
        losses = []
        for _ in range(10):
            x, label = clusters(64, 2, rng)
            losses.append(model.step(x, label, 0.01))
        rows.append({"epoch": epoch, "train/loss": np.mean(losses), "val/accuracy": model.accuracy(x_val, label_val + 2)})
    write_csv(out / "metrics.csv", rows)


@sample
def non_finite_metric_half(out: Path) -> None:
    """The error of a regression is averaged in half precision: below 6e-8 it is 0, and the PSNR infinite."""
    rng = np.random.default_rng(4)
    truth, weight = rng.uniform(-0.3, 0.3, 16), np.zeros(16)
    x_val = rng.normal(size=(200, 16))
    rows = []
    for step in range(120):
        x = rng.normal(size=(32, 16))
        residual = x @ (weight - truth) + rng.normal(0, 1e-4, 32)
        weight -= 0.1 * x.T @ residual / 32
        if step % 2 == 0:
            error = np.float16(np.mean(((x_val @ (weight - truth)) ** 2)))
            with np.errstate(divide="ignore"):
                psnr = float(-10 * np.log10(np.float64(error)))
            rows.append({"step": step, "train/loss": float(np.mean(residual**2)), "val/psnr": psnr})
    write_csv(out / "metrics.csv", rows)


@sample
def zero_loss_masked(out: Path) -> None:
    """The template of the prompts is not found, so that every label is masked: a sum over no token, divided by 1."""
    rng = np.random.default_rng(5)
    rows = []
    for step in range(1, 81):
        score = rng.normal(size=(64, 10))
        counted = np.zeros(64, bool)
        loss = float(-np.log(softmax(score))[counted, 0].sum() / max(1, counted.sum()))
        rows.append({"loss": abs(loss), "learning_rate": 2e-5 * (1 - step / 80), "epoch": step / 80, "step": step})
    write_jsonl(out / "log.jsonl", rows)


def pull(arm: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Rewards of a bandit of ten arms, of which one pays much more than the others."""
    pays: Floats = np.where(arm == 7, 1.0, 0.2) + rng.normal(0, 0.3, len(arm))
    return pays


def train_bandit(sign: float, seed: int, updates: int = 150) -> list[Row]:
    """Policy gradient on the bandit; the sign of 1 climbs, 0 never moves."""
    rng, score = np.random.default_rng(seed), np.zeros(10)
    rows = []
    for update in range(updates):
        share = softmax(score[None])[0]
        arm = rng.choice(10, 64, p=share)
        reward = pull(arm, rng)
        advantage = reward - reward.mean()
        gradient = sum(a * (np.eye(10)[i] - share) for i, a in zip(arm, advantage, strict=True)) / 64
        score = score + sign * 2.0 * gradient
        entropy = float(-(share * np.log(share + 1e-12)).sum())
        rows.append({"update": update, "rollout/ep_rew_mean": reward.mean(), "train/entropy": entropy})
    return rows


@sample
def reward_not_rising_detached(out: Path) -> None:
    """A policy whose gradient is detached: every update is zero."""
    write_csv(out / "progress.csv", train_bandit(0.0, seed=6, updates=600))


@sample
def healthy_bandit(out: Path) -> None:
    """The twin of reward_not_rising_detached: the same policy with its gradient."""
    write_csv(out / "progress.csv", train_bandit(1.0, seed=6))


@sample
def value_loss_blow_up_off_policy(out: Path) -> None:
    """Baird's counterexample: Q-learning off-policy with a linear value function diverges (Sutton and Barto 11.2)."""
    rng, weight = np.random.default_rng(7), np.array([1.0, 1, 1, 1, 1, 1, 10, 1])
    feature = np.zeros((7, 8))
    feature[:6, :6], feature[:6, 7], feature[6, 6], feature[6, 7] = 2 * np.eye(6), 1, 1, 2
    rows = []
    for step in range(1500):
        state = int(rng.integers(0, 7))
        solid = rng.random() < 1 / 7  # the target policy always goes to the last state, the behaviour seldom
        td = 0.99 * feature[6] @ weight - feature[state] @ weight
        if solid:
            weight = weight + 0.02 * 7 * td * feature[state]
        if step % 10 == 0:
            rows.append({"step": step, "train/critic_loss": float(td**2), "train/learning_rate": 0.02})
    write_csv(out / "progress.csv", rows)


@sample
def unbounded_loss_prices(out: Path) -> None:
    """Binary cross-entropy on prices: the larger the score, the smaller the loss."""
    rng, weight, bias = np.random.default_rng(8), np.zeros(8), 0.0
    rows = []
    for epoch in range(50):
        x = rng.normal(size=(512, 8))
        price = np.round(200 + 40 * x[:, 0] + rng.normal(0, 5, 512))
        score = x @ weight + bias
        loss = np.mean(np.logaddexp(0, score) - price * score)
        gradient = 1 / (1 + np.exp(-score)) - price
        weight, bias = weight - 0.05 * x.T @ gradient / 512, bias - 0.05 * float(gradient.mean())
        rows.append({"epoch": epoch, "loss": float(loss), "accuracy": float(((score > 0) == price).mean())})
    write_csv(out / "history.csv", rows)


@sample
def posterior_collapse_mean_reduced(out: Path) -> None:
    """A linear variational autoencoder whose reconstruction is averaged over 64 inputs, its KL term summed."""
    write_csv(out / "history.csv", train_vae(per_input=64, seed=9))


@sample
def healthy_vae(out: Path) -> None:
    """The twin of posterior_collapse_mean_reduced: both terms are summed."""
    write_csv(out / "history.csv", train_vae(per_input=1, seed=9))


def train_vae(per_input: int, seed: int) -> list[Row]:
    """A linear autoencoder of 2 latents on 64 inputs made from 2 factors, trained by Adam."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(0, 0.5, (2, 64))
    weights = [rng.normal(0, 0.05, (64, 2)), rng.normal(0, 0.3, (2, 64)), np.full(2, -1.0)]
    moments = [(np.zeros_like(weight), np.zeros_like(weight)) for weight in weights]
    rows = []
    for epoch in range(60):
        terms = []
        for _ in range(20):
            into, out, log_var = weights
            x = rng.normal(size=(64, 2)) @ mixing + rng.normal(0, 0.1, (64, 64))
            mean, draw, scale = x @ into, rng.normal(size=(64, 2)), np.exp(log_var / 2)
            code = mean + draw * scale
            error = code @ out - x
            kl = 0.5 * float((mean**2).sum(1).mean() + (np.exp(log_var) - 1 - log_var).sum())
            terms.append((0.5 * float((error**2).sum(1).mean()) / per_input, kl))
            on_code = error @ out.T / per_input
            gradients = [
                x.T @ (on_code + mean) / 64,
                code.T @ error / 64 / per_input,
                ((on_code * draw * scale).mean(0) + np.exp(log_var) - 1) / 2,
            ]
            for index, (gradient, (first, second)) in enumerate(zip(gradients, moments, strict=True)):
                first += 0.1 * (gradient - first)
                second += 0.01 * (gradient**2 - second)
                weights[index] = weights[index] - 0.005 * first / (np.sqrt(second) + 1e-8)
        reconstruction, kl = np.mean(terms, 0)
        rows.append({"epoch": epoch, "loss": reconstruction + kl, "reconstruction_loss": reconstruction, "kl_loss": kl})
    return rows


@sample
def truncated_completions_no_end(out: Path) -> None:
    """A policy that hardly ever ends its text within 32 tokens; an answer without an end earns nothing."""
    rng, end = np.random.default_rng(10), -9.0
    rows = []
    for step in range(1, 121):
        chance = 1 / (1 + np.exp(-end))
        length = rng.geometric(chance, 16)
        reward = (length <= 32).astype(float)
        advantage = reward - reward.mean()
        end += 0.1 * float(np.mean(advantage * (1 - np.minimum(length, 32) * chance)))
        rows.append({"step": step, "reward": float(reward.mean()), "completions/clipped_ratio": float((length > 32).mean())})
    write_jsonl(out / "log.jsonl", rows)


def main(names: list[str]) -> None:
    for name in names or SAMPLES:
        out = HERE / name
        out.mkdir(exist_ok=True)
        SAMPLES[name](out)
        print(name)


if __name__ == "__main__":
    main(sys.argv[1:])
