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
    ],
    ids=["lsgan", "lsgan late", "wgan", "wgan around zero", "hinge"],
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
