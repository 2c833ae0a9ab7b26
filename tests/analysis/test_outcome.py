"""How a run went: curves of known truth, in several tasks, noises, lengths and units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loglens.analysis.outcome.judge_outcome import judge_outcome
from loglens.analysis.outcome.unexplained import unexplained
from loglens.model.finding import Confidence, Finding, Severity
from loglens.model.outcome import STATES, RunOutcome
from loglens.model.report import Report
from loglens.model.series import Series
from loglens.model.source import Note
from loglens.registry import load
from loglens.registry.load import detectors
from loglens.stats.running_average import is_climbing_average
from tests.golden import example

LENGTHS = (8, 12, 30, 100, 1_000, 10_000)
#: Standard deviation of a point, as a share of its level.
NOISES = (0.01, 0.05, 0.2, 0.5)
SEEDS = range(5)


def curve(value: object, role: str = "loss", split: str = "val", tag: str | None = None, first: int = 0) -> Series:
    array = np.asarray(value, dtype=np.float64)
    step = np.arange(first, first + len(array))
    return Series(tag or f"{split}/{role}", step, array, np.full(len(array), np.nan), role=role, split=split)


def noisy(level: np.ndarray, noise: float, seed: int) -> np.ndarray:
    return level * np.exp(noise * np.random.default_rng(seed).standard_normal(len(level)))


def falling(n: int, start: float = 1.0, floor: float = 0.1) -> np.ndarray:
    return floor + (start - floor) * np.exp(-np.linspace(0, 6, n))


def back_up(n: int, start: float = 1.0) -> np.ndarray:
    """Falls to a tenth and rises to its start again in the last third."""
    x = np.linspace(0, 1, n)
    return np.where(x < 0.6, falling(n, start), start * np.minimum(1, 0.1 + (x - 0.6) * 4.5))


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("n", LENGTHS)
def test_a_sick_run_is_no_success_and_a_healthy_one_is_no_finding(n: int, noise: float) -> None:
    for seed in SEEDS:
        scale = 10.0 ** np.random.default_rng(seed).integers(-3, 6)
        healthy = [curve(scale * noisy(falling(n), noise, seed))]
        assert noise > 0.05 or not unexplained(judge_outcome(healthy), [], healthy)
        for sick in (np.ones(n), back_up(n)) if noise <= 0.05 else ():
            outcome = judge_outcome([curve(scale * noisy(sick, noise, seed))])
            assert not outcome.success, (seed, outcome)


@pytest.mark.parametrize("noise", [0.2, 0.5])
@pytest.mark.parametrize("n", [8, 30, 300])
def test_noise_alone_is_seldom_a_finding_and_seldom_a_success(n: int, noise: float) -> None:
    healthy = [[curve(noisy(falling(n, 1.0, 0.4), noise, seed))] for seed in range(100)]
    assert sum(bool(unexplained(judge_outcome(curves), [], curves)) for curves in healthy) <= 5
    flat = [[curve(noisy(np.ones(n), noise, seed))] for seed in range(100)]
    assert sum(judge_outcome(curves).success for curves in flat) <= 3


@pytest.mark.parametrize("noise", [0.01, 0.05])
@pytest.mark.parametrize("n", LENGTHS)
def test_a_healthy_run_is_a_success(n: int, noise: float) -> None:
    for seed in SEEDS:
        assert judge_outcome([curve(noisy(falling(n), noise, seed))]).success
        accuracy = 1 - noisy(falling(n, 0.9, 0.2), noise / 4, seed)
        assert judge_outcome([curve(accuracy, "metric_higher"), curve(100 * accuracy, "metric_higher")]).success


def test_a_loss_that_comes_back_up_is_lost_and_dated() -> None:
    curves = [curve(noisy(back_up(300), 0.02, 1))]
    outcome = judge_outcome(curves)
    found = unexplained(outcome, [], curves)
    assert found is not None
    name, finding = found
    assert outcome.state == "lost" and name == "divergence"
    assert finding.onset_step is not None and 180 <= finding.onset_step <= 260


def test_a_metric_outweighs_a_loss_that_it_contradicts() -> None:
    loss = curve(1.0 + falling(100) * 0.2 + np.linspace(0, 0.1, 100), split="train")
    rising = curve(np.linspace(1, 10, 100), split="train")
    accuracy = curve(1 - falling(20, 0.9, 0.1), "metric_higher")
    outcome = judge_outcome([rising, accuracy])
    assert outcome.success and "yet train/loss" in outcome.why
    assert outcome.tags == ("val/metric_higher", "train/loss")
    assert judge_outcome([loss, accuracy]).success


@pytest.mark.parametrize("n", [10, 40, 400])
def test_a_score_that_starts_high_and_still_gains_outweighs_a_loss_that_rises(n: int) -> None:
    """A tagger is at 0.9 after its first epoch and ends at 0.94, while its test loss is half way back up."""
    x = np.linspace(0, 1, n)
    loss = np.where(x < 0.2, 0.18 - 0.4 * x, 0.1 + 0.06 * np.minimum(1, 2 * (x - 0.2)))
    gains, stays = 0.94 - 0.04 * np.exp(-6 * x), np.full(n, 0.9)
    assert judge_outcome([curve(loss), curve(gains, "metric_higher")]).state in ("learned", "unclear")
    assert judge_outcome([curve(loss), curve(stays, "metric_higher")]).state == "lost"


def test_a_little_gain_is_never_a_success() -> None:
    outcome = judge_outcome([curve(falling(200, 1.0, 0.95), split="train")])
    assert outcome.state == "little" and not unexplained(outcome, [], [curve(falling(200, 1.0, 0.95))])


@pytest.mark.parametrize("n", [60, 160, 400])
def test_an_average_over_episodes_wanders_without_learning(n: int) -> None:
    """The mean length of the last 100 episodes: of a policy that never changes, and of one that learns."""
    successes, learned = 0, 0
    for seed in range(20):
        g = np.random.default_rng(seed)
        total = np.cumsum(np.concatenate([[0.0], 9 + g.exponential(13, 4 * n)]))
        end = np.arange(4, 4 * n + 1, 4)
        begin = np.maximum(0, end - 100)
        mean = (total[end] - total[begin]) / (end - begin)
        successes += judge_outcome([curve(mean, "rl_reward", "train")]).success
        learned += judge_outcome([curve(mean * np.linspace(1, 8, n), "rl_reward", "train")]).success
    assert successes <= 3 and learned == 20  # of 20; where the start was taken as known, 4 to 7


@pytest.mark.parametrize("n", [30, 100, 1000])
@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_a_likelihood_that_blows_up_is_lost_however_wild_it_is_then(n: int, scale: float) -> None:
    """From -0.6 to -2.3, and from the middle on a few thousand, up and down: the end is no noise of the start."""
    g, half = np.random.default_rng(n), n // 2
    calm = -2.3 + 1.7 * np.exp(-np.linspace(0, 5, half)) + 0.02 * g.normal(size=half)
    curves = [curve(scale * np.concatenate([calm, 1e4 * g.lognormal(0, 1, n - half)]))]
    outcome = judge_outcome(curves)
    assert outcome.state == "lost"
    name, finding = unexplained(outcome, [], curves) or ("", None)
    assert name == "divergence" and finding is not None and finding.severity is Severity.ERROR


def test_swings_to_the_end_are_unstable() -> None:
    value = np.where(np.arange(60) % 12 < 6, 0.2, 0.9)
    value[:6] = np.linspace(1, 0.9, 6)
    curves = [curve(value)]
    found = unexplained(judge_outcome(curves), [], curves)
    assert found is not None
    name, finding = found
    assert name == "unstable-training" and finding.severity is Severity.WARNING


@pytest.mark.parametrize("n", [12, 25, 60])
@pytest.mark.parametrize("starts_high", [False, True])
def test_an_accuracy_that_goes_up_and_down_to_the_end_is_unstable(n: int, starts_high: bool) -> None:
    up = (np.arange(n) + starts_high) % 4 < 2
    curves = [curve(np.where(up, 0.8, 0.2), role="metric_higher", split="val", tag="val_accuracy")]
    found = unexplained(judge_outcome(curves), [], curves)
    assert found is not None and found[0] == "unstable-training"


@pytest.mark.parametrize("n", [14, 40, 200])
def test_swings_that_end_below_half_of_what_was_gained_are_an_error(n: int) -> None:
    """An accuracy comes and goes, and is gone at the end: that is no mere oscillation."""
    x = np.linspace(0, 1, n)
    value = np.where(x < 0.5, np.minimum(0.6, 1.5 * x), 0.35 + 0.25 * np.sign(np.sin(8 * np.pi * (x - 0.5))))
    low, high = np.where(x > 0.9, 0.15, value), np.where(x > 0.9, 0.6, value)
    warned = [(detectors()["oscillation"].rule, Finding("the loss bounces", Severity.WARNING, Confidence.MEDIUM))]
    ends_low, ends_high = ([curve(end, "metric_higher")] for end in (low, high))
    name, finding = unexplained(judge_outcome(ends_low), warned, ends_low) or ("", None)
    assert finding is not None and finding.severity is Severity.ERROR, name
    assert unexplained(judge_outcome(ends_high), warned, ends_high) is None


def test_noise_of_a_small_validation_set_is_not_unstable() -> None:
    for seed in range(30):
        noisy = np.linspace(0.3, 0.85, 20) + 0.05 * np.random.default_rng(seed).normal(size=20)
        assert judge_outcome([curve(noisy, role="metric_higher", split="val", tag="val_f1")]).state != "unstable"


@pytest.mark.parametrize("n", [10, 60])
def test_a_metric_at_its_worst_is_stuck_though_the_loss_of_rare_events_falls(n: int) -> None:
    precision = 0.025 + 0.003 * np.random.default_rng(n).normal(size=n)
    loss = np.geomspace(0.78, 0.06, n)
    curves = [
        curve(precision, role="metric_higher", split="val", tag="val/mean_average_precision"),
        curve(loss, split="val", tag="val/loss"),
    ]
    found = unexplained(judge_outcome(curves), [], curves)
    assert found is not None and found[0] == "metric-stuck"


def test_nothing_is_said_twice() -> None:
    curves = [curve(noisy(back_up(300), 0.02, 1))]
    rules, said = load.detectors(), Finding("", Severity.WARNING, Confidence.HIGH)
    assert unexplained(judge_outcome(curves), [(rules["divergence"].rule, said)], curves) is None
    assert unexplained(judge_outcome(curves), [(rules["lr-too-high"].rule, said)], curves)


def test_what_is_not_finite_at_the_end_broke() -> None:
    value = falling(50)
    value[-5:] = np.nan
    assert judge_outcome([curve(value)]).state == "broke"
    assert judge_outcome([curve(falling(50))], [Note("failed", "out of memory")]).state == "broke"


def test_a_resumed_tail_has_no_start_to_judge_by() -> None:
    curves = [curve(noisy(np.ones(500), 0.02, 0), split="train", first=100_000)]
    outcome = judge_outcome(curves)
    assert outcome.state == "unclear" and "100,000" in outcome.why and not unexplained(outcome, [], curves)


def test_an_average_that_begins_at_zero_is_no_loss_that_rises() -> None:
    n = np.arange(1, 401)
    average = noisy(2.0 * (1 - 0.98**n), 0.001, 0)
    average[0] = 0.0
    assert is_climbing_average(average) and not is_climbing_average(np.exp(n / 50.0))
    assert judge_outcome([curve(average, split="train")]).state == "unclear"


@pytest.mark.parametrize("seed", range(20))
def test_losses_of_single_samples_that_happen_to_start_low_are_no_average(seed: int) -> None:
    loss = falling(1000, 1.4, 0.35) * np.random.default_rng(seed).gamma(0.8, 1.25, 1000)
    assert not is_climbing_average(np.append(0.01, loss))


@pytest.mark.parametrize("role", ["loss", "metric_higher", "metric_lower", "rl_reward", "rl_return", "rl_success"])
@pytest.mark.parametrize(
    "value",
    [[], [1.0], [0.0] * 50, [np.nan] * 20, [np.inf] * 20, [1e308, -1e308] * 20, [1.0, np.nan, 2.0, 3.0]],
)
def test_any_curve_has_an_outcome(role: str, value: list[float]) -> None:
    with np.errstate(all="ignore"):
        outcome = judge_outcome([curve(value, role)])
    assert outcome.state in STATES and not outcome.success and outcome.why


@pytest.mark.parametrize(("state", "required", "free"), [("learned", 0, 0), ("little", 3, 0), ("unclear", 3, 0)])
def test_a_run_that_is_not_healthy_ends_with_3_where_health_is_required(state: str, required: int, free: int) -> None:
    report = Report((replace(example.healthy(), outcome=RunOutcome(state)),), ())
    assert report.exit_code == free and replace(report, require_healthy=True).exit_code == required
    assert report.runs[0].verdict == ("healthy" if state == "learned" else "unclear")


@pytest.mark.parametrize(
    ("note", "broke"),
    [
        (Note("crash", "line 9: RuntimeError: CUDA out of memory"), True),
        (Note("failed", "the process ended with exit code 1"), True),
        (Note("crash", "line 9: RuntimeError: CUDA out of memory; training went on after it"), False),
        (Note("crash", "line 9: KeyboardInterrupt"), False),
        (Note("failed", "the process ended with exit code 143"), False),
    ],
)
def test_an_error_at_the_end_breaks_a_run_and_being_stopped_does_not(note: Note, broke: bool) -> None:
    outcome = judge_outcome([curve(falling(100))], [note])
    assert (outcome.state == "broke") is broke and outcome.success is not broke


def test_preference_training_is_recognised_by_its_pairs_and_keeps_its_loss() -> None:
    pairs = [
        curve(np.linspace(0, 2, 100), "rl_reward", "train", "rewards/chosen"),
        curve(np.linspace(0, -2, 100), "rl_reward", "train", "rewards/rejected"),
    ]
    assert judge_outcome([curve(falling(100)), *pairs]).tags == ("val/loss",)
    assert judge_outcome([curve(falling(100)), pairs[0]]).tags == ("rewards/chosen",)


@pytest.mark.parametrize("n", [5, 8, 40])
def test_a_validation_loss_above_its_first_value_throughout_takes_a_success_back(n: int) -> None:
    accuracy = curve(np.linspace(0.02, 0.3, n), "metric_higher")
    above = curve(np.concatenate([[3.4], noisy(np.full(n - 1, 4.2), 0.03, 1)]))
    assert judge_outcome([accuracy, above]).state == "unclear"
    below = curve(np.concatenate([[3.4], noisy(np.full(n - 1, 3.1), 0.01, 1)]))
    assert judge_outcome([accuracy, below]).state != "unclear"


@pytest.mark.parametrize("n", [20, 60, 150])
@pytest.mark.parametrize(("last", "severe"), [(0.01, True), (0.7, False)])
def test_what_swings_to_the_end_is_an_error_where_its_last_evaluation_is_bad(n: int, last: float, severe: bool) -> None:
    """An accuracy that falls from 0.7 to 0.01 at every fourth evaluation."""
    for seed in SEEDS:
        value = noisy(np.where(np.arange(n) % 4 == 3, 0.01, 0.7), 0.02, seed)
        value[0], value[-4:-1], value[-1] = 0.01, 0.7, last
        curves = [curve(value, "metric_higher")]
        failure = unexplained(judge_outcome(curves), [], curves)
        assert failure is not None and failure[0] == "unstable-training"
        assert (failure[1].severity is Severity.ERROR) is severe


@pytest.mark.parametrize("noise", [0.002, 0.02])
@pytest.mark.parametrize("n", [12, 40, 400])
@pytest.mark.parametrize("split", ["val", "train"])
def test_a_loss_that_falls_faster_and_faster_has_not_learned_yet(n: int, noise: float, split: str) -> None:
    """From 2.3 to 0.8 with the cube of time, as under a warmup of the whole run; in an exponential; and to 0.02."""
    x = np.linspace(0, 1, n)
    for seed in SEEDS:
        on_its_way = curve(noisy(2.3 - 1.5 * x**3, noise, seed), split=split)
        assert judge_outcome([on_its_way]).state == "unclear"
        bends = curve(noisy(0.8 + 1.5 * np.exp(-5 * x), noise, seed), split=split)
        arrives = curve(noisy(2.3 - 2.28 * x**3, noise, seed), split=split)
        assert all(
            judge_outcome([one]).state != "unclear" for one in ([arrives] if split == "train" else (bends, arrives))
        )


@pytest.mark.parametrize("n", [12, 40, 400])
def test_an_accuracy_that_rises_faster_and_faster_has_not_learned_yet(n: int) -> None:
    x = np.linspace(0, 1, n)
    assert judge_outcome([curve(0.1 + 0.7 * x**2, "metric_higher", tag="val/accuracy")]).state == "unclear"
    assert judge_outcome([curve(0.1 + 0.7 * x**0.5, "metric_higher", tag="val/accuracy")]).state == "learning"


@pytest.mark.parametrize("unit", [1.0, 1e4])
@pytest.mark.parametrize("n", [20, 100, 1_000])
def test_a_training_loss_alone_that_stands_still_early_shows_no_success(n: int, unit: float) -> None:
    x = np.linspace(0, 1, n)
    for seed in SEEDS:
        stands = noisy(unit * (0.6 + 0.4 * np.exp(-60 * x)), 0.02, seed)
        assert judge_outcome([curve(stands, split="train")]).state == "unclear"
        at_minimum = curve(np.exp(-10 * x), "grad_norm_global", "train")
        assert judge_outcome([curve(stands, split="train"), at_minimum]).success
        assert judge_outcome([curve(stands)]).success
        assert judge_outcome([curve(noisy(unit * (0.2 + 0.8 * np.exp(-60 * x)), 0.02, seed), split="train")]).success
        falls_on = noisy(unit * (0.3 + 0.7 * np.exp(-4 * x)), 0.02, seed)
        assert judge_outcome([curve(falls_on, split="train")]).state in ("learned", "learning")
        near_zero = noisy(unit * (0.01 + 0.99 * np.exp(-60 * x)), 0.02, seed)
        assert judge_outcome([curve(near_zero, split="train")]).success


@pytest.mark.parametrize("n", [12, 40, 400])
@pytest.mark.parametrize("classes", [2, 6, 10])
def test_falling_from_a_burst_to_guessing_is_little(n: int, classes: int) -> None:
    x = np.linspace(0, 1, n)
    for seed in SEEDS:
        burst = np.log(classes) * (1 + 0.6 * np.exp(-15 * x))
        assert judge_outcome([curve(noisy(burst, 0.001, seed))]).state == "little"
        below = np.log(classes) * (0.8 + 0.8 * np.exp(-15 * x))
        assert judge_outcome([curve(noisy(below, 0.001, seed))]).state in ("learned", "learning")


@pytest.mark.parametrize("unit", [1.0, 1e4])
@pytest.mark.parametrize("n", [10, 20, 60])
def test_a_blow_up_that_ends_far_above_the_start_is_lost(n: int, unit: float) -> None:
    """Falls to a third in the first third, jumps to 100 times its start, and comes down to three times its start."""
    k = max(4, n // 3)
    for seed in SEEDS:
        value = np.concatenate([np.geomspace(1, 0.3, k), 3 + 100 * np.exp(-1.5 * np.arange(n - k))])
        assert judge_outcome([curve(unit * noisy(value, 0.1, seed))]).state == "lost"
        assert judge_outcome([curve(unit * noisy(np.full(n, 1.0), 0.2, seed))]).state != "lost"


def test_a_class_that_is_never_measured_breaks_nothing() -> None:
    value = 0.8 * (1 - np.exp(-6 * np.arange(30) / 30))
    rising = curve(value, "metric_higher", tag="val/mIoU")
    absent = curve(np.full(30, np.nan), "metric_higher", tag="val/IoU_bus")
    assert judge_outcome([rising, absent]).success
    assert judge_outcome([absent]).state == "broke"
    ends = curve(np.append(value[:-3], [np.nan] * 3), "metric_higher", tag="val/IoU_car")
    assert judge_outcome([rising, ends]).state == "broke"
