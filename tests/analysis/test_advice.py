"""Advice in context: the run's recipe reaches the code, and checks that tell nothing are left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from loglens.analysis.judge import judge
from loglens.model.report import Diagnosis
from loglens.model.reported_finding import ReportedFinding
from loglens.model.run import Run
from loglens.registry.load import detectors
from tests.curves import falling, level, run


def diverged(**params: object) -> Run:
    loss = np.concatenate([falling(200), np.linspace(0.2, 9.0, 100)])
    return replace(run({"train_loss": loss, "lr-SGD": level(300, 0.02, noise=0.0)}), params=params)


def finding(report: Diagnosis, rule: str) -> ReportedFinding:
    return next(found for found in report.findings if found.condition == rule)


def test_the_recipe_of_the_run_is_in_the_code() -> None:
    first = finding(judge(diverged(), detectors()), "divergence").remedies[0]
    assert first.action == "scale_lr" and first.title.startswith("Lower the learning rate")
    assert ": 0.02 -> " in first.title
    assert next(iter(first.snippets)) == "lightning" and "torch.optim.SGD(" in first.snippets["lightning"]


def test_checks_are_those_that_this_run_does_not_meet() -> None:
    report = judge(diverged(), detectors())
    for remedy in finding(report, "divergence").remedies:
        assert remedy.checks == ({"metric": "loss", "kept": ">= 75%"}, {"clean": "divergence"})
        assert remedy.snippets["loglens"].startswith('[[assert]]\nmetric = "loss"\nkept = ">= 75%"')


def test_what_goes_to_json_is_what_the_contract_has() -> None:
    remedy = finding(judge(diverged(), detectors()), "divergence").remedies[0]
    assert set(remedy.as_dict()) == {"action", "params", "why", "snippets"}


def test_a_run_without_advice_is_left_alone() -> None:
    assert not judge(run({"loss": falling(300)}), detectors()).findings
