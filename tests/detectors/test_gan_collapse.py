"""gan-collapse: a discriminator that wins, by its scores and by losses of each kind."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves import Floats, level
from tests.detectors.judging import findings, judged, only, skip_reason

RULE = "gan-collapse"


def settling(n: int, start: float, end: float) -> Floats:
    return end + (start - end) * np.exp(-20 * np.arange(n) / n)


@pytest.mark.parametrize("n", [40, 200, 3000])
def test_scores_that_stay_apart(n: int) -> None:
    assert judged(RULE, {"D(x)": level(n, 0.95, 0.01), "D(G(z))": level(n, 0.04)})[0]
    assert not judged(RULE, {"D(x)": level(n, 0.6, 0.05), "D(G(z))": level(n, 0.4)})[0]


@pytest.mark.parametrize("n", [40, 200, 3000])
@pytest.mark.parametrize("balance", [1.386, 0.693])
def test_the_loss_of_a_winner(n: int, balance: float) -> None:
    assert judged(RULE, {"Loss_D": settling(n, balance, 0.05), "Loss_G": level(n, 5.0)})[0]
    assert not judged(RULE, {"Loss_D": level(n, balance, 0.02), "Loss_G": level(n, 0.7, 0.02)})[0]


def test_scores_that_are_nearly_apart_leave_the_loss_to_decide() -> None:
    scores = {"D/real": level(400, 0.8, 0.02), "D/fake": level(400, 0.21, 0.02)}
    assert judged(RULE, scores | {"d_loss": settling(400, 1.38, 0.5), "g_loss": level(400, 1.8)})[0]


def test_logits_do_not_hide_the_loss() -> None:
    logits = {"Loss/scores/real": level(400, 9.0), "Loss/scores/fake": -level(400, 9.0)}
    assert judged(RULE, logits | {"d_loss": settling(400, 1.38, 0.1), "g_loss": level(400, 9.0)})[0]


def test_a_loss_that_is_gone_whatever_its_kind() -> None:
    found = only(RULE, {"d_loss": settling(100, 0.5, 0.0), "g_loss": settling(100, 1.0, 20.0)})
    assert "20" in found.message


@pytest.mark.parametrize(
    ("d_loss", "g_loss"),
    [
        (level(200, 0.25, 0.2), level(200, 0.4, 0.2)),  # least squares
        (settling(200, 0.5, 0.2), level(200, 0.45, 0.2)),  # least squares, well trained
        (-level(200, 9.0), level(200, 5.0)),  # Wasserstein
        (settling(200, 30.0, 0.5) - 1.0, level(200, 3.0) - 3.0),  # Wasserstein around zero
        (settling(200, 2.0, 1.5), level(200, 0.3) - 0.3),  # hinge
        (settling(200, 0.5, 0.12), settling(200, 6.0, 2.5)),  # least squares, and the generator's other terms
        (settling(200, 0.7, 0.2), level(200, 0.3)),  # least squares that starts where the original kind is at balance
        (level(200, 1e-3), level(200, 5.0)),  # a critic of small scale
    ],
    ids=["lsgan", "lsgan late", "wgan", "wgan around zero", "hinge", "cyclegan", "lsgan at ln 2", "small critic"],
)
def test_losses_of_other_kinds(d_loss: Floats, g_loss: Floats) -> None:
    assert "kind whose balance" in skip_reason(RULE, {"Loss_D": d_loss, "Loss_G": g_loss})


def test_a_loss_that_comes_back() -> None:
    back = np.concatenate([settling(100, 1.38, 0.2), np.linspace(0.2, 1.2, 100)])
    assert not judged(RULE, {"Loss_D": back, "Loss_G": level(200, 1.5)})[0]


def test_a_generator_with_one_answer() -> None:
    one = {"modes_covered": np.append(np.arange(8.0, 1, -1), np.ones(13)), "d_loss": level(20, 1.38)}
    assert "one kind of sample" in only(RULE, one).message


def test_few_points() -> None:
    assert "20 discriminator losses" in skip_reason(RULE, {"D(x)": level(9, 0.9), "D(G(z))": level(9, 0.1)})


def test_a_generator_that_covers_one_mode() -> None:
    balanced = {"Loss_D": level(200, 1.386), "Loss_G": level(200, 0.7)}
    assert findings("gan-collapse", balanced | {"samples/modes_covered": np.tile([0.0, 1.0], 20)})
    assert not findings("gan-collapse", balanced | {"samples/modes_covered": np.minimum(np.arange(40.0), 8)})
    assert not findings("gan-collapse", balanced | {"samples/models": np.tile([0.0, 1.0], 20)})


@pytest.mark.parametrize("n", [20, 100, 1000])
@pytest.mark.parametrize(
    ("start", "end", "generator"),
    [(0.5, 1e-3, 1.0), (2.0, 1e-4, 6.0), (1.386, 1e-3, 0.0)],
    ids=["least squares", "hinge", "the first formulation"],
)
def test_a_loss_that_vanishes_in_any_kind(n: int, start: float, end: float, generator: float) -> None:
    curves = {"Loss_D": settling(n, start, end), "Loss_G": settling(n, generator - 0.69, generator - 1e-4)}
    assert judged(RULE, curves)[0]


def test_a_run_that_is_first_logged_when_the_discriminator_leads() -> None:
    losses = {"Loss_D": level(100, 0.45, 0.1), "Loss_G": level(100, 3.0, 0.1)}
    scores = {"D(x)": level(100, 0.8, 0.05), "D(G(z))": level(100, 0.16, 0.1)}
    assert judged(RULE, losses | scores)[0]
    squares = {"Loss_D": level(100, 0.13, 0.1), "Loss_G": level(100, 0.4, 0.1)}
    assert not judged(RULE, squares | {"D(x)": level(100, 0.65, 0.05), "D(G(z))": level(100, 0.35, 0.1)})[0]


def test_a_generator_that_wins() -> None:
    curves = {"Loss_D": settling(200, 1.386, 25.0), "Loss_G": settling(200, 0.7, 1e-3)}
    assert "generator wins" in only(RULE, curves).message


@pytest.mark.parametrize("guess", [1.3863, 0.6931, 2 * np.log(2)])
def test_a_discriminator_that_is_dead(guess: float) -> None:
    dead = np.where(np.arange(200) < 80, 0.8 * level(200, 1.0, 0.2), guess)
    assert "only guesses" in only(RULE, {"Loss_D": dead, "Loss_G": level(200, 0.69, 0.0)}).message
    alive = dead * level(200, 1.0, 0.003)
    assert not judged(RULE, {"Loss_D": alive, "Loss_G": level(200, 0.69, 0.01)})[0]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_critic_without_bounds(sign: int) -> None:
    away = np.exp(np.arange(200) / 12) * level(200, 1.0, 0.2)
    assert "blows up" in only(RULE, {"Loss_D": -away, "Loss_G": sign * away}).message
    assert not judged(RULE, {"Loss_D": -settling(200, 60, 3), "Loss_G": level(200, 20.0) - 20})[0]


def test_scores_of_a_critic_are_no_probabilities() -> None:
    critic = {"Loss_D": -level(100, 0.8), "D(x)": level(100, 0.9, 0.01), "D(G(z))": level(100, 0.1)}
    assert not judged(RULE, critic)[0]


@pytest.mark.parametrize("n", [100, 900, 5000])
@pytest.mark.parametrize("at", [0.45, 0.6])
def test_a_generator_that_catches_up_again_and_again(n: int, at: float) -> None:
    """Single batches of a DCGAN that goes well: the discriminator is ahead at most of them, and loses some."""
    for seed in range(5):
        random = np.random.default_rng(seed)
        d_loss = at * random.lognormal(0, 0.45, n)
        d_loss[0] = 1.4
        curves = {"Loss_D": d_loss, "Loss_G": 2.6 * random.lognormal(0, 0.4, n)}
        assert not judged(RULE, curves)[0]
        apart = np.clip(0.62 + random.normal(0, 0.12, n), 0, 1)
        assert not judged(RULE, curves | {"D(x)": 0.19 + apart, "D(G(z))": np.full(n, 0.19)})[0]
