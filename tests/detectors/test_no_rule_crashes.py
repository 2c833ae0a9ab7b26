"""No rule crashes, whatever the curves are: empty, constant, not finite, huge, unequal, with repeated steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from loglens.analysis.judge import judge
from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note
from loglens.registry.load import detectors
from tests.curves import Floats

#: A curve of every role that a rule asks for.
TAGS = """train/loss val/loss test/loss train/accuracy val/accuracy test/accuracy train/error_rate val/error_rate
train/box_loss train/kl_loss lr grad_norm loss_scale step_time samples_per_sec gpu_memory weight_norm update_ratio
grad_norm/layers.0.weight grad_norm/layers.1.weight weight_norm/layers.0.weight dead_relu/layers.0
rollout/ep_rew_mean reward frac_reward_zero_std reward_std completions/clipped_ratio train/approx_kl train/entropy
train/entropy_loss train/explained_variance train/clip_fraction train/value_loss train/policy_gradient_loss
train/ent_coef rollout/ep_len_mean Policy/mean_noise_std found_inf
update_ratio/layers.0.weight d_loss g_loss D(x) D(G(z)) samples/modes_covered epoch""".split()

RNG = np.random.default_rng(0)
MAKERS: dict[str, Callable[[int], Floats]] = {
    "zero": np.zeros,
    "one": np.ones,
    "nan": lambda n: np.full(n, np.nan),
    "inf": lambda n: np.full(n, np.inf),
    "minus inf": lambda n: np.full(n, -np.inf),
    "huge": lambda n: np.full(n, 1e308) * np.where(np.arange(n) % 2, 1, -1),
    "tiny": lambda n: np.full(n, 5e-324),
    "noise": lambda n: RNG.normal(size=n),
    "falls": lambda n: np.exp(-np.arange(n) / 5.0),
    "explodes": lambda n: np.exp(np.minimum(np.arange(n) * 3.0, 700.0)),
    "rare peaks": lambda n: np.where(np.arange(n) % 7 == 3, 5.0, 0.01),
    "dies": lambda n: np.where(np.arange(n) < n // 2, 1.0 + np.arange(n), 0.0),
    "gaps": lambda n: np.where(np.arange(n) % 3, np.nan, 1.0 + np.arange(n)),
    "ends in nan": lambda n: np.where(np.arange(n) < n // 2, 1.0, np.nan),
    "ends in inf": lambda n: np.where(np.arange(n) < n - 2, RNG.random(n), np.inf),
    "one value": lambda n: np.where(np.arange(n) == n // 2, 1.0, np.nan),
    "jump to zero": lambda n: np.where(np.arange(n) < n // 2, 2.0, 0.0),
}


def crashes(curves: dict[str, tuple[np.ndarray, Floats]], notes: tuple[Note, ...] = ()) -> dict[str, str]:
    run = Run("test", Path("test"), "test", Columns.from_curves(curves), notes=notes)
    return {
        outcome.condition: outcome.why for outcome in judge(run, detectors()).outcomes if outcome.outcome == "crashed"
    }


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("n", [1, 2, 3, 5, 12, 60])
def test_every_curve_alike(kind: str, n: int) -> None:
    step = np.arange(n, dtype=np.int64)
    assert not crashes({tag: (step, MAKERS[kind](n)) for tag in TAGS})


@pytest.mark.parametrize("seed", range(25))
def test_curves_of_many_kinds_and_unequal_lengths(seed: int) -> None:
    rng = np.random.default_rng(seed)
    curves = {}
    for tag in TAGS:
        if rng.random() < 0.3:
            continue
        n = int(rng.choice([0, 1, 2, 4, 9, 25, 80]))
        every = int(rng.choice([1, 7, 1000]))
        curves[tag] = (np.arange(n, dtype=np.int64) * every, MAKERS[rng.choice(list(MAKERS))](n))
    assert not crashes(curves)


@pytest.mark.parametrize("kind", MAKERS)
def test_steps_that_repeat_and_go_back(kind: str) -> None:
    for step in (np.zeros(40, np.int64), np.repeat(np.arange(20), 2), np.append(np.arange(25), np.arange(10, 25))):
        assert not crashes({tag: (step.astype(np.int64), MAKERS[kind](40)) for tag in TAGS})


def test_no_curves_at_all() -> None:
    assert not crashes({})
    assert not crashes({}, (Note("crash", "line 1: Killed"), Note("truncated", "ends inside record 7", "f")))
