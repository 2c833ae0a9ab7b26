"""Recognise the trainer that wrote a log: from the reader's format, the names of curves, and parameters.

What frameworks call their curves is documented by their sources: transformers (trainer.py), TRL (grpo_trainer.py,
dpo_trainer.py), Lightning (callbacks/lr_monitor.py), Keras (callbacks/csv_logger.py, tensorboard.py), ultralytics
(engine/trainer.py), YOLOX (core/trainer.py), mmengine (hooks/logger_hook.py), detectron2 (utils/events.py), fairseq
(logging/progress_bar.py), Megatron-LM (training/training.py), DeepSpeed (runtime/engine.py), nanoGPT (train.py), timm
(train.py), Stable-Baselines3 (common/logger.py), RLlib, CleanRL (ppo.py), rsl_rl (runners), ML-Agents (stats.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from loglens.model.run import Run

#: Each trainer, and patterns that all have to fit whole names of curves, in lower case. Several entries are several
#: ways of logging. The first that fits counts, so that a trainer that stands on another comes before it.
SIGNATURES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("trl", (r"(train/)?completions/(mean_length|clipped_ratio)",)),
    ("trl", (r"(train/)?frac_reward_zero_std",)),
    ("trl", (r"(train/|eval[_/])?rewards/chosen", r"(train/|eval[_/])?rewards/margins")),
    ("trl", (r"objective/kl", r"(ppo/)?(policy/|loss/).*")),
    ("mlagents", (r"(.*/)?environment/cumulative reward",)),
    ("sb3", (r"(.*/)?rollout/ep_rew_mean",)),
    ("sb3", ("r", "l", "t")),
    ("cleanrl", (r"charts/(episodic_return|sps)",)),
    ("rsl_rl", (r"loss/(surrogate|value_function|value)", r"(perf|train)/.*")),
    (
        "rllib",
        (r"(ray/tune/)?(env_runners/)?episode_(reward|return)_mean", r"(.*/)?(training_iteration|.*since_restore)"),
    ),
    ("rllib", (r"(ray/tune/)?env_runners/episode_return_mean",)),
    ("ultralytics", (r"(train/|val/)?dfl_loss", r"(train/|val/)?box_loss")),
    ("ultralytics", (r"metrics/map50-95.*",)),
    ("ultralytics", (r"metrics/accuracy_top1", r"lr/pg0")),
    ("yolox", (r"(.*/)?iou_loss", r"(.*/)?conf_loss", r"(.*/)?total_loss")),
    ("detectron2", (r"eta_seconds", r"total_loss")),
    ("detectron2", (r"rpn/num_pos_anchors|roi_head/num_fg_samples", r"total_loss")),
    (
        "mmengine",
        (r"(train/)?(loss|loss_.+|decode\..+)", r"(train/)?data_time", r"(train/)?time", r"(train/)?(base_)?lr"),
    ),
    ("fairseq", (r"(.*/)?(train_)?gnorm", r"(.*/)?(train_)?wps", r"(.*/)?(train_)?ups")),
    ("megatron", (r"number of nan iterations",)),
    ("megatron", (r"(train/)?lm[ _-]loss( vs samples)?", r"grad[ -]norm|loss[ -]scale|train/learning_rate")),
    ("deepspeed", (r"train/samples/(lr|train_loss|loss_scale)",)),
    ("nanogpt", (r"mfu", r"iter|train/loss")),
    ("timm", (r"eval_top1", r"train_loss")),
    ("huggingface", (r"(train/)?train_(runtime|samples_per_second)",)),
    ("huggingface", (r"train/global_step", r"train/epoch", r"train/(learning_rate|loss)")),
    ("huggingface", (r"eval[_/]runtime", r"eval[_/]samples_per_second")),
    ("keras", (r"((train|validation)/)?epoch_(loss|accuracy)",)),
    ("keras", (r"(.*/)?evaluation_\w+_vs_iterations",)),
    ("lightning", (r"lr-[a-z]+\d*(/pg\d+)?(-momentum)?",)),
    ("lightning", (r"hp_metric|reduced_train_loss",)),
    ("lightning", (r"(train|val)_loss_epoch", r"(train|val)_loss_step|epoch")),
    ("jax", (r"train/opt/(grad_norm|loss)", r"train/loss/.*|episode/score")),
)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(f"^(?:{name})$", re.M)


_NUMBER = re.compile(r"\d+")
#: More tags that differ in their numbers only say no more; top1 and top5, lr0 to lr2 do.
OF_A_KIND = 10

#: Trainers by the format of a reader that reads one trainer's files only.
FORMATS: Mapping[str, str] = {"huggingface": "huggingface"}

#: Names of libraries in the parameters of a run. Trainers that use one another's names are left out.
_IN_PARAMS: Sequence[tuple[str, re.Pattern[str]]] = (
    ("deepspeed", re.compile(r"\bds_config|zero_optimization|\bzero_stage\b", re.I)),
    ("lightning", re.compile(r"\b(pytorch_lightning|lightning\.pytorch)\b")),
    ("jax", re.compile(r"\b(optax|flax|haiku|equinox)\b")),
    ("keras", re.compile(r"\b(keras|tensorflow)\b", re.I)),
)
#: Settings that nanoGPT's train.py writes to the config of a run, with or without curves.
_NANOGPT = frozenset({"eval_iters", "always_save_checkpoint", "init_from"})


def trainer(run: Run) -> str:
    """The trainer that wrote the run, as `settings` and `snippets` call it; empty where nothing tells."""
    tags = "\n".join(_kinds(run.tags)).lower()
    for name, patterns in SIGNATURES:
        if all(_pattern(pattern).search(tags) for pattern in patterns):
            return name
    if run.format in FORMATS:
        return FORMATS[run.format]
    if set(run.params) >= _NANOGPT:
        return "nanogpt"
    return _from_params(run) or _from_files(run)


def _kinds(tags: Sequence[str]) -> Iterator[str]:
    """A few tags of each kind that differ in their numbers only: a run may log many thousands, one a layer."""
    seen: Counter[str] = Counter()
    for tag in tags:
        kind = _NUMBER.sub("#", tag)
        seen[kind] += 1
        if seen[kind] <= OF_A_KIND:
            yield tag


def _from_params(run: Run) -> str:
    said = "\n".join(f"{key}: {value}" for key, value in run.params.items() if not isinstance(value, bytes))
    return next((name for name, pattern in _IN_PARAMS if pattern.search(said)), "")


def _from_files(run: Run) -> str:
    """Lightning by its folder, Keras by the names of its CSVLogger: `loss` beside `val_loss`, once an epoch."""
    if "lightning_logs" in run.source.parts or any("lightning_logs" in file.parts for file in run.files):
        return "lightning"
    own = {tag for tag in run.tags if not tag.startswith("val_")}
    paired = {tag.removeprefix("val_") for tag in run.tags if tag.startswith("val_")}
    by_epoch = all(run.axes.get(tag) == "epoch" for tag in ("loss", "val_loss"))
    return "keras" if "loss" in paired and paired <= own and (by_epoch or run.format == "text") else ""
