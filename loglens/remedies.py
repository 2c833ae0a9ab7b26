"""What to change: one function an action, how its numbers follow from the run, and the code for it.

Numbers come from the curves of the run at hand and are rounded to two digits, since no more is known.
Sources of the rules of thumb: Google's Deep Learning Tuning Playbook (clip at the 90th percentile of
the gradient norms, warm up before lowering the learning rate), Pascanu, Mikolov and Bengio 2013
(clipping for recurrent nets), Hochreiter and Schmidhuber 1997 (gated cells), He et al. 2015 and
Saxe et al. 2014 (initialisation), Micikevicius et al. 2018 (loss scaling).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from loglens.report import Remedy
from loglens.run import Run, Series

#: Percentile of the healthy norms to clip at; the Tuning Playbook's choice.
CLIP_PERCENTILE = 90
#: Smallest share of a run that a warmup takes, and the Playbook's largest.
WARMUP_SHARE = 0.05

_PLAIN_RNN = re.compile(r"(^|[^a-z])(simple_?)?rnn(?!t)", re.I)
_GATED = re.compile(r"lstm|gru", re.I)


def clip_grad_norm(healthy: Series | None) -> Remedy:
    """Clip at the 90th percentile of the gradient norms before the trouble began, or at 1.0 without any."""
    norms = healthy.finite.value if healthy is not None else np.zeros(0)
    if len(norms) >= 5:
        limit = two_digits(float(np.percentile(norms, CLIP_PERCENTILE)))
        why = (
            f"bounds every update; {limit:g} is the {CLIP_PERCENTILE}th percentile of this run's "
            f"{len(norms)} gradient norms before the onset"
        )
    else:
        limit = 1.0
        why = "bounds every update; 1.0 is the usual start, as this run has no healthy part to measure"
    return Remedy(
        "clip_grad_norm",
        {"max_norm": limit},
        why,
        {
            "pytorch": f"loss.backward()\n"
            f"torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm={limit:g})\noptimizer.step()",
            "keras": f"optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm={limit:g})",
        },
    )


def scale_lr(factor: float, lr: Series | None, why: str) -> Remedy:
    """Multiply the learning rate by `factor`; the code shows the new peak where the old one was logged."""
    used = lr.finite.value if lr is not None else np.zeros(0)
    peak = float(used.max()) if len(used) else 0.0
    new = f"{two_digits(peak * factor):g}" if peak > 0 else f"{factor:g} * learning_rate"
    said = f"{why}; this run peaked at {peak:.3g}, so use {new}" if peak > 0 else why
    return Remedy(
        "scale_lr",
        {"factor": factor},
        said,
        {
            "pytorch": f"optimizer = torch.optim.AdamW(model.parameters(), lr={new})",
            "keras": f"optimizer = keras.optimizers.AdamW(learning_rate={new})",
        },
    )


def add_warmup(length: int, trouble: int | None = None) -> Remedy:
    """Raise the learning rate linearly over the first steps: 5 % of the run, or twice the time to the trouble.

    length: steps in the run. trouble: steps from the start to the onset, where known.
    """
    share = max(10, round(WARMUP_SHARE * length))
    steps = min(max(share, 2 * trouble), max(10, length // 10)) if trouble else share
    steps = int(two_digits(float(steps)))
    return Remedy(
        "add_warmup",
        {"steps": steps},
        f"the first updates are the least reliable; {steps} steps is {steps / max(length, 1):.0%} of this run",
        {
            "pytorch": f"warmup = torch.optim.lr_scheduler.LinearLR(optimizer, 0.01, total_iters={steps})\n"
            "# after each optimizer.step():\nwarmup.step()",
            "keras": "schedule = keras.optimizers.schedules.CosineDecay(\n"
            f"    0.0, decay_steps, warmup_target=learning_rate, warmup_steps={steps})",
        },
    )


def replace_cell(run: Run, layers: Iterable[Series] = ()) -> Remedy | None:
    """An LSTM for a plain RNN, where parameters or names show one; None elsewhere."""
    said = [f"{key}={value}" for key, value in run.params.items() if isinstance(value, str) and "/" not in key]
    names = [*said, *run.tags, *(layer.layer or "" for layer in layers)]
    if any(_GATED.search(name) for name in names):
        return None
    shown = next((name for name in names if _PLAIN_RNN.search(name)), None)
    if shown is None:
        return None
    return Remedy(
        "replace_cell",
        {"to": "LSTM"},
        f"a plain RNN ({shown[:60]}) multiplies the gradient by its recurrent weights at every time step; "
        "the gates of an LSTM or GRU let it pass",
        {
            "pytorch": "self.rnn = nn.LSTM(input_size, hidden_size, batch_first=True)  # returns out, (h, c)",
            "keras": "layers.LSTM(units)  # in place of layers.SimpleRNN(units)",
        },
    )


def change_init(to: str) -> Remedy:
    """Initialise weights so that signals keep their size: `orthogonal` (recurrent), `he` (ReLU), `xavier` (tanh)."""
    if to == "orthogonal":
        why = "an orthogonal recurrent matrix has all singular values 1: it neither grows nor shrinks a gradient"
        pytorch = (
            'for name, p in model.named_parameters():\n    if "weight_hh" in name:\n        nn.init.orthogonal_(p)'
        )
        keras = 'layers.LSTM(units, recurrent_initializer="orthogonal")'
    elif to == "xavier":
        why = "Xavier initialisation keeps the inputs of tanh and sigmoid small enough not to saturate"
        pytorch = (
            "for m in model.modules():\n    if isinstance(m, nn.Linear):\n        nn.init.xavier_uniform_(m.weight)"
        )
        keras = 'layers.Dense(units, activation="tanh", kernel_initializer="glorot_uniform")'
    else:
        why = "He initialisation keeps the variance of the signals from layer to layer in ReLU nets"
        pytorch = (
            "for m in model.modules():\n    if isinstance(m, nn.Linear):\n"
            '        nn.init.kaiming_normal_(m.weight, nonlinearity="relu")'
        )
        keras = 'layers.Dense(units, activation="relu", kernel_initializer="he_normal")'
    return Remedy("change_init", {"to": to}, why, {"pytorch": pytorch, "keras": keras})


def change_activation(to: str = "relu") -> Remedy:
    """Replace an activation whose slope is small or zero over much of its range."""
    if to == "leaky_relu":
        why = "a leaky ReLU keeps a small slope below zero, so that a unit can come back to life"
        return Remedy(
            "change_activation",
            {"to": to},
            why,
            {"pytorch": "nn.LeakyReLU(0.01)  # in place of nn.ReLU()", "keras": 'activation="leaky_relu"'},
        )
    return Remedy(
        "change_activation",
        {"to": to},
        "sigmoid and tanh have slopes below 1 that multiply from layer to layer; ReLU's is 1 where it is active",
        {"pytorch": "nn.ReLU()  # in place of nn.Sigmoid() or nn.Tanh()", "keras": 'activation="relu"'},
    )


def add_normalization(to: str = "layer_norm") -> Remedy:
    """Normalise between layers (or, `spectral_norm`, the weights), so that scale does not depend on the weights."""
    if to == "spectral_norm":
        why = "bounds how steep the discriminator can be, so that the generator always gets a gradient"
        return Remedy(
            "add_normalization",
            {"to": to},
            why,
            {
                "pytorch": "nn.utils.parametrizations.spectral_norm(nn.Linear(d, d))",
                "keras": "layers.SpectralNormalization(layers.Dense(d))",
            },
        )
    return Remedy(
        "add_normalization",
        {"to": to},
        "keeps activations and gradients at one scale whatever the size of the weights",
        {
            "pytorch": "nn.Sequential(nn.Linear(d, d), nn.LayerNorm(d), nn.ReLU())",
            "keras": "x = layers.LayerNormalization()(x)",
        },
    )


def weight_decay(value: float = 0.01) -> Remedy:
    """L2 regularisation, decoupled from the gradient (AdamW): pulls every weight towards zero."""
    return Remedy(
        "weight_decay",
        {"value": value},
        "L2 regularisation pulls weights back by a constant share at every step, which bounds their growth",
        {
            "pytorch": f"optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay={value:g})",
            "keras": f"optimizer = keras.optimizers.AdamW(learning_rate, weight_decay={value:g})",
        },
    )


def l1(value: float = 1e-5) -> Remedy:
    """L1 regularisation: a constant pull towards zero, which also makes weights sparse."""
    return Remedy(
        "l1",
        {"value": value},
        "L1 regularisation pulls every weight towards zero by a constant amount; an alternative to L2",
        {
            "pytorch": f"loss = loss + {value:g} * sum(p.abs().sum() for p in model.parameters())",
            "keras": f"layers.Dense(units, kernel_regularizer=keras.regularizers.L1({value:g}))",
        },
    )


def add_eps(value: float = 1e-8) -> Remedy:
    """Guard log, sqrt and division in the loss."""
    return Remedy(
        "add_eps",
        {"value": value},
        "nothing moved before the NaN, which points to a log(0), sqrt(0) or 0/0 in the loss or its gradient",
        {
            "pytorch": f"torch.log(p.clamp_min({value:g}))  # better: F.cross_entropy on logits\n"
            "torch.autograd.set_detect_anomaly(True)  # once, to find the operation",
            "keras": f"keras.ops.log(keras.ops.maximum(p, {value:g}))  # better: from_logits=True",
        },
    )


def skip_nonfinite_batches() -> Remedy:
    """Leave out an update whose loss or gradient is not finite, and say which batch it was."""
    return Remedy(
        "skip_nonfinite_batches",
        {},
        "one bad batch otherwise turns all weights into NaN for good; log its index to inspect the data",
        {
            "pytorch": "if not torch.isfinite(loss):\n    optimizer.zero_grad(); print('bad batch', i); continue",
            "keras": "callbacks=[keras.callbacks.TerminateOnNaN()]  # stops at the batch, so it can be inspected",
        },
    )


def clean_data() -> Remedy:
    """Look for NaN, infinite and absurd values in the inputs and labels."""
    return Remedy(
        "clean_data",
        {},
        "a NaN in the very first losses comes from the inputs, the labels or the loss itself, not from training",
        {
            "pytorch": "for x, y in loader:\n    assert torch.isfinite(x).all() and torch.isfinite(y.float()).all()",
            "keras": "assert np.isfinite(x_train).all() and np.isfinite(y_train).all()",
        },
    )


def use_bf16() -> Remedy:
    """bfloat16 has float32's range, so that it needs no loss scale."""
    return Remedy(
        "use_bf16",
        {},
        "float16 overflows above 65504; bfloat16 has the range of float32 and needs no loss scale",
        {
            "pytorch": 'with torch.autocast("cuda", dtype=torch.bfloat16): ...  # and no GradScaler',
            "keras": 'keras.mixed_precision.set_global_policy("mixed_bfloat16")',
        },
    )


def check_optimizer_step() -> Remedy:
    """Whether the optimiser holds the model's parameters and steps at all."""
    return Remedy(
        "check_optimizer_step",
        {},
        "a loss that never moves is most often an optimiser that never steps: wrong parameters, learning rate 0, "
        "a detached graph",
        {
            "pytorch": "before = [p.clone() for p in model.parameters()]\n# one training step\n"
            "assert any((a != b).any() for a, b in zip(before, model.parameters()))",
            "keras": "before = model.get_weights(); model.train_on_batch(x, y)\n"
            "assert any((a != b).any() for a, b in zip(before, model.get_weights()))",
        },
    )


def check_labels() -> Remedy:
    """Whether the labels belong to the inputs: overfit a single batch."""
    return Remedy(
        "check_labels",
        {},
        "a net that can learn drives the loss of one batch to about zero; if it does and the full set does not "
        "move, labels or their order are wrong",
        {
            "pytorch": "x, y = next(iter(loader))\nfor _ in range(500):\n    step(x, y)  # the loss must go to ~0",
            "keras": "model.fit(x_train[:32], y_train[:32], epochs=500)  # the loss must go to ~0",
        },
    )


def two_digits(value: float) -> float:
    """The value rounded to two significant digits."""
    return float(f"{value:.1e}")


def early_stop(step: int, axis: str = "step") -> Remedy:
    """Keep the checkpoint at the lowest validation loss, and stop there next time."""
    return Remedy(
        "early_stop",
        {"step": step},
        f"the model was best at {axis} {step}; everything after it made it worse on unseen data",
        {
            "pytorch": f'model.load_state_dict(torch.load("checkpoint_{step}.pt", weights_only=True))',
            "keras": "callbacks=[keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)]",
        },
    )


def dropout(p: float = 0.25) -> Remedy:
    """Drop units at random while training."""
    return Remedy(
        "dropout",
        {"p": p},
        "units that may vanish cannot rely on each other to learn single examples by heart",
        {"pytorch": f"nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Dropout({p:g}))", "keras": f"layers.Dropout({p:g})"},
    )


def unfreeze(layer: str) -> Remedy:
    """Let a layer learn: gradient on, and in the optimizer."""
    return Remedy(
        "unfreeze",
        {"layer": layer},
        "a layer learns only if it requires a gradient and is among the optimizer's parameters",
        {
            "pytorch": "for p in model.parameters():\n    p.requires_grad_(True)\n"
            "optimizer = torch.optim.AdamW(model.parameters(), lr=lr)",
            "keras": "for layer in model.layers:\n    layer.trainable = True\nmodel.compile(...)  # again",
        },
    )


def disable_fp16() -> Remedy:
    """Train in float32, to see whether precision is the cause."""
    return Remedy(
        "disable_fp16",
        {},
        "in float32 nothing overflows; if the run is fine there, precision is the cause",
        {
            "pytorch": 'with torch.autocast("cuda", enabled=False): ...',
            "keras": 'keras.mixed_precision.set_global_policy("float32")',
        },
    )


def fix_input_pipeline() -> Remedy:
    """Find what takes the time, and keep nothing that grows."""
    return Remedy(
        "fix_input_pipeline",
        {},
        "a step that takes ever longer keeps something that grows (a list of losses with their graphs, most often) "
        "or waits for data",
        {
            "pytorch": "total += loss.item()  # not total += loss: that keeps every graph\n"
            "DataLoader(data, num_workers=4, persistent_workers=True, prefetch_factor=4)",
            "keras": "dataset = dataset.cache().prefetch(tf.data.AUTOTUNE)",
        },
    )


def set_clip(norms: NDArray[np.float64]) -> Remedy:
    """Clip at the 90th percentile of the norms instead of below all of them."""
    limit = two_digits(float(np.percentile(norms, CLIP_PERCENTILE))) if len(norms) else 1.0
    return Remedy(
        "set_clip",
        {"max_norm": limit},
        f"a limit of {limit:g} clips the largest tenth of the norms, not nearly all of them",
        {
            "pytorch": f"torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm={limit:g})",
            "keras": f"optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm={limit:g})",
        },
    )


def train_longer(factor: float) -> Remedy:
    """Go on: the loss was still falling."""
    return Remedy(
        "train_longer",
        {"factor": factor},
        f"{factor:g} times as many steps, once the cause above is mended",
        {
            "pytorch": f"max_steps = int({factor:g} * max_steps)",
            "keras": f"model.fit(..., epochs=int({factor:g} * epochs))",
        },
    )


def increase_capacity(factor: float = 2.0) -> Remedy:
    """A larger model: one that is too small cannot fit even the training set."""
    return Remedy(
        "increase_capacity",
        {"factor": factor},
        "training and validation loss are equally poor, so the model is too small or held back, not overfitted",
        {"pytorch": f"hidden = int({factor:g} * hidden)", "keras": f"layers.Dense(int({factor:g} * units))"},
    )


def shuffle_data() -> Remedy:
    """Shuffle: batches that come sorted teach one class after the other."""
    return Remedy(
        "fix_input_pipeline",
        {"shuffle": 1},
        "swings over many steps come most often from data in order (sorted by class, file or time)",
        {
            "pytorch": "DataLoader(data, batch_size=batch_size, shuffle=True)",
            "keras": "dataset.shuffle(len(data), reshuffle_each_iteration=True)",
        },
    )
