"""One training run: an ordinary loop whose parts a fault can replace, and what it logs."""

# ruff: noqa: ARG002, ARG005 - hooks of one kind have one signature

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from machine import Machine
from tasks import TASKS, Data
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

Row = dict[str, float]

#: What differs from seed to seed, so that healthy runs look different.
LOOKS: tuple[dict[str, Any], ...] = (
    {"optimizer": "adam", "schedule": "constant", "steps": 400, "log_every": 1, "eval_every": 20},
    {"optimizer": "sgd", "schedule": "warmup-cosine", "steps": 500, "log_every": 1, "eval_every": 25},
    {"optimizer": "adam", "schedule": "stairs", "steps": 600, "log_every": 2, "eval_every": 20},
    {"optimizer": "adam", "schedule": "warmup-cosine", "steps": 400, "log_every": 1, "eval_every": 10},
    {"optimizer": "sgd", "schedule": "constant", "steps": 600, "log_every": 4, "eval_every": 30},
    {"optimizer": "adam", "schedule": "linear", "steps": 500, "log_every": 1, "eval_every": 50},
)
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda part: 1.0,
    "warmup-cosine": lambda part: min(1.0, (part + 0.002) / 0.08) * (0.5 + 0.5 * math.cos(math.pi * part)),
    "stairs": lambda part: 1.0 if part < 0.6 else 0.1 if part < 0.85 else 0.01,
    "linear": lambda part: 1.0 - 0.95 * part,
}
#: What a configuration calls them.
DECLARED = {"constant": "constant", "warmup-cosine": "cosine", "stairs": "multi_step", "linear": "linear"}


class Scaler:
    """The dynamic loss scale of mixed precision, as torch's GradScaler moves it, for gradients kept in float32."""

    def __init__(self) -> None:
        self.scale, self.clean, self.every, self.overflows = 65536.0, 0, 60, False

    def steps(self, gradients: list[Tensor]) -> bool:
        """Whether this step is taken: not if a scaled gradient does not fit into float16."""
        largest = max(float(g.abs().max()) for g in gradients)
        if self.overflows or not largest * self.scale <= 65504.0:
            self.scale, self.clean = self.scale / 2, 0
            return False
        self.clean += 1
        if self.clean % self.every == 0:
            self.scale *= 2
        return True


class Training:
    """A run before it starts. Settings and faults replace its parts; `run` gives the rows to log."""

    def __init__(self, task: str, seed: int) -> None:
        torch.manual_seed(100 * seed + len(task))
        self.seed, self.task = seed, TASKS[task](seed)
        look = LOOKS[seed % len(LOOKS)]
        self.optimizer: str = look["optimizer"]
        self.schedule = SCHEDULES[look["schedule"]]
        self.steps: int = look["steps"]
        self.log_every: int = look["log_every"]
        self.eval_every: int = look["eval_every"]
        self.lr = self.task.rates[self.optimizer]
        self.size, self.clip = 32, math.inf
        self.data = self.task.train
        self.net = self.task.net()
        self.rng = np.random.default_rng(seed)
        self.batch: Callable[[int], Data] = self.random_batch
        self.loss: Callable[[Tensor, Tensor, int], Tensor] = self.plain_loss
        self.trained: Callable[[], list[nn.Parameter]] = lambda: list(self.net.parameters())
        self.before_step: list[Callable[[int], None]] = []
        self.after_step: list[Callable[[int], None]] = []
        self.options: dict[str, float] = {}  # of the optimiser
        self.clock: Callable[[int], float] = self.steady_clock
        self.machine = Machine(seed, self.steps)
        self.time, self.skipped, self.begun = 1.7e9, 0, 0  # begun: the step that the schedule counts from
        self.forgets = False  # a resume that begins the schedule again
        self.accuracy: Callable[[Tensor, Tensor], float] = lambda out, y: float((out.argmax(1) == y).float().mean())
        self.config: dict[str, Any] = {"schedule": DECLARED[look["schedule"]], "watch": "val_loss", "evaluate": "steps"}
        self.scaler: Scaler | None = None
        self.stop: int | None = None  # interrupted there
        self.crash: tuple[int, int] | None = None  # dies after the first step, resumes at the second
        self.saturates = self.hidden = False  # hidden: a logger that leaves out what is not finite
        self.cut = False
        self.evaluates = True

    def at(self, part: float) -> int:
        """The step after a part of the run, at a step that is logged."""
        return int(part * self.steps) // 20 * 20

    def random_batch(self, step: int) -> Data:
        """A batch drawn at random."""
        pick = torch.from_numpy(self.rng.integers(len(self.data[0]), size=self.size))
        return self.data[0][pick], self.data[1][pick]

    def plain_loss(self, out: Tensor, y: Tensor, step: int) -> Tensor:
        """Cross entropy, or the mean squared error."""
        return cross_entropy(out, y) if self.task.classes else mse_loss(out, y)

    def steady_clock(self, step: int) -> float:
        """Seconds that a step takes on a machine of our imagination; real ones would depend on yours."""
        return 0.05 * float(self.rng.gamma(60, 1 / 60)) + (0.3 if step == 0 else 0.0)

    def run(self) -> list[Row]:
        """Train, and return what was logged, in the order in which it was."""
        torch.manual_seed(self.seed)
        kind = torch.optim.Adam if self.optimizer == "adam" else torch.optim.SGD
        extra = {} if self.optimizer == "adam" else {"momentum": 0.9}
        self.stepper = kind(self.trained(), lr=self.lr, **extra, **self.options)
        watched = self._watch()
        rows: list[Row] = []
        saved: Any = None
        step = 0
        while step < (self.stop or self.steps):
            if self.crash and step == self.crash[1] and saved is None:
                saved = copy.deepcopy((self.net.state_dict(), self.stepper.state_dict()))
            rows.append(self._step(step, watched))
            step += 1
            if self.crash and step == self.crash[0] and saved is not None:
                self.net.load_state_dict(saved[0])
                self.stepper.load_state_dict(saved[1])
                step, self.crash = self.crash[1], None
                self.begun = step if self.forgets else 0
        return [row for row in rows if int(row["step"]) % self.log_every == 0 or "val_loss" in row]

    def _step(self, step: int, watched: dict[str, float]) -> Row:
        rate = self.lr * self.schedule((step - self.begun) / self.steps)
        for group in self.stepper.param_groups:
            group["lr"] = rate
        x, y = self.batch(step)
        self.net.train()
        loss = self.plain_loss(out := self.net(x), y, step)
        self.net.zero_grad()
        torch.autograd.backward(self.loss(out, y, step) if self.loss != self.plain_loss else loss)
        layers = step % 5 == 0
        row: Row = {"step": step, "loss": float(loss.detach()), "lr": rate, **self._machine(step)}
        named = list(self.net.named_parameters())
        gradients = {name: p.grad.detach() for name, p in named if p.grad is not None}
        norm = _norm(list(gradients.values()))
        row["grad_norm"] = norm
        if math.isfinite(self.clip):
            row["clipped"] = float(norm > self.clip)
            row["clipped_norm"] = min(norm, self.clip)
            nn.utils.clip_grad_norm_(self.net.parameters(), self.clip)
        if layers:
            row |= {f"grad/{name}": float(g.norm()) for name, g in gradients.items() if name.endswith(_WEIGHT)}
            row |= {f"weight/{name}": float(p.detach().norm()) for name, p in named if name.endswith(_WEIGHT)}
            row |= watched | self._logits(out.detach())
        before = [p.detach().clone() for _, p in named] if layers else []
        for hook in self.before_step:
            hook(step)
        if self.scaler:
            row["loss_scale"] = self.scaler.scale
        if not self.scaler or self.scaler.steps(list(gradients.values())):
            self.stepper.step()
        else:
            self.skipped += 1
            row["overflow"] = 1.0
        if self.scaler:
            row = {"overflow": 0.0} | row | {"skipped": self.skipped}
        for hook in self.after_step:
            hook(step)
        if layers:
            row["weights"] = _norm([p.detach() for _, p in named])
            row["update"] = _norm([p.detach() - old for (_, p), old in zip(named, before, strict=True)])
            row["update_ratio"] = row["update"] / row["weights"]
        if self.evaluates and ((step + 1) % self.eval_every == 0 or step == 0):
            row |= self._evaluate()
        return row

    @torch.no_grad()
    def _evaluate(self) -> Row:
        self.net.eval()
        x, y = self.task.val
        out = self.net(x)
        row = {"val_loss": float(self.plain_loss(out, y, -1))}
        if self.task.classes:
            row["val_acc"] = self.accuracy(out, y)
        return row

    def _machine(self, step: int) -> Row:
        """What the machine took for a step, and where that brings the epoch and the time of day."""
        taken, waited = self.clock(step), self.machine.wait(step)
        self.time += taken + waited + self.machine.pauses.get(step, 0.0)
        return {
            "step_time": taken + (waited if self.machine.within else 0.0),
            "data_time": waited,
            "memory": self.machine.memory(step),
            "epoch": math.floor(self._epochs(step)) if self.seed % 2 else self._epochs(step + 1),
            "time": self.time,
        }

    def _logits(self, out: Tensor) -> Row:
        """The largest logits, and the square of the log of softmax's normaliser."""
        if not self.task.classes:
            return {}
        found = {"logit/output": float(out.abs().max()), "z_loss": float(out.logsumexp(1).square().mean())}
        return found | {f"logit/{name}": value for name, value in getattr(self.net, "logits", {}).items()}

    def _epochs(self, steps: int) -> float:
        return steps * self.size / len(self.data[0])

    def healthy(self, rows: list[Row]) -> bool:
        """Whether a twin is healthy, judged by its numbers alone: it learns much, and keeps what it has learned."""
        val = [row["val_loss"] for row in rows if "val_loss" in row]
        end = sorted(val[-3:])[1]
        return end < 0.8 * val[0] and val[0] - end > 0.95 * (val[0] - min(val))

    def settings(self) -> dict[str, Any]:
        """The configuration, as it is declared: whole epochs where they are logged so."""
        epochs = self._epochs(self.steps)
        return self.config | {"epochs": math.ceil(epochs) if self.seed % 2 else epochs, "classes": self.task.classes}

    def _watch(self) -> dict[str, float]:
        """Shares of zero and of saturated units of each nonlinearity, filled again at every forward pass."""
        shares: dict[str, float] = {}

        def hook(name: str, out: Tensor) -> None:
            if self.saturates:
                shares[f"saturated/{name}"] = float((out.detach().abs() > 0.99).float().mean())
            else:
                shares[f"zero/{name}"] = float((out.detach() == 0).float().mean())

        for name, part in self.net.named_modules():
            if isinstance(part, nn.ReLU | nn.Tanh):
                part.register_forward_hook(lambda _part, _in, out, name=name: hook(name, out))
        return shares


def _norm(parts: list[Tensor]) -> float:
    return math.sqrt(sum(float(part.double().norm()) ** 2 for part in parts))


_WEIGHT = ("weight", "weight_ih_l0", "weight_hh_l0")
