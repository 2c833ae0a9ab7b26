"""The order of remedies: what the curves show of the cause decides which comes first, and the run has one number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from loglens.analysis.judge import judge
from loglens.model.finding import Remedy
from loglens.registry import load as registry
from tests.curves import Floats, falling, level, run

N = 300


def remedies(curves: Mapping[str, Floats], params: Mapping[str, object] | None = None) -> list[list[Remedy]]:
    """The remedies of each finding that is a warning or an error, as ranked."""
    return [
        list(one.remedies)
        for one in judge(run(curves, params=params), registry.detectors()).findings
        if one.severity > 0
    ]


def first(curves: Mapping[str, Floats], params: Mapping[str, object] | None = None) -> Remedy:
    return remedies(curves, params)[0][0]


def broken(at: int, to: float = 40.0) -> Floats:
    """A loss that is lost for good at a point."""
    loss = falling(N)
    loss[at:] = level(N - at, to, 0.05)
    return loss


def test_a_jump_of_the_rate_before_a_divergence_is_its_cause() -> None:
    lr = np.full(N, 1e-3)
    lr[150:] = 0.2
    remedy = first({"loss": broken(152), "lr": lr})
    assert (remedy.action, remedy.params) == ("fix_schedule", {"kind": "no_jump"})
    assert first({"loss": broken(152), "lr": np.full(N, 1e-3)}).action != "fix_schedule"


def test_a_rate_that_grows_to_the_end_is_held() -> None:
    remedy = first({"loss": broken(150), "lr": np.geomspace(1e-3, 5.0, N)})
    assert (remedy.action, remedy.params) == ("fix_schedule", {"kind": "hold"})


@pytest.mark.parametrize("rate", [1e-6, 1e-5])
def test_a_rate_far_too_low_is_raised_by_what_is_missing(rate: float) -> None:
    line = np.linspace(2.3, 2.29, N) * level(N, 1.0, 5e-5)
    remedy = first({"loss": line, "lr": np.full(N, rate)})
    assert remedy.action == "scale_lr"
    assert 1e-3 <= rate * float(remedy.params["factor"]) <= 0.1


def test_fine_tuning_is_not_raised_to_a_rate_for_training_from_scratch() -> None:
    line = np.linspace(2.3, 2.2, N) * level(N, 1.0, 1e-3)
    remedy = first({"loss": line, "lr": np.full(N, 1e-6)}, {"model_name_or_path": "bert-base-uncased"})
    assert remedy.action == "scale_lr"
    assert 1e-6 * float(remedy.params["factor"]) <= 1e-3


def test_no_rate_is_raised_where_it_is_far_too_high() -> None:
    curves = {"loss": level(N, 2.3, 0.1), "lr": np.full(N, 0.6)}
    for advice in remedies(curves):
        assert all(float(one.params["factor"]) < 1 for one in advice if one.action == "scale_lr")
    assert first(curves).action == "scale_lr"
    assert 1e-3 <= 0.6 * float(first(curves).params["factor"]) <= 0.06


def test_the_optimizer_decides_what_is_usual() -> None:
    curves = {"loss": level(N, 2.3, 0.1), "lr": np.full(N, 0.6)}
    adam = first(curves, {"optimizer": "Adam"})
    assert 0.6 * float(adam.params["factor"]) == pytest.approx(1e-3, rel=0.1)
    sgd = first(curves, {"optimizer": "SGD"})
    assert 0.6 * float(sgd.params["factor"]) > 0.01


def test_evaluations_that_repeat_to_the_digit_point_to_the_optimizer() -> None:
    curves = {"loss": level(N, 2.31, 0.02), "val_loss": np.full(N, 2.308127)}
    assert first(curves).action == "check_optimizer_step"
    curves["val_loss"] = level(N, 2.308127, 0.002)
    assert first(curves).action != "check_optimizer_step"


def test_a_training_loss_that_falls_alone_points_to_the_labels() -> None:
    curves = {
        "loss": np.linspace(2.31, 2.26, N) * level(N, 1, 0.002),
        "val_loss": np.linspace(2.30, 2.32, N) * level(N, 1, 0.001),
        "lr": np.full(N, 2e-3),
    }
    assert first(curves).action == "check_labels"


def test_weights_that_grow_steadily_point_to_their_decay() -> None:
    curves = {"loss": broken(200), "weight_norm": 10 * np.exp(np.arange(N) * 3 / N), "lr": np.full(N, 1e-2)}
    assert first(curves).action == "fix_weight_decay"


def test_weights_that_wither_point_to_their_decay() -> None:
    curves = {"loss": level(N, 2.303, 0.002), "weight_norm": 10 * np.exp(-np.arange(N) * 4 / N)}
    assert first(curves | {"lr": np.full(N, 2e-3)}).action == "fix_weight_decay"


def test_a_rate_that_ends_early_is_to_decay_later() -> None:
    lr = np.full(N, 1e-3)
    lr[60:] = 1e-7
    loss = np.r_[falling(60, floor=1.2, noise=0.01), level(N - 60, 1.2, 0.01)]
    remedy = first({"loss": loss, "lr": lr})
    assert (remedy.action, remedy.params) == ("fix_schedule", {"kind": "later_decay"})


def test_equal_actions_have_one_number_in_a_run() -> None:
    loss = broken(150)
    loss[220:] = np.nan
    grad = level(N, 1.0, 0.1)
    grad[148:] = np.geomspace(2, 1e6, N - 148)
    for action in ("scale_lr", "clip_grad_norm"):
        advice = remedies({"loss": loss, "grad_norm": grad, "lr": np.full(N, 1e-2)})
        said = {str(dict(one.params)) for found in advice for one in found if one.action == action}
        assert len(said) == 1, action


def test_a_pretrained_model_is_not_initialised_again() -> None:
    curves = {"loss": level(N, 2.303, 0.002)} | {f"grad_norm/layer{k}": np.full(N, 10.0 ** (k - 6)) for k in range(6)}
    scratch = {one.action for found in remedies(curves) for one in found}
    assert scratch & {"change_init", "change_activation"}
    tuned = {one.action for found in remedies(curves, {"pretrained": "yes"}) for one in found}
    assert not tuned & {"change_init", "change_activation", "add_normalization"}


def test_a_finding_that_rests_on_the_outcome_has_remedies_as_well() -> None:
    climb = np.r_[np.linspace(0.1, 0.6, 60), np.tile([0.1, 0.1, 0.6, 0.6], 30)]
    found = [one for one in judge(run({"val_accuracy": climb}), registry.detectors()).findings if one.severity > 0]
    assert found
    assert all(one.remedies for one in found)


def test_swings_point_to_the_order_of_the_data() -> None:
    swinging = np.exp(np.sin(np.arange(N) * 2 * np.pi / 25)) * level(N, 1.0, 0.02)
    remedy = first({"loss": swinging, "zero_fraction/fc1": np.full(N, 0.99), "lr": np.full(N, 1e-3)})
    assert remedy.action == "fix_input_pipeline"


def test_a_loss_that_grows_slowly_to_no_end_points_to_a_decay() -> None:
    loss = np.r_[falling(100, floor=0.5), 0.5 * np.exp(0.05 * np.arange(N - 100))]
    assert first({"loss": loss, "lr": np.full(N, 1e-3)}).action == "fix_weight_decay"
    overshot = np.r_[falling(100, floor=0.5), level(N - 100, 50.0, 0.3)]
    assert first({"loss": overshot, "lr": np.full(N, 1e-3)}).action != "fix_weight_decay"


def test_a_loss_that_broke_before_it_was_nan_is_not_a_matter_of_data() -> None:
    loss = falling(N, noise=0.02)
    loss[200:206] = np.geomspace(5, 1e6, 6)
    loss[206:] = np.nan
    assert first({"loss": loss}).action not in ("clean_data", "add_eps")
    loss[200:206] = loss[199]
    assert first({"loss": loss}).action == "clean_data"


def test_no_clip_is_taken_from_norms_that_are_the_fault() -> None:
    loss = np.r_[np.geomspace(2, 1e6, 20), np.full(N - 20, np.nan)]
    curves = {"loss": loss, "grad_norm": np.r_[np.geomspace(1e3, 1e9, 20), np.full(N - 20, np.nan)]}
    clips = [one for found in remedies(curves) for one in found if one.action == "clip_grad_norm"]
    assert clips
    assert all(float(one.params["max_norm"]) <= 1 for one in clips)


def test_a_run_that_breaks_in_its_warmup_continues_at_a_rate_that_still_trained() -> None:
    lr = np.minimum(np.arange(1, N + 1) / 150, 1) * 0.3
    remedy = next(one for one in remedies({"loss": broken(60), "lr": lr})[0] if one.action == "scale_lr")
    assert 0.3 * float(remedy.params["factor"]) < lr[60]


def test_a_rate_that_has_fallen_since_is_no_measure_of_what_trains() -> None:
    lr = 3.0 * (1 + np.cos(np.linspace(0, np.pi, N))) / 2
    curves = {"loss": level(N, 2.3, 0.2), "zero_fraction/fc1": np.r_[np.full(200, 0.5), np.full(100, 0.99)], "lr": lr}
    rate = next(one for found in remedies(curves) for one in found if one.action == "scale_lr")
    assert 3.0 * float(rate.params["factor"]) <= 0.1


def test_a_warmup_that_passed_all_usual_rates_is_no_measure_either() -> None:
    lr = np.minimum(np.arange(1, N + 1) / 50, 1) * 15.0
    rate = first({"loss": level(N, 2.3, 0.2), "zero_fraction/fc1": np.r_[np.full(9, 0.5), np.full(291, 1.0)], "lr": lr})
    assert rate.action == "scale_lr"
    assert 15.0 * float(rate.params["factor"]) <= 0.1


def test_a_first_layer_that_is_saturated_alone_points_to_its_inputs() -> None:
    full, free = np.full(N, 0.95), np.full(N, 0.05)
    loss = falling(N, start=2.3, floor=1.5, noise=0.01)
    inputs = {"loss": loss, "saturation/fc1": full, "saturation/fc2": free, "saturation/fc3": free}
    assert first(inputs).action == "clean_data"
    assert first(inputs | {"saturation/fc2": full, "saturation/fc3": full}).action == "change_init"


def test_gradients_that_grow_beside_a_loss_that_falls_are_no_decay_of_the_wrong_sign() -> None:
    grad = np.exp(np.log(20) * np.arange(N) / N) * level(N, 1.0, 0.05)
    advice = remedies({"loss": falling(N), "grad_norm": grad, "lr": np.full(N, 1e-3)})
    assert all(found[0].action != "fix_weight_decay" for found in advice)


def growing_gradient() -> dict[str, Floats]:
    """A gradient that doubles every 14 steps from step 150 on, and a loss that is lost soon after."""
    grad = level(N, 1.0, 0.05)
    grad[150:] *= 2 ** (np.arange(N - 150) / 14)
    return {"loss": broken(155), "grad_norm": grad, "lr": np.full(N, 1e-3)}


def test_slow_growth_in_a_recurrent_net_is_clipped_first() -> None:
    plain = growing_gradient()
    assert first(plain).action == "fix_weight_decay"
    assert first(plain, {"cell": "RNN"}).action == "clip_grad_norm"
    layers = {f"grad_norm/rnn.weight_hh_l{at}": plain["grad_norm"] for at in range(2)}
    assert first(plain | layers).action == "clip_grad_norm"


def test_weights_that_keep_their_size_are_not_driven_by_their_decay() -> None:
    kept = growing_gradient() | {"weight_norm": np.linspace(4.5, 5.0, N)}
    assert first(kept).action != "fix_weight_decay"
    grown = growing_gradient() | {"weight_norm": 4.5 * 2 ** (np.arange(N) / 60)}
    assert first(grown).action == "fix_weight_decay"


@pytest.mark.parametrize("limit", [0.01, 1.0])
def test_a_run_that_is_always_clipped_is_not_told_to_clip(limit: float) -> None:
    grad = np.exp(np.log(20) * np.arange(N) / N) * level(N, 1.0, 0.02)
    cut = {"grad_norm": grad, "clip_fraction": np.ones(N), "grad_norm_clipped": np.full(N, limit)}
    found = judge(run({"loss": falling(N), "lr": np.full(N, 0.03), **cut}), registry.detectors()).findings
    assert {one.condition for one in found} >= {"clipping-always-active", "exploding-gradient"}
    assert not any(one.action == "clip_grad_norm" for each in found for one in each.remedies)


def test_a_loss_that_is_nan_now_and_then_points_to_batches_even_where_the_loss_scale_collapses() -> None:
    scale = np.r_[np.full(100, 65536.0), 65536.0 * 0.5 ** np.arange(N - 100)]
    loss = falling(N)
    curves = {"loss_scale": scale, "lr": np.full(N, 1e-3)}
    assert first({"loss": loss, **curves}).action == "use_bf16"
    loss[105::7] = np.nan
    assert first({"loss": loss, **curves}).action == "clean_data"


@pytest.mark.parametrize("evaluations", [10, 30, 100])
def test_a_loss_that_settles_near_its_start_points_to_the_labels_and_not_to_the_rate(evaluations: int) -> None:
    curves = {"loss": level(N, 2.0, 0.02), "lr": np.full(N, 5e-3)}
    settled = level(evaluations, 2.0, 0.005)
    assert first(curves | {"val/loss": settled}).action == "check_labels"
    came_down = settled + np.where(np.arange(evaluations) < 1, 0.1, 0.0)
    assert first(curves | {"val/loss": came_down}).action == "check_labels"
    crawls = np.linspace(2.0, 1.98, evaluations)
    assert first(curves | {"val/loss": crawls}).action == "scale_lr"
    decayed = np.geomspace(5e-3, 5e-8, N)  # the rate may be what stopped it
    assert first(curves | {"val/loss": settled, "lr": decayed}).action != "check_labels"


def test_updates_that_overflow_from_the_start_point_to_the_precision() -> None:
    scale = 65536.0 * 0.5 ** np.minimum(np.arange(N), 60)
    curves = {"loss": level(N, 2.3, 0.01), "loss_scale": scale, "lr": np.full(N, 1e-3), "val/loss": np.full(30, 2.3)}
    assert {advice[0].action for advice in remedies(curves)} == {"use_bf16"}


def test_a_start_far_above_guessing_comes_before_a_rate() -> None:
    loss = level(N, 1.386, 0.02)
    loss[0] = 7.0
    warmup = 0.05 * np.minimum(np.arange(N) + 1, 20) / 20
    curves = {"train/loss": loss, "val/accuracy": level(30, 0.25, 0.02), "lr": warmup}
    assert first(curves, {"num_classes": 4}).action == "change_init"
    assert first(curves | {"train/loss": level(N, 1.386, 0.02)}, {"num_classes": 4}).action != "change_init"


def test_a_loss_that_stands_still_with_dead_units_is_treated_for_those() -> None:
    dead = np.where(np.arange(N) < 5, 0.5, 1.0)
    curves = {"loss": level(N, 1.386, 0.02), "val/accuracy": level(30, 0.25, 0.02), "lr": np.full(N, 0.05)}
    remedy = first(curves | {"zero_fraction/act1": level(N, 0.6), "zero_fraction/act2": dead})
    assert (remedy.action, float(remedy.params["factor"]) < 1) == ("scale_lr", True)
