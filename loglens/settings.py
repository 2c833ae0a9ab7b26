"""The configuration and the wishes of a call over it -> what the analysis takes. Every name is checked here."""

from __future__ import annotations

from collections.abc import Collection

from loglens import gate, registry
from loglens.analyze import Options
from loglens.config import FAIL_ON, Config
from loglens.errors import ConfigError, nearest
from loglens.report import Severity


def options(
    found: Config, fail_on: str | None = None, select: Collection[str] = (), ignore: Collection[str] = ()
) -> Options:
    """The configuration with the flags over it. Raises ConfigError for a rule or threshold that is not there.

    A rule that is selected by a flag is applied even where the configuration ignores it; assertions hold
    unless they are ignored or a flag selects other rules.
    """
    rules = registry.detectors()
    known = [*rules, gate.RULE.name]
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
    chosen = frozenset(select) or frozenset(found.select) | {gate.RULE.name}
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
