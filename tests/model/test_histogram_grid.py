"""Histograms over steps on one grid: no value is lost, none is invented, and the size is bounded."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from loglens.model.columns import Histogram
from loglens.model.histogram_grid import BINS, COLUMNS, MAX_TENSORS, Distribution, distributions
from loglens.model.report import Diagnosis
from loglens.pipeline.serialise import dumps, loads
from loglens.pipeline.trim import point_budget, trim
from loglens.stats.arrays import Floats
from tests.golden.example import healthy


def histogram(step: int, values: Sequence[float] | Floats, tag: str = "w", bins: int = 30) -> Histogram:
    """The summary of real values, as a writer makes it."""
    given = np.asarray(values, np.float64)
    finite = given[np.isfinite(given)]
    counts, edges = np.histogram(finite, bins) if len(finite) else (np.zeros(1), np.zeros(2))
    low, high = (finite.min(), finite.max()) if len(finite) else (np.inf, -np.inf)
    bad = float(len(given) - len(finite))
    sums = (float(finite.sum()), float((finite**2).sum()), float(low), float(high))
    return Histogram(tag, step, 0.0, len(given), *sums, bad, edges.astype(float), counts.astype(float), exact=True)


def one(rows: Sequence[Histogram]) -> Distribution:
    (found,) = distributions(rows)
    return found


def inside(found: Distribution, column: int, low: float, high: float) -> float:
    """The share of a column that lies in the bins that touch an interval."""
    touches = (found.edges[1:] >= low) & (found.edges[:-1] <= high)
    return float(found.share[column][touches].sum())


def test_the_shares_of_a_column_are_those_of_the_values() -> None:
    rng = np.random.default_rng(0)
    values = [rng.normal(0, 1, 20_000), rng.normal(3, 1, 20_000)]
    found = one([histogram(0, values[0], bins=300), histogram(100, values[1], bins=300)])
    assert found.share.shape == (2, BINS) and np.allclose(found.share.sum(axis=1), 1, atol=1e-5)
    for column in (0, 1):
        true = np.histogram(values[column], found.edges)[0] / 20_000
        assert np.abs(found.share[column] - true).max() < 0.01
    assert (found.low[0], found.high[1]) == (values[0].min(), values[1].max())
    assert (found.first, found.last) == (0, 200)


def test_values_of_very_different_size_are_distinguished() -> None:
    rng = np.random.default_rng(1)
    scales = 10.0 ** -np.arange(0, 10)
    found = one([histogram(10 * i, rng.normal(0, s, 5000)) for i, s in enumerate(scales)])
    for column, scale in enumerate(scales):
        assert inside(found, column, -6 * scale, 6 * scale) > 0.999
        assert inside(found, column, -0.1 * scale, 0.1 * scale) < 0.5, "it is no line at zero"


@pytest.mark.parametrize("value", [0.0, 3.5, -1e300, 1e-300, 5e-324, 1.7e308])
def test_a_constant_tensor(value: float) -> None:
    edges, counts = np.array([value, value]), np.array([7.0])
    row = Histogram("w", 4, 0.0, 7, 0.0, 0.0, value, value, 0, edges, counts, exact=True)
    found = one([row])
    assert np.isfinite(found.edges).all() and (np.diff(found.edges) > 0).all()
    assert found.share.shape == (1, BINS) and found.share.sum() == pytest.approx(1)


def test_what_is_not_finite_is_marked_and_does_not_hide_the_rest() -> None:
    found = one([histogram(0, [1.0, 2.0]), histogram(1, [1.0, np.nan]), histogram(2, [np.inf] * 3)])
    assert found.bad.tolist() == [False, True, True]
    assert np.isfinite(found.share[:2]).all() and np.isnan(found.share[2]).all()
    nothing = one([histogram(0, [np.nan])])
    assert nothing.bad.all() and np.isnan(nothing.share).all()


def test_a_gap_stays_a_gap_and_a_resume_replaces() -> None:
    steps = [0, 10, 20, 70, 80, 90]
    found = one([histogram(step, [0.0, 1.0]) for step in steps])
    assert np.isnan(found.share).any() and np.isfinite(found.share[0]).all()
    again = one([*(histogram(step, [0.0, 1.0]) for step in (0, 1, 2)), *(histogram(s, [5.0, 6.0]) for s in (1, 2))])
    assert again.rows == 3 and inside(again, 2, 0, 1) == 0


def test_one_odd_histogram_among_thousands_is_seen() -> None:
    rows = [histogram(step, np.linspace(-1, 1, 50)) for step in range(3000)]
    rows[1234] = histogram(1234, np.linspace(-1, 30, 50))
    found = one(rows)
    assert found.share.shape == (COLUMNS, BINS)
    assert inside(found, 1234 * COLUMNS // 3000, 20, 30) > 0


def test_a_judged_run_is_remembered_with_them() -> None:
    rows = [histogram(0, [1.0, 2.0]), histogram(1, [1.0, np.nan])]
    diagnosis = replace(healthy(), distributions=distributions(rows))
    (again,) = loads(dumps([diagnosis]))
    assert isinstance(again, Diagnosis) and again.summary == diagnosis.summary
    (before, after) = (diagnosis.distributions[0], again.distributions[0])
    for name in ("edges", "share", "bad"):
        assert np.array_equal(getattr(before, name), getattr(after, name), equal_nan=name != "bad")
        assert getattr(before, name).dtype == getattr(after, name).dtype
    assert (before.low, before.first, before.rows) == (after.low, after.first, after.rows)


def test_of_many_runs_fewer_are_kept() -> None:
    rows = [histogram(step, [1.0, 2.0], tag=f"w{i}") for step in range(3) for i in range(9)]
    judged = replace(healthy(), distributions=distributions(rows))
    assert [len(trim(judged, point_budget(runs)).distributions) for runs in (1, 10, 36, 1000)] == [6, 2, 1, 0]


def test_what_findings_rest_on_comes_first_and_the_size_is_bounded() -> None:
    rows = [histogram(step, [1.0, 2.0], tag=f"layer{i}") for step in range(200) for i in range(50)]
    found = distributions(rows, {"layer7", "loss"})
    tags = [part.tag for part in found]
    assert len(tags) == MAX_TENSORS and {"layer0", "layer7", "layer49"} <= set(tags) and found[0].of == 50
    assert tags == sorted(tags, key=lambda tag: int(tag[5:]))
    assert len(pickle.dumps(found)) < 160_000
    assert distributions([]) == ()
