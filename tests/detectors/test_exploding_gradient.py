"""The four signs of an exploding gradient, and the healthy curves that look like them."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.analysis.judge import judge
from loglens.model.finding import Confidence, Severity
from loglens.model.reported_finding import ReportedFinding
from loglens.registry.load import detectors
from tests.curves import falling, growing, level, run

RULE = {"exploding-gradient": detectors()["exploding-gradient"]}


def findings(curves: dict[str, np.ndarray], **params: object) -> list[ReportedFinding]:
    return list(judge(run(curves, params=params), RULE).findings)


def complaints(curves: dict[str, np.ndarray]) -> list[ReportedFinding]:
    return [found for found in findings(curves) if found.severity > Severity.NOTE]


def test_growth_from_a_known_step_at_a_known_rate() -> None:
    loss = falling(400)
    loss[300:] *= np.exp(0.02 * np.arange(100))
    (found,) = findings({"loss": loss, "grad_norm": growing(400, 300, 0.1, at=0.8)})
    assert found.severity is Severity.ERROR and found.confidence is Confidence.HIGH
    assert found.onset_step is not None and 295 <= found.onset_step <= 315
    assert found.evidence["growth_per_step"] == pytest.approx(np.exp(0.1), rel=0.01)
    assert found.evidence["doubling_steps"] == pytest.approx(np.log(2) / 0.1, rel=0.05)
    # 0.8 e^(0.1 t) = 3.4e38 at t = 890 after step 300
    assert found.evidence["overflow_step"] == pytest.approx(300 + np.log(3.4e38 / 0.8) / 0.1, rel=0.02)
    assert found.evidence["ratio_above_one"] > 0.6


def test_growth_without_a_reacting_loss_is_a_warning() -> None:
    (found,) = findings({"loss": falling(400), "grad_norm": growing(400, 300, 0.1)})
    assert found.severity is Severity.WARNING


def test_an_explosion_that_wore_out_before_the_end() -> None:
    """Units that the explosion killed pass small gradients again; the loss stays where it was thrown."""
    grad = np.concatenate([growing(200, 100, 0.08), level(200, 0.1)])
    loss = np.concatenate([falling(400)[:150], level(250, 9.0)])
    (found,) = findings({"loss": loss, "grad_norm": grad})
    assert found.severity is Severity.ERROR and found.onset_step is not None and 95 <= found.onset_step <= 125
    assert not complaints({"loss": falling(400), "grad_norm": grad}), (
        "a loss that continues falling has nothing to answer"
    )


def test_clip_is_the_90th_percentile_of_the_healthy_part() -> None:
    grad = growing(400, 300, 0.1, at=0.8)
    (found,) = findings({"loss": falling(400), "grad_norm": grad})
    clip = found.remedies[0]
    assert clip.action == "clip_grad_norm"
    assert clip.params["max_norm"] == pytest.approx(np.percentile(grad[:300], 90), rel=0.06)
    assert str(clip.params["max_norm"]) in clip.snippets["pytorch"]


def test_a_jump_that_the_loss_answers() -> None:
    loss, grad = falling(400), level(400, 0.5, 0.2)
    loss[250:] = level(150, 8.0, 0.1)
    grad[249:255] = 60
    (found,) = findings({"loss": loss, "grad_norm": grad})
    assert found.severity is Severity.ERROR and found.onset_step == 249


def test_a_jump_of_both_at_one_step_has_its_cause_elsewhere() -> None:
    loss, grad = falling(400), level(400, 0.5, 0.2)
    loss[250:] = level(150, 8.0, 0.1)
    grad[250:255] = 60
    assert not complaints({"loss": loss, "grad_norm": grad})


def test_a_jump_that_the_loss_recovers_from_is_no_explosion() -> None:
    loss, grad = falling(400), level(400, 0.5, 0.2)
    loss[250:260] = 8.0
    grad[250:255] = 60
    assert not complaints({"loss": loss, "grad_norm": grad})


def test_growth_over_depth_with_a_poor_loss() -> None:
    norms = {f"grad_norm/layers.{i}.weight": level(100, 0.01 * 3.0 ** (9 - i)) for i in range(10)}
    (found,) = complaints({"loss": level(100, 2.3), **norms})
    assert found.evidence["depth_ratio"] == pytest.approx(3.0**9, rel=0.1)


def test_layers_that_differ_without_order_are_no_growth_over_depth() -> None:
    norms = {f"grad_norm/layers.{i}.weight": level(100, 100.0 if i % 2 else 1.0) for i in range(10)}
    assert not complaints({"loss": falling(100, floor=0.01), **norms})


def test_an_explosion_from_the_start() -> None:
    grad = 200 + 4e4 * np.exp(-np.arange(300) / 5)
    loss = level(300, 6.0, 0.2) + 300 * np.exp(-np.arange(300) / 3)
    (found,) = findings({"loss": loss, "grad_norm": grad})
    assert found.severity is Severity.WARNING and found.onset_step is None
    assert found.remedies[0].action == "change_init"


def test_large_norms_of_a_loss_that_converges_are_healthy() -> None:
    grad = level(300, 200.0, 0.1)
    assert not complaints({"loss": falling(300, floor=0.01), "grad_norm": grad})


def test_norms_above_one_are_a_note_with_the_classic_advice() -> None:
    (found,) = findings({"loss": falling(300, start=9, floor=3), "grad_norm": level(300, 2.5, 0.1)})
    assert found.severity is Severity.NOTE
    assert found.remedies[0].action == "clip_grad_norm"


@pytest.mark.parametrize("seed", range(20))
def test_healthy_norms_are_silent(seed: int) -> None:
    grad = level(500, 0.6, 0.5, seed) * (1 + 2 * np.linspace(0, 1, 500))  # rises threefold, as many do
    assert not complaints({"loss": falling(500, seed=seed), "grad_norm": grad})


def test_a_gated_cell_is_recommended_to_a_plain_rnn_and_not_to_an_lstm() -> None:
    curves = {"loss": falling(400), "grad_norm": growing(400, 300, 0.1)}

    def actions(layer: str) -> list[str]:
        (found,) = findings(curves | {f"grad_norm/{layer}": level(400, 0.1)})
        return [remedy.action for remedy in found.remedies]

    assert "replace_cell" in actions("rnn.weight_hh_l0")
    assert "replace_cell" not in actions("lstm.weight_hh_l0")


def test_too_few_points_are_skipped_with_the_number() -> None:
    outcome, *_ = judge(run({"loss": falling(400), "grad_norm": level(7, 1.0)}), RULE).outcomes
    assert outcome.outcome == "skipped" and "has 7" in outcome.why


def test_no_gradient_norm_says_how_to_log_one() -> None:
    outcome, *_ = judge(run({"loss": falling(400)}), RULE).outcomes
    assert outcome.outcome == "skipped" and "clip_grad_norm_" in outcome.why


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("n", [200, 480, 2000])
def test_an_explosion_that_the_loss_recovers_from_is_a_warning(n: int, unit: float) -> None:
    t = np.arange(n) / n
    grad = level(n, 1.0, 0.2) * 10.0 ** (18 * np.clip(np.minimum((t - 0.3) / 0.2, (0.7 - t) / 0.2), 0, 1))
    hurt = 1 + 0.3 * np.clip(np.minimum((t - 0.35) / 0.1, (0.7 - t) / 0.1), 0, 1)
    loss = unit * level(n, 4.5, 0.01) * hurt * np.where(t > 0.7, np.exp(-1.2 * (t - 0.7) / 0.3), 1.0)
    (found,) = complaints({"loss": loss, "grad_norm": grad})
    assert found.severity is Severity.WARNING and "recovers" in found.message
    assert found.onset_step == pytest.approx(0.3 * n, abs=0.05 * n)
    assert not complaints({"loss": loss / hurt, "grad_norm": grad}), "the loss does not answer"


def test_norms_that_rise_while_the_loss_falls_did_no_harm_then() -> None:
    """What makes the loss diverge much later is not the slow growth that it learned under."""
    loss = np.append(falling(300, floor=0.3), level(100, 2.0, 0.02))
    grad = np.append(np.geomspace(0.1, 3.0, 300) * level(300, 1.0, 0.1), level(100, 0.1, 0.1))
    assert not complaints({"loss": loss, "grad_norm": grad})


def test_a_classifier_that_begins_far_above_guessing() -> None:
    loss = 8 + 5e4 * np.exp(-np.arange(400) / 12)
    curves = {"loss": loss, "grad_norm": 600 + 2e5 * np.exp(-np.arange(400) / 30)}
    assert complaints(curves | {"val_acc": np.linspace(0.05, 0.6, 40)})
    solved = {"loss": np.geomspace(300, 0.5, 400), "grad_norm": level(400, 40.0, 0.1)}  # summed over a batch
    assert not complaints(solved | {"val_acc": np.linspace(0.05, 0.99, 40)})


@pytest.mark.parametrize("n", [30, 300])
@pytest.mark.parametrize("norm", [80.0, 400.0])
def test_a_high_norm_that_falls_with_the_loss_is_no_explosion(n: int, norm: float) -> None:
    """A summed loss that comes down sixfold, with a norm that comes down as far and stays above ten."""
    curves = {"loss": falling(n, 30, 5, 0.05), "grad_norm": falling(n, norm, 20, 0.2)}
    assert not complaints(curves)


@pytest.mark.parametrize("tag", ["train_nll", "lm loss"])
@pytest.mark.parametrize("start", [400.0, 4e4])
def test_a_cross_entropy_that_begins_beyond_any_guess(tag: str, start: float) -> None:
    """No number of classes costs 400 nats to guess among; its name says that it is a cross entropy."""
    curves = {tag: np.geomspace(start, 3, 200), "grad_norm": falling(200, 1e5, 2e3, 0.1)}
    assert complaints(curves)
    assert not complaints({"train_nll": falling(200, 4.6, 0.9, 0.05), "grad_norm": falling(200, 3.0, 0.4, 0.1)})


def test_a_classifier_with_a_loss_of_a_million_and_more() -> None:
    accuracy = np.linspace(0.2, 0.5, 50)
    curves = {"loss": np.geomspace(1e15, 6e13, 50), "grad_norm": np.geomspace(9e15, 6e14, 50)}
    assert complaints(curves | {"val_accuracy": accuracy})
    assert not complaints({"loss": curves["loss"], "grad_norm": curves["grad_norm"] / 10, "val_r2": accuracy})


@pytest.mark.parametrize("unit", [1.0, 1e3])
@pytest.mark.parametrize("n", [60, 400])
@pytest.mark.parametrize("height", [20.0, 300.0])
def test_norms_that_are_large_from_start_to_end_are_large_by_nature(n: int, unit: float, height: float) -> None:
    loss = unit * falling(n, start=1.5, floor=1.05, noise=0.02)  # a fine-tune: it comes down by a third
    assert not complaints({"loss": loss, "grad_norm": unit * level(n, height, 0.3)})


@pytest.mark.parametrize("n", [60, 400])
def test_norms_that_go_with_the_root_of_a_squared_error_are_no_explosion_unless_beyond_any_unit(n: int) -> None:
    loss = falling(n, start=5e4, floor=4e3, noise=0.02)
    assert not complaints({"loss": loss, "grad_norm": 400 * np.sqrt(loss)})
    (found,) = complaints({"loss": loss, "grad_norm": 3e3 * np.sqrt(loss)})
    assert "explodes from the start" in found.message, "no unit makes outputs so steep"
    far = falling(n, start=5e9, floor=300, noise=0.02)
    assert not complaints({"loss": far, "grad_norm": 50 * np.sqrt(far)})
    (found,) = complaints({"loss": far, "grad_norm": 1e6 * np.sqrt(far)})
    assert [one.action for one in found.remedies[:2]] == ["change_init", "clip_grad_norm"]
    assert found.remedies[1].params == {"max_norm": 1.0}, "no norm of this run is healthy"


@pytest.mark.parametrize("n", [60, 400])
def test_norms_that_come_down_with_a_loss_that_began_too_high_exploded(n: int) -> None:
    loss = falling(n, start=370, floor=90, noise=0.05)
    (found,) = complaints({"loss": loss, "grad_norm": 100 * loss * (loss / loss[0])})
    assert "explodes from the start" in found.message


@pytest.mark.parametrize("n", [60, 200, 800])
@pytest.mark.parametrize("end", [30.0, 300.0])
def test_norms_that_grow_with_the_reward_are_a_note(n: int, end: float) -> None:
    """The loss of values grows with the returns: the reward outweighs it."""
    t = np.linspace(0, 1, n)
    reward = 20 + 600 / (1 + np.exp(-(t - 0.4) / 0.1)) + 20 * np.random.default_rng(n).normal(size=n)
    grad = level(n, 1.0, 0.2) * end ** ((reward.clip(0) / 620) ** 0.5)
    curves = {"train/loss": level(n, 2.0, 0.05) * (1 + t), "train/grad_norm": grad, "rollout/ep_rew_mean": reward}
    assert not complaints(curves)
    lost = np.where(t < 0.5, reward, 20.0)
    assert complaints(curves | {"rollout/ep_rew_mean": lost, "train/grad_norm": level(n, 1.0, 0.2) * end**t})


@pytest.mark.parametrize("n", [200, 800])
def test_norms_that_grow_while_the_held_out_metric_keeps_its_gain_are_a_note(n: int) -> None:
    t = np.linspace(0, 1, n)
    grad = level(n, 2.0, 0.3) * (1 + 40 * t**1.5)
    curves = {"train/loss": falling(n, floor=0.02), "train/grad_norm": grad, "val/accuracy": 0.9 - 0.7 * np.exp(-8 * t)}
    assert not complaints(curves)
    vast = level(n, 2.0, 0.3) * 10 ** (8 * np.maximum(t - 0.4, 0))
    assert complaints(curves | {"train/grad_norm": vast}), "more than a thousandfold is no matter of scale"


@pytest.mark.parametrize("noise", [0.01, 0.2])
@pytest.mark.parametrize("n", [14, 18, 30])
def test_growth_within_a_short_log(n: int, noise: float) -> None:
    late = np.maximum(np.arange(n) / (n - 1) - 0.6, 0) / 0.4
    curves = {"loss": falling(n) * 10**late, "grad_norm": level(n, 0.5, noise) * 1e4**late}
    assert findings(curves)
    assert not findings({"loss": falling(n), "grad_norm": 3 * falling(n, noise=noise)})


def test_growth_within_a_log_that_is_too_short_is_skipped() -> None:
    outcome, *_ = judge(run({"loss": falling(12), "grad_norm": level(12, 0.5)}), RULE).outcomes
    assert outcome.outcome == "skipped" and "12 were logged" in outcome.why
