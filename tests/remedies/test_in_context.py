"""Remedies in context: titles for the rule, the run's own trainer, optimizer and rate in the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from loglens.model.finding import Confidence, Finding, Remedy, Severity
from loglens.model.report import Diagnosis
from loglens.registry.load import detectors
from loglens.remedies import actions, rule_snippets, wording
from loglens.remedies.in_context import in_context
from loglens.remedies.phrases import ACTIONS, phrase
from loglens.remedies.recipe import Recipe
from loglens.remedies.settings import SETTINGS
from loglens.remedies.verification import SAID
from tests.curves import series

UNKNOWN = Recipe()
RATES = series(np.array([1e-3, 1e-3, 5e-4]), role="lr")


def said(remedy: Remedy, rule: str = "divergence", recipe: Recipe = UNKNOWN) -> Remedy:
    return in_context(remedy, rule, Finding("x", Severity.ERROR, Confidence.HIGH), recipe)


@pytest.mark.parametrize(
    ("factor", "title"),
    [
        (0.5, "Halve the learning rate: 0.001 -> 0.0005"),
        (2.0, "Double the learning rate: 0.001 -> 0.002"),
        (0.1, "Lower the learning rate 10-fold: 0.001 -> 0.0001"),
        (0.3, "Lower the learning rate 3.3-fold: 0.001 -> 0.0003"),
        (10.0, "Raise the learning rate 10-fold: 0.001 -> 0.01"),
        (0.001, "Lower the learning rate 1,000-fold: 0.001 -> 1e-6"),
    ],
)
def test_a_new_rate_is_said_with_the_old_one(factor: float, title: str) -> None:
    remedy = said(actions.scale_lr(factor, RATES, "the updates overshoot"))
    assert phrase(remedy) == title
    assert remedy.why == "the updates overshoot", "the title has the numbers"
    assert phrase(said(actions.scale_lr(factor, None, "why"))) == title.partition(":")[0]


def test_the_rate_of_one_side_only() -> None:
    remedy = said(actions.scale_lr(0.25, None, "for the discriminator only: it learns too fast"), "gan-collapse")
    assert phrase(remedy) == "Lower the discriminator's learning rate 4-fold"


@pytest.mark.parametrize(
    ("rule", "remedy", "title"),
    [
        ("gpu-memory-growth", actions.release_memory(), "Keep no tensors from one step to the next"),
        (
            "throughput-degradation",
            actions.fix_input_pipeline(),
            "Find what makes each step slower than the last",
        ),
        ("oscillation", actions.shuffle_data(), "Shuffle the data before every epoch"),
        (
            "gan-collapse",
            actions.add_normalization("spectral_norm"),
            "Add spectral normalisation to the discriminator's",
        ),
        ("exploding-gradient", actions.add_normalization(), "Add layer normalisation between the layers"),
        ("zero-loss", actions.check_labels(), "Check that not every label is masked"),
    ],
)
def test_a_title_belongs_to_rule_and_action(rule: str, remedy: Remedy, title: str) -> None:
    assert phrase(said(remedy, rule)).startswith(title)


@pytest.mark.parametrize("pair", sorted(rule_snippets.CODES), ids=lambda name: name)
def test_code_for_a_rule_is_python_and_takes_the_numbers(pair: tuple[str, str]) -> None:
    rule, action = pair
    remedy = said(Remedy(action, {"factor": 0.5}, "why", {"pytorch": "other"}), rule, Recipe("ultralytics"))
    assert "other" not in remedy.snippets.values() and "ultralytics" not in remedy.snippets
    for code in remedy.snippets.values():
        ast.parse(code)
        assert max(map(len, code.split("\n"))) <= 72 and "{factor" not in code
    assert rule in detectors() and action in ACTIONS


def test_a_step_is_called_by_the_axis_of_its_curve() -> None:
    curve = replace(series(np.arange(9.0)), axis="epoch")
    finding = Finding("x", Severity.ERROR, Confidence.HIGH, series=(curve,))
    remedy = in_context(actions.early_stop(33, "epoch"), "overfitting", finding, UNKNOWN)
    assert phrase(remedy) == "Stop at epoch 33 and keep that checkpoint"
    assert phrase(said(actions.train_longer(2.0), "underfitting")) == "Train twice as long"


def test_what_is_said_of_pairs_is_of_rules_and_actions() -> None:
    rules = {*detectors(), "unstable-training"}
    assert {rule for rule, _ in (*wording.TITLES, *wording.REASONS)} <= rules
    assert set(SAID) <= rules
    assert {action for _, action in wording.TITLES} <= set(ACTIONS)


def test_every_rule_that_advises_says_how_to_verify(samples: dict[str, Diagnosis]) -> None:
    advising = {found.condition for run in samples.values() for found in run.findings if found.remedies}
    assert len(advising) > 30 and advising <= set(SAID)


@pytest.mark.parametrize("trainer", sorted(SETTINGS))
def test_the_trainers_own_setting_comes_first(trainer: str) -> None:
    remedy = said(actions.scale_lr(0.5, RATES, "why"), recipe=Recipe(trainer))
    assert next(iter(remedy.snippets)) == trainer and "0.0005" in remedy.snippets[trainer]
    assert {"pytorch", "keras", "jax", "lightning", "huggingface"} <= set(remedy.snippets)


@pytest.mark.parametrize(
    ("trainer", "first"),
    [
        ("keras", "keras"),
        ("jax", "jax"),
        ("lightning", "lightning"),
        ("trl", "huggingface"),
        ("sb3", "pytorch"),
        ("", "pytorch"),
    ],
)
def test_without_a_setting_the_framework_comes_first(trainer: str, first: str) -> None:
    assert next(iter(said(actions.change_init("he"), recipe=Recipe(trainer)).snippets)) == first


def codes(optimizer: str, rate: float | None) -> Iterator[str]:
    for remedy in (actions.scale_lr(0.5, RATES, "why"), actions.clip_grad_norm(None), actions.unfreeze("x")):
        yield from said(remedy, recipe=Recipe("", optimizer, rate)).snippets.values()


def test_the_optimizer_and_the_rate_in_the_code_are_the_runs_own() -> None:
    own = "\n".join(codes("sgd", 0.02))
    assert (
        "torch.optim.SGD(model.parameters(), lr=0.0005)" in own
        and "torch.optim.SGD(model.parameters(), lr=0.02)" in own
    )
    assert "keras.optimizers.SGD(0.02, global_clipnorm=1)" in own and "optax.sgd(0.02)" in own
    assert "AdamW" not in own and "lr=lr" not in own
    assert "torch.optim.AdamW(model.parameters(), lr=lr)" in "\n".join(codes("", None))


def test_weight_decay_stays_decoupled() -> None:
    codes = said(actions.weight_decay(), recipe=Recipe("", "adam", 0.02)).snippets
    assert "torch.optim.AdamW(" in codes["pytorch"] and "lr=0.02" in codes["pytorch"]
    assert codes["jax"] == "tx = optax.adamw(0.02, weight_decay=0.01)"


def test_a_plugins_own_remedy_stays_as_it_is() -> None:
    remedy = said(
        Remedy("turn_it_off", {"wait_s": 10}, "it is too loud", {"pytorch": "off()"}, "it is quiet"), "my-rule"
    )
    assert (phrase(remedy), remedy.why, remedy.verify) == ("Turn it off (wait s 10)", "it is too loud", "it is quiet")
    assert remedy.snippets == {"pytorch": "off()"} and remedy.checks == ({"clean": "my-rule"},)
