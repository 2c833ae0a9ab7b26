"""Depth and length of dips."""

from __future__ import annotations

import numpy as np

from loglens.stats.dips import deepest_dip, outlasts


def test_the_deepest_dip_is_measured_from_what_was_reached() -> None:
    assert deepest_dip(np.array([1.0, 3.0, 2.0, 5.0, 1.5, 6.0])) == 3.5
    assert deepest_dip(np.array([1.0, 2.0, 3.0])) == 0.0


def test_a_last_stretch_twice_as_long_as_any_before() -> None:
    good = np.array([True, False, False, True, False, False, False, False])
    assert outlasts(~good, good), "four after two"
    assert not outlasts(~good[:-1], good[:-1]), "three after two"
    assert not outlasts(np.append(~good, False), np.append(good, True)), "it came back"
