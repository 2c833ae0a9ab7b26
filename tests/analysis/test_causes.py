"""Findings become chains: causes before effects, roots ranked, nothing dropped."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from loglens.analysis.causes import find_causes
from loglens.model.causal_chain import chain_sentence
from loglens.model.finding import Confidence, Finding, Rule, Severity
from tests.curves import series

RULES = {
    rule.name: rule
    for rule in (
        Rule("exploding-gradient", "gradient", Severity.ERROR, ("nan-loss", "divergence")),
        Rule("divergence", "loss", Severity.ERROR, ("nan-loss",)),
        Rule("nan-loss", "loss", Severity.ERROR),
        Rule("vanishing-gradient", "gradient", Severity.ERROR, ("loss-not-decreasing",)),
        Rule("loss-not-decreasing", "loss", Severity.ERROR),
    )
}


def finding(
    condition: str,
    onset: int | None = None,
    severity: Severity = Severity.ERROR,
    confidence: Confidence = Confidence.HIGH,
) -> tuple[Rule, Finding]:
    return RULES[condition], Finding(condition, severity, confidence, onset_step=onset)


def causes(*findings: tuple[Rule, Finding], length: int = 0) -> dict[str, str | None]:
    return {found.condition: found.caused_by for found in find_causes(findings, RULES, length)}


def test_a_chain() -> None:
    linked = find_causes([finding("nan-loss", 431), finding("exploding-gradient", 412)], RULES)
    assert [found.condition for found in linked] == ["exploding-gradient", "nan-loss"]
    assert linked[1].caused_by == "exploding-gradient"
    assert chain_sentence(linked) == "exploding gradient from step 412 -> NaN loss from step 431"


def test_a_guess_explains_nothing_certain() -> None:
    guess = finding("exploding-gradient", 412, confidence=Confidence.LOW)
    assert causes(guess, finding("nan-loss", 431))["nan-loss"] is None
    assert causes(guess, finding("nan-loss", 431, confidence=Confidence.MEDIUM))["nan-loss"] == "exploding-gradient"


def test_a_finding_on_a_guessed_curve_is_one_level_less_sure() -> None:
    curve = replace(series(np.ones(500)), guessed=True)
    cause = (RULES["exploding-gradient"], replace(finding("exploding-gradient", 412)[1], series=(curve,)))
    linked = find_causes([cause, finding("nan-loss", 431)], RULES)
    assert [(found.confidence, found.finding.confidence) for found in linked] == [
        (Confidence.MEDIUM, Confidence.HIGH),
        (Confidence.HIGH, Confidence.HIGH),
    ]
    assert linked[1].caused_by == "exploding-gradient"
    guess = (cause[0], replace(cause[1], confidence=Confidence.MEDIUM))
    assert causes(guess, finding("nan-loss", 431))["nan-loss"] is None, "low once the role is a guess"


def test_a_cause_cannot_come_after_its_effect() -> None:
    assert causes(finding("nan-loss", 100), finding("exploding-gradient", 500)) == {
        "nan-loss": None,
        "exploding-gradient": None,
    }


def test_onsets_closer_than_a_fiftieth_of_the_run_are_one_moment() -> None:
    pair = finding("nan-loss", 100), finding("exploding-gradient", 115)
    assert causes(*pair, length=1000)["nan-loss"] == "exploding-gradient"
    assert causes(*pair, length=100)["nan-loss"] is None


def test_the_nearest_direct_cause_wins() -> None:
    chain = causes(finding("exploding-gradient", 10), finding("divergence", 20), finding("nan-loss", 30))
    assert chain == {"exploding-gradient": None, "divergence": "exploding-gradient", "nan-loss": "divergence"}


def test_a_note_does_not_explain_an_error() -> None:
    note = finding("exploding-gradient", 0, Severity.NOTE, Confidence.LOW)
    linked = find_causes([note, finding("nan-loss", 50)], RULES)
    assert [found.condition for found in linked] == ["nan-loss", "exploding-gradient"]
    assert linked[0].caused_by is None


def test_errors_rank_before_warnings_and_sure_before_unsure() -> None:
    linked = find_causes(
        [
            finding("vanishing-gradient", 0, Severity.WARNING),
            finding("divergence", 50, confidence=Confidence.MEDIUM),
            finding("loss-not-decreasing", 60, confidence=Confidence.HIGH),
        ],
        RULES,
    )
    assert [found.condition for found in linked] == ["vanishing-gradient", "loss-not-decreasing", "divergence"]


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(RULES)), st.none() | st.integers(0, 1000), st.sampled_from(list(Severity))),
        max_size=5,
        unique_by=lambda row: row[0],
    )
)
def test_nothing_is_dropped_and_order_does_not_matter(rows: list[tuple[str, int | None, Severity]]) -> None:
    findings = [finding(name, onset, severity) for name, onset, severity in rows]
    linked = find_causes(findings, RULES)
    assert sorted(found.condition for found in linked) == sorted(name for name, _, _ in rows)
    for order in itertools.islice(itertools.permutations(findings), 4):
        assert {f.condition: f.caused_by for f in find_causes(order, RULES)} == {
            f.condition: f.caused_by for f in linked
        }
    if linked:
        assert linked[0].caused_by is None


def test_an_undated_finding_does_not_outrank_a_dated_nan() -> None:
    ranked = find_causes([finding("loss-not-decreasing"), finding("nan-loss", 431)], RULES)
    assert [found.condition for found in ranked] == ["nan-loss", "loss-not-decreasing"]


def test_a_cause_that_seems_to_begin_a_few_points_late_counts() -> None:
    """The curve of the effect has a point every 50 steps; the run is so short that 2 % of it are 20."""
    curve = series(np.ones(20), every=50)
    effect = (RULES["nan-loss"], replace(finding("nan-loss", 400)[1], series=(curve,)))
    assert causes(effect, finding("exploding-gradient", 500), length=1000)["nan-loss"] == "exploding-gradient"
    assert causes(effect, finding("exploding-gradient", 600), length=1000)["nan-loss"] is None


def test_a_spike_that_recovered_is_not_the_cause_of_what_begins_later() -> None:
    rules = RULES | {"loss-spike": Rule("loss-spike", "loss", Severity.ERROR, ("divergence", "nan-loss"))}
    lasting = Finding("a spike", Severity.ERROR, Confidence.HIGH, onset_step=100)
    passed = replace(lasting, severity=Severity.WARNING, end_step=110)
    for spike, cause in ((passed, None), (lasting, "loss-spike")):
        linked = find_causes([(rules["loss-spike"], spike), finding("divergence", 600)], rules, 1000)
        assert {found.condition: found.caused_by for found in linked}["divergence"] == cause
    at_once = find_causes([(rules["loss-spike"], lasting), finding("nan-loss", 105)], rules, 1000)
    assert at_once[0].condition == "nan-loss", "the first moment of a failure is no cause of it"


def test_a_spike_that_never_recovers_before_a_nan_is_how_that_begins() -> None:
    spike = Rule("loss-spike", "loss", Severity.ERROR, ("divergence", "nan-loss"))
    rules = {**RULES, spike.name: spike}
    found = [
        (spike, Finding("jumps", Severity.ERROR, Confidence.HIGH, onset_step=72)),
        finding("divergence", 73),
        finding("nan-loss", 78),
    ]
    assert find_causes(found, rules, 120)[0].condition == "divergence"
    assert find_causes(found[:2], rules, 120)[0].condition == "loss-spike"
