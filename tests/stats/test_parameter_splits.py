"""What tells the failed runs of a sweep from the healthy ones, and silence where nothing does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loglens.renderers.shared.summary import hints_heading, parameter_hints
from loglens.stats.parameter_splits import ALPHA, _cut, comparable, splits
from tests.cli.test_cli import bad, call, good
from tests.golden.example import failed, healthy, report, suspect

Runs = list[tuple[dict[str, Any], bool]]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def params(rng: np.random.Generator, i: int) -> dict[str, Any]:
    return {
        "lr": float(10 ** rng.uniform(-5, -1)),
        "batch_size": int(rng.choice([16, 32, 64])),
        "optimizer": str(rng.choice(["adam", "sgd", "lion"])),
        "dropout": float(rng.uniform()),
        "note": f"number {i}",
        "status": "FAILED",
    }


def drawn(count: int, seed: int, cause: str) -> Runs:
    """Runs that fail for the cause and, one in twenty, for another reason; or by chance alone."""
    rng = np.random.default_rng(seed)
    runs: Runs = []
    for i in range(count):
        each = params(rng, i)
        failed = {"lr": each["lr"] > 3e-3, "optimizer": each["optimizer"] == "sgd", "": rng.random() < 0.4}[cause]
        runs.append((each, bool(failed != (cause != "" and rng.random() < 0.05))))
    return runs


def test_the_cause_is_found_with_its_threshold() -> None:
    (split, *_) = splits(drawn(80, 0, "lr"))
    assert (split.param, split.relation) == ("lr", ">") and 1.5e-3 < float(split.value) < 6e-3
    assert split.failed > 0.8 * split.failed_in_all and split.p < 1e-6
    (split, *_) = splits(drawn(80, 0, "optimizer"))
    assert (split.param, split.relation, split.value) == ("optimizer", "=", "sgd")


@pytest.mark.parametrize("size", [8, 13, 60])
def test_no_other_cut_has_less_impurity(size: int) -> None:
    def impurity(cut: float, runs: list[tuple[float, bool]]) -> float:
        """The weighted Gini impurity of both sides, as its definition has it."""
        count = {kind: sum(bad == kind for _, bad in runs) for kind in (True, False)}
        total = 0.0
        for side in (True, False):
            weights = [sum((v <= cut) == side and bad == kind for v, bad in runs) / count[kind] for kind in count]
            total += sum(weights) - sum(w * w for w in weights) / sum(weights)
        return total

    rng = np.random.default_rng(size)
    for _ in range(30):
        bad = rng.permutation(np.arange(size) < rng.integers(2, size - 2))
        runs = [(float(v), bool(b)) for v, b in zip(rng.integers(0, 9, size), bad, strict=True)]
        cuts = sorted({v for v, _ in runs})[:-1]
        if cuts:
            assert impurity(_cut(runs), runs) == pytest.approx(min(impurity(cut, runs) for cut in cuts), abs=1e-12)


def test_chance_is_seldom_taken_for_a_cause() -> None:
    found = sum(bool(splits(drawn(60, seed, ""))) for seed in range(200))
    # binomial: at a rate of ALPHA, more than 18 of 200 has a chance of 1 %
    assert found <= 18 and ALPHA == 0.05


def test_few_runs_say_nothing() -> None:
    assert splits([({"lr": 1.0}, True)] * 3 + [({"lr": 0.1}, False)] * 30) == []
    assert not comparable([({"lr": 1.0}, True)] * 20) and not comparable([({}, True), ({}, False)] * 20)
    strangers = [({f"only{i}": i}, i % 2 == 0) for i in range(40)]
    assert not comparable(strangers) and not comparable([({"lr": 1.0}, i % 2 == 0) for i in range(40)])
    assert comparable([({"lr": i}, i % 2 == 0) for i in range(40)]) == ["lr"]


def test_runs_without_a_common_parameter_are_not_compared() -> None:
    for i in range(20):
        (bad if i % 2 else good)(f"runs/a_name_that_takes_all_of_the_room_that_there_is_for_names_{i:02d}/metrics.csv")
    text = call("diagnose", "runs").stdout
    assert "in common" not in text
    assert text.count(" and 9 more\n") == 2, "how many there are is never cut off"


def sweep() -> None:
    for i in range(20):
        failed = i % 2 == 0
        (bad if failed else good)(f"runs/{i:02d}/metrics.csv")
        rate = 0.5 + i / 100 if failed else 0.01 + i / 1000
        Path(f"runs/{i:02d}/hparams.yaml").write_text(f"lr: {rate}\nbatch_size: {16 << i % 3}\n")


def test_a_report_on_many_runs_tells_it() -> None:
    sweep()
    text = call("diagnose", "runs").stdout
    assert "lr > 0.029: " in text
    # Fisher's exact test: 1 of C(20, 10) = 184,756 tables; 19 splits by the rate and 2 by the batch size
    assert "10 of 10 failed, of the others 0 of 10 (p = 0.00011)" in text
    assert text.startswith("20 runs: 10 failed, 10 healthy")
    assert "NaN loss" in text and "runs/00" not in text.splitlines()[0]
    for name in ("markdown", "html"):
        told = call("diagnose", "runs", "--format", name).stdout
        assert "10 of 10 failed" in told and "What the failed runs have in common" in told


def test_suspect_runs_count_among_those_with_something_wrong() -> None:
    made = report(*(replace(suspect() if i % 2 else healthy(), run=f"r{i}", params={"lr": i % 2}) for i in range(20)))
    assert hints_heading(made) == "What the suspect runs have in common"
    assert parameter_hints(made)[0].startswith("lr > 0: 10 of 10 suspect, of the others 0 of 10 (p ")
    both = replace(made, runs=(replace(failed(), params={"lr": 1}), *made.runs))
    assert hints_heading(both) == "What the failed and suspect runs have in common"
    assert "11 of 11 failed or suspect" in parameter_hints(both)[0]


def test_few_runs_are_shown_one_by_one() -> None:
    for i in range(12):
        bad(f"runs/{i}.csv")
    assert call("diagnose", "runs").stdout.count("✗ FAILED") == 12
    bad("runs/12.csv")
    many = call("diagnose", "runs").stdout
    assert "13  NaN loss" in many and len(many.splitlines()) < 12
    assert len(json.loads(call("diagnose", "runs", "--format", "json").stdout)["runs"]) == 13
