"""Dead and saturated units from histograms of activations, as torch, TensorFlow 2 and W&B bin them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from loglens.model.columns import Histogram
from loglens.model.run import Run
from loglens.readers.tables.wandb_histogram import histogram as wandb_histogram
from loglens.roles.assign import assign_roles
from loglens.stats.arrays import Floats
from tests.curves import run
from tests.detectors.judging import findings

#: The edges of TensorBoard's default bins, which grow by a tenth.
GROWING = 1e-12 * 1.1 ** np.arange(775)
TENSORBOARD = np.concatenate([-GROWING[::-1], [0.0], GROWING])
POINTS = 30


def torch_bins(value: Floats) -> tuple[Floats, Floats]:
    counts, edges = np.histogram(value, TENSORBOARD)
    full = np.flatnonzero(counts)
    return counts[full[0] : full[-1] + 1].astype(float), edges[full[0] : full[-1] + 2]


def equal_bins(count: int) -> Callable[[Floats], tuple[Floats, Floats]]:
    def bins(value: Floats) -> tuple[Floats, Floats]:
        counts, edges = np.histogram(value, count)
        return counts.astype(float), edges

    return bins


BINS = {"torch": torch_bins, "tensorflow": equal_bins(30), "wandb": equal_bins(64)}


def histogram(tag: str, step: int, value: Floats, bins: str) -> Histogram:
    """With exact sums as torch logs them; of the others the reader knows bins alone."""
    counts, edges = BINS[bins](value)
    if bins == "wandb":
        logged = {"_type": "histogram", "values": counts.tolist(), "bins": edges.tolist()}
        made = wandb_histogram(tag, logged, step, step)
        assert made is not None
        return made
    if bins == "tensorflow" and np.ptp(value) == 0:  # its bins of one value have no width
        edges = np.full(len(edges), value[0])
    seen, weight = (value, np.ones(len(value))) if bins == "torch" else ((edges[1:] + edges[:-1]) / 2, counts)
    sums = float(weight.sum()), float(weight @ seen), float(weight @ seen**2)
    low, high = (value.min(), value.max()) if bins == "torch" else (edges[0], edges[-1])
    return Histogram(tag, step, step, *sums, float(low), float(high), 0.0, edges, counts, exact=bins == "torch")


def logged(tag: str, output: Callable[[np.random.Generator, int], Floats], bins: str) -> Run:
    draw = np.random.default_rng(0)
    rows = tuple(histogram(tag, n, output(draw, n), bins) for n in range(POINTS))
    return replace(run({"loss": 1 / np.arange(1.0, POINTS + 1)}), histogram_rows=rows)


def relu(dead: float) -> Callable[[np.random.Generator, int], Floats]:
    def output(draw: np.random.Generator, n: int) -> Floats:
        value = np.maximum(draw.normal(size=5000), 0)
        value[: int(dead * 5000)] = 0
        return value

    return output


@pytest.mark.parametrize("dead", [0.0, 0.3, 0.7])
def test_zeros_of_a_relu_are_counted(dead: float) -> None:
    (share,) = (curve for curve in assign_roles(logged("activations/fc1", relu(dead), "torch")) if "zero" in curve.tag)
    assert share.layer == "fc1" and share.value == pytest.approx(dead + (1 - dead) / 2, abs=0.03)


@pytest.mark.parametrize(("dead", "found"), [(0.0, False), (0.5, False), (0.9, True), (1.0, True)])
def test_dead_units(dead: float, found: bool) -> None:
    assert bool(findings("dead-relu", logged("activations/fc1", relu(dead), "torch"))) is found


@pytest.mark.parametrize("bins", BINS)
def test_a_layer_that_is_zero_throughout(bins: str) -> None:
    def dying(draw: np.random.Generator, n: int) -> Floats:
        return relu(float(n >= 20))(draw, n)

    (found,) = findings("dead-relu", logged("act/relu_1", dying, bins))
    assert found.onset_step == 20
    assert not findings("dead-relu", logged("act/relu_1", relu(0.0), bins))


@pytest.mark.parametrize("bins", BINS)
@pytest.mark.parametrize(("spread", "found"), [(0.5, False), (1.0, False), (3.0, False), (15.0, True), (100.0, True)])
def test_saturated_units_of_tanh(bins: str, spread: float, found: bool) -> None:
    def output(draw: np.random.Generator, n: int) -> Floats:
        return np.tanh(spread * draw.normal(size=5000))

    assert bool(findings("saturated-activations", logged("activations/rnn", output, bins))) is found


@pytest.mark.parametrize(("spread", "found"), [(1.0, False), (4.0, False), (40.0, True)])
def test_saturated_units_of_a_sigmoid_that_is_named(spread: float, found: bool) -> None:
    def output(draw: np.random.Generator, n: int) -> Floats:
        return 1 / (1 + np.exp(-spread * draw.normal(size=5000)))

    for tag, expected in (("activations/sigmoid1", found), ("activations/attention1", False)):
        assert bool(findings("saturated-activations", logged(tag, output, "torch"))) is expected


SOUND: dict[str, Callable[[np.random.Generator], Floats]] = {
    "normal": lambda draw: draw.normal(size=5000),
    "few values far above all others": lambda draw: np.maximum(draw.standard_t(1.5, size=5000), 0) ** 2,
    "some negative": lambda draw: draw.normal(size=5000) * np.exp(-(draw.normal(size=5000) ** 2)),
    "uniform": lambda draw: draw.uniform(-1, 1, 5000),
    "attention": lambda draw: draw.dirichlet(np.ones(10), 500).ravel(),
    "small": lambda draw: 1e-6 * draw.exponential(size=5000),
}


@pytest.mark.parametrize("bins", BINS)
@pytest.mark.parametrize("name", SOUND)
def test_sound_layers(name: str, bins: str) -> None:
    one = logged("activations/fc1", lambda draw, _: SOUND[name](draw), bins)
    assert not findings("dead-relu", one) and not findings("saturated-activations", one)


def test_nothing_is_made_of_what_is_not_finite() -> None:
    rows = tuple(
        replace(histogram("activations/fc1", n, np.zeros(8), "torch"), nonfinite=8.0, sum_squares=np.nan)
        for n in range(9)
    )
    assert not [curve for curve in assign_roles(replace(run({}), histogram_rows=rows)) if "share" in curve.tag]
