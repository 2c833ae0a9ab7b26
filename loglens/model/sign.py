"""A sign: one way in which a trouble shows in the curves, before a rule makes a finding of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loglens.model.finding import Confidence, Finding, Remedy, Severity
from loglens.model.series import Series


@dataclass(frozen=True, slots=True)
class Sign:
    """What a rule saw, with its numbers; for rules that look for several signs and advise alike for all of them.

    curves: what shows it. onset, end: steps, as in `Finding`. suspect: what the advice has to start with, in the
    rule's own words; empty where nothing is suspected first.
    """

    message: str
    severity: Severity
    confidence: Confidence
    evidence: Mapping[str, Any]
    curves: Sequence[Series]
    onset: int | None = None
    end: int | None = None
    suspect: str = ""

    def finding(self, remedies: Sequence[Remedy]) -> Finding:
        """The finding that a rule reports, with what to do about it."""
        return Finding(
            self.message,
            self.severity,
            self.confidence,
            onset_step=self.onset,
            end_step=self.end,
            evidence=self.evidence,
            remedies=remedies,
            series=tuple(self.curves),
        )
