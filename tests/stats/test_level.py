"""Levels and noise against known truth."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats.blocks import blocks, noise, spread
from loglens.stats.layer_order import depth_order
from loglens.stats.levels import levels
from tests.curves import falling


def test_noise_ignores_a_trend_and_spikes() -> None:
    rng = np.random.default_rng(0)
    value = 0.3 * np.arange(2000) + rng.normal(0, 2.0, 2000)
    value[::100] += 500
    assert noise(value) == pytest.approx(2.0, rel=0.1)


def test_spread_of_a_normal() -> None:
    assert spread(np.random.default_rng(0).normal(5, 3, 5000)) == pytest.approx(3, rel=0.05)


def test_levels_of_a_curve_that_loses_half_of_its_gain() -> None:
    value = np.concatenate([np.linspace(4, 2, 100), np.linspace(2, 3, 100)])
    found = levels(value)
    assert found.start == pytest.approx(4, abs=0.1)
    assert found.best == pytest.approx(2, abs=0.05)
    assert found.end == pytest.approx(2.9, abs=0.1)
    assert found.lost == pytest.approx(0.45, abs=0.05)
    assert 90 <= found.best_at <= 105


def test_levels_scale_with_the_unit() -> None:
    value = falling(200)
    one, thousand = levels(value), levels(1000 * value)
    assert thousand.drop == pytest.approx(one.drop) and thousand.lost == pytest.approx(one.lost)


def test_blocks_cover_the_curve_once() -> None:
    block = blocks(np.arange(1003), np.arange(1003.0))
    assert len(block) == 50 and block.start[0] == 0
    assert set(np.diff(np.append(block.start, 1003))) <= {20, 21}


def test_short_curves_are_their_own_blocks() -> None:
    assert blocks(np.arange(4), np.array([3.0, 1, 2, 5])).level.tolist() == [3, 1, 2, 5]


@pytest.mark.parametrize(
    ("layers", "ordered"),
    [
        (["conv1", "block.0", "fc"], ["conv1", "block.0", "fc"]),
        (["fc.0", "fc.1", "fc.10", "fc.2", "head"], ["fc.0", "fc.1", "fc.2", "fc.10", "head"]),
        (["blocks.0", "head", "tok"], ["tok", "blocks.0", "head"]),
    ],
)
def test_depth_order(layers: list[str], ordered: list[str]) -> None:
    assert [layers[i] for i in depth_order(layers)] == ordered
