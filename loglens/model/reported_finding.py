"""A detector's finding as the report holds it: with its rule, cause and remedies, and whether a baseline accepts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from loglens.model.change import Change
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.plain_text import safe, shorten
from loglens.model.series import Series
from loglens.model.strict_json import to_strict

#: Letters of the name of a step axis.
FEW_LETTERS = 20


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """A finding, the rule that made it, and what the analysis of the whole run adds to it.

    onset_time: Unix time of the onset, None where no curve has it; kept here, since a curve that is thinned for
    drawing may no longer have that point. caused_by: name of the rule whose finding in the same run is its cause.
    treatment: the remedies in view of the whole run; None where they are those of the detector. known: accepted by a
    baseline, so that it does not fail the gate; not written to JSON. changes: what changed just before a root finding
    began, the least likely by accident first.
    """

    rule: Rule
    finding: Finding
    onset_time: float | None = None
    caused_by: str | None = None
    treatment: tuple[Remedy, ...] | None = None
    known: bool = False
    changes: tuple[Change, ...] = ()

    def __repr__(self) -> str:
        begins = f" {self.begins}" if self.begins else ""
        return f"<Finding {self.condition}{begins}: {self.severity}, {safe(self.message)}>"

    @classmethod
    def of(cls, rule: Rule, finding: Finding, caused_by: str | None = None) -> Self:
        """Wrap the finding of a rule as it comes from the detector."""
        return cls(rule, finding, finding.onset_time, caused_by)

    @property
    def condition(self) -> str:
        """Name of the rule."""
        return self.rule.name

    @property
    def family(self) -> str:
        return self.rule.family

    @property
    def leads_to(self) -> tuple[str, ...]:
        return self.rule.leads_to

    @property
    def message(self) -> str:
        return self.finding.message

    @property
    def severity(self) -> Severity:
        return self.finding.severity

    @property
    def confidence(self) -> Confidence:
        """That of the finding; what an assertion claims of a curve does not rest on the curve's role."""
        return self.finding.confidence if self.rule.family == "gate" else confidence_in(self.finding)

    @property
    def onset_step(self) -> int | None:
        return self.finding.onset_step

    @property
    def end_step(self) -> int | None:
        return self.finding.end_step

    @property
    def lasts(self) -> bool:
        """Whether it is known to end after its onset."""
        return self.end_step is not None and self.onset_step is not None and self.end_step > self.onset_step

    @property
    def begins(self) -> str:
        """ "from step 412", "at step 412" where it ends there as well, or nothing where it has no place on a curve."""
        if self.onset_step is None:
            return ""
        axis = safe(shorten(self.series[0].axis, FEW_LETTERS)) if self.series else "step"
        return f"{'at' if self.end_step is not None and not self.lasts else 'from'} {axis} {number(self.onset_step)}"

    @property
    def evidence(self) -> Mapping[str, Any]:
        return self.finding.evidence

    @property
    def remedies(self) -> Sequence[Remedy]:
        """What to try, in this order."""
        return self.finding.remedies if self.treatment is None else self.treatment

    @property
    def series(self) -> tuple[Series, ...]:
        return self.finding.series

    @property
    def tags(self) -> list[str]:
        return self.finding.tags

    @property
    def key(self) -> str:
        return self.finding.key

    @property
    def fingerprint(self) -> str:
        """Hash of rule, curves, onset and key (16 hex digits), the same whenever the same log is judged."""
        import hashlib  # slow to load, and not needed where nothing was found

        text = "\0".join([self.condition, *sorted(self.tags), str(self.onset_step), *filter(None, [self.key])])
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        """The finding as the JSON report holds it."""
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
                "changed_before": [change.as_dict() for change in self.changes],
                "remedies": [remedy.as_dict() for remedy in self.remedies],
                "fingerprint": self.fingerprint,
            }
        )
        return document


def confidence_in(finding: Finding) -> Confidence:
    """The confidence of the detector, one level lower where the role of one of the finding's curves was guessed."""
    guessed = any(curve.guessed for curve in finding.series)
    return Confidence(max(finding.confidence - guessed, Confidence.LOW))
