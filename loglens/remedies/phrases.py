"""Remedies as phrases in plain English."""

from __future__ import annotations

import re
from collections.abc import Mapping

from loglens.model.finding import Remedy
from loglens.model.numbers import number
from loglens.model.plain_text import words

#: What each remedy action asks for; `{...}` are its parameters.
ACTIONS: Mapping[str, str] = {
    "clip_grad_norm": "clip the gradient norm at {max_norm}",
    "scale_lr": "multiply the learning rate by {factor}",
    "add_warmup": "warm the learning rate up over {steps} steps",
    "replace_cell": "replace the plain recurrent cell by an {to}",
    "change_init": "use {to} initialisation",
    "change_activation": "use {to} as the activation",
    "add_normalization": "add {to} between the layers",
    "weight_decay": "add weight decay (L2) of {value}",
    "l1": "add an L1 penalty of {value}",
    "dropout": "add dropout with p = {p}",
    "early_stop": "stop at step {step} and keep that checkpoint",
    "increase_capacity": "make the model {factor} times as large",
    "disable_fp16": "train in float32 instead of float16",
    "use_bf16": "train in bfloat16 instead of float16",
    "skip_nonfinite_batches": "skip updates whose loss or gradient is not finite",
    "clean_data": "look for NaN and absurd values in inputs and labels",
    "add_eps": "guard log, sqrt and division with an eps of {value}",
    "train_longer": "train {factor} times as long",
    "fix_schedule": "correct the learning rate schedule: {kind}",
    "fix_weight_decay": "correct the weight decay: its sign and its size",
    "remove_clip": "train without gradient clipping",
    "unfreeze": "let the frozen layers train",
    "set_clip": "set the clipping threshold to {max_norm}",
    "check_labels": "check that labels belong to their inputs: overfit one batch",
    "check_optimizer_step": "check that the optimizer steps and holds the model's parameters",
    "fix_input_pipeline": "speed up the input pipeline",
    "resume_from": "resume from the last checkpoint at or before step {step}",
    "eval_in_fp32": "evaluate in float32",
    "kl_annealing": "raise the weight of the KL term slowly from zero",
    "set_entropy_coef": "set the entropy coefficient to {value}",
    "set_kl_coef": "set the KL coefficient to {value}",
    "scale_reward": "multiply the rewards by {factor}",
    "more_generations": "sample {factor} times as many completions of each prompt",
    "set_temperature": "sample at temperature {value}",
    "restore_optimizer": "restore optimizer and schedule together with the weights",
}

#: What is put in place, as people write it.
PROPER: Mapping[str, str] = {
    "he": "He",
    "xavier": "Xavier",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "hold": "hold the rate",
    "no_jump": "no jump",
    "longer_warmup": "a longer warmup",
    "later_decay": "a later decay",
    "layer_norm": "layer normalisation",
    "spectral_norm": "spectral normalisation",
}

_TWO_TIMES = re.compile(r"\b2 times\b")

#: The phrase for the input pipeline's other fault, which a parameter names.
SHUFFLE = "shuffle the data before every epoch"


def phrase(remedy: Remedy) -> str:
    """What a remedy asks for, with its numbers: "Clip the gradient norm at 0.9". Its own title goes first."""
    return remedy.title or in_words(remedy)


def in_words(remedy: Remedy, template: str | None = None) -> str:
    """A remedy's action in plain words. template: other words than the action's, with its parameters in braces."""
    params = {name: PROPER.get(str(value)) or number(value) for name, value in remedy.params.items()}
    try:
        said = template or (SHUFFLE if "shuffle" in params else ACTIONS[remedy.action])
        text = _TWO_TIMES.sub("twice", said.format_map(params))
    except KeyError:  # a plugin's own action
        numbers = ", ".join(f"{words(name)} {value}" for name, value in params.items())
        text = words(remedy.action) + (f" ({numbers})" if numbers else "")
    return text[:1].upper() + text[1:]
