"""Labels, the naive baseline and calibration of the benchmark on labelled runs, on cases of known answer."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
INJECTED = {
    "id": "a",
    "primary": "lr_too_high",
    "conditions": {"must": ["nan_loss"], "may": ["loss_spike"], "must_any": [["lr_too_high", "divergence"]]},
}
REACHED = {"id": "r", "class": "reached"}
COLLAPSED = {"id": "c", "class": "collapsed"}
READ = {"id": "b", "healthy": False, "expected": ["plateau"], "acceptable": ["lr-too-low"]}
FINE = {"id": "f", "healthy": True, "expected": [], "acceptable": ["loss-spike"]}
NO_TRAINING = {**FINE, "id": "n", "unread_ok": True}
CUT = {"id": "t", "healthy": False, "expected": ["truncated-log"], "acceptable": []}


def run(code: str, *words: object) -> Any:
    """What a line of Python prints as JSON beside the scripts; `words` are its arguments, as JSON."""
    start = "import json, sys; from labelled_runs import *; a = json.loads(sys.argv[1]); "
    done = subprocess.run(
        [sys.executable, "-c", start + f"print(json.dumps({code}))", json.dumps(words)],
        cwd=BENCHMARKS,
        env={**os.environ, "PYTHONPATH": str(BENCHMARKS.parent)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


SAID = "Said(frozenset(v), p, tuple((n, Severity[s.upper()], c) for n, s, c in f))"


def outcomes(*cases: tuple[dict[str, Any], list[Any] | None]) -> list[str]:
    """How right each answer (verdicts, first-ranked name, findings; or None) is to its label."""
    return list(
        run(f"[outcome(read_label(l), {SAID} if s else None) for l, s in a for v, p, f in [s or (0, 0, 0)]]", *cases)
    )


def said(verdict: str, *findings: tuple[str, str]) -> list[Any]:
    """An answer of one run: its findings by name and severity, the first ranked first."""
    return [[verdict], findings[0][0] if findings else None, [(*finding, "high") for finding in findings]]


def test_what_the_three_forms_of_labels_accept() -> None:
    names = ["lr-too-high", "divergence", "nan-loss", "loss-spike", "overfitting"]
    code = "[[n in read_label(l).first for n in a[1]] + [read_label(l).accepts(n) for n in a[1]] for l in a[0]]"
    injected, collapsed, read = run(code, [INJECTED, COLLAPSED, READ], names)
    assert injected == [True, True, False, False, False, True, True, True, True, False]
    assert collapsed == [False] * 5 + [True] * 5
    assert read == [False] * 10


def test_a_run_between_reached_and_failed_has_no_label() -> None:
    entries = [{"id": "x", "class": name} for name in ("near", "poor", "short", "reached", "catastrophic")]
    assert run("[read_label(e) is None for e in a]", *entries) == [True, True, True, False, False]


def test_halves_follow_from_the_id_alone_and_are_about_equal() -> None:
    halves = run("[read_label({'id': str(i), 'class': 'reached'}).half for i in range(2000)]")
    assert halves.count("looked at") == pytest.approx(1000, abs=100)  # 4.5 standard deviations of a fair coin
    assert run("read_label(a[0]).half == read_label(a[1]).half", REACHED, {**READ, "id": "r"})


def test_failing_runs_are_right_other_silent_passed_or_not_read() -> None:
    assert outcomes(
        (INJECTED, said("failed", ("divergence", "error"), ("nan-loss", "error"))),
        (INJECTED, said("failed", ("nan-loss", "error"), ("divergence", "error"))),
        (INJECTED, said("unclear")),
        (INJECTED, said("healthy", ("lr-too-high", "note"))),
        (INJECTED, None),
        (READ, said("suspect", ("lr-too-low", "warning"))),
        (COLLAPSED, said("failed", ("overfitting", "error"))),
        (COLLAPSED, said("suspect", ("overfitting", "warning"))),
        (CUT, said("healthy", ("truncated-log", "note"))),
        (CUT, said("healthy")),
    ) == ["right", "other", "silent", "passed", "not read", "right", "right", "other", "right", "passed"]


def test_healthy_runs_are_certified_quiet_alarms_or_not_read() -> None:
    assert outcomes(
        (REACHED, said("healthy")),
        (REACHED, said("suspect", ("loss-spike", "warning"))),
        (REACHED, said("failed", ("loss-spike", "error"))),
        (FINE, said("unclear")),
        (FINE, said("suspect", ("loss-spike", "warning"))),
        (FINE, said("suspect", ("plateau", "warning"))),
        (FINE, said("suspect", ("restart", "warning"))),
        (FINE, None),
        (NO_TRAINING, None),
    ) == ["certified", "quiet", "alarm", "quiet", "quiet", "alarm", "quiet", "not read", "quiet"]


@pytest.mark.parametrize(
    ("losses", "failed"),
    [
        ([4, 2, 1, 0.9], False),
        ([4, 1, 1.2], False),
        ([4, 1, 1.3], True),
        ([4, 3.9, 3.8], True),
        ([4, 3.5, 3.4], False),
        ([4, 1, math.nan], True),
        ([4, math.inf, 1], True),
        ([], False),
    ],
)
def test_the_naive_baseline_asks_three_things(losses: list[float], failed: bool) -> None:
    assert run("naive(a[0])", losses) is failed
    scaled = [loss * 1e-6 for loss in losses]
    assert run("naive(a[0])", scaled) is failed


def test_an_empty_cell_of_an_evaluation_is_nan_and_other_rows_are_none(tmp_path: Path) -> None:
    path = tmp_path / "measurements.csv"
    head = "global_step,loss,validation/loss,validation/num_examples,score\n"
    path.write_text(head + "0,5,,,\n1,,4.0,10,1\n2,4,,,\n3,,,10,1\n")
    assert run("[str(x) for x in validation_losses(Path(a[0]))]", str(path)) == ["4.0", "nan"]
    run("keep_training(Path(a[0]), Path(a[1]))", str(path), str(tmp_path / "training.csv"))
    assert (tmp_path / "training.csv").read_text().split() == ["global_step,loss", "0,5", "1,", "2,4", "3,"]


def test_claims_are_right_an_outcome_or_wrong_by_confidence() -> None:
    findings = [
        ("divergence", "error", "high"),
        ("loss-spike", "warning", "medium"),
        ("metric-stuck", "error", "high"),
        ("overfitting", "warning", "low"),
        ("plateau", "note", "low"),
        ("restart", "warning", "high"),
    ]
    code = f"[sorted([*k, n] for k, n in claims(read_label(l), {SAID}).items()) for l in a[0] for v, p, f in [a[1]]]"
    injected, healthy, reached, collapsed = run(
        code, [INJECTED, FINE, REACHED, COLLAPSED], [["failed"], None, findings]
    )
    assert injected == [["high", "outcome", 1], ["high", "right", 1], ["low", "wrong", 1], ["medium", "right", 1]]
    assert healthy == [["high", "wrong", 2], ["low", "wrong", 1], ["medium", "right", 1]]
    assert reached == [["high", "wrong", 2], ["low", "wrong", 1], ["medium", "wrong", 1]]
    assert collapsed == [["high", "right", 3], ["low", "right", 1], ["medium", "right", 1]]


def test_the_figures_that_are_published_add_up() -> None:
    """Every failing run stands under one cause, and the three judges of AlgoPerf saw the same runs."""
    for halves in json.loads((BENCHMARKS / "labelled_runs.json").read_text())["sources"].values():
        for part in halves.values():
            by_cause = sum(sum(counts.values()) for counts in part["causes"].values())
            assert by_cause == sum(part["failing"].values()) > 0
            for other in ("naive", "training only"):
                for kind, found in part.get(other, {}).items():
                    assert 0 <= found <= sum(part[kind].values())
