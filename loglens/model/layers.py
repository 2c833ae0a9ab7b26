"""Per-layer curves: sorted by depth, and combined into one norm."""

from __future__ import annotations

import numpy as np

from loglens.model.series import Series
from loglens.stats.layer_order import depth_order
from loglens.stats.quantiles import median

#: Fewer layers show no growth over depth.
MIN_LAYERS = 4


def in_depth_order(layers: tuple[Series, ...]) -> list[Series]:
    """The weights' curves from the input side to the output side, without biases and curves that are never finite."""
    ordered = [layers[i] for i in depth_order([layer.layer or layer.tag for layer in layers])]
    return [layer for layer in ordered if "bias" not in layer.tag and len(layer.finite)]


def growth_towards_input(
    layers: tuple[Series, ...], ratio: float, min_share: float, min_growth: float
) -> tuple[list[Series], float, float] | None:
    """How typical norms grow from layer to layer towards the input; None for under four layers, or norms of zero.

    Returns the layers in the order of depth, the share of adjacent pairs that grow by more than `ratio`, and the
    growth over all of them; None where that share is below `min_share`, or the growth is not above `min_growth`.
    """
    ordered = in_depth_order(layers)
    norm = np.array([float(median(layer.finite.value)) for layer in ordered])
    if len(ordered) < MIN_LAYERS or not (norm > 0).all():
        return None
    share, growth = float((norm[:-1] / norm[1:] > ratio).mean()), float(norm[0] / norm[-1])
    return (ordered, share, growth) if share >= min_share and growth > min_growth else None


def total_norm(whole: Series | None, layers: tuple[Series, ...]) -> Series | None:
    """The global gradient norm: logged, or the root of the summed squares of the layers' norms."""
    if whole is not None or not layers:
        return whole
    same = [layer for layer in layers if np.array_equal(layer.step, layers[0].step)]
    value = np.sqrt(np.sum([layer.value**2 for layer in same], axis=0))
    tag = same[0].tag if len(same) == 1 else f"{same[0].tag} and {len(same) - 1} more"
    return Series(tag, layers[0].step.copy(), value, layers[0].time.copy(), layers[0].axis, "grad_norm_global")
