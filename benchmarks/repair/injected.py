"""Patients from benchmarks/diagnosis: a training with a fault, to which actions are applied before it starts."""

# ruff: noqa: ARG001 - hooks of one kind have one signature

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from loop import Action, complaints
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "diagnosis"))
import loop_faults  # noqa: F401 - registers its faults
from faults import FAULTS
from logs import STYLES, write
from settings import SETTINGS
from tasks import TASKS
from training import Row, Training

#: What finds a fault, by the name of the function that puts it in: a check or a repair that undoes it.
UNDONE_BY = {
    "nan_loss": ("clean_data", "add_eps"),
    "explode_in_time": ("fix_weight_decay",),
    "explode_in_depth": ("change_init",),
    "weights_grow": ("fix_weight_decay",),
    "attention_grows": ("fix_weight_decay",),
    "updates_too_large": ("fix_weight_decay",),
    "learn_nothing": ("check_labels", "check_optimizer_step"),
    "spike": ("clean_data",),
    "lose_parameters": ("check_optimizer_step", "unfreeze"),
    "sorted_data": ("fix_input_pipeline",),
    "frozen": ("unfreeze", "check_optimizer_step"),
    "overflow": ("use_bf16", "disable_fp16"),
    "skip_updates": ("use_bf16", "disable_fp16"),
    "saturate": ("clean_data",),
    "sure_at_first": ("change_init",),
    "dead": ("change_init",),
    "clip_all": ("remove_clip", "set_clip"),
    "decay_early": ("fix_schedule later_decay", "fix_schedule hold"),
    "rate_of_zero": ("fix_schedule later_decay", "fix_schedule hold"),
    "schedule_forgotten": ("fix_schedule no_jump",),
    "start_at_full_rate": ("add_warmup", "fix_schedule longer_warmup"),
}
#: Of two ways to put a fault in, the one that a seed has, and what finds that one.
BY_SEED: dict[str, Callable[[int], tuple[str, ...]]] = {
    "nan_loss": lambda seed: ("clean_data",) if seed % 2 else ("add_eps",),
    "learn_nothing": lambda seed: ("check_optimizer_step",) if seed % 3 == 1 else ("check_labels",),
    "diverge": lambda seed: ("fix_schedule hold", "fix_schedule no_jump") if seed % 2 else (),
    "sure_at_first": lambda seed: ("clean_data",) if seed % 2 else ("change_init",),
}
#: What a textbook has against the faults that no check undoes, which is all at once. Nothing in a recipe turns the sign
#: of a loss (`sure_of_everything`, and `diverge` with an even seed).
BOOK: dict[str, tuple[Action, ...]] = {
    "vanish": ({"action": "change_activation", "to": "relu"}, {"action": "change_init", "to": "he"}),
    "overfit": ({"action": "weight_decay", "value": 0.1}, {"action": "dropout", "p": 0.3}),
    "too_small": ({"action": "increase_capacity", "factor": 4.0},),
    "rate_too_high": ({"action": "scale_lr", "factor": 1 / 300},),
    "rate_too_low": ({"action": "scale_lr", "factor": 300.0},),
    "updates_too_small": ({"action": "scale_lr", "factor": 1000.0},),
}
#: Faults of the training that a change of the recipe can heal; those of the machine and the log are left out.
KINDS = (*UNDONE_BY, "diverge", "vanish", "overfit", "too_small", "rate_too_high", "rate_too_low", "updates_too_small",
         "sure_of_everything")  # fmt: skip
#: How many runs of each kind are tried, the first of the list.
RUNS = 3
#: What a fresh seed lies above another one: a multiple of six, so that optimizer, schedule and log look alike.
FRESH = 12
#: A log of fewer rows cannot be judged.
LEAST_ROWS = 20
CURVE_STYLES = list(STYLES)[:4]
Recipe = tuple[Action, ...]


@dataclass
class Injected:
    """A fault in one run. Its recipe are the actions so far; that of the healthy twin begins with the action `none`.

    group: of which part of the benchmark it is, "injected" or "fresh".
    """

    place: int
    task: str
    seed: int
    kept: Path
    recipe: Recipe = ()
    twin: Recipe = ({"action": "none"},)
    group: str = "injected"

    @property
    def condition(self) -> str:
        return FAULTS[self.place].condition

    @property
    def kind(self) -> str:
        return FAULTS[self.place].inject.__name__

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.task}-{self.seed}"

    def apply(self, recipe: Recipe, action: Action) -> Recipe | None:
        """The recipe with one more action; None where it is a check that finds nothing, or changes nothing."""
        made = self._training((*recipe, action))
        return None if made is None else (*recipe, action)

    def inherent(self) -> list[str]:
        """What loglens complains of in the healthy twin as well."""
        return complaints(self.train(self.twin)[0])

    def rate(self, recipe: Recipe) -> float:
        """The peak learning rate."""
        made = self._training(recipe)
        return made.lr if made is not None else math.nan

    def textbook(self) -> Recipe | None:
        """Where an action undoes the fault, the healthy twin; else all that helps against it and changes anything."""
        if self._undoing():
            return self.twin
        recipe = self.recipe
        for action in BOOK.get(self.kind, ()):
            recipe = self.apply(recipe, action) or recipe
        return recipe if recipe != self.recipe else None

    def _undoing(self) -> tuple[str, ...]:
        return BY_SEED.get(self.kind, lambda _: UNDONE_BY.get(self.kind, ()))(self.seed)

    def train(self, recipe: Recipe) -> tuple[Path, float]:
        """Train and log; the share of the twin's gain in the validation loss that is missed."""
        folder = (
            self.kept
            / f"{self.name}-{hashlib.sha1(json.dumps(recipe).encode(), usedforsecurity=False).hexdigest()[:12]}"
        )
        done = folder / "val.json"
        if not done.exists():
            made = self._training(recipe)
            assert made is not None
            rows = made.run()
            if any(action["action"] == "early_stop" for action in recipe):
                rows = _until_best(rows)
            style = CURVE_STYLES[(self.seed + list(TASKS).index(self.task)) % 4]
            folder.mkdir(parents=True, exist_ok=True)
            write(folder / "log", style, rows, made.net, hidden=made.hidden, cut=made.cut, settings=made.settings())
            val = [row["val_loss"] for row in rows if "val_loss" in row]
            done.write_text(json.dumps([val[0], float(np.median(val[-3:]))]))
        end = json.loads(done.read_text())[1]
        if recipe[:1] == self.twin:
            start, best = json.loads(done.read_text()) if recipe == self.twin else self._twin()
        else:
            start, best = self._twin()
        gap = (end - best) / max(start - best, 1e-9) if math.isfinite(end) else math.inf
        return folder / "log", float(gap)

    def _twin(self) -> list[float]:
        folder, _ = self.train(self.twin)
        values: list[float] = json.loads((folder.parent / "val.json").read_text())
        return values

    def _training(self, recipe: Recipe) -> Training | None:
        """The training after all actions; None where the last one changes nothing."""
        torch.set_num_threads(1)
        healthy = recipe[:1] == self.twin
        fault = FAULTS[self.place]
        actions = recipe[1:] if healthy else recipe
        undoing = () if healthy else self._undoing()
        cured = any(_named(action) in undoing or action["action"] in undoing for action in actions)
        made = Training(self.task, self.seed)
        SETTINGS[fault.setting](made)
        if not healthy and not cured:
            fault.inject(made)
        effective = True
        for action in actions:
            effective = _change(made, action) or _named(action) in undoing or action["action"] in undoing
        return made if effective or not actions else None


def _until_best(rows: list[Row]) -> list[Row]:
    """The rows up to the lowest validation loss, as the snippets of `early_stop` keep that checkpoint.

    The step that is advised is where the faulty run has it; another run has it elsewhere.
    """
    known = [place for place, row in enumerate(rows) if math.isfinite(row.get("val_loss", math.nan))]
    best = min(known, key=lambda place: rows[place]["val_loss"], default=len(rows))
    return rows[: max(best + 1, LEAST_ROWS)]


def _named(action: Action) -> str:
    return f"{action['action']} {action.get('kind', '')}".strip()


def _change(t: Training, action: Action) -> bool:
    """Apply what is a setting of the training. Whether it is one that changes something."""
    make = CHANGES.get(action["action"])
    if make is None:
        return False
    return make(t, action) is not False


def _rate(t: Training, action: Action) -> None:
    t.lr *= action["factor"]


def _clip(t: Training, action: Action) -> bool:
    changed = bool(t.clip != action["max_norm"])
    t.clip = action["max_norm"]
    return changed


def _unclip(t: Training, action: Action) -> None:
    t.clip = math.inf


def _warm(t: Training, action: Action) -> None:
    plain, share = t.schedule, action.get("steps", t.steps // 10) / t.steps
    t.schedule = lambda part: plain(part) * min(1.0, (part + 1 / t.steps) / share)


def _longer(t: Training, action: Action) -> None:
    t.steps = min(int(t.steps * action["factor"]), 6000)


def _stop(t: Training, action: Action) -> None:
    """No change of the training: of what it gives the best is kept, by `_until_best`."""


def _decay(t: Training, action: Action) -> None:
    """Decoupled from the gradient, as in AdamW."""

    @torch.no_grad()
    def decay(step: int) -> None:
        for group in t.stepper.param_groups:
            for p in group["params"]:
                p.mul_(1 - group["lr"] * action["value"])

    t.before_step.append(decay)


def _bigger(t: Training, action: Action) -> bool:
    """A net that is too small gives way to the task's own."""
    if sum(p.numel() for p in t.net.parameters()) < sum(p.numel() for p in t.task.net().parameters()):
        torch.manual_seed(t.seed)
        t.net = t.task.net()
        return True
    return False


def _swap(t: Training, old: type[nn.Module] | tuple[type[nn.Module], ...], new: Callable[[], nn.Module]) -> None:
    for name, part in list(t.net.named_children()):
        if isinstance(part, old):
            setattr(t.net, name, new())


def _activation(t: Training, action: Action) -> None:
    new = nn.LeakyReLU if action["to"] == "leaky_relu" else nn.ReLU
    _swap(t, (nn.Sigmoid, nn.Tanh, nn.ReLU), new)


def _init(t: Training, action: Action) -> None:
    """The weights of layers as the snippets put them; biases stay as they are."""
    torch.manual_seed(t.seed)
    for part in t.net.modules():
        if isinstance(part, nn.Linear | nn.Conv2d):
            if action["to"] == "xavier":
                nn.init.xavier_normal_(part.weight)
            else:
                nn.init.kaiming_normal_(part.weight, nonlinearity="relu")


def _normalise(t: Training, action: Action) -> bool:
    """A layer norm before each nonlinearity of a chain."""
    if not isinstance(t.net, nn.Sequential):
        return False
    parts: list[nn.Module] = []
    for part in t.net.children():
        if isinstance(part, nn.ReLU | nn.Tanh | nn.Sigmoid) and parts and isinstance(parts[-1], nn.Linear):
            parts.append(nn.LayerNorm(parts[-1].out_features))
        parts.append(part)
    t.net = nn.Sequential(*parts)
    return True


def _drop(t: Training, action: Action) -> bool:
    if isinstance(t.net, nn.Sequential):
        parts = [(part, nn.Dropout(action["p"])) if isinstance(part, nn.ReLU) else (part,) for part in t.net.children()]
        t.net = nn.Sequential(*(one for pair in parts for one in pair))
    return isinstance(t.net, nn.Sequential)


def _skip(t: Training, action: Action) -> None:
    """Leave out updates whose gradient is not finite."""

    def skip(step: int) -> None:
        if not all(bool(torch.isfinite(p.grad).all()) for p in t.net.parameters() if p.grad is not None):
            for p in t.net.parameters():
                p.grad = None

    t.before_step.append(skip)


CHANGES: dict[str, Callable[[Training, Action], Any]] = {
    "scale_lr": _rate,
    "clip_grad_norm": _clip,
    "set_clip": _clip,
    "remove_clip": _unclip,
    "add_warmup": _warm,
    "train_longer": _longer,
    "early_stop": _stop,
    "weight_decay": _decay,
    "increase_capacity": _bigger,
    "change_activation": _activation,
    "change_init": _init,
    "add_normalization": _normalise,
    "dropout": _drop,
    "skip_nonfinite_batches": _skip,
}


def patients(kept: Path) -> Iterator[Injected]:
    """The first runs of every kind of fault that is of the training."""
    for place, fault in enumerate(FAULTS):
        if fault.inject.__name__ in KINDS:
            for task, seed in fault.runs[:RUNS]:
                yield Injected(place, task, seed, kept)


def fresh(kept: Path) -> Iterator[Injected]:
    """One more run of every kind, with a seed that was never looked at while the remedies were changed."""
    for place, fault in enumerate(FAULTS):
        if fault.inject.__name__ in KINDS:
            task, seed = fault.runs[0]
            yield Injected(place, task, seed + FRESH, kept, group="fresh")


__all__ = ["Injected", "Row", "fresh", "patients"]
