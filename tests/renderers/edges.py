"""Reports at the edges of what can be: nothing found, nothing read, nothing but names that mean harm."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

import loglens
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.report import Diagnosis, Report, RuleResult, Unread
from loglens.model.reported_finding import ReportedFinding
from loglens.model.source import Note
from tests.golden.example import NOT_UTF8, exploding, failed, healthy, report, suspect, unjudged

ROOT = Path(__file__).parents[2]
SAMPLES = sorted(path.parent.name for path in (ROOT / "sample_logs").glob("*/expect.toml"))

#: A name that tries every way out of a table, a list, a heading, code, XML and a workflow command.
NASTY = (
    "|a|`b`*c*_d_~~e~~[f](http://g)<b>&amp;]]>--> @h #1 $i$ :bug: www.j.k {0} \\| %0A</code></details>\n# l\n::error::m"
)

NAN_LOSS = Rule("nan-loss", "loss", Severity.ERROR)


def nasty() -> Diagnosis:
    """One run in which everything that a log or a plugin can name is NASTY."""
    finding = Finding(
        NASTY,
        Severity.ERROR,
        Confidence.HIGH,
        onset_step=3,
        evidence={NASTY: NASTY, "nan": float("nan"), "array": np.array([1.0, np.inf]), "flag": np.bool_(True)},
        remedies=[Remedy(NASTY, {NASTY: NASTY}, NASTY, {NASTY: "```\n" + NASTY, "pytorch": "`````\n" + NASTY})],
        series=(replace(exploding().series[0], tag=NASTY, axis=NASTY),),
    )
    outcomes = [
        RuleResult("nan-loss", "found"),
        RuleResult("plateau", "skipped", NASTY),
        RuleResult("x", "crashed", NASTY),
    ]
    return replace(
        failed(),
        run=NASTY,
        path=NASTY,
        format=NASTY,
        files=(NASTY, NOT_UTF8, "/abs/a b.csv"),
        findings=(ReportedFinding(NAN_LOSS, finding),) * 2,
        outcomes=tuple(outcomes),
        notes=(Note("corrupt", NASTY, NASTY),),
        curve_roles=tuple(replace(part, tag=NASTY) for part in failed().curve_roles),
    )


def edges() -> dict[str, Report]:
    """The reports by name."""
    bare = replace(healthy(), files=(), path="", outcomes=(), curve_roles=(), first_step=None, last_step=None, points=0)
    note = replace(failed(), findings=failed().findings[2:], outcomes=())
    unread = (Unread("photo.png", "a PNG image"), Unread(NASTY, NASTY), Unread(NOT_UTF8, "empty"))
    return {
        "everything": report(),
        "healthy": report(healthy()),
        "all healthy": report(healthy(), healthy()),
        "a note only": report(note),
        "not judged": report(unjudged()),
        "no runs": Report((), (), "0.0.0"),
        "only unread": Report((), unread, "0.0.0"),
        "some unread": Report((healthy(),), unread, "0.0.0", None),
        "no rules": report(bare),
        "hostile": report(suspect()),
        "nasty": Report((nasty(),), unread, "0.0.0"),
        "overlong": report(replace(nasty(), run="r" * 10_000, path="p" * 10_000)),
        "many": Report(tuple(replace(run, run=f"{i}") for i in range(12) for run in (failed(), suspect())), (), "0"),
    }


@cache
def diagnosed(sample: str) -> Report:
    """The report on one of the sample logs."""
    return loglens.diagnose(ROOT / "sample_logs" / sample)
