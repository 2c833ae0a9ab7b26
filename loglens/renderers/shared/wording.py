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
    "trl": "TRL",
    "mmengine": "mmengine",
    "detectron2": "detectron2",
    "fairseq": "fairseq",
    "megatron": "Megatron",
    "deepspeed": "DeepSpeed",
    "nanogpt": "nanoGPT",
    "timm": "timm",
    "ultralytics": "ultralytics",
    "yolox": "YOLOX",
    "sb3": "SB3",
    "rllib": "RLlib",
    "cleanrl": "CleanRL",
    "rsl_rl": "rsl_rl",
    "mlagents": "ML-Agents",
    "loglens": "loglens",
}

#: The entry of the snippets that is no code to change but the checks on a rerun, as they stand in loglens.toml.
CHECKS = "loglens"


def codes(snippets: Mapping[str, str]) -> list[tuple[str, str]]:
    """The code to change by framework, the run's own first, without frameworks whose code was there already."""
    shown: dict[str, str] = {}
    for framework, code in snippets.items():
        if framework != CHECKS and code not in shown.values():
            shown[framework] = code
    return list(shown.items())


def condition(name: str) -> str:
    """A rule's name as it stands in a sentence: "nan-loss" is "NaN loss"."""
    return safe(in_words(name))
