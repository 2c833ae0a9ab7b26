"""Checks on a rerun: each fails on the sample that shows the fault, and passes on its healthy twin."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import loglens
from loglens.analysis.advice import violated
from loglens.analysis.judge import judge
from loglens.config.assertions import parse
from loglens.model.columns import Columns
from loglens.model.finding import Remedy
from loglens.model.report import Diagnosis
from loglens.model.run import Run
from loglens.registry.load import detectors
from loglens.remedies.verification import as_toml
from tests.curves import Floats

SAMPLES = Path(__file__).parents[2] / "sample_logs"

#: A sample, a rule that finds something in it, and a run of the same kind that trained well.
TWINS = [
    ("exploding_gradient_rnn", "exploding-gradient", "healthy_lstm"),
    ("exploding_gradient_rnn", "divergence", "healthy_lstm"),
    ("nan_loss_rnn", "exploding-gradient", "healthy_lstm"),
    ("nan_loss_rnn", "nan-loss", "healthy_lstm"),
    ("nan_loss_keras", "nan-loss", "healthy_keras_tf2"),
    ("divergence_lr", "divergence", "healthy_wandb_history"),
    ("vanishing_gradient_rnn", "vanishing-gradient", "healthy_lstm"),
    ("vanishing_gradient_deep_mlp", "loss-not-decreasing", "healthy_lstm"),
    ("loss_not_decreasing_chance", "loss-not-decreasing", "healthy_lightning_csv"),
    ("loss_not_decreasing_chance", "underfitting", "healthy_gap_flat_val"),
    ("loss_spike_bad_batch", "loss-spike", "healthy_lr_stairs"),
    ("weight_growth_decay_sign", "weight-growth", "healthy_lstm"),
    ("unchanged_weights_frozen_layer", "unchanged-weights", "healthy_lstm"),
    ("plateau_lr_decayed_too_early", "plateau", "healthy_lr_stairs"),
    ("oscillation_sorted_data", "oscillation", "healthy_cyclic_noise"),
    ("overfitting_small_data", "overfitting", "healthy_lightning_csv"),
    ("missed_early_stop", "missed-early-stop", "healthy_gap_flat_val"),
    ("underfitting_tiny_model", "underfitting", "healthy_keras_tf2"),
    ("lr_too_high", "lr-too-high", "healthy_lr_stairs"),
    ("lr_too_low", "lr-too-low", "healthy_wandb_history"),
    ("lr_schedule_not_restored", "lr-schedule", "healthy_lr_stairs"),
    ("no_warmup_transformer", "no-warmup", "healthy_resume_torch"),
    ("metric_collapse_class_order", "metric-collapse", "healthy_keras_tf2"),
    ("metric_stuck_wrong_labels", "metric-stuck", "healthy_keras_tf2"),
    ("non_finite_metric_half", "non-finite-metric", "healthy_keras_tf2"),
    ("zero_loss_masked", "zero-loss", "healthy_finetune"),
    ("unbounded_loss_prices", "unbounded-loss", "healthy_keras_tf2"),
    ("posterior_collapse_mean_reduced", "posterior-collapse", "healthy_vae"),
    ("gan_collapse_d_wins", "gan-collapse", "healthy_gan"),
    ("kl_blow_up_lr", "kl-blow-up", "healthy_ppo"),
    ("kl_blow_up_lr", "value-loss-blow-up", "healthy_ppo"),
    ("kl_blow_up_lr", "reward-collapse", "healthy_ppo"),
    ("reward_collapse_target", "reward-collapse", "healthy_ppo"),
    ("value_loss_blow_up_off_policy", "value-loss-blow-up", "healthy_ppo"),
    ("low_explained_variance_sign", "low-explained-variance", "healthy_ppo"),
    ("high_clip_fraction_epochs", "high-clip-fraction", "healthy_ppo"),
    ("entropy_collapse_policy", "entropy-collapse", "healthy_ppo"),
    ("reward_not_rising_detached", "reward-not-rising", "healthy_bandit"),
    ("zero_reward_spread_certain", "zero-reward-spread", "healthy_groups"),
    ("validation_below_training_dropout", "validation-below-training", "healthy_keras_tf2"),
    ("step_time_outliers_checkpoints", "step-time-outliers", "healthy_keras_tf2"),
    ("crashed_memory", "crashed", "healthy_lstm"),
]


def doubling(value: Floats) -> Floats:
    """A loss scale that doubles now and then, as one does that never overflows."""
    scale: Floats = 65536.0 * np.array([2.0 ** (place // 90) for place in range(len(value))])
    return scale


#: For samples whose curve no healthy sample has: the same run, with the curve of the fault as a good run logs it.
MENDED: list[tuple[str, str, str, Callable[[Floats], Floats]]] = [
    ("clipping_always_active", "clipping-always-active", "train/clip_fraction", lambda value: 0.1 * value),
    ("dead_relu_negative_bias", "dead-relu", "zero_fraction/layers.3", lambda value: 0.5 * value),
    ("saturated_activations_tanh", "saturated-activations", "saturated_fraction/*", lambda value: 0.1 * value),
    ("skipped_updates_short_interval", "skipped-updates", "found_inf", np.zeros_like),
    ("loss_scale_collapse_fp16", "loss-scale-collapse", "train/loss_scale", doubling),
    ("truncated_completions_no_end", "truncated-completions", "completions/clipped_ratio", lambda value: 0.1 * value),
    ("data_loader_bound_one_worker", "data-loader-bound", "data_time", lambda value: 0.05 * value),
    ("gpu_memory_growth_kept_outputs", "gpu-memory-growth", "memory/allocated_mb", np.ones_like),
    ("logit_growth_temperature", "logit-growth", "output_logits/max", lambda value: 5 + 0.01 * value),
    ("update_ratio_tiny_rate", "update-ratio", "update_norm", lambda value: 1e4 * value),
    ("throughput_degradation_leak", "throughput-degradation", "step_time", lambda value: np.full_like(value, value[0])),
    ("poor_initial_loss_wide_head", "poor-initial-loss", "train_ce_loss", lambda v: np.minimum(v, np.log(10))),
]


@cache
def judged(sample: str) -> Diagnosis:
    (run,) = loglens.diagnose(SAMPLES / sample).runs
    assert isinstance(run, Diagnosis)
    return run


def remedies(run: Diagnosis, rule: str) -> list[Remedy]:
    return [remedy for finding in run.findings if finding.condition == rule for remedy in finding.remedies]


def advised() -> Iterator[tuple[str, str]]:
    """Every sample, and each rule that gives advice on it."""
    for path in sorted(SAMPLES.glob("*/expect.toml")):
        for rule in {finding.condition for finding in judged(path.parent.name).findings if finding.remedies}:
            yield path.parent.name, rule


def test_every_rule_that_advises_on_a_sample_has_a_twin() -> None:
    assert {rule for _, rule in advised()} <= {rule for _, rule, *_ in (*TWINS, *MENDED)}


def test_every_remedy_of_every_sample_can_be_checked_and_the_sample_fails() -> None:
    for sample, rule in advised():
        run = judged(sample)
        for remedy in remedies(run, rule):
            assert remedy.checks and remedy.verify, (sample, rule, remedy.action)
            assert all(violated(check, run.curves, run.outcomes) for check in remedy.checks), (sample, remedy.checks)


@pytest.mark.parametrize(("sample", "rule", "twin"), TWINS, ids=lambda name: name)
def test_the_healthy_twin_passes(sample: str, rule: str, twin: str) -> None:
    healthy, advice = judged(twin), remedies(judged(sample), rule)
    assert advice
    for remedy in advice:
        for check in remedy.checks:
            assert not violated(check, healthy.curves, healthy.outcomes), (remedy.action, check)


@pytest.mark.parametrize(("sample", "rule", "tag", "fix"), MENDED, ids=[sample for sample, *_ in MENDED])
def test_the_same_run_without_the_fault_passes(
    sample: str, rule: str, tag: str, fix: Callable[[Floats], Floats]
) -> None:
    (run,) = loglens.read(SAMPLES / sample)
    healthy, advice = judge(changed(run, tag, fix), detectors()), remedies(judged(sample), rule)
    assert advice
    for remedy in advice:
        for check in remedy.checks:
            assert not violated(check, healthy.curves, healthy.outcomes), (remedy.action, check)


def changed(run: Run, glob: str, fix: Callable[[Floats], Floats]) -> Run:
    """The run with the values of some curves replaced."""
    columns, value = run.columns, run.columns.value.copy()
    for number, tag in enumerate(columns.tags):
        if tag == glob or (glob.endswith("*") and tag.startswith(glob[:-1])):
            rows = columns.tag == number
            value[rows] = fix(value[rows])
    return replace(run, columns=Columns(columns.tags, columns.tag, columns.step, columns.time, value, columns.session))


def test_checks_stand_in_the_code_as_the_configuration_takes_them() -> None:
    for remedy in remedies(judged("nan_loss_rnn"), "exploding-gradient"):
        written = tomllib.loads(remedy.snippets["loglens"])["assert"]
        assert written == [dict(check) for check in remedy.checks]
        assert len(parse(written, "x")) == len(written) > 0


def test_a_check_that_the_run_itself_meets_is_left_out() -> None:
    spike = remedies(judged("loss_spike_bad_batch"), "loss-spike")
    assert {as_toml(remedy.checks) for remedy in spike} == {'[[assert]]\nclean = "loss-spike"'}
