"""How large a learning rate should be: curves whose pace, jumps and optimizer are known."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.remedies import learning_rate as rates
from tests.curves import level, series


@pytest.mark.parametrize("slower", [3, 10, 100, 300])
@pytest.mark.parametrize("points", [40, 400])
def test_the_pace_of_a_loss_says_how_much_faster_it_has_to_fall(slower: int, points: int) -> None:
    whole = 2.3 * np.exp(-3 * np.linspace(0, 1 / slower, points))
    noise = 1 + np.random.default_rng(1).normal(0, 1e-4, points)
    assert rates.times_faster(whole * noise) == pytest.approx(slower, rel=0.4)


def test_a_loss_that_does_not_fall_asks_for_the_most() -> None:
    assert rates.times_faster(np.full(50, 2.3)) == 1000
    assert rates.times_faster(np.linspace(2.3, 2.6, 50)) == 1000


def test_a_loss_that_is_nearly_done_needs_no_other_pace() -> None:
    assert rates.times_faster(np.exp(-3 * np.linspace(0, 1, 100))) < 2


def test_a_jump_is_found_at_the_onset_only() -> None:
    value = np.full(200, 1e-3)
    value[120:] *= 40
    lr = series(value, role="lr", every=10)
    found = rates.jump(lr, 1210, 60)
    assert found is not None and found.step == 1200
    assert (found.before, found.after) == pytest.approx((1e-3, 0.04))
    assert rates.jump(lr, 600, 60) is None


@pytest.mark.parametrize(
    "value",
    [
        np.minimum(np.arange(1, 201) / 20, 1) * 1e-3,  # a warmup
        1e-3 * (1 + np.cos(np.linspace(0, 6 * np.pi, 200))) / 2 + 1e-5,  # cycles
        np.r_[np.full(100, 1e-3), np.full(50, 1e-5), np.full(50, 1e-3)],  # back to what it was
    ],
)
def test_schedules_have_no_jump(value: np.ndarray) -> None:
    lr = series(value, role="lr")
    assert not any(rates.jump(lr, onset, 5) for onset in range(10, 200, 10))


def test_a_rate_that_rises_to_the_end_is_not_taken_for_a_warmup() -> None:
    rising = series(np.geomspace(1e-3, 0.4, 300), role="lr")
    assert rates.still_rises(rising, 50)
    warmup = series(np.minimum(np.arange(1, 301) / 100, 1) * 1e-3, role="lr")
    assert not rates.still_rises(warmup, 120)
    assert not rates.still_rises(warmup, 5), "it is constant afterwards"


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["optimizer AdamW"], rates.ADAPTIVE),
        (["optim adamw_torch_fused"], rates.ADAPTIVE),
        (["lr-SGD"], rates.PLAIN),
        (["opt sgd", "model resnet50"], rates.PLAIN),
        (["model madame", "dataset sgdata"], ""),
        ([], ""),
    ],
)
def test_the_optimizer_is_read_from_names(texts: list[str], kind: str) -> None:
    assert rates.optimizer_kind(texts) == kind


def test_rates_of_zero_or_none_have_no_peak() -> None:
    assert rates.peak(None) is None
    assert rates.peak(series(np.zeros(5), role="lr")) is None
    assert rates.peak(series(level(5, 0.1, 0), role="lr")) == pytest.approx(0.1)
