"""Schedules, time, memory, evaluation, the end of a run: the fault, and what only looks like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loglens.analysis.judge import judge
from loglens.model.columns import Columns
from loglens.model.finding import Finding, Severity
from loglens.model.run import Run
from loglens.registry.load import detectors
from tests.curves import Floats, falling, level, run, steps
from tests.detectors.test_other_rules import findings, skipped


def judged(rule: str, what: Run) -> list[Finding]:
    return list(judge(what, {rule: detectors()[rule]}).findings)


def timed(seconds: Floats) -> Run:
    """A loss whose points are so many seconds apart."""
    n = len(seconds)
    none = np.zeros(n, np.int32)
    return Run("t", Path("t"), "test", Columns(("loss",), none, steps(n), 1e9 + np.cumsum(seconds), falling(n), none))


# time and memory --------------------------------------------------------------------------------


def test_single_steps_that_take_a_share_of_the_time() -> None:
    slow = level(400, 0.1, 0.05)
    slow[50::40] = 3.0
    (found,) = findings("step-time-outliers", {"step_time": slow})
    assert found.severity is Severity.NOTE and found.evidence["outliers"] == 9
    assert found.evidence["share_of_time"] == pytest.approx(9 * 2.9 / (9 * 3 + 371 * 0.1), rel=0.05)


def test_noise_two_regimes_and_a_slow_start_are_no_outliers() -> None:
    start = level(400, 0.1, 0.05)
    start[0] = 60.0
    for calm in (level(400, 0.1, 0.4), start, np.append(level(300, 0.1, 0.05), level(100, 0.5, 0.05))):
        assert not findings("step-time-outliers", {"step_time": calm})


def test_a_run_that_stands_still() -> None:
    gaps = np.full(100, 10.0)
    gaps[60] = 7200.0
    (found,) = judged("step-time-outliers", timed(gaps))
    assert (found.onset_step, found.end_step, found.evidence["seconds"]) == (59, 60, 7200.0)
    gaps[60] = 1200.0  # shorter than SageMaker's half an hour
    assert not judged("step-time-outliers", timed(gaps))
    assert not judged("step-time-outliers", timed(np.full(100, 3600.0)))  # one point an hour


def test_waiting_for_data() -> None:
    wait, step = level(100, 0.4, 0.1), level(100, 0.5, 0.05)
    (found,) = findings("data-loader-bound", {"data_time": wait, "batch_time": step})
    assert found.evidence["share"] == pytest.approx(0.8, rel=0.05)
    assert not findings("data-loader-bound", {"data_time": wait / 5, "batch_time": step})
    beside = findings("data-loader-bound", {"data_time": 2 * wait, "batch_time": step})  # 0.8 beside 0.5
    assert beside[0].evidence["share"] == pytest.approx(0.8 / 1.3, rel=0.05)
    first = wait / 40
    first[0] = 30.0  # the first batch, as everywhere
    assert not findings("data-loader-bound", {"data_time": first, "batch_time": step})
    rl = {"sample_time": wait, "time_this_iter_s": step, "episode_reward_mean": level(100, 5.0)}
    assert not findings("data-loader-bound", rl)


def test_workers_that_deliver_together_are_waited_for_once_in_a_while() -> None:
    wait, step = np.full(200, 0.001), level(200, 0.05, 0.1)
    wait[::4] = 0.4  # three of four steps wait for nothing
    (found,) = findings("data-loader-bound", {"data_time": wait, "batch_time": step + wait})
    assert found.evidence["share"] == pytest.approx(0.403 / (0.403 + 4 * 0.05), rel=0.02)
    wait[::4] = 0.05
    assert not findings("data-loader-bound", {"data_time": wait, "batch_time": step + wait})


def test_a_wait_that_is_within_the_step_time_is_told_from_one_beside_it() -> None:
    wait = level(200, 0.07, 0.2)
    within = {"data_time": wait, "batch_time": wait + level(200, 0.05, 0.1, seed=1)}
    assert findings("data-loader-bound", within)[0].evidence["share"] == pytest.approx(0.07 / 0.12, rel=0.05)
    assert not findings("data-loader-bound", {"data_time": wait, "batch_time": level(200, 0.12, 0.1, seed=1)})


def test_memory_that_is_never_given_back() -> None:
    (found,) = findings("gpu-memory-growth", {"gpu_mem_mb": np.linspace(1000, 3000, 200)})
    assert found.severity is Severity.WARNING and found.remedies[0].action == "fix_input_pipeline"


@pytest.mark.parametrize(
    "memory",
    [
        np.maximum.accumulate(level(200, 1000, 0.2)),  # a peak creeps up
        1000 + 3000 * (1 - np.exp(-np.arange(200) / 25)),  # a cache fills
        level(200, 1500) + np.asarray(100 * np.sin(np.arange(200) / 30), np.float64),  # wanders
        np.append(np.full(100, 1000.0), np.full(100, 1800.0)),  # one jump
    ],
    ids=["peak", "cache", "wander", "jump"],
)
def test_memory_that_only_looks_like_a_leak(memory: Floats) -> None:
    assert not findings("gpu-memory-growth", {"gpu_mem_mb": memory})


# learning rate ----------------------------------------------------------------------------------


def keys(curve: Floats, params: dict[str, object] | None = None) -> list[str]:
    return [found.key for found in judged("lr-schedule", run({"lr": curve}, params=params))]


def test_a_rate_of_zero() -> None:
    rate = np.full(100, 0.1)
    rate[40:] = 0
    assert keys(rate) == ["zero"] and keys(np.zeros(100)) == ["zero"]
    assert not keys(0.1 * (1 + np.cos(np.linspace(0, np.pi, 100))))  # zero at its end
    assert not keys(0.1 * np.minimum(np.arange(100) / 50, 1))  # zero at its start


def test_a_rate_that_is_restarted() -> None:
    waves = 0.05 * (1.001 + np.cos(np.pi * (np.arange(300) % 100) / 100))
    (found,) = judged("lr-schedule", run({"lr": waves}))
    assert found.key == "restart" and found.evidence["steps"] == [100, 200]
    assert not keys(np.append(np.linspace(1e-6, 1e-3, 50), np.linspace(1e-3, 1e-5, 250)))  # warmup and decay


def test_a_rate_that_is_not_restored() -> None:
    cosine = 0.05 * (1.01 + np.cos(np.linspace(0, np.pi, 100)))
    step, value = np.append(np.arange(90), np.arange(80, 100)), np.append(cosine[:90], cosine[:20])
    resumed = Run("r", Path("r"), "test", Columns.from_curves({"lr": (step, value), "loss": (step, falling(110))}))
    (found,) = judged("lr-schedule", resumed)
    assert (found.key, found.onset_step) == ("reset", 80)
    restored = Columns.from_curves({"lr": (step, np.append(cosine[:90], cosine[80:])), "loss": (step, falling(110))})
    assert not judged("lr-schedule", Run("r", Path("r"), "test", restored))


def test_a_schedule_that_is_never_stepped() -> None:
    assert keys(np.full(100, 0.1), {"lr_scheduler_type": "cosine"}) == ["constant"]
    assert not keys(np.full(100, 0.1), {"lr_scheduler_type": "constant"})
    assert not keys(np.linspace(0.1, 0.01, 100), {"lr_scheduler_type": "linear"})


# validation -------------------------------------------------------------------------------------


def test_validation_below_training_all_through() -> None:
    loss = falling(200, floor=1.0)
    (found,) = findings("validation-below-training", {"train_loss": loss, "val_loss": 0.7 * loss})
    assert found.severity is Severity.NOTE
    assert not findings("validation-below-training", {"train_loss": loss, "val_loss": 0.95 * loss})
    fast = np.exp(-np.arange(40) / 4.0)  # falls by a fifth from one evaluation to the next
    assert not findings("validation-below-training", {"train_loss": fast, "val_loss": 0.95 * fast})


def test_a_best_checkpoint_before_the_end() -> None:
    rising = falling(100, floor=1.0, noise=0.003)
    rising[60:] *= np.linspace(1, 1.12, 40)
    (found,) = findings("missed-early-stop", {"val_loss": rising})
    assert found.onset_step == pytest.approx(60, abs=8) and found.remedies[0].action == "early_stop"
    assert not findings("missed-early-stop", {"val_loss": falling(100, floor=1.0, noise=0.05)})
    steep = np.append(
        np.geomspace(2.0, 0.5, 8), [0.31, 0.33, 0.36, 0.35, 0.36, 0.36, 0.35, 0.36, 0.37, 0.37, 0.38, 0.38]
    )
    assert findings("missed-early-stop", {"val_loss": steep})  # the bend of its descent is no noise
    stopped = level(100, 1.0, 0.05)
    stopped[30:] = 1.03  # the weights move no more, and the loss repeats
    assert not findings("missed-early-stop", {"val_loss": stopped})
    rising[60:] *= np.linspace(1, 1.5, 40)  # for the rule of overfitting to name
    assert not findings("missed-early-stop", {"val_loss": rising})


# the beginning and the end ----------------------------------------------------------------------


def test_a_first_loss_far_above_guessing() -> None:
    high = run({"train_loss": falling(200, start=9.0)}, params={"num_classes": 10})
    (found,) = judged("poor-initial-loss", high)
    assert found.evidence["chance"] == pytest.approx(np.log(10)) and found.severity is Severity.NOTE
    assert not judged("poor-initial-loss", run({"train_loss": falling(200)}, params={"num_classes": 10}))
    assert "how many classes" in skipped("poor-initial-loss", {"train_loss": falling(200, start=9.0)})
    brief, blown = np.full(400, 0.5), np.full(400, 0.5)
    brief[:3], blown[:6] = [6.0, 3.0, 1.5], [2.3, 2.3, 17.0, 25.0, 18.0, 9.0]
    assert judged("poor-initial-loss", run({"train_loss": brief}, params={"num_classes": 10}))
    assert not judged("poor-initial-loss", run({"train_loss": blown}, params={"num_classes": 10}))  # by the updates
    other = run({"train_loss": falling(200, start=9.0)}, params={"num_classes": 10, "criterion": "MSELoss()"})
    assert not judged("poor-initial-loss", other)


def test_a_run_that_ends_before_its_plan() -> None:
    loss = {"loss": falling(50), "epoch": np.arange(50.0)}
    (found,) = judged("ended-early", run(loss, params={"max_epochs": 100}))
    assert found.severity is Severity.NOTE and found.evidence["reached"] == 50
    assert not judged("ended-early", run(loss, params={"max_epochs": 50}))
    assert judged("ended-early", run({"loss": falling(50)}, params={"max_steps": 1000, "global_step": 500}))
    # fifty rows of a run that logs every twentieth step say nothing of its length
    assert not judged("ended-early", run({"loss": falling(50)}, params={"max_steps": 1000}))
    assert not judged("ended-early", run(loss, params={"max_epochs": -1, "scheduler/max_epochs": 400}))


def test_a_metric_that_no_one_computes() -> None:
    curves = {"train_loss": falling(50), "val_loss": falling(50), "val_acc": np.linspace(0, 1, 50)}
    assert judged("missing-metric", run(curves, params={"monitor": "val_f1"}))
    assert not judged("missing-metric", run(curves, params={"monitor": "val/acc", "eval_strategy": "steps"}))
    assert not judged("missing-metric", run(curves, params={"metric_for_best_model": "loss"}))
    assert judged("missing-metric", run({"loss": falling(50)}, params={"eval_strategy": "IntervalStrategy.STEPS"}))
    assert not judged("missing-metric", run({"loss": falling(50)}, params={"eval_strategy": "no"}))
    assert findings("missing-metric", {"loss": falling(50), "val_acc": np.full(9, np.nan)})


# weights, logits, precision ---------------------------------------------------------------------


def test_updates_out_of_proportion() -> None:
    loss = {"loss": falling(200)}
    assert findings("update-ratio", loss | {"update_ratio": level(200, 0.3, 0.2)})
    assert findings("update-ratio", loss | {"update_norm": level(200, 1e-6), "weight_norm": level(200, 10.0)})
    assert not findings("update-ratio", loss | {"update_norm": level(200, 1e-2), "weight_norm": level(200, 10.0)})
    assert not findings("update-ratio", loss | {"update_ratio": np.geomspace(1e-2, 1e-5, 200)})  # a decaying rate
    assert "that of the weights" in skipped("update-ratio", loss | {"update_norm": level(200, 1e-6)})


def test_logits_that_grow_without_bound() -> None:
    growth = np.geomspace(5, 800, 200)
    assert findings("logit-growth", {"loss": falling(200), "attn/max_logits": growth})
    settles = 5 + 300 * (1 - np.exp(-np.arange(200) / 20))
    assert not findings("logit-growth", {"loss": falling(200), "attn/max_logits": settles})
    assert not findings("logit-growth", {"loss": falling(200), "attn/max_logits": growth / 20})  # small to the end
    assert findings("logit-growth", {"loss": falling(200), "train/z_loss": growth / 1e6})


def test_updates_that_are_skipped() -> None:
    flags = (np.arange(200) % 4 == 0).astype(float)
    (found,) = findings("skipped-updates", {"loss": falling(200), "found_inf": flags})
    assert found.evidence["share"] == pytest.approx(0.25, abs=0.01)
    total = {"loss": falling(200), "skipped_steps": np.cumsum(flags)}
    assert findings("skipped-updates", total)[0].evidence["share"] == pytest.approx(0.25, abs=0.01)
    rare = np.zeros(200)
    rare[[0, 1, 2, 3, 100]] = 1  # the scale finds its level, and grows once
    assert not findings("skipped-updates", {"loss": falling(200), "found_inf": rare})


# extended rules ---------------------------------------------------------------------------------


def test_a_layer_without_gradient_does_not_learn() -> None:
    curves = {f"grad_norm/fc.{i}.weight": level(50, 0.3, 0.3, seed=i) for i in range(4)}
    assert not findings("unchanged-weights", curves)
    curves["grad_norm/fc.0.weight"] = np.zeros(50)
    (found,) = findings("unchanged-weights", curves)
    assert found.evidence["layers"] == ["fc.0.weight"]
    curves["grad_norm/fc.1.weight"] = np.full(50, 1e-30)  # then fc.0 underflows
    assert not findings("unchanged-weights", curves)


@pytest.mark.parametrize(("length", "kind"), [(6, "recovering"), (120, "lingering"), (200, "fatal")])
def test_a_spike_has_a_class(length: int, kind: str) -> None:
    loss = falling(400, floor=1.0)
    loss[200 : 200 + length] *= 5
    (found,) = findings("loss-spike", {"loss": loss})
    assert found.evidence["class"] == kind
    assert found.severity is (Severity.ERROR if kind == "fatal" else Severity.WARNING)


def test_a_warmup_that_is_run_anew_after_a_resume_and_restarts_that_are_declared() -> None:
    again = 0.05 * np.minimum(1, np.arange(1, 101) / 8) * (1.01 + np.cos(np.linspace(0, np.pi, 100)))
    step, value = np.append(np.arange(90), np.arange(80, 100)), np.append(again[:90], again[:20])
    resumed = Run("r", Path("r"), "test", Columns.from_curves({"lr": (step, value), "loss": (step, falling(110))}))
    assert [found.key for found in judged("lr-schedule", resumed)] == ["reset"]
    early = np.append(np.arange(5), np.arange(3, 100))  # a resume within the warmup
    warm = Columns.from_curves({"lr": (early, again[early]), "loss": (early, falling(102))})
    assert not judged("lr-schedule", Run("r", Path("r"), "test", warm))
    waves = 0.05 * (1.001 + np.cos(np.pi * (np.arange(300) % 100) / 100))
    assert not keys(waves, {"lr_scheduler_type": "cosine_with_restarts"}) and keys(
        waves, {"lr_scheduler_type": "cosine"}
    )
