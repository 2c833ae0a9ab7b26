"""Curves of layers, in the order of depth and as one norm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loglens.model.layers import growth_towards_input, in_depth_order, total_norm
from loglens.model.series import Series
from tests.curves import level, series


def layer(at: int, value: float, n: int = 20, name: str = "weight") -> Series:
    tag = f"layers.{at}.{name}"
    return replace(series(level(n, value), "grad_norm_layer", None, tag), layer=tag)


def test_layers_are_sorted_by_depth_without_biases() -> None:
    dead = replace(layer(3, 1.0), value=np.full(20, np.nan))
    ordered = in_depth_order((layer(0, 1.0), layer(1, 1.0, name="bias"), layer(10, 1.0), layer(2, 1.0), dead))
    assert [one.tag for one in ordered] == ["layers.0.weight", "layers.2.weight", "layers.10.weight"]


@pytest.mark.parametrize("depth", [4, 12])
def test_norms_that_grow_towards_the_input(depth: int) -> None:
    found = growth_towards_input(tuple(layer(at, 3.0**-at) for at in range(depth)), 1.5, 0.8, 1.0)
    assert found is not None
    ordered, share, whole = found
    assert len(ordered) == depth and share == 1.0 and whole == pytest.approx(3.0 ** (depth - 1), rel=0.05)


def test_too_few_layers_or_norms_of_zero_show_no_growth() -> None:
    assert growth_towards_input(tuple(layer(at, 1.0) for at in range(3)), 1.5, 0.0, 0.0) is None
    assert growth_towards_input((*(layer(at, 1.0) for at in range(4)), layer(4, 0.0)), 1.5, 0.0, 0.0) is None


def test_the_total_norm_is_the_root_of_the_summed_squares() -> None:
    total = total_norm(None, (layer(0, 3.0), layer(1, 4.0), layer(2, 9.0, n=7)))
    assert total is not None and total.value == pytest.approx(np.full(20, 5.0), rel=0.1), "other steps do not add up"
    logged = series(level(20, 1.0), "grad_norm_global")
    assert total_norm(logged, (layer(0, 3.0),)) is logged and total_norm(None, ()) is None
