"""Wording that all outputs for people share: names of frameworks and of conditions."""

from __future__ import annotations

from collections.abc import Mapping

from loglens.model.causal_chain import in_words
from loglens.model.plain_text import safe

#: Names of the frameworks of snippets; at most eleven characters, so that they fit a margin.
FRAMEWORKS: Mapping[str, str] = {
    "pytorch": "PyTorch",
    "keras": "Keras",
    "lightning": "Lightning",
    "huggingface": "HF Trainer",
    "jax": "JAX",
}


def condition(name: str) -> str:
    """A rule's name as it stands in a sentence: "nan-loss" is "NaN loss"."""
    return safe(in_words(name))
