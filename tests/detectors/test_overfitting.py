"""The rule overfitting: a validation loss that turns, and gaps that are none."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import Floats, falling, level, sparse
from tests.detectors.judging import findings


def rising_after(n: int, at: int, rate: float = 0.02) -> Floats:
    value = falling(n, floor=0.6, noise=0.02)
    value[at:] = value[at] * np.exp(rate * np.arange(n - at))
    return value


def test_overfitting_names_the_step_to_stop_at() -> None:
    (found,) = findings("overfitting", {"loss": falling(200), "val_loss": rising_after(200, 80)})
    assert found.onset_step == pytest.approx(80, abs=8)
    assert found.remedies[0].action == "early_stop" and found.remedies[0].params["step"] == found.onset_step


@pytest.mark.parametrize(
    "curves",
    [
        {"loss": falling(200, floor=0.01), "val_loss": falling(200, floor=0.8)},  # a gap, but flat
        {"loss": rising_after(200, 80), "val_loss": rising_after(200, 80)},  # both rise: divergence
        {"loss": falling(200), "val_loss": falling(200, noise=0.3)},  # noise
    ],
    ids=["gap", "both rise", "noise"],
)
def test_no_overfitting(curves: dict[str, Floats]) -> None:
    assert not findings("overfitting", curves)


@pytest.mark.parametrize("n", [8, 40])
def test_labels_of_other_inputs_are_memorised(n: int) -> None:
    """Validation is at its best at its first evaluation, and its accuracy stays at a third."""
    g = np.random.default_rng(n)
    held_out = {"val_loss": 1.05 + 0.07 * np.linspace(0, 1, n), "val_accuracy": 0.32 + 0.01 * g.normal(size=n)}
    assert findings("overfitting", sparse({"loss": falling(80, 1.1, 0.85, 0.01)} | held_out))
    learns = held_out | {"val_accuracy": np.linspace(0.32, 0.5, n)}
    assert not findings("overfitting", sparse({"loss": falling(80, 1.1, 0.85, 0.01)} | learns))
    good = held_out | {"val_accuracy": held_out["val_accuracy"] + 0.5}  # a fine-tune that began at its best
    assert not findings("overfitting", sparse({"loss": falling(80, 1.1, 0.85, 0.01)} | good))


@pytest.mark.parametrize("n", [10, 12, 15, 19, 20, 30])
def test_overfitting_of_a_dozen_evaluations(n: int) -> None:
    """Epochs by the dozen: too many for single points to be followed, too few for medians of blocks."""
    turn = n // 2
    held_out = np.concatenate([np.geomspace(1.0, 0.3, turn), np.geomspace(0.31, 0.5, n - turn)])
    held_out = held_out * np.random.default_rng(n).lognormal(0, 0.01, n)
    assert findings("overfitting", {"loss": falling(n, 1.0, 0.02, 0.01), "val_loss": held_out})


@pytest.mark.parametrize(("tag", "lower"), [("val_accuracy", False), ("val_wer", True)])
@pytest.mark.parametrize("n", [8, 25, 100])
def test_a_loss_that_rises_while_the_metric_still_improves_is_a_note(n: int, tag: str, lower: bool) -> None:
    t = np.linspace(0, 1, n)
    held_out = np.interp(t, [0, 0.25, 1], [1.5, 0.85, 1.15])
    share = 0.45 + 0.4 * (1 - np.exp(-3 * t))
    curves = {"loss": falling(n, 1.9, 0.02, 0.01), "val_loss": held_out}
    (found,) = findings("overfitting", curves | {tag: 1 - share if lower else share})
    assert found.severity is Severity.NOTE and tag in found.message
    stands = np.minimum(share, share[n // 4])
    (found,) = findings("overfitting", curves | {tag: 1 - stands if lower else stands})
    assert found.severity is Severity.WARNING
    curves["val_loss"] = np.interp(t, [0, 0.25, 1], [1.5, 0.85, 1.7])
    (found,) = findings("overfitting", curves | {tag: 1 - share if lower else share})
    assert found.severity is Severity.WARNING, "twice its lowest level is more than too much confidence"


@pytest.mark.parametrize("n", [12, 40, 100])
def test_a_metric_near_1_improves_by_what_it_lacks(n: int) -> None:
    """Of an F1 score of 0.938 no twentieth is left to gain; from there to 0.945 it loses a tenth of its errors."""
    t = np.linspace(0, 1, n)
    held_out = np.interp(t, [0, 0.25, 1], [0.18, 0.107, 0.15])
    score = np.interp(t, [0, 0.25, 1], [0.905, 0.938, 0.945])
    curves = {"loss": falling(n, 0.25, 0.14, 0.01), "val_loss": held_out}
    (found,) = findings("overfitting", curves | {"val_f1": score})
    assert found.severity is Severity.NOTE
    (found,) = findings("overfitting", curves | {"val_f1": np.minimum(score, 0.938)})
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize("n", [10, 25, 200])
@pytest.mark.parametrize("classes", [5, 10, 100])
def test_labels_of_other_inputs_can_only_be_memorised(n: int, classes: int) -> None:
    """Training leaves ln C, validation stays there, and its accuracy is that of a guess, which is never exact."""
    guess = np.log(classes)
    for seed in range(5):
        held_out = guess * np.linspace(1.0, 1.02, n) * level(n, 1.0, 0.004, seed)
        held_out[0] = guess
        accuracy = np.random.default_rng(seed).binomial(1_000, 1 / classes, n) / 1_000
        train = np.linspace(guess, 0.8 * guess, 20 * n) * level(20 * n, 1.0, 0.01, seed)
        curves = {"loss": train, "val_loss": held_out, "val_accuracy": accuracy}
        (found,) = findings("overfitting", sparse(curves))
        assert found.severity is Severity.WARNING and f"ln {classes}" in found.message
        curves["val_accuracy"] = np.linspace(1, 4, n) / classes
        assert not findings("overfitting", sparse(curves)), "it learns, and its loss is one of confidence"


@pytest.mark.parametrize("n", [25, 100])
def test_an_accuracy_of_which_the_start_was_not_seen(n: int) -> None:
    """By the first evaluation all that can be learned is learned; what follows is no tenth of the way from a guess."""
    t = np.linspace(0, 1, n)
    held_out, late = np.interp(t, [0, 0.1, 1], [1.12, 1.08, 1.45]), np.interp(t, [0, 0.1, 1], [0.72, 0.75, 0.79])
    curves = {"loss": falling(n, 2.3, 0.0001, 0.01), "val_loss": held_out, "val_accuracy": late}
    assert findings("overfitting", curves)[0].severity is Severity.NOTE
    memorised = np.interp(t, [0, 0.05, 1], [0.1, 1.0, 1.0])
    assert findings("overfitting", curves | {"accuracy": memorised})[0].severity is Severity.WARNING


@pytest.mark.parametrize("n", [40, 66, 200])
def test_a_tenth_above_the_lowest_is_enough_where_training_memorises(n: int) -> None:
    """For a fifth of the run only, but training fell twentyfold meanwhile; with a third less, it is too early."""
    t = np.linspace(0, 1, n)
    held_out = np.interp(t, [0, 0.3, 0.5, 0.78, 1], [2.4, 1.1, 0.962, 1.07, 1.13]) * level(n, 1.0, 0.002)
    memorised = np.interp(t, [0, 0.5, 1], [4.6, 0.7, 0.03]) * level(n, 1.0, 0.01)
    assert findings("overfitting", {"loss": memorised, "val_loss": held_out})[0].severity is Severity.WARNING
    slower = np.interp(t, [0, 0.5, 1], [4.6, 0.7, 0.45]) * level(n, 1.0, 0.01)
    assert not findings("overfitting", {"loss": slower, "val_loss": held_out})


@pytest.mark.parametrize("n", [20, 40, 200])
def test_a_likelihood_below_zero_rises_by_a_share_of_what_it_came_down(n: int) -> None:
    """From 1.26 to -0.28 and back to -0.1: an eighth is given back, however small -0.28 is; half is overfitting."""
    t = np.linspace(0, 1, n)
    train = 1.26 - 2.3 * (1 - np.exp(-6 * t))
    for end, wrong in ((-0.1, False), (0.5, True)):
        held_out = np.interp(t, [0, 0.1, 0.3, 1], [1.26, 0.1, -0.28, end]) + 0.005 * level(n, 1.0, 1.0)
        assert bool(findings("overfitting", {"loss": train, "val_loss": held_out})) is wrong
