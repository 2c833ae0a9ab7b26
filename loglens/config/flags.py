"""Apply the flags of a call to the configuration, and check the names of all rules and thresholds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from loglens.config import assertions
from loglens.config.load import Config, severity
from loglens.errors import ConfigError, nearest
from loglens.model.contract import Detector


def with_flags(
    config: Config,
    rules: Mapping[str, Detector],
    fail_on: str | None = None,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
) -> Config:
    """Apply flags to the configuration; its `ignore` then holds every rule that is left out.

    A rule that is selected by a flag is applied even where the configuration ignores it; assertions hold
    unless they are ignored or a flag selects other rules. Raises ConfigError for a rule or threshold that
    does not exist.
    """
    _check_names(config, rules, select, ignore)
    known = frozenset({*rules, assertions.RULE.name})
    chosen = frozenset(select) or frozenset(config.select) or known
    if not select:
        chosen |= {assertions.RULE.name}
    left_out = (known - chosen) | frozenset(ignore) | (frozenset(config.ignore) - frozenset(select))
    reasons = {name: "" if name in ignore else config.ignore.get(name, "") for name in sorted(left_out)}
    level = config.fail_on if fail_on is None else severity(fail_on, "fail_on")
    return replace(config, fail_on=level, select=(), ignore=reasons)


def _check_names(
    config: Config, rules: Mapping[str, Detector], select: Collection[str], ignore: Collection[str]
) -> None:
    known = [*rules, assertions.RULE.name]
    for names, where in (
        (select, "--select"),
        (ignore, "--ignore"),
        (config.select, f"{config.file}: select"),
        (config.ignore, f"{config.file}: ignore"),
        (config.thresholds, f"{config.file}: [rules]"),
        ([name for demand in config.assertions for name in demand.clean], f"{config.file}: clean"),
    ):
        for name in names:
            if name not in known:
                raise ConfigError(f"{where}: no rule {name!r}; {nearest(name, known)}")
    for name, numbers in config.thresholds.items():
        thresholds = rules[name].thresholds if name in rules else {}
        for key in numbers:
            if key not in thresholds:
                hint = nearest(key, list(thresholds)) if thresholds else "it has none"
                raise ConfigError(f"{config.file}: rule {name} has no threshold {key!r}; {hint}")
