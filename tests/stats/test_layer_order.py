"""Layers in the order of the network, from their names."""

from __future__ import annotations

import pytest

from loglens.stats.layer_order import depth_order


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
