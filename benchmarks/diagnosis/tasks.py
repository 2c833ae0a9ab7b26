"""Four small tasks and nets for them: a mixture of Gaussians, waves, generated text, drawn shapes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

Data = tuple[Tensor, Tensor]


@dataclass
class Task:
    """Data to train and to validate on, and the net that is right for them. No classes: regression."""

    name: str
    classes: int
    train: Data
    val: Data
    net: Callable[[], nn.Module]
    tiny: Callable[[], nn.Module]
    rates: dict[str, float]


def chain(*widths: int, act: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers with a nonlinearity between each two."""
    net = nn.Sequential()
    for i, (before, after) in enumerate(itertools.pairwise(widths)):
        if i:
            net.add_module(f"act{i}", act())
        net.add_module(f"fc{i + 1}", nn.Linear(before, after))
    return net


class Reader(nn.Module):
    """Symbols in, logits of the next symbol out at every place."""

    def __init__(self, symbols: int, cell: str = "GRU", hidden: int = 24) -> None:
        super().__init__()
        self.embed = nn.Embedding(symbols, 12)
        self.rnn: nn.RNNBase
        if cell == "GRU":
            self.rnn = nn.GRU(12, hidden, batch_first=True)
        else:
            self.rnn = nn.RNN(12, hidden, batch_first=True, nonlinearity="relu")
            with torch.no_grad():
                self.rnn.weight_hh_l0.copy_(0.5 * torch.eye(hidden))
        self.head = nn.Linear(hidden, symbols)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of shape (batch, symbols, length), as cross_entropy wants them."""
        result: Tensor = self.head(self.rnn(self.embed(x))[0]).transpose(1, 2)
        return result


class Bigrams(nn.Module):
    """One number a symbol, and logits from it: too small for any text."""

    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(symbols, 1), nn.Linear(1, symbols)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of shape (batch, symbols, length)."""
        result: Tensor = self.head(self.embed(x)).transpose(1, 2)
        return result


def mixture(seed: int) -> Task:
    """Classes of two Gaussians each, whose centres lie opposite, so that no line parts them."""
    rng = np.random.default_rng(1000 + seed)
    classes, dim = (3, 4, 6, 8, 5, 10)[seed % 6], 8
    centres = rng.normal(size=(classes, dim))
    centres *= 2.6 / np.linalg.norm(centres, axis=1, keepdims=True)

    def draw(n: int) -> Data:
        label = rng.integers(classes, size=n)
        side = rng.choice([-1.0, 1.0], size=(n, 1))
        x = side * centres[label] + 0.85 * rng.normal(size=(n, dim))
        return torch.tensor(x, dtype=torch.float32), torch.tensor(label)

    return Task(
        "mixture",
        classes,
        draw(5000),
        draw(600),
        lambda: chain(dim, 48, 48, classes),
        lambda: chain(dim, classes),
        {"sgd": 0.05, "adam": 3e-3},
    )


def waves(seed: int) -> Task:
    """A sum of two sines with noise, in units of its own."""
    rng = np.random.default_rng(2000 + seed)
    unit, phase = (1.0, 1.0, 5.0, 0.1, 1.0, 3.0)[seed % 6], rng.uniform(0, 6)

    def draw(n: int) -> Data:
        x = rng.uniform(-3, 3, size=(n, 1))
        y = unit * (np.sin(1.5 * x + phase) + 0.4 * np.sin(4 * x) + 0.1 * rng.normal(size=x.shape))
        return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)

    return Task(
        "waves",
        0,
        draw(1500),
        draw(500),
        lambda: chain(1, 48, 48, 1),
        lambda: chain(1, 1),
        {"sgd": 0.03, "adam": 5e-3},
    )


def write_text(rng: np.random.Generator, symbols: int, length: int, table: np.ndarray) -> np.ndarray:
    """Symbols drawn from a table: the probabilities of the next one after each two."""
    text = list(rng.integers(symbols, size=2))
    dice = rng.random(length)
    for throw in dice:
        text.append(int(np.searchsorted(np.cumsum(table[text[-2], text[-1]]), throw).clip(0, symbols - 1)))
    return np.array(text)


def text(seed: int) -> Task:
    """Text of a random grammar: after each two symbols mostly one of two others."""
    rng = np.random.default_rng(3000 + seed)
    symbols, length = (8, 10, 12, 9, 11, 14)[seed % 6], 12
    table = rng.dirichlet(np.full(symbols, 0.07), size=(symbols, symbols))

    def draw(n: int) -> Data:
        written = torch.tensor(write_text(rng, symbols, n * length + 1, table)[: n * length + 1])
        return written[:-1].reshape(n, length), written[1:].reshape(n, length)

    return Task(
        "text",
        symbols,
        draw(1000),
        draw(150),
        lambda: Reader(symbols),
        lambda: Bigrams(symbols),
        {"sgd": 0.5, "adam": 5e-3},
    )


def shapes(seed: int) -> Task:
    """Squares, crosses, discs and stripes of 10 x 10 pixels in noise."""
    rng = np.random.default_rng(4000 + seed)
    row, column = np.mgrid[0:10, 0:10]

    def one(label: int) -> np.ndarray:
        r, c = rng.integers(3, 7, size=2)
        far = np.maximum(abs(row - r), abs(column - c))
        drawn = (
            far == 2,
            ((row == r) | (column == c)) & (far <= 2),
            (row - r) ** 2 + (column - c) ** 2 <= 5,
            ((row + r) % 3 == 0) & (far <= 3),
        )
        return drawn[label] + (0.35 + 0.05 * (seed % 3)) * rng.normal(size=(10, 10))

    def draw(n: int) -> Data:
        label = rng.integers(4, size=n)
        x = np.stack([one(kind) for kind in label])[:, None]
        return torch.tensor(x, dtype=torch.float32), torch.tensor(label)

    def net() -> nn.Module:
        net = nn.Sequential()
        net.add_module("conv1", nn.Conv2d(1, 8, 3, padding=1))
        net.add_module("act1", nn.ReLU())
        net.add_module("conv2", nn.Conv2d(8, 12, 3, stride=2))
        net.add_module("act2", nn.ReLU())
        net.add_module("flat", nn.Flatten())
        net.add_module("head", nn.Linear(12 * 16, 4))
        return net

    return Task(
        "shapes",
        4,
        draw(1200),
        draw(400),
        net,
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(100, 1), nn.Linear(1, 4)),
        {"sgd": 0.05, "adam": 2e-3},
    )


TASKS: dict[str, Callable[[int], Task]] = {"mixture": mixture, "waves": waves, "text": text, "shapes": shapes}
