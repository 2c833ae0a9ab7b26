"""A finding: one episode of one condition, with its numbers and remedies."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loglens.model.series import Series
from loglens.model.strict_json import to_strict

if TYPE_CHECKING:
    pass


class Severity(enum.IntEnum):
    """error: the run failed or its result is of no use; warning: something is wrong; note: worth knowing."""

    NOTE = 0
    WARNING = 1
    ERROR = 2

    def __str__(self) -> str:
        return self.name.lower()


class Confidence(enum.IntEnum):
    """How sure a finding is."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's name, family, worst severity, and the conditions that it can bring about.

    supervised: it takes a loss for a measure of progress, so it is not for reinforcement learning or a GAN.
    """

    name: str
    family: str
    severity: Severity
    leads_to: tuple[str, ...] = ()
    supervised: bool = False


@dataclass(frozen=True, slots=True)
class RuleHelp:
    """A rule and what its detector's docstring says: the title, and a text under each heading."""

    rule: Rule
    title: str
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to change. `params` follow from this run's data; `snippets` maps a framework to code.

    verify: what a rerun's log shows if it helped; told to people, not written to JSON.
    """

    action: str
    params: Mapping[str, float | int | str]
    why: str
    snippets: Mapping[str, str] = field(default_factory=dict)
    verify: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "params": to_strict(dict(self.params)),
            "why": self.why,
            "snippets": dict(self.snippets),
        }


@dataclass(frozen=True)
class Finding:
    """One episode of one condition, with its numbers.

    A detector fills the upper part; `condition`, `family` and `leads_to` are stamped from its rule,
    `caused_by` by the diagnosis. series: the curves that show it, drawn but not written to JSON.
    onset_step is None where the trouble is there from the start or has no place on a curve. key: what
    tells it from others of its kind on the same curves. known: accepted by a baseline, so that it does
    not fail the gate; told to people, not written to JSON.
    """

    message: str
    severity: Severity
    confidence: Confidence
    onset_step: int | None = None
    end_step: int | None = None
    onset_time: float | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    remedies: Sequence[Remedy] = ()
    series: tuple[Series, ...] = ()
    condition: str = ""
    family: str = ""
    leads_to: tuple[str, ...] = ()
    caused_by: str | None = None
    key: str = ""
    known: bool = False

    @property
    def tags(self) -> list[str]:
        return [series.tag for series in self.series]

    @property
    def fingerprint(self) -> str:
        """Stable over re-runs on the same log: the condition, the curves, the onset, and the key if it has one."""
        text = "\0".join([self.condition, *sorted(self.tags), str(self.onset_step), *filter(None, [self.key])])
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        document: dict[str, Any] = to_strict(
            {
                "condition": self.condition,
                "family": self.family,
                "severity": str(self.severity),
                "confidence": str(self.confidence),
                "onset_step": self.onset_step,
                "onset_time": self.onset_time,
                "end_step": self.end_step,
                "tags": self.tags,
                "message": self.message,
                "evidence": dict(self.evidence),
                "caused_by": self.caused_by,
                "leads_to": list(self.leads_to),
                "remedies": [remedy.as_dict() for remedy in self.remedies],
                "fingerprint": self.fingerprint,
            }
        )
        return document
