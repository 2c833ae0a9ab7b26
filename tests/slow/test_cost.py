"""What every rule costs grows with curves and with points no faster than n log n."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import loglens
from loglens.analysis.judge import judge
from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.registry.load import detectors
from tests.curves import run as run_of

ROLES = (
    *("loss", "val/loss", "accuracy", "val/accuracy", "grad_norm", "lr", "weight_norm", "reward", "kl", "entropy"),
    *("value_loss", "policy_loss", "explained_variance", "d_loss", "loss_scale", "clip_fraction", "throughput"),
)


def seconds(run: Run) -> float:
    """The least processor time of two judgements."""
    took = []
    for _ in range(2):
        before = time.process_time()
        result = judge(run, detectors())
        took.append(time.process_time() - before)
    assert not [outcome for outcome in result.outcomes if outcome.outcome == "crashed"]
    return min(took)


def falling(points: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return 1 / np.arange(1, points + 1) ** 0.3 + 0.01 * np.random.default_rng(seed).normal(size=points)


def alike(role: str, count: int) -> Run:
    """As many curves of one role, each of a task of its own."""
    return run_of({f"task{n}/{role}": falling(20, n) for n in range(count)})


def one_group(role: str, count: int) -> Run:
    """As many curves of one role in one group, of which each ends at a step of its own."""
    return run_of({f"tasks/{role}_{n}": falling(20 + n % 97, n) for n in range(count)})


@pytest.mark.parametrize("make", [alike, one_group])
@pytest.mark.parametrize("role", ROLES)
def test_many_curves(role: str, make: Callable[[str, int], Run]) -> None:
    few, many = (seconds(make(role, count)) for count in (50, 400))
    assert many < 8 * 2.5 * few + 0.3, f"{few:.2f} s for 50 curves, {many:.2f} s for 400"


@pytest.mark.parametrize("broken", [0.0, 0.5])
@pytest.mark.parametrize("role", ROLES)
def test_many_points(role: str, broken: float) -> None:
    def long(points: int) -> Run:
        value = falling(points, 1)
        value[points - int(broken * points) :] = np.nan
        return run_of({f"train/{role}": value, "step_time": np.full(points, 0.1)})

    few, many = (seconds(long(points)) for points in (20_000, 160_000))
    assert many < 8 * 2.5 * few + 0.3, f"{few:.2f} s for 20,000 points, {many:.2f} s for 160,000"


@pytest.mark.parametrize("role", ["value_loss", "kl"])
def test_windows_that_grow_with_the_curve(role: str) -> None:
    few, many = (seconds(run_of({f"train/{role}": falling(points, 1)})) for points in (100_000, 1_000_000))
    assert many < 10 * 2 * few + 0.3, f"{few:.2f} s for 100,000 points, {many:.2f} s for 1,000,000"


@pytest.mark.parametrize("role", ["grad_norm", "lr", "step_time", "accuracy", "reward"])
def test_jumps_again_and_again(role: str) -> None:
    """A curve that jumps at every fiftieth point, and a loss that answers each time and comes back."""

    def jumping(points: int) -> Run:
        loss, beside = falling(points, 1), np.ones(points)
        beside[::50] = 100.0
        loss[1::50] *= 8
        return run_of({"train/loss": loss, f"train/{role}": beside})

    few, many = seconds(jumping(20_000)), seconds(jumping(160_000))
    assert many < 8 * 2.5 * few + 0.3, f"{few:.2f} s for 20,000 points, {many:.2f} s for 160,000"


def test_rows_each_with_a_name_of_its_own(tmp_path: Path) -> None:
    def reading(count: int) -> float:
        path = tmp_path / f"{count}.jsonl"
        path.write_text("".join(f'{{"step": 1, "k{n}": 1}}\n' for n in range(count)))
        before = time.process_time()
        assert len(loglens.read(path)[0].tags) > count
        return time.process_time() - before

    reading(10)  # what the first file loads
    few, many = reading(5_000), reading(40_000)
    assert many < 8 * 2.5 * few + 0.3, f"{few:.2f} s for 5,000 names, {many:.2f} s for 40,000"


def test_steps_that_go_back_again_and_again() -> None:
    def resumed(times: int) -> Run:
        step = np.concatenate([np.arange(n, n + 40) for n in range(times)]).astype(np.int64)
        return Run("x", Path("x"), "csv", Columns.from_curves({"loss": (step, falling(len(step), 1))}))

    few, many = seconds(resumed(300)), seconds(resumed(2400))
    assert many < 8 * 2.5 * few + 0.3
