"""What an agent can ask: each tool is a function from names to a text of bounded size. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from loglens.agents.roots import Roots
from loglens.analysis.judge import judge
from loglens.analysis.report_builder import collect
from loglens.config.load import Config
from loglens.errors import LoglensError, nearest
from loglens.model.numbers import number, plural
from loglens.model.plain_text import safe, shorten
from loglens.model.report import Diagnosis, Report, Unread
from loglens.model.run import Run
from loglens.pipeline import session
from loglens.pipeline.trim import thin
from loglens.registry import load as registry
from loglens.renderers import brief, json
from loglens.renderers.shared.summary import VERDICTS, worst_first
from loglens.renderers.terminal import inspection
from loglens.renderers.terminal.look import TextStyle
from loglens.roles.assign import assign_roles, parts

#: Characters of an answer, points of a curve, runs of a search; and the columns of a table.
MAX_ANSWER, MAX_POINTS, MAX_RUNS, WIDTH = 20_000, 500, 50, 100
#: Characters of a name and a sentence.
NAME, SENTENCE = 120, 300


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools, for the logs below some roots. Each raises LoglensError for what it cannot do, in one line."""

    roots: Roots
    config: Config

    def diagnose(self, path: str, detail: str = "brief") -> str:
        """Judge the training runs under a path: verdict, chain of causes, onset, evidence, what to change first.

        detail: "brief" (under 2 KB), or "json" for everything on a single run.
        """
        if detail not in ("brief", "json"):
            raise LoglensError(f"detail is brief or json, not {shorten(safe(detail), NAME)}")
        report = self._report(path)
        if detail == "brief":
            return brief.render(report)
        text = json.render(report)
        if len(text) > MAX_ANSWER:
            return f"{brief.render(report)}The JSON has {number(len(text))} characters: name a single run.\n"
        return text

    def inspect(self, path: str) -> str:
        """List the runs under a path: their curves with role, points and steps, and their parameters. No judging."""
        runs, unread = self._runs(path)
        listed = [(run, parts(assign_roles(run, self.config.roles))) for run in runs]
        return _bounded(inspection.text(listed, unread, TextStyle(WIDTH, unicode=False)))

    def curve(self, path: str, tag: str, run: str = "", points: int = 100) -> str:
        """The points of one curve as CSV, thinned to about so many; lowest, highest, first and last are kept.

        tag: as `inspect` lists it. run: the run's name, where the path holds several. points: at most 500.
        """
        runs, _ = self._runs(path)
        named = [one for one in runs if run in ("", one.name)]
        if len(named) != 1:
            names = [one.name for one in runs]
            raise LoglensError(f"{plural(len(runs), 'run')} there; name one: {_names(names, run)}")
        if tag not in named[0].curves:
            raise LoglensError(f"no curve {shorten(safe(tag), NAME)!r}; {_names(list(named[0].curves), tag)}")
        whole = named[0].curves[tag]
        curve = thin(whole, max(2, min(points, MAX_POINTS)))
        head = (
            f"# {shorten(safe(tag), NAME)}: {len(curve)} of {plural(len(whole), 'point')}, {safe(whole.axis)}, value\n"
        )
        rows = zip(curve.step.tolist(), curve.value.tolist(), strict=True)
        return _bounded(head + "".join(f"{step},{value:.6g}\n" for step, value in rows))

    def compare(self, good: str, bad: str) -> str:
        """Find where a bad run diverges from a good one by more than noise, and what differs in their parameters."""
        from loglens.compare import reference  # this and the next load scipy
        from loglens.compare.curves import compare
        from loglens.compare.text import text

        runs = [self._one(path) for path in (good, bad)]
        curves = [(run, assign_roles(run, self.config.roles)) for run in runs]
        rules = registry.detectors()
        *entries, last = reference.judged(curves, partial(judge, detectors=rules, config=self.config))
        sound, left_out = reference.references(entries)
        return _bounded(text(compare(sound, last, [], left_out), TextStyle(WIDTH, unicode=False)))

    def explain_rule(self, rule: str) -> str:
        """Explain a rule that a finding names: why it matters, how it is found, when it is wrong."""
        known = registry.detectors()
        if rule not in known:
            raise LoglensError(f"no rule {shorten(safe(rule), NAME)!r}; {nearest(rule, list(known))}")
        detector = known[rule]
        head = f"{rule} ({detector.rule.family}, at worst {detector.rule.severity}): {detector.title}"
        return _bounded("\n\n".join([head, *(f"{name} {text}" for name, text in detector.text.items())]) + "\n")

    def search_runs(self, path: str = "", verdict: str = "", rule: str = "", name: str = "", limit: int = 20) -> str:
        """Find runs, a line each, worst first: all, or those with a verdict, a rule's finding, or a text in the name.

        path: all roots where it is empty. verdict: failed, suspect, healthy, unclear or not-judged.
        """
        if verdict and verdict not in VERDICTS:
            raise LoglensError(f"no verdict {shorten(safe(verdict), NAME)!r}; there are {', '.join(VERDICTS)}")
        if rule and rule not in registry.detectors():
            raise LoglensError(f"no rule {shorten(safe(rule), NAME)!r}; {nearest(rule, list(registry.detectors()))}")
        paths = [path] if path else list(map(str, self.roots.paths))
        found = [
            run
            for one in paths
            for run in self._report(one).runs
            if (not verdict or run.verdict == verdict)
            and (not rule or any(finding.condition == rule for finding in run.findings))
            and name.lower() in run.run.lower()
        ]
        shown = worst_first(found)[: max(1, min(limit, MAX_RUNS))]
        lines = [f"{plural(len(found), 'run')}, {len(shown)} shown", *map(_line, shown)]
        return _bounded("\n".join(lines) + "\n")

    def _report(self, path: str) -> Report:
        real = self.roots.inside(path)
        judged, stopped = session.diagnose([real], self.config, session.Execution(formats={"brief"}))
        if stopped is not None:
            raise stopped
        return collect(judged, registry.detectors(), config=self.config)

    def _runs(self, path: str) -> tuple[list[Run], list[Unread]]:
        reading = session.open_paths([self.roots.inside(path)], self.config)
        runs = list(reading)
        return runs, [Unread.of(failure) for failure in reading.unread]

    def _one(self, path: str) -> Run:
        runs, unread = self._runs(path)
        if len(runs) == 1:
            return runs[0]
        if not runs:
            raise LoglensError(unread[0].why if unread else "there is no run")
        raise LoglensError(f"{plural(len(runs), 'run')} there; name one: {_names([run.name for run in runs], '')}")


def guide() -> str:
    """How an agent uses loglens: the page docs/agents.md."""
    return Path(__file__).with_name("agents.md").read_text("utf-8")


def _line(run: Diagnosis) -> str:
    name, path = shorten(safe(run.run), NAME), shorten(safe(run.path), SENTENCE)
    return f"{run.verdict}: {name} ({path}): {shorten(safe(run.summary), SENTENCE)}"


def _names(names: Sequence[str], wanted: str) -> str:
    """The names that are nearest to the one wanted, or the first ones."""
    return safe(nearest(wanted, names, ", ".join(shorten(name, NAME) for name in names[:20])))


def _bounded(text: str) -> str:
    if len(text) <= MAX_ANSWER:
        return text
    return text[:MAX_ANSWER].rpartition("\n")[0] + f"\n... cut: {number(len(text))} characters in all; ask for less\n"
