"""What changed just before a finding began: a curve, an event of the run, or a step that a parameter names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from loglens.model.numbers import estimate, fold, number, plural
from loglens.model.plain_text import safe

#: The kinds: a curve without noise left its course, a noisy one its level, something happened, a parameter names the
#: step.
KINDS = ("setting", "measurement", "event", "parameter")
#: A rise or fall of less than this is given by its two ends alone.
SAID_AS_FACTOR = 1.5


@dataclass(frozen=True, slots=True)
class Change:
    """One change just before the onset of a finding.

    kind: one of KINDS. what: the tag of the curve, the event ("a restart"), or the parameter. before, after: the values
    on its two sides, None for an event. since, step: the last step without it and the first one with it; since is
    None for what happens at a step. points: logged points from there to the onset; 0 at the onset itself, and for a
    curve that is logged seldom and shows it only at its next point. seen, history: how often the like had been seen
    in how many points before. times: for a measurement, its size as a multiple of the largest shift before; else
    None. chance: the probability that one comes so near, or grows so large, by accident. also: further curves of the
    same role that changed at the same step. explains: whether it is a likely cause of the finding.
    """

    kind: str
    what: str
    before: float | None
    after: float | None
    since: int | None
    step: int
    points: int
    seen: int
    history: int
    times: float | None
    chance: float
    also: tuple[str, ...] = ()
    explains: bool = False

    @property
    def sentence(self) -> str:
        """ "train/lr falls 100-fold, from 0.001 to 1e-5, 2 points before; no such change in the 250 points before"."""
        if self.kind == "parameter":
            return f"{safe(self.what)} is {number(self.after)}: {self._when}"
        if self.before is None or self.after is None:
            return f"{safe(self.what)}, {self._when}; {self._usual}"
        also = f" and {plural(len(self.also), 'more curve')}" if self.also else ""
        return (
            f"{safe(self.what)}{also} {self._move}from {number(self.before)} to {number(self.after)}, {self._when}; "
            f"{self._usual}"
        )

    @property
    def _move(self) -> str:
        before, after = self.before or 0.0, self.after or 0.0
        verb = ("rise" if after > before else "fall") + ("" if self.also else "s")
        if before * after <= 0:
            return f"{verb} "
        ratio = max(after / before, before / after)
        return f"{verb} {fold(ratio)}, " if ratio >= SAID_AS_FACTOR else f"{verb} "

    @property
    def _when(self) -> str:
        if self.points:
            return f"{plural(self.points, 'point')} before"
        apart = self.since is not None and self.step > self.since + 1
        return f"between {number(self.since)} and {number(self.step)}" if apart else "at the same point"

    @property
    def _usual(self) -> str:
        if self.times is not None:
            return f"{estimate(self.times)} times the largest such shift in the {plural(self.history, 'point')} before"
        if not self.seen:
            return f"the first such change in {plural(self.history, 'point')}"
        return f"seen {plural(self.seen, 'time')} in the {plural(self.history, 'point')} before"

    def as_dict(self) -> dict[str, Any]:
        """The change as an element of `changed_before` in the JSON report; values may be NaN or infinite."""
        return {
            "kind": self.kind,
            "what": self.what,
            "from": self.before,
            "to": self.after,
            "since_step": self.since,
            "step": self.step,
            "points_before": self.points,
            "seen": self.seen,
            "history": self.history,
            "times": self.times,
            "chance": self.chance,
            "also": list(self.also),
            "explains": self.explains,
            "text": self.sentence,
        }
