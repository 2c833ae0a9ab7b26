"""One log, or several of one run, followed while it grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from loglens.discovery.units import Unit
from loglens.model.report import Diagnosis, Judged
from loglens.readers.files.kept import Memory
from loglens.watch import files
from loglens.watch.files import States
from loglens.watch.pace import Pace
from loglens.watch.sure import Sureness

#: A log is judged again when it has grown by this factor. Reading it whole each time, as all but event files are, costs
#: over its whole life at most 1 / (1 - 1 / 1.05) = 21 times what reading it once does.
GROWTH = 1.05
#: It rests for so many times as long as its judgement took: at most a fifth of one core is used.
REST = 4.0
#: What is new but less than that is judged after so many usual gaps, or looks, without a write.
QUIET = 3.0


@dataclass(slots=True)
class Followed:
    """What is known of the files of one unit, and its last judgement. Times are seconds of one clock.

    grew: whether anything was written while it was watched. still: whether it stands still. over: whether it had
    ended before the watch began. reset: whether a file lost what was in it since the last judgement. rate: steps a
    second between the last two judgements, for a log without times.
    """

    unit: Unit
    states: States = field(default_factory=dict)
    looked_at: float = 0.0
    changed_at: float = 0.0
    grew: bool = False
    still: bool = False
    over: bool = False
    reset: bool = False
    judged: Sequence[Judged] = ()
    judged_states: States = field(default_factory=dict)
    judged_at: float | None = None
    cost: float = 0.0
    rate: float | None = None
    pace: Pace = field(default_factory=Pace)
    sure: dict[str, Sureness] = field(default_factory=dict)
    kept: Memory = field(default_factory=dict)

    @property
    def path(self) -> str:
        return str(self.unit[0][1].path)

    @property
    def name(self) -> str:
        return self.unit[0][1].name

    @property
    def runs(self) -> list[Diagnosis]:
        """The judged runs that were kept whole."""
        return [item for item in self.judged if isinstance(item, Diagnosis)]

    @property
    def last_step(self) -> int | None:
        """The last step of the last run."""
        return self.runs[-1].last_step if self.runs else None

    def observe(self, unit: Unit, now: float) -> list[str]:
        """Look at the files. Returns which of them lost what was in it, a sentence each."""
        first, self.looked_at = not self.states and not self.judged, now
        states = files.look(file for _, source in unit for file in source.files)
        lost = list(files.setbacks(self.states, states))
        if first:
            self.changed_at = min(now, files.last_write(states))
        elif states != self.states:
            gap = files.last_write(states) - files.last_write(self.states)
            if gap > 0 and self.grew:  # the first one began before the watch did
                self.pace.writes.append(gap)
            self.changed_at, self.grew = now, self.grew or bool(states)
        if lost:
            self.reset = True
            self.sure.clear()
        self.unit, self.states = unit, states
        return lost

    @property
    def age(self) -> float:
        """Seconds since the last write, as of the last look."""
        return self.looked_at - self.changed_at

    @property
    def is_new(self) -> bool:
        """Whether anything has changed since the last judgement."""
        return bool(self.states) and self.states != self.judged_states

    def is_quiet(self, interval: float) -> bool:
        """Whether nothing was written for some usual gaps."""
        return self.age >= QUIET * max(interval, self.pace.usual or 0.0)

    def is_due(self, now: float, interval: float) -> bool:
        """Whether enough is new to judge again, and the last judgement is long enough ago."""
        if self.judged_at is None:
            return bool(self.states)
        if not self.is_new or now - self.judged_at < REST * self.cost:
            return False
        size, before = files.size(self.states), files.size(self.judged_states)
        return self.reset or size >= GROWTH * before or size <= before or self.is_quiet(interval)

    def take(self, judged: Sequence[Judged], states: States, now: float, cost: float) -> None:
        """Keep a judgement of the files as they were when it began."""
        before, at = self.last_step, self.judged_at
        self.judged, self.judged_states, self.judged_at, self.cost, self.reset = judged, states, now, cost, False
        for run in self.runs[-1:]:
            self.pace.read(run.lead)
        if before is not None and at is not None and now > at and (self.last_step or 0) > before:
            self.rate = ((self.last_step or 0) - before) / (now - at)

    def sureness(self, run: Diagnosis) -> Sureness:
        """What is sure of one run of the unit."""
        return self.sure.setdefault(run.run, Sureness())
