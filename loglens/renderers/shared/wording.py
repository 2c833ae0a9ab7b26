"""Wording that all outputs for people share: names of frameworks and of conditions."""

from __future__ import annotations

from collections.abc import Mapping

from loglens.model.causal_chain import in_words
from loglens.model.plain_text import safe, words

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

#: What the evidence of findings is called where the words of its key do not say it.
LABELS: Mapping[str, str] = {
    "chance_classes": "classes at chance level",
    "class": "kind of spike",
    "data_time_grows": "waiting for data grows",
    "decay_per_layer": "gradient left per layer",
    "doubling_steps": "steps to double",
    "error": "standard error",
    "first": "first step after it",
    "first_lr": "first learning rate",
    "growth_per_step_high": "growth per step, at most",
    "growth_per_step_low": "growth per step, at least",
    "kl_end": "KL term at the end",
    "kl_highest": "highest KL term",
    "kept": "share of the gain kept",
    "last": "last step before it",
    "late_share": "share at the end",
    "loss_high": "highest loss",
    "loss_low": "lowest loss",
    "lost": "loss over gain",
    "metric_end": "metric at the end",
    "metric_start": "metric at the start",
    "moved_before": "before the onset:",
    "nonfinite_points": "points not finite",
    "norm_end": "norm at the end",
    "norm_start": "norm at the start",
    "overflow_step": "float32 overflow at step",
    "peak_lr": "peak learning rate",
    "point_noise": "noise per point",
    "r2": "R²",
    "ratio_above_one": "share of steps that grow",
    "ratio_above_one_p": "p of that share",
    "reward_end": "reward at the end",
    "reward_gains": "reward rises",
    "reward_start": "reward at the start",
    "share_above_one": "share of points above 1",
    "shortened": "times shorter",
    "small_from": "small from step",
    "spike_score": "share of points in spikes",
    "start_share": "share at the start",
    "times": "number of restarts",
    "train_end": "training loss at the end",
    "val_end": "validation loss at the end",
    "val_start": "validation loss at the start",
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


def label(key: str) -> str:
    """What a number of the evidence is called: "growth per step" for "growth_per_step"."""
    return LABELS.get(key) or words(key)


def condition(name: str) -> str:
    """A rule's name as it stands in a sentence: "nan-loss" is "NaN loss"."""
    return safe(in_words(name))
