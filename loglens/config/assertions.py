"""Assertions on runs in the configuration: the tables of `[[tool.loglens.assert]]`."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from loglens.errors import ConfigError, nearest
from loglens.model.finding import Rule, RuleHelp, Severity

#: Claims on the values of one curve; mean-last-10 stands for any number of points.
ON_CURVE = ("last", "best", "mean-last-10", "max", "min", "finite", "kept", "end-over-start")
#: Keys of one table.
KEYS = ("metric", *ON_CURVE, "max-step-time", "must-reach-step", "clean", "if-missing")
IF_MISSING = ("fail", "skip")

_BOUND = re.compile(r"(?P<sign>>=|<=|>|<)\s*(?P<number>[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?)\s*(?P<percent>%?)", re.I)
_MEAN = re.compile(r"mean-last-([1-9]\d{0,8})")


class Claim(NamedTuple):
    """One bound on a run: what (a key of ON_CURVE, max-step-time, must-reach-step), >=, >, <= or <, the bound."""

    what: str
    sign: str
    bound: float

    def __str__(self) -> str:
        return f"{self.what} {self.sign} {self.bound:g}"

    def holds(self, value: float) -> bool:
        """Whether a value keeps the bound; NaN keeps none."""
        return {
            ">=": value >= self.bound,
            ">": value > self.bound,
            "<=": value <= self.bound,
            "<": value < self.bound,
        }[self.sign]


class Assertion(NamedTuple):
    """The claims of one table. metric: a tag, a glob of tags, or a role such as accuracy or loss@val.

    optional: a run that did not log the metric, or a rule's data, is skipped, not failed. clean: rules that must find
    nothing.
    """

    metric: str
    claims: tuple[Claim, ...]
    optional: bool = False
    clean: tuple[str, ...] = ()


def parse(value: Any, file: str) -> tuple[Assertion, ...]:
    """Parse the list of assertion tables. Raises ConfigError for an unknown key or a bad value."""
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise ConfigError(f"{file}: assert must be a list of tables; write [[assert]] or [[tool.loglens.assert]]")
    return tuple(_one(table, f"{file}: assertion {number}") for number, table in enumerate(value, 1))


def _one(table: dict[str, Any], where: str) -> Assertion:
    for key in table:
        if key not in KEYS and not _MEAN.fullmatch(key):
            raise ConfigError(f"{where}: unknown key {key!r}; {nearest(key, KEYS)}")
    metric = table.get("metric", "")
    if not isinstance(metric, str) or ("metric" in table and not metric):
        raise ConfigError(f"{where}: metric must be a tag, a glob of tags or a role, not {metric!r}")
    missing = table.get("if-missing", "fail")
    if missing not in IF_MISSING:
        raise ConfigError(f"{where}: if-missing is {missing!r}; it must be one of {', '.join(IF_MISSING)}")
    others = ("metric", "if-missing", "clean")
    claims = tuple(_claim(key, said, where) for key, said in table.items() if key not in others)
    clean = _rules(table.get("clean", ()), where)
    if not claims and not clean:
        raise ConfigError(f'{where}: asserts nothing; add a line such as last = ">= 0.92"')
    of_curve = [claim.what for claim in claims if claim.what not in ("max-step-time", "must-reach-step")]
    if of_curve and not metric:
        raise ConfigError(f'{where}: {of_curve[0]} of which curve? add metric = "val/accuracy" or the like')
    return Assertion(metric, claims, missing == "skip", clean)


def _rules(said: Any, where: str) -> tuple[str, ...]:
    """Names of rules, as one text or a list of them."""
    names = [said] if isinstance(said, str) else said
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name for name in names):
        raise ConfigError(f'{where}: clean must be a rule such as "nan-loss" or a list of rules, not {said!r}')
    return tuple(names)


def _claim(key: str, said: Any, where: str) -> Claim:
    if key in ("max-step-time", "must-reach-step"):
        if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said < float("inf"):
            unit = "seconds" if key == "max-step-time" else "steps"
            raise ConfigError(f"{where}: {key} must be a number of {unit}, not {said!r}")
        return Claim(key, "<=" if key == "max-step-time" else ">=", said)
    found = _BOUND.fullmatch(said.strip()) if isinstance(said, str) else None
    if not found:
        raise ConfigError(f'{where}: {key} must be a bound such as ">= 0.92" or "< 0.3", not {said!r}')
    return Claim(key, found["sign"], float(found["number"]) / (100 if found["percent"] else 1))


RULE = Rule("assertion", "gate", Severity.ERROR)
HELP = RuleHelp(
    RULE,
    "An assertion of the configuration on a metric is violated",
    {
        "Why it matters.": "A run can train without a fault and still be no good: the accuracy that the release "
        "needs is not reached, the run stopped early, or each step takes too long.",
        "How it is found.": "Each table [[assert]] of the configuration (in pyproject.toml [[tool.loglens.assert]]) "
        'names a metric by tag, glob or role, and bounds such as last = ">= 0.92". last is the last logged point, '
        "best the highest where the bound is from below and the lowest where it is from above, mean-last-10 the mean "
        "of the last ten, max and min the largest and the lowest value, finite the share of points that are neither "
        "NaN nor infinite, kept the share of its gain that the curve still has at its end, and end-over-start its "
        "median over the last tenth as a multiple of that over the first. max-step-time bounds the median of the "
        "seconds a step by the clock, must-reach-step the last step; clean names rules that must find nothing.",
        "When it is wrong.": "It is as right as its bound. A metric that was not logged violates it; "
        'if-missing = "skip" passes such runs over. Of several curves that fit the metric one is looked at.',
    },
)
