"""The configuration and the wishes of a call over it -> what the analysis takes. Every name is checked here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from loglens.config import assertions
from loglens.config.assertions import Assertion
from loglens.config.load import FAIL_ON, Config
from loglens.errors import ConfigError, nearest
from loglens.model.finding import Severity
from loglens.registry import load as registry


@dataclass(frozen=True, slots=True)
class Options:
    """What the user may set: extra roles, thresholds by rule, rules to leave out (and why), assertions, the gate."""

    roles: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    fail_on: Severity | None = Severity.ERROR
    reasons: Mapping[str, str] = field(default_factory=dict)
    assertions: tuple[Assertion, ...] = ()


def options(
    found: Config, fail_on: str | None = None, select: Collection[str] = (), ignore: Collection[str] = ()
) -> Options:
    """The configuration with the flags over it. Raises ConfigError for a rule or threshold that is not there.

    A rule that is selected by a flag is applied even where the configuration ignores it; assertions hold
    unless they are ignored or a flag selects other rules.
    """
    rules = registry.detectors()
    known = [*rules, assertions.RULE.name]
    for names, where in (
        (select, "--select"),
        (ignore, "--ignore"),
        (found.select, f"{found.file}: select"),
        (found.ignore, f"{found.file}: ignore"),
        (found.rules, f"{found.file}: [rules]"),
    ):
        for name in names:
            if name not in known:
                raise ConfigError(f"{where}: no rule {name!r}; {nearest(name, known)}")
    for name, numbers in found.rules.items():
        thresholds = rules[name].thresholds if name in rules else {}
        for key in numbers:
            if key not in thresholds:
                hint = nearest(key, list(thresholds)) if thresholds else "it has none"
                raise ConfigError(f"{found.file}: rule {name} has no threshold {key!r}; {hint}")
    chosen = frozenset(select) or frozenset(found.select) | {assertions.RULE.name}
    if not select and not found.select:
        chosen = frozenset(known)
    left_out = (frozenset(known) - chosen) | frozenset(ignore) | (frozenset(found.ignore) - frozenset(select))
    level = fail_on or found.fail_on
    if level not in FAIL_ON:
        raise ConfigError(f"fail_on is {level!r}; it must be one of {', '.join(FAIL_ON)}")
    reasons = {name: reason for name, reason in found.ignore.items() if name not in ignore}
    return Options(
        found.roles,
        found.rules,
        left_out,
        None if level == "never" else Severity[level.upper()],
        reasons,
        found.assertions,
    )
