"""The meanings of thresholds."""

from __future__ import annotations

from loglens.registry import load as registry
from loglens.registry.thresholds import ANY, meaning, meanings


def test_every_threshold_of_a_rule_is_explained() -> None:
    """One that is missing belongs into loglens/detectors/thresholds.toml."""
    for name, detector in registry.detectors().items():
        assert [key for key in detector.thresholds if not meaning(name, key)] == [], name


def test_no_explanation_is_of_a_threshold_that_does_not_exist() -> None:
    rules = registry.detectors()
    for name, table in meanings().items():
        known = {key for rule in rules.values() for key in rule.thresholds} if name == ANY else rules[name].thresholds
        assert set(table) <= set(known), name


def test_the_words_of_the_rule_go_before_those_for_all_rules() -> None:
    assert meaning("dead-relu", "share") != meaning("data-loader-bound", "share")
    assert meaning("nan-loss", "no_such_threshold") == ""
