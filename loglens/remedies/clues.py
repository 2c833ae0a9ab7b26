"""What the curves of a run say about the cause of a trouble, for the choice of a remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from loglens.model.series import Series
from loglens.remedies import learning_rate as rates
from loglens.remedies.declared import declared_rate, is_pretrained
from loglens.remedies.steady_growth import grows_steadily
from loglens.stats.quantiles import median
from loglens.stats.standstill import settles_near_start

#: An onset is known to about this share of the run, or to a few points of the curve that shows it.
SLACK_SHARE, SLACK_POINTS = 0.03, 3
#: Evaluations from which identical values are no coincidence, and the digits that they then have.
SAME_EVALUATIONS, DIGITS = 4, 4
#: A run that begins at nine tenths of its highest rate has no warmup.
FULL = 0.9
#: By which factor the norm of the weights grows in all, and what jumps by itself: gradients and losses.
LITTLE, MUCH = 1.3, 10.0
#: Logged numbers are float32.
ROUNDING = 1e-6
#: A validation loss that falls by less than this share of what the training loss falls gains nothing from it.
OF_NO_USE = 0.1
#: A rate in warmup below half of the peak that still trained says where the limit is.
BELOW_LIMIT = 0.5
#: Healthy runs of the corpora keep nine tenths of the norm of their weights at least.
WITHERED = 1 / 3


@dataclass(frozen=True)
class Clues:
    """The curves that causes are read from, the optimizer's kind (empty where unknown), and the length in steps.

    layers: gradient norms of layers; activations: shares of units, by layer. declared: the learning rate among the
    parameters. pretrained: whether the run continues from weights that were trained before, as its parameters say;
    said: those that are texts, as "name value".
    """

    loss: Series | None = None
    val_loss: Series | None = None
    lr: Series | None = None
    grad: Series | None = None
    weights: Series | None = None
    layers: tuple[Series, ...] = ()
    activations: tuple[Series, ...] = ()
    optimizer: str = ""
    declared: float | None = None
    pretrained: bool = False
    said: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        params: Mapping[str, object],
        find: Callable[[str, str, bool], Sequence[Series]],
        main: Callable[[Sequence[Series]], Series],
    ) -> Clues:
        """Collect them. find: the curves of a role, of a split, of layers or not; main: chooses one of several."""

        def one(role: str, split: str = "train") -> Series | None:
            fitting = find(role, split, False)
            return main(fitting) if fitting else None

        lr = one("lr")
        said = [f"{key} {value}" for key, value in params.items() if isinstance(value, str)]
        return cls(
            one("loss"),
            one("loss", "val"),
            lr,
            one("grad_norm_global"),
            one("weight_norm_global") or next(iter(find("weight_norm_global", "train", True)), None),
            tuple(find("grad_norm_layer", "train", True)),
            tuple(find("activation", "train", True)),
            rates.optimizer_kind([*said, *([lr.tag] if lr is not None else [])]),
            declared_rate(params),
            is_pretrained(params),
            tuple(said),
        )

    @property
    def usual(self) -> rates.Usual:
        return rates.USUAL[self.optimizer]

    @cached_property
    def peak(self) -> float | None:
        """The highest learning rate, logged or declared; None where neither is known."""
        return rates.peak(self.lr) or self.declared

    @property
    def main(self) -> Series | None:
        """The curve that shows how training went: the loss, else the validation loss."""
        return self.loss if self.loss is not None else self.val_loss

    @property
    def length(self) -> int:
        curves = [curve for curve in (self.loss, self.val_loss, self.lr) if curve is not None and len(curve) > 1]
        return max((curve.last_step - int(curve.step[0]) for curve in curves), default=0)

    def slack(self) -> float:
        """By how many steps an onset may be off."""
        main = self.main
        spacing = float(median(np.diff(main.step))) if main is not None and len(main) > 1 else 1.0
        return max(SLACK_SHARE * self.length, SLACK_POINTS * spacing)

    def jump(self, onset: int | None) -> rates.Jump | None:
        """A jump of the learning rate at an onset."""
        if self.lr is None or onset is None or len(self.lr.finite) < 2:
            return None
        return rates.jump(self.lr, onset, self.slack())

    def rate_still_rises(self, onset: int | None) -> bool:
        """Whether the rate grew from the onset (the start, where that is None) to the end of the run."""
        if self.lr is None or len(self.lr.finite) < 2:
            return False
        return rates.still_rises(self.lr, int(self.lr.step[0]) if onset is None else onset)

    def warms_up(self, step: int) -> bool:
        """Whether the learning rate was still on its way up at a step, and below half of its peak."""
        rate = rates.rate_on_the_way_up(self.lr, step) if self.lr is not None else None
        return rate is not None and self.peak is not None and rate < BELOW_LIMIT * self.peak

    @property
    def too_high(self) -> bool:
        """Whether the rate is above all that is usual for the optimizer, by more than a rounding."""
        return self.peak is not None and self.peak > self.usual.high * (1 + ROUNDING)

    @property
    def too_low(self) -> bool:
        """Whether it is below all that is usual, by more than a rounding."""
        return self.peak is not None and self.peak < self.usual.low * (1 - ROUNDING)

    @property
    def no_warmup(self) -> bool:
        """Whether the first rate logged is about the highest."""
        lr = self.lr.finite.value if self.lr is not None else np.zeros(0)
        return bool(len(lr)) and bool(lr[0] >= FULL * lr.max() > 0)

    @property
    def weights_stand_still(self) -> bool:
        """Whether the later half of the evaluations gives one validation loss, to the digit: no update arrives."""
        value = self.val_loss.finite.value if self.val_loss is not None else np.zeros(0)
        last = value[len(value) // 2 :]
        same = len(last) >= SAME_EVALUATIONS and bool((last == last[0]).all())
        return same and len(f"{abs(last[0]):.9g}".replace(".", "").strip("0")) >= DIGITS

    @property
    def memorises(self) -> bool:
        """Whether the training loss falls by more than its noise, and the validation loss next to nothing."""
        if self.loss is None or self.val_loss is None:
            return False
        train, val = self.loss.finite.value, self.val_loss.finite.value
        if len(train) < 8 or len(val) < 4:
            return False
        first, last = np.array_split(train, 4)[0], np.array_split(train, 4)[-1]
        error = float(np.hypot(first.std() / np.sqrt(len(first)), last.std() / np.sqrt(len(last))))
        fall = float(first.mean() - last.mean())
        early, late = (float(np.mean(part)) for part in (val[: len(val) // 2], val[len(val) // 2 :]))
        return fall > 3 * error and early - late < OF_NO_USE * fall

    @property
    def settles_near_its_start(self) -> bool:
        """Whether the validation loss came to a level at once, near its first value: see `settles_near_start`."""
        value = self.val_loss.finite.value if self.val_loss is not None else np.zeros(0)
        return settles_near_start(value) and not (self.lr is not None and rates.decays_by_the_middle(self.lr))

    @property
    def hidden_gradient_is_zero(self) -> bool:
        """Whether layers have a gradient of exactly zero from the start to the end, while others (or biases) have one.

        Weights that all begin at zero are so: what comes back to them is multiplied by zero.
        """
        alive = [bool(curve.finite.value.any()) for curve in self.layers if len(curve.finite)]
        somewhere = any(alive) or (self.grad is not None and bool(self.grad.finite.value.any()))
        return somewhere and bool(alive) and not all(alive)

    @property
    def rectified(self) -> bool:
        """Whether some activations are exactly zero, as those of ReLU are: then it is in use."""
        zero = [curve.finite.value for curve in self.activations if re.search("zero|dead", curve.tag, re.I)]
        return any(bool((value > 0).any()) for value in zero)

    @property
    def attends(self) -> bool:
        """Whether layers have the names of attention: a transformer, which shrinks no gradient by its activation."""
        return any(_ATTENTION.search(curve.tag) for curve in (*self.layers, *self.activations))

    @property
    def weights_wither(self) -> bool:
        """Whether the norm of the weights shrinks to less than a third: their decay outweighs what they learn."""
        change = self.weights_change()
        return change is not None and change < WITHERED

    def weights_change(self) -> float | None:
        """The factor by which the norm of the weights changes in the run; None where it is not known."""
        value = self.weights.finite.value if self.weights is not None else np.zeros(0)
        if len(value) < 4 or not median(value[:2]) > 0:
            return None
        return float(median(value[-2:]) / median(value[:2]))

    @property
    def recurs(self) -> bool:
        """Whether layers or parameters name a recurrent cell, whose weights multiply the gradient at each time step."""
        return any(_RECURRENT.search(name) for name in (*(curve.tag for curve in self.layers), *self.said))

    @property
    def decay_may_drive(self) -> bool:
        """Whether growth may come from the decay: not where the norm of the weights is known and hardly grows."""
        change = self.weights_change()
        return change is None or change > LITTLE

    def grows_steadily(self, onset: int | None) -> bool:
        """Whether weights, gradients or the loss grow exponentially at a steady, slow pace from the onset on."""
        curves = ((self.weights, LITTLE), (self.grad, MUCH), (self.loss, MUCH))
        return any(curve is not None and grows_steadily(curve, onset, factor) for curve, factor in curves)


_RECURRENT = re.compile(r"(?:^|[^a-z])(?:simple_?)?(?:rnn|lstm|gru)|weight_hh|recurrent", re.I)
_ATTENTION = re.compile(r"qkv|attn|attention|[qkv]_proj|transformer|encoder_layer|decoder_layer", re.I)
