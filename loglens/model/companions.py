"""Curves logged beside another one: which continue after it stops or is blank, which broke before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice, takewhile

import numpy as np

from loglens.model.run import Run
from loglens.model.series import Series
from loglens.model.source import Note
from loglens.stats.quantiles import median

#: Two curves are of the same rows where 95 % of the steps of the one that stops are steps of the other, and the other
#: has a tenth more points until then at the most. The rest is for rows that a writer dropped.
SHARED, MORE_POINTS = 0.95, 1.1
#: After the stop, the other continues for a twentieth of the points or more: shorter is a last row half written.
POINTS_PER_LATER_POINT = 20
#: Two curves count their steps alike where one reaches this share of the other's last step.
SAME_LENGTH = 0.9
#: With so many kinds of rows at most one curve is compared: a run has a handful of them.
MAX_COMPARED = 64


def outliving(curve: Series, run: Run, min_points: int) -> Series | None:
    """A curve logged in the same rows as this one that continues for `min_points` points or more after this one stops.

    None for a curve of fewer points than that.
    """
    if len(curve) < min_points:
        return None
    min_points = max(min_points, len(curve) // POINTS_PER_LATER_POINT)
    later = takewhile(lambda other: other.last_step > curve.last_step, run.kinds_of_rows.get(_group(curve.tag), ()))
    for other in islice(later, MAX_COMPARED):
        inside = int(np.searchsorted(other.step, curve.last_step, side="right"))
        if other.axis != curve.axis or len(other) - inside < min_points or inside > MORE_POINTS * len(curve):
            continue
        # rows of another kind (evaluations, say) come at another pace: they are no sign that this one stopped
        same_pace = median(np.diff(other.step[inside:])) <= 2 * median(np.diff(curve.step))
        if same_pace and np.isin(curve.step, other.step).mean() >= SHARED:
            return other
    return None


def broken_before(curve: Series, run: Run) -> list[tuple[int, str]]:
    """The curves that became NaN or infinite before this one did, first ones first: the step and the tag.

    Only curves that count their steps alike can be compared: an epoch number is always the smaller.
    """
    onset = curve.first_nonfinite
    return sorted(
        (other.first_nonfinite, tag)
        for tag, other in run.curves.items()
        if other.nonfinite and np.isfinite(other.value[0]) and other.first_nonfinite < onset
        if other.last_step > SAME_LENGTH * curve.last_step
    )


def left_blank(curves: Sequence[Series], notes: Sequence[Note]) -> tuple[Series, str] | None:
    """The first curve of which a note says that its cells are blank to the end, and what the note says."""
    for note in notes:
        named = re.split(" (?:is|are) blank", note.message)[0].split(", ")
        found = [curve for curve in curves if curve.tag in named] if note.kind == "blank-tail" else []
        if found:
            return found[0], note.message
    return None


def _group(tag: str) -> str:
    """Curves of one group were logged by one call, as far as names say; so were those without one."""
    return tag.rpartition("/")[0]
