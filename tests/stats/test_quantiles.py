"""Medians and percentiles are those of numpy, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats.quantiles import median, percentile, row_medians


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 50, 51, 1000])
@pytest.mark.parametrize("special", [[], [np.inf], [-np.inf, np.inf], [np.nan], [0.0, -0.0]])
def test_medians_are_those_of_numpy(size: int, special: list[float]) -> None:
    draw = np.random.default_rng(size)
    for values in (draw.normal(size=size), draw.integers(0, 4, size).astype(float)):
        values[draw.integers(0, size, len(special))] = special
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal(median(values), np.median(values), strict=True)
            for percent in (0, 2, 5, 50, 90, 95, 98.5, 100):
                np.testing.assert_array_equal(percentile(values, percent), np.percentile(values, percent), strict=True)
            rows = draw.permuted(np.tile(values, (3, 1)), axis=1)
            np.testing.assert_array_equal(row_medians(rows), np.median(rows, axis=1), strict=True)


def test_the_median_of_what_is_no_array_of_floats() -> None:
    assert median([3, 1, 2]) == 2
    assert median(np.array([True, False])) == 0.5
    assert median([[1.0, 2.0], [3.0, 4.0]]) == 2.5, "of all values"
    assert median([1.0, np.nan]) != median([1.0, np.nan])
    assert np.isnan(median([]))
    assert np.isnan(percentile([], 5))
    assert len(row_medians(np.zeros((0, 3)))) == 0


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_median_of_zeros_has_no_sign(zero: float) -> None:
    for size in (1, 2, 3):
        found = [median([zero] * size), *row_medians([[zero] * size]), np.median([zero] * size)]
        assert not np.signbit(found).any()


def test_the_values_keep_their_order() -> None:
    values = np.array([3.0, 1.0, 2.0])
    median(values)
    percentile(values, 90)
    row_medians(values[None])
    assert values.tolist() == [3.0, 1.0, 2.0]
