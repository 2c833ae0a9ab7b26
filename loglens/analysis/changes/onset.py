"""The moment before which changes are looked for: the onset of a root finding and its effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from loglens.model.rate_in_force import lead_points
from loglens.model.reported_finding import ReportedFinding
from loglens.model.series import Series
from loglens.stats.arrays import Ints

#: Roles whose curves are set, not measured: what they do at the onset itself is no effect of it.
SET_ROLES = frozenset({"hparam", "lr", "momentum", "rl_entropy_coef", "rl_exploration", "weight_decay"})


class Onset(NamedTuple):
    """The onset of a causal chain.

    step: of the root. axis, clock: the step axis and the steps of the curve that shows the root. tags: the curves that
    the chain is about. role: that of the curve that shows the root.
    """

    step: int
    axis: str
    clock: Ints
    tags: frozenset[str]
    role: str | None

    def points(self, step: int) -> int:
        """Points of the clock from `step` to the onset: 0 at the onset itself, negative after it."""
        at, here = np.searchsorted(self.clock, [self.step, step])
        return int(at - here)

    @property
    def history(self) -> int:
        """Points of the clock before the onset."""
        return int(np.searchsorted(self.clock, self.step))

    @property
    def lead(self) -> int:
        """How many points before the onset are just before it."""
        return lead_points(self.history)


def onset_of(chain: Sequence[ReportedFinding]) -> Onset | None:
    """The onset of a chain (root first), or None where it has no place on a curve."""
    root = chain[0]
    if root.onset_step is None or not root.series or not len(root.series[0]):
        return None
    shown = root.series[0]
    tags = {curve.tag for finding in chain for curve in finding.series if curve.role not in SET_ROLES}
    return Onset(root.onset_step, shown.axis, shown.step, frozenset(tags), shown.role)


def before(curve: Series, onset: Onset) -> Series:
    """The finite points of a curve at steps before the onset."""
    return curve.before(onset.step).finite
