"""Faults around the net: schedule, precision, data, machine and the end of a run. As in `faults`, where the rest is."""

# ruff: noqa: ARG001, ARG005 - hooks of one kind have one signature

from __future__ import annotations

import math

import torch
from faults import ANY, BLOW_UP, STUCK, curve, end, fault, late, smooth
from settings import dropping
from torch import Tensor, nn
from training import Training

#: Seeds of every look, on the tasks that have classes.
CLASSED = (("mixture", 0), ("shapes", 1), ("text", 2), ("mixture", 4), ("mixture", 5))

# ------------------------------------------------------------------------------------------------- schedules


@fault(
    "no-warmup",
    tuple(("text", seed) for seed in range(5)),
    (*BLOW_UP, *STUCK, "lr-too-high"),
    "post-ln",
    lambda rows, twin: end(rows) > 1.3 * end(twin),
)
def start_at_full_rate(t: Training) -> None:
    """A transformer that is normalised after each sum, at its full rate from the first step on (Xiong et al. 2020)."""
    t.schedule = lambda part: 0.5 + 0.5 * math.cos(math.pi * part)


@fault("lr-schedule", (("mixture", 0), ("shapes", 2), ("waves", 4)), STUCK)
def rate_of_zero(t: Training) -> None:
    """The schedule was given a third of the steps, and is zero from there on."""
    plain = t.schedule
    t.schedule = lambda part: plain(3 * part) if part < 0.33 else 0.0


@fault("lr-schedule", (("mixture", 5), ("waves", 1), ("text", 3)), ("restart", *BLOW_UP))
def schedule_forgotten(t: Training) -> None:
    """The run dies late and continues from a checkpoint that has no schedule: it starts over."""
    t.crash, t.forgets = (t.at(0.9) + 13, t.at(0.85)), True


@fault("lr-schedule", (("mixture", 4), ("shapes", 0), ("text", 1)))
def schedule_never_stepped(t: Training) -> None:
    """A cosine is declared, and the scheduler's step is never called."""
    t.config["schedule"], t.schedule = "cosine", lambda part: 1.0


# --------------------------------------------------------------------------------------- weights and precision


@fault(
    "update-ratio",
    (("mixture", 0), ("mixture", 5), ("shapes", 3)),
    STUCK,
    took=lambda rows, twin: late(rows, "update_ratio") < late(twin, "update_ratio") / 100,
)
def updates_too_small(t: Training) -> None:
    """Adam's epsilon is 10, far above every gradient."""
    t.options["eps"] = 10.0


@fault(
    "update-ratio",
    (("mixture", 2), ("text", 0), ("shapes", 3)),
    (*STUCK, "vanishing-gradient", "dead-relu"),
    took=lambda rows, twin: late(rows, "update_ratio") > 30 * late(twin, "update_ratio"),
)
def updates_too_large(t: Training) -> None:
    """A weight decay of 0.15 that is not multiplied by the learning rate: each step takes that share of all weights."""

    @torch.no_grad()
    def decay(step: int) -> None:
        for p in t.net.parameters():
            p.mul_(0.85)

    t.after_step.append(decay)


@fault(
    "logit-growth",
    (("text", 0), ("text", 3), ("text", 4)),
    ("weight-growth", *BLOW_UP, "overfitting"),
    "transformer",
    lambda rows, twin: end(rows, "logit/output") > 10 * end(twin, "logit/output"),
)
def sure_of_everything(t: Training) -> None:
    """Label smoothing of the wrong sign rewards large logits without end."""

    def sharpened(out: Tensor, y: Tensor, step: int) -> Tensor:
        return 1.3 * t.plain_loss(out, y, step) + 0.3 * out.log_softmax(1).mean()

    t.loss = sharpened


@fault(
    "logit-growth",
    (("text", 0), ("text", 2), ("text", 4)),
    ("weight-growth", *BLOW_UP, *STUCK),
    "transformer",
    lambda rows, twin: end(rows, "logit/attention0") > 10 * end(twin, "logit/attention0"),
)
def attention_grows(t: Training) -> None:
    """Weight decay of the wrong sign on the queries and keys, which no normalisation holds."""
    factor = 2 ** (4 / t.steps)

    @torch.no_grad()
    def grow(step: int) -> None:
        for name, p in t.net.named_parameters():
            if name.endswith("qkv.weight"):
                p[: 2 * len(p) // 3].mul_(factor)

    t.after_step.append(grow)


@fault(
    "skipped-updates",
    (("mixture", 0), ("waves", 2), ("text", 1), ("shapes", 1), ("mixture", 4), ("waves", 3)),
    (*STUCK, "loss-scale-collapse"),
    "amp",
    lambda rows, twin: end(rows, "skipped") > 5 * end(twin, "skipped"),
)
def skip_updates(t: Training) -> None:
    """The loss scale doubles after three clean steps instead of sixty, or one batch in four overflows float16."""
    if t.scaler is None:
        return
    if t.seed % 2:
        scaler = t.scaler
        t.before_step.append(lambda step: setattr(scaler, "overflows", step % 4 == 3))
    else:
        t.scaler.every = 3


# ------------------------------------------------------------------------------------------------------- data


#: So few examples that the validation loss rises by 5 to 20 % in this many steps; what rises more is overfitting.
FEW = {
    ("mixture", 1): 400,
    ("mixture", 3): 120,
    ("mixture", 5): 120,
    ("mixture", 0): 1000,
    ("text", 3): 50,
    ("shapes", 5): 80,
}


@fault(
    "missed-early-stop",
    tuple(FEW),
    ("overfitting",),
    took=lambda rows, twin: 1.05 < end(rows, "val_loss") / smooth(curve(rows, "val_loss")).min() < 1.2,
)
def trained_too_long(t: Training) -> None:
    """Fewer examples than the net can learn by heart in this many steps."""
    n = FEW[t.task.name, t.seed]
    t.data = (t.data[0][:n], t.data[1][:n])


@fault(
    "validation-below-training",
    (("mixture", 0), ("shapes", 1), ("mixture", 4), ("shapes", 5)),
    ("underfitting",),
    took=lambda rows, twin: late(rows, "val_loss") < 0.85 * late(rows, "loss"),
)
def hard_in_training(t: Training) -> None:
    """Half of the units dropped and noise on the inputs, in training only."""
    draw = t.batch
    t.net = nn.Sequential(*(part for layer in t.net.children() for part in dropping(layer, 0.5)))
    t.batch = lambda step: ((pair := draw(step))[0] + 0.8 * torch.randn_like(pair[0]), pair[1])


@fault(
    "validation-below-training",
    (("mixture", 2), ("text", 1), ("waves", 3)),
    took=lambda rows, twin: late(rows, "val_loss") < 0.85 * late(rows, "loss"),
)
def leaked(t: Training) -> None:
    """The examples to validate on are in the training set five times over; a third of its others is mislabelled."""
    x, y = (part.clone() for part in t.data)
    mixed = torch.from_numpy(t.rng.permutation(len(x))[: len(x) // 3])
    y[mixed] = y[mixed[torch.from_numpy(t.rng.permutation(len(mixed)))]]
    held = 60
    x, y = x[: 8 * held], y[: 8 * held]
    t.task.val = (t.data[0][:held], t.data[1][:held])
    t.data = (torch.cat([x[held:], *[t.task.val[0]] * 5]), torch.cat([y[held:], *[t.task.val[1]] * 5]))


@fault(
    "poor-initial-loss",
    CLASSED,
    ("exploding-gradient", "no-warmup", "dead-relu", "loss-spike", *STUCK),
    took=lambda rows, twin: rows[0]["loss"] > 2 * twin[0]["loss"],
)
def sure_at_first(t: Training) -> None:
    """A last layer that starts thirty times too large, or inputs that nobody brought to unit size."""
    if t.seed % 2 and t.task.name != "text":
        t.data = (t.data[0] * 100, t.data[1])
        t.task.val = (t.task.val[0] * 100, t.task.val[1])
    else:
        with torch.no_grad():
            list(t.net.parameters())[-2].mul_(30.0)


# ----------------------------------------------------------------------------------------------- the machine


@fault("gpu-memory-growth", ANY)
def leak(t: Training) -> None:
    """Something is kept at every step: outputs with their graphs, or the predictions of each evaluation."""
    usual, growth = t.machine.memory, (2.5, 0.8, 4.0, 1.2, 1.5, 2.0)[t.seed % 6]
    if t.seed % 2:
        t.machine.memory = lambda step: usual(step) + t.machine.base * growth * step / t.steps
    else:
        kept = t.eval_every
        t.machine.memory = lambda step: usual(step) + t.machine.base * growth * (step // kept * kept) / t.steps


@fault("data-loader-bound", ANY)
def starved(t: Training) -> None:
    """One worker, whose batch takes 1.5 to 2.5 times as long as the step; or four that deliver together."""
    rng = t.machine.rng
    if t.seed % 2 == 0:
        longer = 1.5 + 0.5 * (t.seed % 3)
        t.machine.wait = lambda step: 0.05 * longer * float(rng.gamma(20, 1 / 20))
    else:
        t.machine.wait = lambda step: 0.4 * float(rng.gamma(20, 1 / 20)) if step % 4 == 0 else 0.001


@fault("step-time-outliers", (("mixture", 1), ("waves", 2), ("text", 0), ("shapes", 1)))
def single_slow_steps(t: Training) -> None:
    """Checkpoints to a slow disk, or another job that takes the machine three times."""
    steady = t.clock
    if t.seed % 2:
        t.clock = lambda step: steady(step) * (20.0 if step % 40 == 39 else 1.0)
    else:
        taken = {t.at(part) for part in (0.25, 0.5, 0.75)}
        t.clock = lambda step: steady(step) * (80.0 if step in taken else 1.0)


@fault("step-time-outliers", (("mixture", 4), ("waves", 0), ("shapes", 5)))
def stall(t: Training) -> None:
    """The machine is suspended for two hours."""
    t.machine.pauses[t.at(0.6)] = 7200.0


# ------------------------------------------------------------------------------------ the configuration, the end


@fault("ended-early", ANY)
def interrupted(t: Training) -> None:
    """The job's time is over at a third to four fifths of the run."""
    t.stop = t.at((0.35, 0.5, 0.8)[t.seed % 3])


@fault("missing-metric", ANY)
def never_computed(t: Training) -> None:
    """The checkpoint to keep is chosen by a metric that no one logs, that is never a number, or never evaluated."""
    if t.seed % 3 == 0:
        t.evaluates = False
    elif t.seed % 3 == 1 and t.task.classes:
        t.accuracy = lambda out, y: math.nan
    else:
        t.config["watch"] = "val_f1"
