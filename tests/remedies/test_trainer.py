"""The trainer is recognised by what it calls its curves, by the format of its log, and by parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import loglens
from loglens.model.run import Run
from loglens.remedies.recipe import OPTIMIZERS, Recipe
from loglens.remedies.settings import SETTINGS, STANDS_ON
from loglens.remedies.trainer import FORMATS, SIGNATURES, trainer
from tests.curves import falling, run, series

SAMPLES = Path(__file__).parents[2] / "sample_logs"
REAL = Path(__file__).parents[2].parent / "shared" / "real_logs"

#: Names of curves as each trainer's own sources write them; `trainer` lists the files.
LOGGED = {
    "trl": ("loss", "reward", "completions/mean_length", "frac_reward_zero_std", "kl", "learning_rate"),
    "mlagents": ("Environment/Cumulative Reward", "Policy/Learning Rate", "Losses/Policy Loss"),
    "sb3": ("rollout/ep_rew_mean", "train/loss", "train/approx_kl", "time/fps"),
    "cleanrl": ("charts/episodic_return", "losses/value_loss", "charts/SPS"),
    "rsl_rl": ("Loss/value", "Loss/surrogate", "Perf/total_fps", "Train/mean_reward"),
    "rllib": ("env_runners/episode_return_mean", "learners/default_policy/total_loss"),
    "ultralytics": ("train/box_loss", "train/cls_loss", "train/dfl_loss", "metrics/mAP50-95(B)", "lr/pg0"),
    "yolox": ("train/iou_loss", "train/conf_loss", "train/cls_loss", "train/total_loss", "train/lr"),
    "detectron2": ("total_loss", "loss_cls", "lr", "data_time", "eta_seconds", "time"),
    "mmengine": ("lr", "data_time", "loss", "loss_bbox", "time", "memory"),
    "fairseq": ("train_inner/loss", "train_inner/wps", "train_inner/ups", "train_inner/gnorm"),
    "megatron": ("lm loss", "grad-norm", "learning-rate", "loss-scale"),
    "deepspeed": ("Train/Samples/train_loss", "Train/Samples/lr"),
    "nanogpt": ("iter", "train/loss", "val/loss", "lr", "mfu"),
    "timm": ("train_loss", "eval_loss", "eval_top1", "eval_top5", "lr"),
    "huggingface": ("train/loss", "train/grad_norm", "train/learning_rate", "train/epoch", "train/global_step"),
    "keras": ("train/epoch_loss", "validation/epoch_loss", "train/epoch_learning_rate"),
    "lightning": ("train_loss", "val_loss", "lr-AdamW", "epoch"),
    "jax": ("train/loss/policy", "train/opt/grad_norm", "episode/score"),
}


def logged(*tags: str, params: Mapping[str, object] | None = None) -> Run:
    return replace(run({tag: falling(9) for tag in tags}), params=params or {})


@pytest.mark.parametrize("name", sorted(LOGGED))
def test_a_trainer_by_its_curves(name: str) -> None:
    assert trainer(logged(*LOGGED[name])) == name
    assert trainer(logged(*reversed(LOGGED[name]))) == name


def test_every_trainer_with_settings_can_be_recognised() -> None:
    known = {name for name, _ in SIGNATURES} | set(FORMATS.values())
    assert set(SETTINGS) | set(STANDS_ON) <= known == set(LOGGED)


@pytest.mark.parametrize(
    "tags",
    [
        ("loss",),
        ("train/loss", "val/loss", "lr"),
        ("train_loss", "val_loss", "epoch_time"),
        ("total_loss", "value_loss", "entropy_loss", "ep_rew_mean"),
        ("loss", "memory", "tps", "tflops", "mfu"),  # torchtitan's
        ("Loss/G/loss", "Loss/D/loss"),
        ("critic/rewards/mean", "response_length/mean", "actor/kl_loss"),  # verl's
    ],
)
def test_names_that_anybody_uses_tell_nothing(tags: tuple[str, ...]) -> None:
    assert trainer(logged(*tags)) == ""


def test_parameters_and_files_tell_as_well() -> None:
    assert trainer(logged("loss", params={"config": "tx = optax.adamw(1e-3)"})) == "jax"
    assert trainer(
        logged("loss", params={"init_from": "scratch", "eval_iters": 5, "always_save_checkpoint": True})
    ) == ("nanogpt")
    assert (
        trainer(replace(logged("train_loss"), files=(Path("a/lightning_logs/version_0/metrics.csv"),))) == "lightning"
    )


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        ("healthy_hf_trainer", "huggingface"),
        ("healthy_keras_csv", "keras"),
        ("healthy_keras_tf2", "keras"),
        ("healthy_lightning_csv", "lightning"),
        ("healthy_ppo", "sb3"),
        ("truncated_completions_no_end", "trl"),
        ("zero_reward_spread_certain", "trl"),
        ("healthy_lstm", ""),
        ("exploding_gradient_rnn", ""),
        ("healthy_converged_sgd", ""),
    ],
)
def test_the_samples(sample: str, name: str) -> None:
    assert trainer(loglens.read(SAMPLES / sample)[0]) == name


@pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real logs is not here")
@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("d2_short", "detectron2"),
        ("mmdet_aborted", "mmengine"),
        ("rllib_flow_ring", "rllib"),
        ("hf_taubench_1pt", "trl"),
        ("wandb_nanogpt_gpt2_short", "nanogpt"),
        ("yolov5_martoon", "ultralytics"),
        ("sb3_lunar_ppo", "sb3"),
        ("coqui_xtts_diverged", ""),
        ("algoperf_baseline_wmt_jax_s0t1", ""),
    ],
)
def test_real_logs(folder: str, name: str) -> None:
    assert trainer(loglens.read(REAL / folder)[0]) == name


@pytest.mark.parametrize(
    ("params", "optimizer"),
    [
        ({"optimizer": "AdamW"}, "adamw"),
        ({"optim": "adamw_torch_fused"}, "adamw"),
        ({"optimizer/type": "SGD"}, "sgd"),
        ({"text/config": "    cell: RNN\n    optimizer: Adam\n    lr: 0.001"}, "adam"),
        ({"cfg": "optimizer = dict(type='SGD', lr=0.02)"}, ""),  # what stands in brackets is not read
        ({"optimizer": "my_own"}, ""),
        ({"lr": 0.1}, ""),
    ],
)
def test_the_optimizer_by_parameters(params: dict[str, object], optimizer: str) -> None:
    assert Recipe.of(logged("loss", params=params), None).optimizer == optimizer


def test_the_optimizer_by_a_learning_rate_monitor() -> None:
    assert Recipe.of(logged("train_loss", "lr-SGD"), None).optimizer == "sgd"
    assert all(len(names) == 3 for names in OPTIMIZERS.values())


def test_the_rate_is_the_logged_one_then_that_of_the_parameters() -> None:
    params = logged("loss", params={"learning_rate": 0.01})
    rates = series(np.array([1e-4, 3e-4, 2e-4, 5.0]), role="lr")
    assert Recipe.of(params, rates).rate == 5.0
    assert Recipe.of(params, rates).before(rates, 3).rate == 3e-4, "a jump may be the fault itself"
    assert Recipe.of(params, None).rate == 0.01 and Recipe.of(logged("loss"), None).rate is None
