"""A finding: one episode of one condition, with its numbers and remedies."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loglens.model.plain_text import safe
from loglens.model.series import Series
from loglens.model.strict_json import to_strict


class Severity(enum.IntEnum):
    """How bad a finding is.

    error: the run failed or its result is of no use; warning: something is wrong; note: worth knowing.
    """

    NOTE = 0
    WARNING = 1
    ERROR = 2

    def __str__(self) -> str:
        return self.name.lower()


class Confidence(enum.IntEnum):
    """How sure a finding is to be right."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that a detector looks for.

    name: in kebab case, "nan-loss". family: the group of rules it belongs to. severity: the worst of its findings.
    leads_to: names of the rules whose condition it can cause. supervised: whether it takes a loss as a measure of
    progress, so that it is not applied to reinforcement learning or GANs.
    """

    name: str
    family: str
    severity: Severity
    leads_to: tuple[str, ...] = ()
    supervised: bool = False


@dataclass(frozen=True, slots=True)
class RuleHelp:
    """A rule and its documentation from its detector's docstring: the title, and a text under each heading."""

    rule: Rule
    title: str
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to change in the training code or its settings.

    action: its name in the JSON report. params: values that follow from this run's data. why: the reason, one
    sentence. snippets: framework -> code; under "loglens" the checks, as they stand in loglens.toml. verify: what the
    log of a rerun shows if it helped; title: what to do, in words, where the rule needs other words than the action;
    checks: tables of [[assert]] that say the same as `verify` and that this run does not meet; rate: the learning rate
    that a factor comes to, None where the one it multiplies is not known. These four serve outputs for people, and are
    not written to JSON.
    """

    action: str
    params: Mapping[str, float | int | str]
    why: str
    snippets: Mapping[str, str] = field(default_factory=dict)
    verify: str = ""
    title: str = ""
    checks: tuple[Mapping[str, str | int], ...] = ()
    rate: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "params": to_strict(dict(self.params)),
            "why": self.why,
            "snippets": dict(self.snippets),
        }


@dataclass(frozen=True)
class Finding:
    """One episode of one condition, with its numbers: what a detector yields.

    onset_step: None where the trouble is there from the start or has no place on a curve. evidence: the measured
    numbers by name. remedies: in the order in which to try them. series: the curves that show it, drawn but not
    written to JSON. key: what distinguishes it from other findings of its rule on the same curves.
    """

    message: str
    severity: Severity
    confidence: Confidence
    onset_step: int | None = None
    end_step: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    remedies: Sequence[Remedy] = ()
    series: tuple[Series, ...] = ()
    key: str = ""

    def __repr__(self) -> str:
        return f"<Finding: {self.severity}, {safe(self.message)}>"

    @property
    def tags(self) -> list[str]:
        return [series.tag for series in self.series]

    @property
    def onset_time(self) -> float | None:
        """Unix time of the onset, from the first curve that has a time there; None where none has."""
        if self.onset_step is None:
            return None
        for curve in self.series:
            at = curve.step.searchsorted(self.onset_step)
            if at < len(curve) and curve.time[at] == curve.time[at]:
                return float(curve.time[at])
        return None
