"""What the values of a curve say against its name, on curves of known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.roles.assign import assign_roles
from tests.curves import Floats, falling, run


def roles(curves: dict[str, Floats], user: dict[str, str] | None = None) -> dict[str, str | None]:
    return {curve.tag: curve.role for curve in assign_roles(run(curves), user)}


def cosine(n: int, peak: float, cycles: int = 1, warmup: float = 0.05) -> Floats:
    at = np.arange(n) / n
    return np.where(at < warmup, peak * at / warmup, peak * (1 + np.cos(2 * np.pi * cycles * at)) / 2)


@pytest.mark.parametrize("peak", [1e-4, 1.0, 30.0])
@pytest.mark.parametrize("n", [12, 100, 3000])
@pytest.mark.parametrize("cycles", [1, 3])
def test_a_schedule_stays_a_learning_rate(n: int, peak: float, cycles: int) -> None:
    assert roles({"lr": cosine(n, peak, min(cycles, n // 12))}) == {"lr": "lr"}


def test_a_burst_of_the_learning_rate_is_one() -> None:
    rate = np.full(200, 0.004)
    rate[120] = 2.0
    assert roles({"learning_rate": rate}) == {"learning_rate": "lr"}


def test_a_rate_that_its_name_states_is_one() -> None:
    assert roles({"lr_0.05": np.full(50, 0.05)}) == {"lr_0.05": "lr"}
    assert roles({"lr_0.05": cosine(50, 0.05)}) == {"lr_0.05": "lr"}


@pytest.mark.parametrize("n", [20, 200, 2000])
@pytest.mark.parametrize("rate", ["0.005", "0.1", "1e-3", "0.5e-3"])
def test_losses_named_after_their_learning_rate_are_no_rates(n: int, rate: str) -> None:
    loss = falling(n, start=4.0, floor=1.0)
    assert roles({f"learning_rate_{rate}": loss})[f"learning_rate_{rate}"] is None
    assert n < 200 or roles({"lr": loss}) == {"lr": None}


def test_a_step_size_that_counts_epochs_is_no_rate() -> None:
    assert roles({"step_size": np.full(40, 30.0)}) == {"step_size": None}
    assert roles({"step_size": np.full(40, 0.3)}) == {"step_size": "lr"}
    assert roles({"lr": np.full(40, 3.0)}) == {"lr": "lr"}


@pytest.mark.parametrize("tag", ["grad_norm", "weight_norm", "grads/fc.0", "update_ratio", "lr"])
def test_what_is_below_zero_is_no_norm(tag: str) -> None:
    value = np.random.default_rng(0).normal(0, 1, 60)
    assert roles({tag: value, "loss": falling(60)})[tag] is None
    value = np.abs(value)
    value[::10] = -1  # what some trainers write where they did not measure
    if tag != "lr":
        assert roles({tag: value, "loss": falling(60)})[tag] is not None


@pytest.mark.parametrize("n", [12, 400])
def test_a_bound_on_the_likelihood_that_rises_is_a_gain(n: int) -> None:
    gain = -500 * np.exp(-np.arange(n) / n) + 3 * np.random.default_rng(1).normal(size=n)
    for tag in ("train_elbo", "elbo", "val/elbo"):
        assert roles({tag: gain}) == {tag: "metric_higher"}
        assert roles({tag: -gain}) == {tag: "loss"}
    assert roles({"neg_elbo": -gain}) == {"neg_elbo": "loss"}


def test_the_square_of_a_gradient_norm_gives_its_root() -> None:
    norm = falling(80, start=3.0)
    (root,) = (c for c in assign_roles(run({"grad_norm_square": norm**2})) if c.role == "grad_norm_global")
    assert root.tag == "sqrt(grad_norm_square)" and np.allclose(root.value, norm)
    (given_role,) = assign_roles(run({"grad_norm_square": norm**2}), {"grad_norm_square": "grad_norm_global"})
    assert np.allclose(given_role.value, norm**2)


@pytest.mark.parametrize("every", [0.02, 1.5, 800.0])
@pytest.mark.parametrize("n", [12, 300])
def test_a_step_time_that_accumulates_gives_its_differences(n: int, every: float) -> None:
    spent = every * np.random.default_rng(2).lognormal(0, 0.05, n)
    table = {c.tag: c for c in assign_roles(run({"timers/step_time": np.cumsum(spent)}))}
    assert table["timers/step_time"].role == "time"
    assert table["increase of timers/step_time"].role == "step_time"
    assert np.allclose(table["increase of timers/step_time"].value, spent[1:])


def test_a_step_time_that_rises_stays_one() -> None:
    """Iterations that take longer and longer are the very thing that a rule looks for."""
    for n in (20, 500):
        slower = np.linspace(1, 4, n) * np.random.default_rng(3).lognormal(0, 0.1, n)
        assert roles({"step_time": slower}) == {"step_time": "step_time"}


@pytest.mark.parametrize("n", [12, 100, 3000])
def test_a_time_that_falls_again_and_again_is_that_of_a_step(n: int) -> None:
    each = 0.4 * np.random.default_rng(5).lognormal(0, 0.1, n)
    clock = np.cumsum(each)
    resumed = np.concatenate([clock, clock])
    assert roles({"time": each, "train/time": clock}) == {"time": "step_time", "train/time": "time"}
    assert roles({"time": resumed}) == {"time": "time"}


def test_a_count_of_batches_is_no_time() -> None:
    assert roles({"time/batch": np.arange(1.0, 60)}) == {"time/batch": "step"}


@given(
    st.sampled_from(["lr", "grad_norm", "elbo", "step_time", "grad_norm_sq", "upd/fc.0", "val_ppl", "return"]),
    st.lists(st.floats(width=32), max_size=30),
)
def test_no_values_are_too_odd(tag: str, values: list[float]) -> None:
    value = np.array(values, float)
    assert {curve.tag for curve in assign_roles(run({tag: value, "upd/fc.1": value, "upd/fc.2": value}))} >= (
        {tag} if values else set()
    )
