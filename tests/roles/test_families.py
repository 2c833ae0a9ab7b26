"""Families of curves, one a layer, whose names no table knows."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.roles.assign import assign_roles
from tests.curves import Floats, run

LAYERS = ("fc.0", "fc.1", "blocks.0.attn", "out")


def weights(n: int, seed: int) -> Floats:
    """A norm that grows by a thousandth of itself a step, as weights do."""
    rng = np.random.default_rng(seed)
    return np.asarray((3 + seed) * np.cumprod(1 + 1e-3 * rng.normal(0.5, 1, n)), np.float64)


def noisy(n: int, seed: int, at: float = 1.0) -> Floats:
    """A norm of gradients of minibatches: each point differs from the next by a third."""
    return at * np.random.default_rng(seed).lognormal(0, 0.3, n)


def family(prefix: str, make: object, points: int = 100) -> dict[str, Floats]:
    assert callable(make)
    return {f"{prefix}/{layer}": make(points, seed) for seed, layer in enumerate(LAYERS)}


def roles(curves: dict[str, Floats]) -> dict[str, tuple[str | None, str | None, bool]]:
    return {curve.tag: (curve.role, curve.layer, curve.guessed) for curve in assign_roles(run(curves))}


@pytest.mark.parametrize(
    ("word", "role"),
    [("upd", "update_norm"), ("deltas", "update_norm"), ("dw", "grad_norm_layer"), ("theta", "weight_norm_global")],
)
@pytest.mark.parametrize("points", [3, 30, 1000])
def test_the_rest_of_the_name_tells_what_is_measured(word: str, role: str, points: int) -> None:
    found = roles(family(f"debug/{word}", noisy, points))
    assert found == {f"debug/{word}/{layer}": (role, layer, True) for layer in LAYERS}


def test_a_layer_may_stand_before_what_is_measured() -> None:
    found = roles({f"{layer}/upd": noisy(40, 1) for layer in LAYERS})
    assert {role for role, _, _ in found.values()} == {"update_norm"}


@pytest.mark.parametrize("points", [30, 300])
@pytest.mark.parametrize("unit", [1.0, 20.0])
def test_values_tell_a_silent_name_beside_a_family_that_is_known(points: int, unit: float) -> None:
    curves = family("grad_norm", noisy, points)
    curves |= family("q", lambda n, seed: unit * weights(n, seed), points)
    curves |= family("x", lambda n, seed: noisy(n, seed, 1e-3), points)
    found = roles(curves)
    assert {found[f"q/{layer}"] for layer in LAYERS} == {("weight_norm_global", layer, True) for layer in LAYERS}
    assert {found[f"x/{layer}"] for layer in LAYERS} == {("update_norm", layer, True) for layer in LAYERS}


@pytest.mark.parametrize(
    "curves",
    [
        family("q", weights),  # nothing says that these are layers of a network and no metric of classes
        family("grad_norm", noisy) | family("top_sv", weights),  # a measure that is not known
        family("grad_norm", noisy) | family("cos", lambda n, seed: np.tanh(noisy(n, seed))),
        family("grad_norm", noisy) | family("q", lambda n, seed: noisy(n, seed) - 1),  # below zero: no norm
        family("grad_norm", noisy) | family("u_mean", noisy),  # means cancel out
        {f"ngram_{i}": noisy(50, i) for i in range(9)},  # numbers are no layers
        {f"recall_of/class_{i}": noisy(50, i) for i in range(9)},
        {"upd/fc.0": noisy(50, 1), "upd/fc.1": noisy(50, 2)},  # two are no family
    ],
    ids=lambda curves: next(reversed(curves)),
)
def test_curves_of_unclear_meaning_get_no_role(curves: dict[str, Floats]) -> None:
    last = next(reversed(curves)).rpartition("/")[0]
    found = roles(curves)
    assert {role for tag, (role, _, guessed) in found.items() if tag.startswith(last) or guessed} <= {
        None,
        "metric_higher",
    }


def test_a_name_that_is_known_is_no_guess() -> None:
    found = roles(family("optim/gn", noisy) | {"train/loss": noisy(100, 1)})
    assert {guessed for _, _, guessed in found.values()} == {False}
