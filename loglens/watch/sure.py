"""When a finding on a growing log is sure enough to be said, and when one that was said has gone away.

A judgement of the first part of a run can be wrong where that of the whole is right: a loss that has not fallen yet is
no loss that never falls. So a finding has to stand while the run grows. How long is a matter of measurement:
benchmarks/early_alarms.py cuts labelled runs at 50 places, and docs/accuracy.md has the table of what each way costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from loglens.model.finding import Severity

#: A finding is sure when it stood in so many judgements in a row, in which the run grew by this factor: less than is
#: waited for between two judgements (points do not grow as bytes do), and more than the last lines before a pause add.
MIN_JUDGEMENTS, MIN_GROWTH = 2, 1.03
#: Of some findings the next evaluations often take back what the last ones showed: they have to stand for longer. On
#: the half that the way was chosen on it costs one run of 36 told in time, and alarms no healthy run instead of one.
OFTEN_RECOVERS = frozenset({"metric-collapse", "unstable-training"})
MIN_JUDGEMENTS_THEN, MIN_GROWTH_THEN = 4, 1.2
#: A finding is gone when so many judgements in a row do not have it.
MISSED = 2


@dataclass(slots=True)
class _Standing:
    """How long a condition has stood at a severity or above: judgements in a row, points of the run at the first."""

    judgements: int = 0
    since: int = 0


@dataclass(slots=True)
class _Known:
    """What is known of one condition. said: the severity at which it was said, None where it was not."""

    standing: dict[Severity, _Standing] = field(default_factory=dict)
    said: Severity | None = None
    missed: int = 0


@dataclass(slots=True)
class Sureness:
    """Decide over successive judgements of one run which findings are sure. Notes are never said."""

    min_judgements: int = MIN_JUDGEMENTS
    min_growth: float = MIN_GROWTH
    _known: dict[str, _Known] = field(default_factory=dict)

    def update(
        self, found: Mapping[str, Severity], points: int, *, final: bool = False, surely: frozenset[str] = frozenset()
    ) -> tuple[list[str], list[str]]:
        """Take the next judgement: the conditions to say now, and those that are gone.

        found: conditions with their severity. points: length of the run. final: whether nothing will follow, so that
        all is sure. surely: conditions that need not stand for long.
        """
        fresh, gone = [], []
        for condition in {*self._known, *found}:
            known = self._known.setdefault(condition, _Known())
            severity = found.get(condition)
            known.missed = 0 if severity is not None else known.missed + 1
            judgements, growth = self.min_judgements, self.min_growth
            if condition in OFTEN_RECOVERS:
                judgements, growth = max(judgements, MIN_JUDGEMENTS_THEN), max(growth, MIN_GROWTH_THEN)
            at_once = final or condition in surely
            level = _sure_level(known.standing, severity, points, (1, 1.0) if at_once else (judgements, growth))
            if level is not None and (known.said is None or level > known.said):
                known.said = level
                fresh.append(condition)
            elif known.said is not None and (known.missed >= MISSED or (known.missed and final)):
                known.said = None
                gone.append(condition)
        return [name for name in found if name in fresh], sorted(gone)

    @property
    def said(self) -> Severity | None:
        """The worst severity that was said and has not gone away."""
        return max((known.said for known in self._known.values() if known.said is not None), default=None)


def _sure_level(
    standings: dict[Severity, _Standing], severity: Severity | None, points: int, least: tuple[int, float]
) -> Severity | None:
    """The highest severity, above a note, that has stood for long enough.

    least: judgements in a row, and the run's growth from the first to the last of them.
    """
    sure = None
    for level in (Severity.WARNING, Severity.ERROR):
        if severity is None or severity < level:
            standings.pop(level, None)
            continue
        standing = standings.setdefault(level, _Standing(0, points))
        standing.judgements += 1
        if standing.judgements >= least[0] and points >= least[1] * standing.since:
            sure = level
    return sure
