"""Blocks, noise and spread against known truth."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats.blocks import blocks, noise, spread


def test_noise_ignores_a_trend_and_spikes() -> None:
    rng = np.random.default_rng(0)
    value = 0.3 * np.arange(2000) + rng.normal(0, 2.0, 2000)
    value[::100] += 500
    assert noise(value) == pytest.approx(2.0, rel=0.1)


def test_spread_of_a_normal() -> None:
    assert spread(np.random.default_rng(0).normal(5, 3, 5000)) == pytest.approx(3, rel=0.05)


def test_blocks_cover_the_curve_once() -> None:
    block = blocks(np.arange(1003), np.arange(1003.0))
    assert len(block) == 50 and block.start[0] == 0
    assert set(np.diff(np.append(block.start, 1003))) <= {20, 21}


def test_short_curves_are_their_own_blocks() -> None:
    assert blocks(np.arange(4), np.array([3.0, 1, 2, 5])).level.tolist() == [3, 1, 2, 5]
