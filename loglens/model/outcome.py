"""The outcome of a run (learned, stuck, broke ...), judged from all its progress curves together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Every state in which a run can end, and its meaning.
STATES = {
    "learned": "made progress, kept it, and levelled off",
    "learning": "made progress, kept it, and still improves at the end",
    "lost": "lost more than half of its gain for good, or ended worse than it began",
    "unstable": "swings as large as the gain, in the later half too",
    "stuck": "never left its start, its chance level or its worst value",
    "little": "gained little, and the log does not show whether more was possible",
    "broke": "ended with values that are not finite, or with an error",
    "short": "too few points to say",
    "unclear": "the curves do not show it, or contradict each other",
}
#: The states with which a run can be healthy.
SUCCESS = frozenset({"learned", "learning"})


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run went: a state of STATES, one sentence on why, and the curves that say so.

    gained: share of the way from the start to the best that the curve could reach. kept: share of the
    gain that is left at the end. Both are None where they are not known.
    """

    state: str = "unclear"
    why: str = "the log holds no curve that measures progress"
    tags: tuple[str, ...] = ()
    gained: float | None = None
    kept: float | None = None

    @property
    def success(self) -> bool:
        """Whether the log shows that the run learned."""
        return self.state in SUCCESS

    def as_dict(self) -> dict[str, Any]:
        """The object `outcome` of the JSON report."""
        return {
            "state": self.state,
            "why": self.why,
            "tags": list(self.tags),
            "gained": _rounded(self.gained),
            "kept": _rounded(self.kept),
        }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
