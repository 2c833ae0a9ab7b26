"""What changed just before each root finding began.

Changes of settings and events are facts; each is reported where it comes nearer to the onset than accident explains.
Measurements are noisy, so that of many curves some always seem to move: they are tested against their own past. Both
are claimed under a limit on false claims over all that was looked at. See docs/decisions/changes-before-onset.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from loglens.analysis.causes import reach
from loglens.analysis.changes.curves import is_setting, measured_change, setting_change
from loglens.analysis.changes.events import events_before
from loglens.analysis.changes.onset import SET_ROLES, Onset, onset_of
from loglens.model.causal_chain import causal_trees
from loglens.model.change import Change
from loglens.model.finding import Rule, Severity
from loglens.model.rate_in_force import JUMP
from loglens.model.reported_finding import ReportedFinding
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.stats.false_discovery import rejected

#: Limits on false claims: for settings and events, whose nearness may be an accident, and for shifts of noisy curves.
#: Events come again and again in most runs, so that they are believed later.
SETTINGS, EVENTS, MEASUREMENTS = 0.05, 0.02, 0.01
#: Roles whose curves say nothing beyond the steps themselves.
SILENT = frozenset({"duplicate_axis", "epoch", "flops", "ignore", "loss_summary", "samples", "step", "time", "tokens"})
#: How many changes a finding carries, the least likely first.
MAX_CHANGES = 5
#: The rule on rates that are too high: a jump of the rate explains what that can lead to.
TOO_HIGH = "lr-too-high"


@np.errstate(all="ignore")  # a logged value may be 1e308
def add_changes(
    findings: Sequence[ReportedFinding], run: Run, curves: Sequence[Series], rules: Mapping[str, Rule]
) -> tuple[ReportedFinding, ...]:
    """Add to each root finding at warning or above what changed just before it began.

    curves: those of the run, with their roles. rules: all rules by name, for what a jump of the learning rate explains.
    """
    by_rate = reach(TOO_HIGH, rules) if TOO_HIGH in rules else frozenset()
    changes: dict[int, tuple[Change, ...]] = {}
    for chain in causal_trees(findings):
        onset = onset_of(chain)
        if onset is not None and chain[0].severity > Severity.NOTE:
            found = changes_before(onset, run, curves)
            explained = chain[0].condition in by_rate
            changes[id(chain[0])] = tuple(replace(c, explains=explained and _is_jump(c, curves)) for c in found)
    return tuple(replace(finding, changes=changes.get(id(finding), ())) for finding in findings)


def changes_before(onset: Onset, run: Run, curves: Sequence[Series]) -> list[Change]:
    """The changes that are claimed, the least likely by accident first; curves of one role and step count as one."""
    events: list[Change | None] = list(events_before(onset, run, curves))
    settings: list[Change | None] = []
    measured: list[Change | None] = []
    for curve in curves:
        if curve.axis != onset.axis or curve.role in SILENT or curve.tag in onset.tags:
            continue
        if curve.role in SET_ROLES or (curve.role is None and is_setting(curve, onset)):
            settings.append(setting_change(curve, onset))
        elif curve.role != onset.role or curve.role is None:
            measured.append(measured_change(curve, onset))
    found = [*_claimed(settings, SETTINGS), *_claimed(events, EVENTS), *_claimed(measured, MEASUREMENTS)]
    return sorted(_merged(found, curves), key=lambda change: (change.chance, change.what))[:MAX_CHANGES]


def _claimed(tested: Sequence[Change | None], level: float) -> Iterator[Change]:
    """Of all that was tested, what is claimed under a limit on false claims."""
    taken = rejected([1.0 if change is None else change.chance for change in tested], level)
    yield from (change for change, take in zip(tested, taken, strict=True) if change is not None and take)


def _merged(changes: Sequence[Change], curves: Sequence[Series]) -> Iterator[Change]:
    """One change for all curves of one role, or of one event, that changed at the same step."""
    role = {curve.tag: curve.role or curve.tag for curve in curves}
    groups: dict[tuple[str, str, int], list[Change]] = {}
    for change in sorted(changes, key=lambda change: change.chance):
        groups.setdefault((change.kind, role.get(change.what, change.what), change.step), []).append(change)
    for first, *others in groups.values():
        yield replace(first, also=tuple(dict.fromkeys(o.what for o in others if o.what != first.what)))


def _is_jump(change: Change, curves: Sequence[Series]) -> bool:
    """Whether the learning rate rises to twice its value or more."""
    rate = any(curve.tag == change.what and curve.role == "lr" for curve in curves)
    return rate and change.before is not None and change.after is not None and change.after >= JUMP * change.before
