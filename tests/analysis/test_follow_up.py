"""A run after earlier runs of its recipe: whether the change helped, and what to try next."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from loglens.analysis.follow_up import follow_up, partner
from loglens.analysis.judge import judge
from loglens.model.report import Diagnosis
from loglens.registry import load as registry
from loglens.remedies.second_try import Trial, next_factor
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
