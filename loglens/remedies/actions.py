"""Remedies, one function an action: its values as they follow from the run, and how to verify that it helped.

Numbers come from the curves of the run at hand and are rounded to two digits, since no more is known.
Sources of the rules of thumb: Google's Deep Learning Tuning Playbook (clip at the 90th percentile of
the gradient norms, at most half of the steps; warm up before lowering the learning rate), Pascanu,
Mikolov and Bengio 2013 (clipping for recurrent nets), Hochreiter and Schmidhuber 1997 (gated cells),
He et al. 2015 and Saxe et al. 2014 (initialisation), Micikevicius et al. 2018 (loss scaling), AUTOTRAINER
(L2 of 0.01; gradient ratios of first to last layer), PaLM and OPT-175B (batches skipped at a spike).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loglens.model.finding import Remedy
from loglens.model.numbers import number
from loglens.model.rate_in_force import rate_in_force
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.remedies.snippets import snippets
from loglens.stats.quantiles import median, percentile

#: Percentile of the healthy norms to clip at; the Tuning Playbook's choice.
CLIP_PERCENTILE = 90
#: How many norms a percentile needs.
MIN_NORMS = 5
#: Smallest share of a run that a warmup takes, and the Playbook's largest.
WARMUP_SHARE, MAX_WARMUP_SHARE = 0.05, 0.1

#: What several remedies are to bring about, as a rerun's log shows it.
_EVEN_DEPTH = "the gradient norm of the first layer is between 0.01 and 10 times that of the last, all through the run"
_PAST = "the loss passes the steps where this run went wrong and ends within 5% of its lowest value"
_FINITE = "the loss is finite for at least 200 steps past the onset in this run"
_LESS_OVERFIT = "the validation loss ends within 5% of its lowest value, or is lowest in the last tenth of the run"
_LEVEL_WEIGHTS = "the weight norm levels off, and the validation loss ends within 5% of its lowest value"

_PLAIN_RNN = re.compile(r"(^|[^a-z])(simple_?)?rnn(?!t)", re.I)
_GATED = re.compile(r"lstm|gru", re.I)


def clip_grad_norm(healthy: Series | None) -> Remedy:
    """Clip at the 90th percentile of the gradient norms before the trouble began, or at 1.0 without any."""
    limit, norms = _clip_limit(healthy.value if healthy is not None else np.zeros(0))
    if len(norms):
        why = (
            f"bounds every update; {number(limit)} is the {CLIP_PERCENTILE}th percentile of this run's "
            f"{len(norms)} gradient norms before the onset"
        )
        usual, largest = 10 * float(median(norms)), float(norms.max())
        bound = f"under {number(two_digits(usual))}, 10 times its median before the onset"
        if largest > usual:
            bound = f"at or under {number(two_digits(largest))}, its largest before the onset"
    else:
        why = "bounds every update; 1.0 is the usual start, as this run has no healthy part to measure"
        bound = "under 10 times its median"
    verify = f"the gradient norm stays {bound}, and at most half of the steps are clipped"
    return Remedy("clip_grad_norm", {"max_norm": limit}, why, snippets("clip_grad_norm", max_norm=limit), verify)


def set_clip(norms: NDArray[np.float64], at_least: float = 0.0) -> Remedy:
    """Clip at the 90th percentile of the norms instead of below all of them, or at a limit above that."""
    limit, known = _clip_limit(norms)
    why = f"a limit of {number(limit)} clips the largest tenth of this run's {len(known)} norms, not nearly all of them"
    if len(known) and limit < at_least:
        why = f"{number(at_least)} is the usual limit; nine tenths of this run's norms are below {number(limit)}"
        limit = at_least
    if not len(known):
        why = "1.0 is the usual limit; log the norms before clipping and take their 90th percentile"
    verify = "5 to 20% of the steps are clipped, and the loss falls no slower"
    return Remedy("set_clip", {"max_norm": limit}, why, snippets("set_clip", max_norm=limit), verify)


def slower_policy(lr: Series | None, onset: int | None = None) -> Remedy:
    """A third of the learning rate, or the one before the onset where it was raised by more than that."""
    used = lr.finite.value if lr is not None else np.zeros(0)
    before = lr.before(onset).finite.value if lr is not None and onset is not None else np.zeros(0)
    factor = 0.3
    if len(before) and used.max() > 0:
        factor = min(factor, two_digits(float(median(before) / used.max()))) or factor
    slower = scale_lr(factor, lr, "smaller updates stay near the policy that collected the data")
    return replace(
        slower, verify="the reward ends within a tenth of its highest level, and the KL divergence stays small"
    )


def scale_lr(factor: float, lr: Series | None, why: str, onset: int | None = None) -> Remedy:
    """Multiply the learning rate by `factor`; the code shows the new peak where the old one was logged.

    onset: the step at which the trouble began, for the rate that was in force then.
    """
    used = lr.finite.value if lr is not None else np.zeros(0)
    peak = float(used.max()) if len(used) else 0.0
    rate = two_digits(peak * factor) if peak > 0 else None
    new = f"{rate:g}" if rate is not None else f"{factor:g} * lr"
    said = f"{why}; {_rate_used(lr, peak, onset)}, so use {number(rate)}" if rate is not None else why
    verify = "the loss falls at least twice as fast, and never rises for good" if factor > 1 else _PAST
    return Remedy("scale_lr", {"factor": factor}, said, snippets("scale_lr", lr=new), verify, rate=rate)


def _rate_used(lr: Series | None, peak: float, onset: int | None) -> str:
    """The rate of a run in words: that in force at the onset, and its peak, which is what one sets."""
    now = rate_in_force(lr, onset) if onset is not None else peak
    if now is None or np.isclose(now, peak):
        return f"this run peaked at {number(peak)}"
    return f"the rate was {number(now)} at the onset; this run peaked at {number(peak)}"


def add_warmup(length: int, trouble: int | None = None) -> Remedy:
    """Raise the learning rate linearly over the first steps: 5 % of the run, or twice the time to the trouble.

    length: steps in the run. trouble: steps from the start to the onset, where known.
    """
    share = max(10, round(WARMUP_SHARE * length))
    steps = min(max(share, 2 * trouble), max(10, round(MAX_WARMUP_SHARE * length))) if trouble else share
    steps = int(two_digits(float(steps)))
    why = f"the first updates are the least reliable; {steps} steps is {steps / max(length, 1):.0%} of this run"
    if trouble and steps >= 2 * trouble:
        why += f", and the trouble began {trouble} steps in"
    verify = "the gradient norm's peak in the first 5% of the run is under 3 times its median"
    return Remedy("add_warmup", {"steps": steps}, why, snippets("add_warmup", steps=steps), verify)


def replace_cell(run: Run, layers: Iterable[Series] = ()) -> Remedy | None:
    """An LSTM for a plain RNN, where parameters or names show one; None elsewhere."""
    said = [f"{key}={value}" for key, value in run.params.items() if isinstance(value, str) and "/" not in key]
    names = [*said, *run.tags, *(layer.layer or "" for layer in layers)]
    if any(_GATED.search(name) for name in names):
        return None
    shown = next((name for name in names if _PLAIN_RNN.search(name)), None)
    if shown is None:
        return None
    why = (
        f"a plain RNN ({shown[:60]}) multiplies the gradient by its recurrent weights at every time step; "
        "the gates of an LSTM or GRU let it pass"
    )
    verify = "the gradient norm keeps its level: its trend over the run is flat, neither growing nor decaying"
    return Remedy("replace_cell", {"to": "LSTM"}, why, snippets("replace_cell", variant="LSTM"), verify)


def change_init(to: str) -> Remedy:
    """Initialise weights so that signals keep their size: `orthogonal` (recurrent), `he` (ReLU), `xavier` (tanh)."""
    why, verify = {
        "orthogonal": (
            "all singular values of an orthogonal recurrent matrix are 1, so it neither grows nor shrinks a gradient",
            _EVEN_DEPTH,
        ),
        "xavier": (
            "Xavier initialisation keeps the inputs of tanh and sigmoid small enough not to saturate",
            "under 10% of the activations are saturated, from the first histogram on",
        ),
        "he": (
            "He initialisation keeps the variance of the signals from layer to layer in ReLU nets",
            _EVEN_DEPTH + "; under 10% of the units are dead",
        ),
    }[to]
    return Remedy("change_init", {"to": to}, why, snippets("change_init", variant=to), verify)


def change_activation(to: str = "relu") -> Remedy:
    """Replace an activation whose slope is small or zero over much of its range."""
    why = "sigmoid and tanh have slopes below 1 that multiply from layer to layer; ReLU's is 1 where it is active"
    verify = "the gradient norm of the first layer is over 0.01 times that of the last, and the loss falls"
    if to == "leaky_relu":
        why = "a leaky ReLU keeps a small slope below zero, so that a unit can come back to life"
        verify = "under 10% of the units are dead at the end of the run"
    return Remedy("change_activation", {"to": to}, why, snippets("change_activation", variant=to), verify)


def add_normalization(to: str = "layer_norm") -> Remedy:
    """Normalise between layers (or, `spectral_norm`, the weights), so that scale does not depend on the weights."""
    why, verify = "keeps activations and gradients at one scale whatever the size of the weights", _EVEN_DEPTH
    if to == "spectral_norm":
        why = "bounds how steep the discriminator can be, so that the generator always gets a gradient"
        verify = "the discriminator's scores for real and generated samples come together, and its loss stays off 0"
    return Remedy("add_normalization", {"to": to}, why, snippets("add_normalization", variant=to), verify)


def weight_decay(value: float = 0.01) -> Remedy:
    """L2 regularisation, decoupled from the gradient (AdamW): pulls every weight towards zero."""
    why = (
        f"shrinks every weight by {number(value)} times the learning rate at each step, which bounds its growth; "
        "if the run has a decay already, take ten times that"
    )
    return Remedy("weight_decay", {"value": value}, why, snippets("weight_decay", value=value), _LEVEL_WEIGHTS)


def l1(value: float = 1e-5) -> Remedy:
    """L1 regularisation: a constant pull towards zero, which also makes weights sparse."""
    why = "pulls every weight towards zero by the same amount, large or small; an alternative to weight decay"
    return Remedy("l1", {"value": value}, why, snippets("l1", value=value), _LEVEL_WEIGHTS)


def dropout(p: float = 0.25) -> Remedy:
    """Drop units at random while training."""
    why = "units that may vanish cannot rely on each other to memorise single examples"
    return Remedy("dropout", {"p": p}, why, snippets("dropout", p=p), _LESS_OVERFIT)


def early_stop(step: int, axis: str = "step") -> Remedy:
    """Keep the checkpoint at the lowest validation loss, and stop there next time."""
    why = f"the loss on unseen data was lowest at {axis} {number(step)}, and has risen since"
    verify = f"the run stops soon after {axis} {step}, its validation loss within 5% of the lowest"
    return Remedy("early_stop", {"step": step}, why, snippets("early_stop", step=step), verify)


def keep_best(step: int, axis: str = "step") -> Remedy:
    """Keep the checkpoint of the highest reward, and stop there next time."""
    why = f"the policy was best before {axis} {step}; take a checkpoint from there, and save them by their reward"
    verify = "the reward of the kept checkpoint is within a tenth of the highest in the run"
    return Remedy("early_stop", {"step": step}, why, snippets("early_stop", step=step), verify)


def increase_capacity(factor: float = 2.0) -> Remedy:
    """A larger model: one that is too small cannot fit even the training set."""
    why = "training and validation loss are equally poor, so the model is too small or held back, not overfitted"
    verify = "the training loss levels off below where this run's does, and the validation loss follows it"
    return Remedy("increase_capacity", {"factor": factor}, why, snippets("increase_capacity", factor=factor), verify)


def train_longer(factor: float) -> Remedy:
    """Continue: the loss was still falling, or the schedule ended before it had fallen."""
    why = "this run had too little time to learn; stretch the schedule to the new length as well"
    verify = "the loss falls below this run's last value, and by the end it gains under 1% in a quarter of the run"
    return Remedy("train_longer", {"factor": factor}, why, snippets("train_longer", factor=factor), verify)


def disable_fp16() -> Remedy:
    """Train in float32, to see whether precision is the cause."""
    why = "float32 does not overflow at 65504; if the run works there, precision is the cause"
    return Remedy("disable_fp16", {}, why, snippets("disable_fp16"), f"{_FINITE}; then bfloat16 will do as well")


def use_bf16() -> Remedy:
    """bfloat16 has float32's range, so that it needs no loss scale."""
    why = "float16 overflows above 65504; bfloat16 has the range of float32 and needs no loss scale"
    return Remedy("use_bf16", {}, why, snippets("use_bf16"), f"{_FINITE}, and no loss scale is logged any more")


def skip_nonfinite_batches() -> Remedy:
    """Leave out an update whose loss or gradient is not finite, and say which batch it was."""
    why = "one bad batch otherwise turns all weights into NaN for good; log its index to inspect the data"
    verify = f"{_FINITE}, and fewer than 1 step in 1,000 is skipped"
    return Remedy("skip_nonfinite_batches", {}, why, snippets("skip_nonfinite_batches"), verify)


def clean_data() -> Remedy:
    """Look for NaN, infinite and absurd values in the inputs and labels."""
    why = "a NaN or absurd value in an input or label spoils the loss of its batch, whatever the weights are"
    verify = "every batch passes, and the loss of the rerun is finite from its first value on"
    return Remedy("clean_data", {}, why, snippets("clean_data"), verify)


def add_eps(value: float = 1e-8) -> Remedy:
    """Guard log, sqrt and division in the loss."""
    why = "nothing moved before the NaN, which points to a log(0), sqrt(0) or 0/0 in the loss or its gradient"
    return Remedy("add_eps", {"value": value}, why, snippets("add_eps", value=value), _FINITE)


def unfreeze(layer: str) -> Remedy:
    """Let a layer learn: gradient on, and in the optimizer."""
    why = "a layer learns only if it requires a gradient and is among the optimizer's parameters"
    verify = f"the weights of {layer} differ from one logged step to the next"
    return Remedy("unfreeze", {"layer": layer}, why, snippets("unfreeze"), verify)


def check_optimizer_step() -> Remedy:
    """Whether the optimizer holds the model's parameters and steps at all."""
    why = (
        "a loss that never moves is most often an optimizer that never steps: wrong parameters, learning rate 0, "
        "a detached graph"
    )
    verify = "the assertion holds, and the loss at the end of the rerun is below its start by more than its noise"
    return Remedy("check_optimizer_step", {}, why, snippets("check_optimizer_step"), verify)


def check_labels() -> Remedy:
    """Whether the labels belong to the inputs: overfit a single batch."""
    why = (
        "a net that can learn drives the loss of one batch to about zero; if it does and the full set does not "
        "move, labels or their order are wrong"
    )
    verify = "with the labels put right, the loss of a full run leaves its starting level"
    return Remedy("check_labels", {}, why, snippets("check_labels"), verify)


def fix_input_pipeline() -> Remedy:
    """Find what takes the time, and keep nothing that grows."""
    why = (
        "a step that keeps getting slower holds on to something that grows (a list of losses with their graphs, most "
        "often) or waits for data"
    )
    verify = "the last fifth of the run has at least 90% of the throughput of its start"
    return Remedy("fix_input_pipeline", {}, why, snippets("fix_input_pipeline"), verify)


def release_memory() -> Remedy:
    """Keep nothing that grows with the steps."""
    why = "a loss that is added up as a tensor, and not as a number, keeps its whole graph in memory"
    verify = "the memory in use is the same after the first tenth of the run as at its end"
    return Remedy("fix_input_pipeline", {}, why, snippets("fix_input_pipeline"), verify)


def shuffle_data() -> Remedy:
    """Shuffle: batches that come sorted teach one class after the other."""
    why = "swings over many steps come most often from data in order (sorted by class, file or time)"
    verify = "the swings of the loss are at most half as large, and no longer come at one period"
    return Remedy("fix_input_pipeline", {"shuffle": 1}, why, snippets("fix_input_pipeline", variant="shuffle"), verify)


def resume_from(step: int, axis: str = "step", reason: str = "") -> Remedy:
    """Continue from the last checkpoint at or before a step, with the optimizer's state."""
    why = reason or f"the run was sound until {axis} {step}; the training before it is not lost"
    verify = f"the log continues from a checkpoint at or before {axis} {step}, and the loss is at its level from there"
    return Remedy("resume_from", {"step": step}, why, snippets("resume_from", step=step), verify)


def eval_in_fp32() -> Remedy:
    """Evaluate in float32: half precision overflows in long sums."""
    why = "half precision overflows above 65504 in sums over many elements; evaluation costs little in float32"
    verify = "every evaluation gives a finite number, and training continues as before"
    return Remedy("eval_in_fp32", {}, why, snippets("eval_in_fp32"), verify)


def set_entropy_coef(value: float) -> Remedy:
    """Pay the policy for keeping its entropy."""
    why = f"a bonus of {number(value)} times the entropy makes it costly for the policy to stop exploring"
    verify = "the entropy is above a tenth of its start until the reward has risen"
    return Remedy("set_entropy_coef", {"value": value}, why, snippets("set_entropy_coef", value=value), verify)


def set_kl_coef(value: float) -> Remedy:
    """Penalise the distance to the reference policy."""
    why = f"a penalty of {number(value)} times the KL divergence keeps the policy near the one that it started from"
    verify = "the KL divergence to the reference levels off, and samples stay varied"
    return Remedy("set_kl_coef", {"value": value}, why, snippets("set_kl_coef", value=value), verify)


def scale_reward(factor: float) -> Remedy:
    """Bring rewards to a size near 1, the scale that value functions and default learning rates are made for."""
    why = f"returns of this size overwhelm the value function; times {number(factor)} they are near 1"
    verify = "the value loss is of the order of 1, and the explained variance rises above 0"
    return Remedy("scale_reward", {"factor": factor}, why, snippets("scale_reward", factor=factor), verify)


def two_digits(value: float) -> float:
    """The value rounded to two significant digits."""
    return float(f"{value:.1e}")


def _clip_limit(norms: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """A limit, and the norms that it follows from: no norms where they are too few or all zero."""
    finite = norms[np.isfinite(norms)]
    if len(finite) >= MIN_NORMS and (limit := two_digits(float(percentile(finite, CLIP_PERCENTILE)))) > 0:
        return limit, finite
    return 1.0, finite[:0]
