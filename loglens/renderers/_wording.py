"""Words that all outputs for people share: actions, numbers, and text from a log made harmless."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from loglens.chains import in_words
from loglens.report import Remedy

#: What each remedy action asks for; `{...}` are its parameters.
ACTIONS: Mapping[str, str] = {
    "clip_grad_norm": "clip the gradient norm at {max_norm}",
    "scale_lr": "multiply the learning rate by {factor}",
    "add_warmup": "warm the learning rate up over {steps} steps",
    "replace_cell": "replace the recurrent cell by {to}",
    "change_init": "use {to} initialisation",
    "change_activation": "use {to} as the activation",
    "add_normalization": "add {to} between the layers",
    "weight_decay": "add weight decay (L2) of {value}",
    "l1": "add an L1 penalty of {value}",
    "dropout": "add dropout with p = {p}",
    "early_stop": "stop at step {step} and keep that checkpoint",
    "increase_capacity": "make the model {factor} times as large",
    "disable_fp16": "train in float32 in place of float16",
    "use_bf16": "train in bfloat16 in place of float16",
    "skip_nonfinite_batches": "skip updates whose loss or gradient is not finite",
    "clean_data": "look for NaN and absurd values in inputs and labels",
    "add_eps": "guard log, sqrt and division with an eps of {value}",
    "train_longer": "train {factor} times as long",
    "unfreeze": "let the frozen layers train",
    "set_clip": "set the clipping threshold to {max_norm}",
    "check_labels": "check that labels belong to their inputs: overfit one batch",
    "check_optimizer_step": "check that the optimiser steps and holds the model's parameters",
    "fix_input_pipeline": "speed up the input pipeline",
}

#: What is put in place, as people write it.
PROPER: Mapping[str, str] = {
    "he": "He",
    "xavier": "Xavier",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "layer_norm": "layer normalisation",
    "spectral_norm": "spectral normalisation",
}

#: The input pipeline's other fault, told by its parameter.
SHUFFLE = "shuffle the data before every epoch"

#: What the frameworks of a snippet are called; at most eleven characters, so that they fit a margin.
FRAMEWORKS: Mapping[str, str] = {
    "pytorch": "PyTorch",
    "keras": "Keras",
    "lightning": "Lightning",
    "huggingface": "HF Trainer",
    "jax": "JAX",
}

#: Control, format (bidi marks, zero width), surrogate, private and unassigned characters, line separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: What a CI server takes for a command where it stands at the beginning of a printed line.
_COMMANDS = re.compile(
    "[:](?=:(?:error|warning|notice|debug|group|endgroup|echo|add-mask|add-path|add-matcher|remove-matcher|"
    r"save-state|set-env|set-output|stop-commands)\b)|#(?=#(?:vso|teamcity)?\[)",
    re.IGNORECASE,
)
_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def phrase(remedy: Remedy) -> str:
    """A remedy's action in plain words, with its numbers: "clip the gradient norm at 0.9"."""
    params = {name: PROPER.get(str(value)) or number(value) for name, value in remedy.params.items()}
    try:
        text = SHUFFLE if "shuffle" in params else ACTIONS[remedy.action].format_map(params)
    except KeyError:  # a plugin's own action
        said = ", ".join(f"{words(name)} {value}" for name, value in params.items())
        text = words(remedy.action) + (f" ({said})" if said else "")
    return text[:1].upper() + text[1:]


def number(value: Any) -> str:
    """A value in as many characters as it is worth: 4 significant digits, thousands parted by commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, float):
        return safe(str(value))
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Inf" if value > 0 else "-Inf"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def words(name: str) -> str:
    """A name from code as words: "growth_per_step" is "growth per step"."""
    return safe(name.replace("_", " ").replace("-", " "))


def condition(name: str) -> str:
    """A rule's name as it stands in a sentence: "nan-loss" is "NaN loss"."""
    return safe(in_words(name))


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 run", "3 runs", "2,000 points"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def safe(text: str) -> str:
    r"""Text from a log with whatever could steer a terminal or hide something shown as \x1b, \u202e."""
    text = _COMMANDS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _UNSAFE else c for c in text)


def shorten(text: str, most: int, ellipsis: str = "…") -> str:
    """The text, or its two ends where it is longer than `most` characters: tags differ at both ends."""
    if len(text) <= most:
        return text
    keep = max(most - len(ellipsis), 2)
    return text[: keep - keep // 2] + ellipsis + text[len(text) - keep // 2 :]


def printable(text: str) -> str:
    """Escaped line by line: for text that may have lines of its own, such as code."""
    return "\n".join(safe(re.sub("\t", "    ", line)) for line in text.split("\n"))


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is no UTF-8
        return f"\\x{code & 0xFF:02x}"
    if character in _ESCAPES:
        return _ESCAPES[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
