"""Histograms as W&B logs them: bins and counts, without the sums of the tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from loglens.model.columns import Histogram
from loglens.stats.arrays import Floats


def histogram(tag: str, value: dict[str, Any], step: int, time: float) -> Histogram | None:
    """A summary from the middles of the bins; None for media and for what is no histogram."""
    if value.get("_type") not in ("histogram", "trackio.histogram"):  # no set: it may be a dictionary
        return None
    try:
        counts = np.asarray(value["values"], np.float64)
        edges = _edges(value)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if counts.ndim != 1 or edges.shape != (len(counts) + 1,) or not len(counts):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        middle = (edges[1:] + edges[:-1]) / 2
        if constant := _is_constant(counts, edges):
            middle[:] = (edges[0] + edges[-1]) / 2
        count, total, squares = float(counts.sum()), float(counts @ middle), float(counts @ middle**2)
    not_finite = ~np.isfinite(edges)
    return Histogram(
        tag,
        step,
        time,
        count=count,
        sum=total,
        sum_squares=squares,
        min=float(middle[0] if constant else edges[0]),
        max=float(middle[0] if constant else edges[-1]),
        nonfinite=float(counts[not_finite[1:] | not_finite[:-1]].sum()),
        edges=edges,
        counts=counts,
        exact=False,
    )


def _is_constant(counts: Floats, edges: Floats) -> bool:
    """Whether all values are equal: then NumPy makes bins from half below to half above, else up to the extremes."""
    (full,) = np.nonzero(counts)
    centre = (edges[0] + edges[-1]) / 2
    one_bin = len(full) == 1 and len(counts) > 1 and edges[full[0]] <= centre <= edges[full[0] + 1]
    return bool(one_bin and np.isclose(edges[-1] - edges[0], 1.0))


def _edges(value: dict[str, Any]) -> Floats:
    if "bins" in value:
        return np.asarray(value["bins"], np.float64)
    packed = value["packedBins"]
    count = int(packed["count"])
    if not 0 < count <= 100_000:
        raise ValueError("no such number of bins")
    return float(packed["min"]) + float(packed["size"]) * np.arange(count + 1.0)
