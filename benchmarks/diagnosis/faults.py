"""What is broken, in which runs, and what a careful reader then expects: the answers come from here.

A fault changes one thing in a run before it starts. `allowed` lists what that fault brings with it, so
that naming it as well is no false alarm.
"""

# ruff: noqa: ARG001, ARG005 - hooks of one kind have one signature

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from settings import ten
from tasks import Data
from torch import Tensor, nn
from training import Row, Training

#: Of a training, or of a policy.
Change = Callable[[Any], None]
Took = Callable[[list[Row], list[Row]], bool]

BLOW_UP = ("divergence", "loss-spike", "nan-loss", "weight-growth", "exploding-gradient", "oscillation", "logit-growth")
STUCK = ("loss-not-decreasing", "underfitting", "plateau", "lr-too-low")


@dataclass(frozen=True)
class Fault:
    """One kind of fault: the condition it is, what may follow, where it is put in, and whether it took."""

    condition: str
    inject: Change
    runs: tuple[tuple[str, int], ...]
    allowed: tuple[str, ...] = ()
    setting: str = "plain"
    took: Took = field(default=lambda rows, twin: True)


FAULTS: list[Fault] = []
ANY = (("mixture", 1), ("waves", 2), ("text", 0), ("shapes", 1), ("mixture", 4), ("waves", 3))
LAYERED = (("mixture", 0), ("waves", 1), ("shapes", 3), ("text", 2), ("mixture", 5))


def fault(
    condition: str,
    runs: tuple[tuple[str, int], ...] = ANY,
    allowed: tuple[str, ...] = (),
    setting: str = "plain",
    took: Took = lambda rows, twin: True,
) -> Callable[[Change], Change]:
    """Register the function below as a fault."""

    def register(inject: Change) -> Change:
        FAULTS.append(Fault(condition, inject, runs, allowed, setting, took))
        return inject

    return register


def curve(rows: list[Row], key: str = "loss") -> np.ndarray:
    """A logged curve."""
    return np.array([row[key] for row in rows if key in row])


def end(rows: list[Row], key: str = "loss") -> float:
    """The level of a curve at its end."""
    return float(np.median(curve(rows, key)[-5:]))


def late(rows: list[Row], key: str) -> float:
    """The median of a curve after the first fifth."""
    values = curve(rows, key)
    return float(np.median(values[len(values) // 5 :]))


def smooth(value: np.ndarray) -> np.ndarray:
    """Medians of three."""
    return np.median(np.lib.stride_tricks.sliding_window_view(value, 3), axis=1)


def swings(rows: list[Row]) -> float:
    """The factor by which the loss swings in the second half (15th to 85th percentile), over the factor gained."""
    loss = curve(rows)
    low, high = np.quantile(loss[len(loss) // 2 :], [0.15, 0.85])
    early, late = (np.median(part) for part in np.array_split(loss[len(loss) // 5 :], 2))
    return float(high / low / max(early / late, 1.0))


def seen(rows: list[Row]) -> list[str]:
    """What is measured in a run whatever its fault is, and so is right to name.

    Units dead or saturated, a loss that is no number, a best validation loss before the end, one that is below the
    loss of training, updates that replace a tenth of the weights each or a hundredth of them in all.
    """
    found = [] if np.isfinite(rows[-1].get("loss", 0.0)) else ["nan-loss"]
    if len(val := curve(rows, "val_loss")) > 5 and end(rows, "val_loss") > 1.05 * smooth(val).min():
        found.append("missed-early-stop")
    if len(val) and late(rows, "val_loss") < 0.9 * late(rows, "loss"):
        found.append("validation-below-training")
    if "update_ratio" in rows[0] and not 0.01 / len(rows) < late(rows, "update_ratio") < 0.1:
        found.append("update-ratio")
    for kind, share, condition in (("zero/", 0.9, "dead-relu"), ("saturated/", 0.5, "saturated-activations")):
        layers = {key for row in rows for key in row if key.startswith(kind)}
        if any(end(rows, layer) >= share for layer in layers):
            found.append(condition)
    return found


# --------------------------------------------------------------------------------------------------- faults


@fault("nan-loss", ANY, took=lambda rows, twin: not np.isfinite(rows[-1]["loss"]))
def nan_loss(t: Training) -> None:
    """A record that is not a number, or a square root at zero, whose gradient is infinity times zero."""
    draw, since = t.batch, t.at(0.5)
    t.hidden = t.task.name == "text"  # this logger leaves the cell blank

    def poisoned(step: int) -> Data:
        x, y = draw(step)
        if step >= since and t.seed % 2 == 1:
            x = x.clone()
            x[0] = float("nan")
        return x, y

    def root(out: Tensor, y: Tensor, step: int) -> Tensor:
        loss = t.plain_loss(out, y, step)
        return loss + torch.sqrt(((out - out.detach()) ** 2).sum()) if step >= since else loss

    t.batch = poisoned
    if t.seed % 2 == 0:
        t.loss = root


@fault(
    "exploding-gradient",
    (("text", 0), ("text", 2), ("text", 4)),
    (*BLOW_UP, "loss-not-decreasing"),
    "relu-rnn",
    lambda rows, twin: bool(curve(rows, "grad_norm").max() > 30 * np.median(curve(twin, "grad_norm"))),
)
def explode_in_time(t: Training) -> None:
    """From a third of the run on the recurrent matrix grows by 1.5 % a step: a decay of the wrong sign."""
    since = t.at(0.35)

    @torch.no_grad()
    def grow(step: int) -> None:
        if step >= since:
            t.net.get_parameter("rnn.weight_hh_l0").mul_(1.015)

    t.after_step.append(grow)


@fault(
    "exploding-gradient",
    (("mixture", 0), ("mixture", 2), ("waves", 3)),
    (*BLOW_UP, "loss-not-decreasing", "dead-relu", "underfitting", "no-warmup", "lr-too-low", "poor-initial-loss"),
    "deep",
    lambda rows, twin: bool(curve(rows, "grad_norm")[0] > 100 * curve(twin, "grad_norm")[0]),
)
def explode_in_depth(t: Training) -> None:
    """Ten layers initialised four times too large: each multiplies the gradient by four."""
    with torch.no_grad():
        for p in t.net.parameters():
            p.mul_(4.0)


@fault(
    "vanishing-gradient",
    (("mixture", 0), ("waves", 1), ("mixture", 2), ("waves", 3), ("mixture", 5)),
    STUCK,
    "deep",
    lambda rows, twin: end(rows) > 1.5 * end(twin),
)
def vanish(t: Training) -> None:
    """Ten layers of sigmoids, whose slope is at most a quarter, with torch's small default weights."""
    t.net = ten(t, nn.Sigmoid)


@fault("weight-growth", (("mixture", 0), ("waves", 1), ("shapes", 3), ("mixture", 5)), (*BLOW_UP, "overfitting"))
def weights_grow(t: Training) -> None:
    """Weight decay of the wrong sign: all weights double six times in the run."""
    factor = 2 ** (6 / t.steps)

    @torch.no_grad()
    def grow(step: int) -> None:
        for p in t.net.parameters():
            p.mul_(factor)

    t.after_step.append(grow)


@fault(
    "divergence",
    ANY,
    (*BLOW_UP, "lr-too-high", "dead-relu", "overfitting"),
    took=lambda rows, twin: 2 * np.median(curve(rows)[len(curve(rows)) // 3 :][:20]) < end(rows) < np.inf,
)
def diverge(t: Training) -> None:
    """A learning rate that grows instead of falling, or a loss whose sign is wrong after a third."""
    if t.seed % 2:
        plain = t.schedule
        t.schedule = lambda part: max(plain(0.3), 0.3) * 3000 ** ((part - 0.4) / 0.6) if part > 0.4 else plain(part)
    else:
        since = t.at(0.4)
        t.loss = lambda out, y, step: (-1 if step >= since else 1) * t.plain_loss(out, y, step)


@fault(
    "loss-not-decreasing",
    ANY,
    ("underfitting", "unchanged-weights", "vanishing-gradient", "overfitting"),
    took=lambda rows, twin: end(rows, "val_loss") > 1.3 * end(twin, "val_loss"),
)
def learn_nothing(t: Training) -> None:
    """The optimiser holds a copy of the weights, or the labels belong to other inputs."""
    if t.seed % 3 == 1:
        copies = [nn.Parameter(p.detach().clone()) for p in t.net.parameters()]
        t.trained = lambda: copies
    else:
        order = torch.from_numpy(np.random.default_rng(7).permutation(len(t.data[0])))
        y = t.data[1].flatten()[torch.randperm(t.data[1].numel())].reshape(t.data[1].shape)
        t.data = (t.data[0], y[order])


@fault(
    "loss-spike",
    ANY,
    ("exploding-gradient", "divergence", "no-warmup"),
    took=lambda rows, twin: bool(curve(rows)[20:].max() > 3 * curve(twin)[len(curve(twin)) // 2 :].max()),
)
def spike(t: Training) -> None:
    """Four batches of records in a wrong unit, or for text of one symbol only."""
    draw, since = t.batch, t.at(0.65)

    def bad(step: int) -> Data:
        x, y = draw(step)
        if since <= step < since + 4:
            return (x * 12, y) if x.is_floating_point() else (x, torch.zeros_like(y))
        return x, y

    t.batch = bad


@fault(
    "overfitting",
    (("mixture", 1), ("waves", 0), ("text", 0), ("shapes", 1), ("mixture", 3), ("shapes", 2)),
    took=lambda rows, twin: end(rows, "val_loss") > 1.25 * curve(rows, "val_loss").min(),
)
def overfit(t: Training) -> None:
    """A handful of noisy examples for a net of thousands of weights."""
    n = 40 if t.task.name != "text" else 12
    x, y = (part[:n].clone() for part in t.data)
    if t.task.classes and t.task.name != "text":
        y[: n // 5] = torch.from_numpy(t.rng.integers(t.task.classes, size=n // 5))
    elif not t.task.classes:
        y += 0.7 * y.std() * torch.randn_like(y)
    t.data = (x, y)


@fault("plateau", ANY, ("underfitting", "lr-too-low"), took=lambda rows, twin: end(rows) > 1.15 * end(twin))
def decay_early(t: Training) -> None:
    """The schedule was given a tenth of the steps: the rate is next to zero from there on."""
    plain = t.schedule
    t.schedule = lambda part: plain(part) * (1.0 if part < 0.1 else 1e-4)


@fault(
    "plateau",
    (("mixture", 2), ("shapes", 3), ("text", 4)),
    ("underfitting", "unchanged-weights"),
    took=lambda rows, twin: end(rows) > 1.15 * end(twin),
)
def lose_parameters(t: Training) -> None:
    """From a tenth of the run on the optimiser holds other tensors than the net."""
    since = t.at(0.12)

    def lose(step: int) -> None:
        if step == since:
            for group in t.stepper.param_groups:
                group["params"] = [nn.Parameter(p.detach().clone()) for p in group["params"]]

    t.after_step.append(lose)


@fault(
    "oscillation",
    (("mixture", 4), ("shapes", 4), ("waves", 0), ("waves", 1), ("waves", 2), ("waves", 5)),
    ("loss-spike", "divergence", "loss-not-decreasing", "overfitting", "exploding-gradient"),
    took=lambda rows, twin: swings(rows) > max(2.5, 1.5 * swings(twin)),
)
def sorted_data(t: Training) -> None:
    """Data in order, never shuffled: twenty batches of one class, or of a quarter of the inputs, then of the next."""
    x, parts = t.data[0], t.task.classes or 4
    kind = t.data[1] if t.task.classes else (x[:, 0].argsort().argsort() * 4 // len(x))
    places = [torch.nonzero(kind == part).flatten() for part in range(parts)]

    def in_order(step: int) -> Data:
        there = places[step // 20 % parts]
        pick = there[torch.from_numpy(t.rng.integers(len(there), size=t.size))]
        return t.data[0][pick], t.data[1][pick]

    t.batch = in_order


@fault("underfitting", ANY, ("loss-not-decreasing",), took=lambda rows, twin: end(rows) > 1.5 * end(twin))
def too_small(t: Training) -> None:
    """A net of one layer, or one hidden unit."""
    t.net = t.task.tiny()


@fault(
    "lr-too-high",
    ANY,
    (*BLOW_UP, *STUCK, "dead-relu", "saturated-activations", "vanishing-gradient", "no-warmup", "unchanged-weights"),
    took=lambda rows, twin: not end(rows) < 1.5 * end(twin),
)
def rate_too_high(t: Training) -> None:
    """A learning rate 300 times too high."""
    t.lr *= 300


@fault("lr-too-low", ANY, ("loss-not-decreasing", "underfitting"), took=lambda rows, twin: end(rows) > 1.5 * end(twin))
def rate_too_low(t: Training) -> None:
    """A learning rate 300 times too low."""
    t.lr /= 300


@fault(
    "dead-relu",
    (("mixture", 0), ("waves", 1), ("shapes", 3), ("mixture", 2), ("shapes", 1)),
    (*STUCK, "vanishing-gradient", "unchanged-weights"),
    took=lambda rows, twin: (
        max(v for k, v in rows[-1].items() if k.startswith("zero/")) > 0.9
        if any(k.startswith("zero/") for k in rows[-1])
        else True
    ),
)
def dead(t: Training) -> None:
    """The biases of the second layer start far below zero."""
    layer = t.net.get_submodule("conv2" if t.task.name == "shapes" else "fc2")
    with torch.no_grad():
        layer.get_parameter("bias").fill_(-20.0)


@fault(
    "saturated-activations",
    (("mixture", 0), ("waves", 1), ("shapes", 3), ("mixture", 2)),
    (*STUCK, "vanishing-gradient", "oscillation"),
    "tanh",
)
def saturate(t: Training) -> None:
    """Inputs that nobody brought to unit size, a hundred times too large, for a net with tanh."""
    t.data = (t.data[0] * 100, t.data[1])
    t.task.val = (t.task.val[0] * 100, t.task.val[1])


@fault("unchanged-weights", LAYERED, ("underfitting",))
def frozen(t: Training) -> None:
    """The first layer is not in the optimiser."""
    t.trained = lambda: list(t.net.parameters())[2 if t.task.name != "text" else 1 :]


@fault("clipping-always-active", LAYERED, STUCK, "sgd-clipped")
def clip_all(t: Training) -> None:
    """A clip limit a thousand times too small."""
    t.clip /= 1000


@fault("throughput-degradation", ANY)
def slower(t: Training) -> None:
    """A leak, by which each step takes longer, or a loader that loses its workers after two thirds."""
    steady = t.clock
    if t.seed % 2:
        t.clock = lambda step: steady(step) * (1 + 4 * step / t.steps)
    else:
        since = t.at(0.66)
        t.clock = lambda step: steady(step) * (4.0 if step >= since else 1.0)


@fault(
    "loss-scale-collapse",
    (("mixture", 0), ("waves", 2), ("text", 1), ("shapes", 1)),
    (*STUCK, "nan-loss", "unchanged-weights", "skipped-updates"),
    "amp",
)
def overflow(t: Training) -> None:
    """From a part of the run on an activation overflows float16 at every step."""
    since = t.at((0.0, 0.3, 0.5)[t.seed % 3])

    def check(step: int) -> None:
        if step >= since and t.scaler:
            t.scaler.overflows = True

    t.after_step.append(check)


@fault("restart", ANY)
def resume(t: Training) -> None:
    """The run dies, and continues from a checkpoint some steps before, in a second session."""
    t.crash = (t.at(0.6) + 13, t.at(0.5))


@fault("truncated-log", ANY)
def cut_off(t: Training) -> None:
    """The process is killed while it writes: the file ends inside a record."""
    t.cut = True
