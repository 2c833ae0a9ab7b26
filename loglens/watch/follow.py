"""Follow every run under some paths: look, judge what is due, yield events. Nothing here writes or sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loglens.analysis.report_builder import collect
from loglens.config.load import Config
from loglens.discovery.find import find
from loglens.discovery.units import Unit, units
from loglens.errors import LoglensError
from loglens.model.finding import Severity
from loglens.model.numbers import number, plural
from loglens.model.report import Diagnosis, Judged, Report, Unread
from loglens.pipeline.diagnose_units import diagnose_units
from loglens.pipeline.trim import point_budget, trim
from loglens.readers.files.kept import keeping
from loglens.registry import load as registry
from loglens.remote.storage import is_remote
from loglens.watch.event import Event
from loglens.watch.followed import REST, Followed

#: Findings that need not stand for long once the run is quiet: what is last in the log is what ended it.
OF_THE_END = frozenset({"crashed"})


@dataclass
class Watch:
    """The runs under some paths, followed.

    stall: see `Pace.patience`. spent: seconds of work so far, by `timer`. clock: Unix time.
    """

    paths: Sequence[str]
    config: Config
    interval: float = 10.0
    stall: float | None = None
    clock: Callable[[], float] = time.time
    timer: Callable[[], float] = time.perf_counter
    spent: float = 0.0
    _followed: dict[tuple[str, str], Followed] = field(default_factory=dict)
    _readers: dict[Path, int] = field(default_factory=dict)
    _failures: dict[str, Unread] = field(default_factory=dict)
    _said: set[tuple[str, str]] = field(default_factory=set)
    _looks: int = 0

    def __post_init__(self) -> None:
        for path in filter(is_remote, self.paths):
            raise LoglensError(f"{path}: watch follows files of this machine; mount the remote folder")

    def look(self) -> Iterator[Event]:
        """Look at all files, judge the runs that are due, and yield what happened.

        After the first look a round of judgements ends when it took a quarter of the interval; the others are due in
        the next one, those that have waited longest first.
        """
        yield from self._observe()
        due = [one for one in self._followed.values() if one.is_due(self.clock(), self.interval)]
        due.sort(key=lambda one: one.judged_at or 0.0)
        started = self.spent
        for one in due:
            yield from self._judge(one)
            if self._looks and (self.spent - started) * REST > self.interval:
                break
        self._looks += 1
        for one in self._followed.values():
            yield from self._standing(one)

    def finish(self) -> None:
        """Judge once more what has changed since, for a last report. Nothing is said."""
        for one in self._followed.values():
            if one.is_new:
                self._take(one)

    @property
    def all_ended(self) -> bool:
        """Whether there are runs, and all of them stand still or were over before."""
        return bool(self._followed) and all(one.still or one.over for one in self._followed.values())

    @property
    def runs(self) -> list[tuple[Followed, Diagnosis]]:
        """Every judged run, with the log it is in."""
        return [(one, run) for one in self._followed.values() for run in one.runs]

    @property
    def waiting(self) -> int:
        """How many logs were found and not judged yet."""
        return sum(one.judged_at is None for one in self._followed.values())

    @property
    def unread(self) -> list[Unread]:
        """What cannot be read, as of the last look."""
        items = [item for one in self._followed.values() for item in one.judged if isinstance(item, Unread)]
        return [*self._failures.values(), *items]

    def report(self) -> Report:
        """The report on the runs that were followed, or where none was on those that were over before."""
        chosen = [one for one in self._followed.values() if not one.over] or list(self._followed.values())
        judged: list[Judged] = [item for one in chosen for item in one.judged]
        failures = [] if chosen else list(self._failures.values())
        return collect([*judged, *failures], registry.detectors(), config=self.config)

    def _observe(self) -> Iterator[Event]:
        started = self.timer()
        found = find(
            self.paths,
            registry.readers(),
            lambda: self._owner,
            self.config.columns,
            follow=self.config.follow,
            limits=self.config.limits,
        )
        present = {_key(unit): unit for unit in units(found)}
        self.spent += self.timer() - started
        now = self.clock()
        self._failures = {failure.path: Unread.of(failure) for failure in found.failures}
        elsewhere = {file for unit in present.values() for _, source in unit for file in source.files}
        for key in [*self._followed.keys() - present.keys()]:
            files = {file for _, source in self._followed[key].unit for file in source.files}
            if files <= elsewhere:  # they are part of another run by now
                del self._followed[key]
        for key, unit in present.items():
            self._followed.setdefault(key, Followed(unit))
        for failure in self._failures.values():
            yield from self._once(Event("unread", failure.path, now, failure.why, failure.path))
        for key, one in self._followed.items():
            for lost in one.observe(present.get(key, one.unit), now):
                yield Event("file", one.name, now, lost, one.path)

    def _owner(self, file: Path, ask: Callable[[Path], int | None]) -> int | None:
        """The reader of a file, asked for once; a file that nobody reads may become a log later."""
        if file not in self._readers:
            number_of_reader = ask(file)
            if number_of_reader is None:
                return None
            self._readers[file] = number_of_reader
        return self._readers[file]

    def _take(self, one: Followed) -> None:
        """Read a unit, of event files what is new, and judge its runs."""
        states, started = one.states, self.timer()
        with keeping(one.kept):
            ((_, judged),) = diagnose_units([one.unit], self.config, 1)
        points = point_budget(len(self._followed))  # the runs of all units are in memory together
        judged = [trim(item, points) if isinstance(item, Diagnosis) else item for item in judged]
        cost = self.timer() - started
        self.spent += cost
        one.take(judged, states, self.clock(), cost)

    def _judge(self, one: Followed) -> Iterator[Event]:
        first, now = one.judged_at is None, self.clock()
        self._take(one)
        for item in one.judged:
            if isinstance(item, Unread):
                yield from self._once(Event("unread", item.path, now, item.why, item.path))
        if first and one.age > one.pace.patience(self.stall):
            one.over = True
            one.kept.clear()  # nothing of it is read soon, most likely never
            ago = _duration(one.age)
            for run in one.runs:
                message = f"ended {ago} before the watch began; {run.verdict}: {run.summary}"
                yield _event("over", run, now, message)
            return
        for run in one.runs:
            yield from self._once(_event("run", run, now, f"followed; {plural(run.points, 'point')} so far"))
        quiet = one.is_quiet(self.interval)
        yield from self._findings(one, now, surely=OF_THE_END if quiet else frozenset())

    def _findings(
        self, one: Followed, now: float, *, final: bool = False, surely: frozenset[str] = frozenset()
    ) -> Iterator[Event]:
        """What has become sure in the last judgement, and what has gone away."""
        for run in one.runs:
            worst: dict[str, Severity] = {}
            for finding in run.findings:
                worst[finding.condition] = max(finding.severity, worst.get(finding.condition, finding.severity))
            fresh, gone = one.sureness(run).update(worst, run.points, final=final, surely=surely)
            for condition in fresh:
                finding = next(f for f in run.findings if f.condition == condition and f.severity == worst[condition])
                yield Event(
                    "found",
                    run.run,
                    now,
                    f"{condition}: {finding.message}",
                    run.path,
                    run.last_step,
                    _axis(run),
                    finding.severity,
                    condition,
                    run.verdict,
                    finding.as_dict(),
                )
            for condition in gone:
                yield _event("gone", run, now, f"{condition} is not found any more", condition)

    def _standing(self, one: Followed) -> Iterator[Event]:
        """Say that a run stands still, or moves again."""
        now = self.clock()
        quiet = one.age > one.pace.patience(self.stall)
        if quiet == (one.still or one.over) or one.judged_at is None:
            return
        if not quiet:
            one.over = one.still = False
            for run in one.runs:
                yield _event("moving", run, now, "moves again")
            return
        if one.is_new:
            yield from self._judge(one)
        yield from self._findings(one, now, final=True)
        one.still = True
        one.kept.clear()
        usual = f" (its usual gap is {_duration(one.pace.usual)})" if one.pace.usual else ""
        for run in one.runs:
            message = f"no new record for {_duration(one.age)}{usual}: it stands still or has ended; {run.verdict}: "
            yield _event("still", run, now, message + run.summary)

    def _once(self, event: Event) -> Iterator[Event]:
        said = (event.path, event.message if event.kind == "unread" else event.run)
        if said not in self._said:
            self._said.add(said)
            yield event


def follow(
    watch: Watch, sleep: Callable[[float], None], until: str | None = None, once: bool = False
) -> Iterator[Event]:
    """Yield events until what is waited for: a finding of this severity or above, or the end of all runs.

    The end is waited for with every `until`; with None it continues until it is interrupted. once: one look alone.
    """
    wanted = {"error": Severity.ERROR, "warning": Severity.WARNING}.get(until or "")
    while True:
        before = watch.spent
        for event in watch.look():
            yield event
            if wanted is not None and event.kind == "found" and (event.severity or Severity.NOTE) >= wanted:
                return
        if once or (until is not None and watch.all_ended):
            return
        sleep(max(watch.interval, REST * (watch.spent - before) if before else 0.0))


def _event(kind: str, run: Diagnosis, now: float, message: str, condition: str | None = None) -> Event:
    return Event(
        kind, run.run, now, message, run.path, run.last_step, _axis(run), condition=condition, verdict=run.verdict
    )


def _axis(run: Diagnosis) -> str:
    return run.lead.axis if run.lead is not None else "step"


def _key(unit: Unit) -> tuple[str, str]:
    reader, source = unit[0]
    return reader.FORMAT, str(source.path)


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{number(round(seconds, 1 if seconds < 10 else None))} s"
