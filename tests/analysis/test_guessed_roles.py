"""A role that was guessed lowers the confidence of what rests on it, and a perplexity is judged as a loss."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.analysis.judge import judge
from loglens.config.load import Config
from loglens.model.finding import Confidence
from loglens.model.report import Diagnosis
from loglens.registry.load import detectors
from tests.curves import Floats, falling, level, run


def judged(curves: dict[str, Floats], **roles: str) -> Diagnosis:
    return judge(run(curves), detectors(), Config(roles=roles))


def rising_again(n: int = 400) -> Floats:
    """A loss that falls to a fifth, and from half of the run on rises above its start."""
    value = falling(n, noise=0.02)
    value[n // 2 :] *= np.geomspace(1, 60, n - n // 2)
    return value


def test_what_rests_on_a_guessed_loss_is_less_sure() -> None:
    curve = rising_again()
    guessed = {f.condition: f for f in judged({"mse": curve}).findings}
    named = {f.condition: f for f in judged({"mse": curve}, mse="loss").findings}
    assert guessed.keys() == named.keys() and "divergence" in named
    for name, finding in named.items():
        assert guessed[name].confidence == max(finding.confidence - 1, Confidence.LOW), name
        assert guessed[name].severity == finding.severity


def test_what_rests_on_other_curves_is_as_sure_as_ever() -> None:
    loss = falling(400)
    loss[200:] = np.nan
    curves = {"train/loss": loss} | {f"debug/upd/fc.{i}": level(400, 1e-3, seed=i) for i in range(4)}
    (finding,) = (f for f in judged(curves).findings if f.condition == "nan-loss")
    assert finding.confidence is Confidence.HIGH


@pytest.mark.parametrize("start", [9.0, 4.0])
@pytest.mark.parametrize("n", [40, 400])
def test_a_perplexity_alone_is_judged_by_its_logarithm(start: float, n: int) -> None:
    loss = falling(n, start=start, floor=2.0, noise=0.01)
    done = judged({"train_ppl": np.exp(loss)})
    assigned = {(part.tag, part.role) for part in done.curve_roles}
    assert assigned == {("log(train_ppl)", "loss"), ("train_ppl", "metric_lower")}
    assert done.lead is not None and np.allclose(done.lead.value, loss)
    assert done.verdict == "healthy"


def test_a_perplexity_beside_a_loss_is_a_metric() -> None:
    loss = falling(200)
    done = judged({"train_loss": loss, "train_ppl": np.exp(loss)})
    assert {(part.tag, part.role) for part in done.curve_roles} == {
        ("train_loss", "loss"),
        ("train_ppl", "metric_lower"),
    }
