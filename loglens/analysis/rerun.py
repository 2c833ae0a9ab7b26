"""What a rerun shows beside the run before it: whether it got better or further, or broke at the same place."""

from __future__ import annotations

import numpy as np

from loglens.analysis.judge import clues_of
from loglens.model.finding import Severity
from loglens.model.numbers import number
from loglens.model.outcome import SUCCESS
from loglens.model.report import Diagnosis
from loglens.model.series import Series
from loglens.remedies.clues import Clues
from loglens.remedies.likely_cause import UNSTABLE
from loglens.stats.quantiles import median

#: A loss that ends within this share of the earlier one ends at the same level.
SAME_LEVEL = 0.05
#: How far a run got that ended in each of these states; others do not tell.
HOW_FAR = {"stuck": 0, "little": 1} | dict.fromkeys(SUCCESS, 2)
#: A run that breaks before this share of it may do so at any rate, as its start is no place of its own.
EARLY = 0.1


def what_changed(run: Diagnosis, old: Diagnosis, rates: tuple[float, float] | None) -> str:
    """One sentence: what differs between the two runs, and whether it helped. rates: where they differ, new and old."""
    said = [f"after {old.path}"]
    if rates is not None:
        said.append(f"the learning rate peaks at {rates[0]:.3g} instead of {rates[1]:.3g}")
    gone = [name for name in complaints(old) if name not in complaints(run)]
    new = [name for name in complaints(run) if name not in complaints(old)]
    said += [f"gone: {', '.join(gone)}"] if gone else []
    said += [f"new: {', '.join(new)}"] if new else []
    ends = _ends(run, old)
    if ends is None:
        return "; ".join([*said, "no curve is in both runs, so whether it helped is unknown"])
    tag, end, was = ends
    verdict = "it helped" if _better(end, was) else "it made it worse" if _better(was, end) else "it changed little"
    return "; ".join([*said, f"{tag} ends at {number(end)} instead of {number(was)}: {verdict}"])


def complaints(run: Diagnosis) -> list[str]:
    """The conditions that are warned of, the root cause first."""
    return list(dict.fromkeys(found.condition for found in run.findings if found.severity > Severity.NOTE))


def got_further(run: Diagnosis, old: Diagnosis) -> bool:
    """Whether a run left a start that the other did not leave, or learned where the other gained a little."""
    return HOW_FAR.get(run.outcome.state, -1) > HOW_FAR.get(old.outcome.state, 3)


def helped(run: Diagnosis, old: Diagnosis) -> bool:
    """Whether a run ends better than the other, or got further."""
    ends = _ends(run, old)
    return got_further(run, old) or (ends is not None and _better(ends[1], ends[2]))


def ends_alike(run: Diagnosis, old: Diagnosis) -> bool:
    """Whether both runs learned, up to the same level: then what was changed is not what holds them there."""
    ends = _ends(run, old)
    if ends is None or not (run.outcome.success and old.outcome.success):
        return False
    return not _better(ends[1], ends[2]) and not _better(ends[2], ends[1])


def breaks_at_the_same_place(run: Diagnosis, old: Diagnosis) -> bool:
    """Whether both runs broke at one step, and not at the start: then something happens there, at any rate."""
    now, before, clues = _break(run), _break(old), _clues(run)
    if now is None or before is None or clues.main is None:
        return False
    return now - int(clues.main.step[0]) > EARLY * clues.length and abs(now - before) <= clues.slack()


def _break(run: Diagnosis) -> int | None:
    """The first step at which a run broke."""
    broken = [one for one in run.findings if one.severity == Severity.ERROR and one.condition in UNSTABLE]
    return min((one.onset_step for one in broken if one.onset_step is not None), default=None)


def _ends(run: Diagnosis, old: Diagnosis) -> tuple[str, float, float] | None:
    """The validation loss, else the loss, where both runs have it: its tag, and the level at the end of each."""
    new, was = _clues(run), _clues(old)
    for one, other in ((new.val_loss, was.val_loss), (new.loss, was.loss)):
        if one is not None and other is not None and len(one) and len(other):
            return one.tag, _end(one), _end(other)
    return None


def _clues(run: Diagnosis) -> Clues:
    return clues_of(run.params, run.curves)


def _end(curve: Series) -> float:
    return float("nan") if curve.ends_nonfinite else float(median(curve.finite.tail()))


def _better(one: float, other: float) -> bool:
    """Whether a loss ends clearly below another; any number is better than none."""
    if np.isnan(one) or np.isnan(other):
        return bool(np.isnan(other) and not np.isnan(one))
    return other - one > SAME_LEVEL * max(abs(one), abs(other))
