"""A run after earlier runs of its recipe: whether the change helped, and what to try next."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from loglens.analysis.follow_up import follow_up, partner
from loglens.analysis.judge import judge
from loglens.model.finding import Remedy
from loglens.model.report import Diagnosis
from loglens.registry import load as registry
from loglens.remedies.second_try import Trial, key, next_factor, without
from tests.curves import Floats, falling, level, run

N = 300


def diagnosed(rate: float, loss: Floats, **more: Floats) -> Diagnosis:
    return judge(run({"loss": loss, "lr": np.full(len(loss), rate), **more}), registry.detectors())


def bouncing(rate: float = 0.9) -> Diagnosis:
    return diagnosed(rate, level(N, 2.3, 0.1))


def crawling(rate: float = 1e-5) -> Diagnosis:
    return diagnosed(rate, np.linspace(2.3, 2.29, N) * level(N, 1.0, 5e-5))


def factor(found: Diagnosis) -> float:
    """That of the first remedy, which is a learning rate."""
    remedy = next(one.remedies[0] for one in found.findings if one.severity > 0)
    assert remedy.action == "scale_lr"
    return float(remedy.params["factor"])


def test_between_too_high_and_too_low_lies_the_geometric_mean() -> None:
    high, low = bouncing(0.9), crawling(1e-5)
    assert 1e-5 * factor(follow_up(low, [high])) == pytest.approx(math.sqrt(0.9 * 1e-5), rel=0.05)
    assert 0.9 * factor(follow_up(high, [low])) == pytest.approx(math.sqrt(0.9 * 1e-5), rel=0.05)


def test_what_is_still_too_high_goes_down_by_more_than_before() -> None:
    assert factor(follow_up(bouncing(0.3), [bouncing(0.9)])) <= 0.3 / 0.9


@pytest.mark.parametrize("truth", [1e-4, 3e-3, 0.05])
@pytest.mark.parametrize("begin", [1e-6, 1e-5, 1.0, 3.0])
def test_two_points_close_in_on_the_right_rate(truth: float, begin: float) -> None:
    trials, rate = [Trial(begin, 1 if begin > truth else -1)], begin * (1e-3 if begin > truth else 1e3)
    for _ in range(12):
        if 0.5 < rate / truth < 2:
            break
        now = Trial(rate, 1 if rate > truth else -1)
        rate *= next_factor(now, trials) or (0.1 if now.direction > 0 else 10)
        trials.append(now)
    assert 0.5 <= rate / truth <= 2


def test_rates_that_are_not_known_tell_nothing() -> None:
    assert next_factor(Trial(None, 1), [Trial(0.1, -1)]) is None
    assert next_factor(Trial(0.1, 0), [Trial(1.0, 1)]) is None


def test_a_remedy_that_was_tried_does_not_come_first_again() -> None:
    grads = {f"grad_norm/layer{k}": np.full(N, 10.0 ** (2 * k - 12)) for k in range(7)}
    stuck = judge(run({"loss": level(N, 2.303, 0.002), **grads}), registry.detectors())
    first = stuck.findings[0].remedies[0]
    again = follow_up(stuck, [stuck]).findings[0].remedies
    assert first.action in {one.action for one in again}
    assert (again[0].action, again[0].params) != (first.action, first.params)


def test_the_note_says_whether_it_helped() -> None:
    broken = np.r_[falling(150), np.full(150, np.nan)]
    fine = diagnosed(1e-3, falling(N))
    helped = follow_up(fine, [diagnosed(1e-2, broken)]).notes[0]
    assert helped.kind == "after"
    assert helped.message.endswith("it helped")
    assert "gone: nan-loss" in helped.message
    assert "0.001 instead of 0.01" in helped.message
    assert follow_up(diagnosed(1e-2, broken), [fine]).notes[0].message.endswith("it made it worse")
    assert follow_up(fine, [fine]).notes[0].message.endswith("it changed little")


def test_without_an_earlier_run_nothing_changes() -> None:
    found = bouncing()
    assert follow_up(found, []) is found


def test_a_predecessor_has_the_same_name_or_is_the_only_one() -> None:
    one, other = replace(bouncing(), run="a"), replace(crawling(), run="b")
    assert partner(replace(one, run="b"), [one, other]) is other
    assert partner(replace(one, run="c"), [one]) is one
    assert partner(replace(one, run="c"), [one, other]) is None


def broken(rate: float | None, at: int = 150) -> Diagnosis:
    """A run that is lost for good at a step. rate: None where it was not logged."""
    loss = np.r_[falling(at), level(N - at, 40.0, 0.05)]
    return diagnosed(rate, loss) if rate is not None else judge(run({"loss": loss}), registry.detectors())


def actions(found: Diagnosis) -> list[str]:
    return [one.action for one in found.findings[0].remedies]


def test_a_run_that_breaks_at_the_same_step_at_a_lower_rate_broke_by_what_is_there() -> None:
    assert actions(broken(None))[0] in ("scale_lr", "clip_grad_norm")
    assert actions(follow_up(broken(None), [broken(None)]))[:2] == ["fix_schedule", "clean_data"]
    assert actions(follow_up(broken(None, 260), [broken(None)]))[0] not in ("fix_schedule", "clean_data")


def test_a_rerun_that_still_learns_continues() -> None:
    line = np.linspace(2.3, 0.9, N) * level(N, 1.0, 0.005)
    found = follow_up(diagnosed(1e-3, line), [crawling()])
    assert (found.outcome.state, actions(found)) == ("learning", ["train_longer"])
    assert 1.5 <= float(found.findings[0].remedies[0].params["factor"]) <= 4
    assert not found.findings[0].severity
    longer = diagnosed(1e-5, np.linspace(2.3, 2.29, 2 * N) * level(2 * N, 1.0, 5e-5))
    assert not follow_up(diagnosed(1e-3, line), [longer]).findings, "stopped early, on purpose"
    assert not follow_up(diagnosed(1e-3, line), [longer, crawling()]).findings
    done = follow_up(diagnosed(1e-3, np.r_[falling(200), level(100, 0.2, 0.05)]), [crawling()])
    assert not any(one.action == "train_longer" for each in done.findings for one in each.remedies)


def test_a_higher_rate_that_got_a_little_further_is_followed_by_a_higher_one() -> None:
    stuck = diagnosed(1e-3, level(N, 2.303, 0.0005))
    little = replace(stuck, outcome=replace(stuck.outcome, state="little"))
    now = replace(little, curves=diagnosed(1e-2, level(N, 2.303, 0.0005)).curves)
    assert stuck.outcome.state == "stuck"
    assert factor(follow_up(now, [stuck])) == pytest.approx(100, rel=0.1)


def test_a_rate_after_which_a_run_levels_off_alike_is_not_the_cause() -> None:
    def poor(rate: float) -> Diagnosis:
        found = diagnosed(rate, falling(N, 2.3, 1.2), val_loss=falling(N, 2.3, 1.2, seed=1))
        return replace(found, findings=crawling(rate).findings[:1])

    again = follow_up(poor(3e-3), [poor(1e-3)])
    assert actions(poor(3e-3))[0] == "scale_lr"
    assert actions(again)[-1] == "scale_lr"
    assert actions(follow_up(poor(3e-3), [poor(1e-3), poor(3e-3)]))[0] != "scale_lr"


def test_what_was_tried_in_vain_is_not_tried_twice_though_it_could_be() -> None:
    advice = [Remedy("increase_capacity", {"factor": 4.0}, ""), Remedy("train_longer", {"factor": 2.0}, "")]
    tried = {key(advice[0])}
    assert without(advice, tried, set()) == advice
    assert without(advice, tried, tried) == advice[::-1]


def test_what_an_earlier_rerun_was_told_to_try_is_tried() -> None:
    alone = broken(None)
    again = follow_up(alone, [alone])
    third = follow_up(alone, [alone, alone])
    assert actions(again)[0] == "fix_schedule"
    assert actions(third)[0] == "clean_data"
    assert actions(third)[-1] in (actions(alone)[0], "fix_schedule")


def test_a_limit_that_was_widened_is_not_made_narrow_again() -> None:
    grad = np.exp(np.log(20) * np.arange(N) / N) * level(N, 1.0, 0.02)
    cut = diagnosed(0.03, level(N, 2.3), grad_norm=level(N, 0.3), clip_fraction=np.ones(N))
    wide = diagnosed(0.03, falling(N), grad_norm=grad)
    assert actions(cut)[0] == "set_clip"
    assert actions(wide)[0] == "clip_grad_norm"
    (growing,) = [one for one in follow_up(wide, [cut]).findings if one.condition == "exploding-gradient"]
    assert "clip_grad_norm" not in [one.action for one in growing.remedies]


def test_what_breaks_at_the_same_step_at_another_rate_is_no_matter_of_the_rate() -> None:
    assert actions(follow_up(broken(1e-3, 150), [broken(3e-3, 150)]))[:2] == ["clean_data", "fix_schedule"]
    assert actions(follow_up(broken(1e-3, 250), [broken(3e-3, 150)]))[0] == "scale_lr"
