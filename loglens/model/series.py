"""One curve of a run, and the operations on it that detectors share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from loglens.errors import Skip
from loglens.model.numbers import plural
from loglens.model.plain_text import safe
from loglens.stats.arrays import Floats, Ints

#: A share with a value above this was logged in per cent: rounding takes no share so far.
PERCENT_FROM = 1.5


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: read-only arrays of equal length, by rising step.

    step: position on the curve's own `axis` (step, epoch, samples ...). value: as logged, NaN
    included. time: Unix seconds, NaN where unknown. role, split, layer: as `roles.assign`
    gives them. guessed: whether the role does not follow from the name alone.
    """

    tag: str
    step: Ints
    value: Floats
    time: Floats
    axis: str = "step"
    role: str | None = None
    split: str | None = None
    layer: str | None = None
    guessed: bool = False

    def __post_init__(self) -> None:
        for array in (self.step, self.value, self.time):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.step)

    def __repr__(self) -> str:
        role = f" ({self.role}{'@' + self.split if self.split else ''})" if self.role else ""
        span = f", {safe(self.axis)} {self.step[0]:,} to {self.step[-1]:,}" if len(self) else ""
        return f"<Series {safe(self.tag)!r}{role}: {plural(len(self), 'point')}{span}>"

    @property
    def finite(self) -> Series:
        """The same curve without its NaN and infinite points."""
        keep = np.isfinite(self.value)
        if keep.all():
            return self
        return replace(self, step=self.step[keep], value=self.value[keep], time=self.time[keep])

    @property
    def nonfinite(self) -> int:
        return int(np.count_nonzero(~np.isfinite(self.value)))

    @property
    def ends_nonfinite(self) -> bool:
        """Whether the last point is NaN or infinite; False for a curve without points."""
        return bool(len(self)) and not np.isfinite(self.value[-1])

    @property
    def first_nonfinite(self) -> int:
        """The step of the first point that is NaN or infinite; of the first point of the curve where none is."""
        return int(self.step[(~np.isfinite(self.value)).argmax()])

    @property
    def nonfinite_tail(self) -> int:
        """How many points at the end are NaN or infinite."""
        finite = np.flatnonzero(np.isfinite(self.value))
        return len(self) - int(finite[-1]) - 1 if len(finite) else len(self)

    def before(self, step: int) -> Series:
        """The points at steps below `step`."""
        end = int(np.searchsorted(self.step, step))
        return replace(self, step=self.step[:end], value=self.value[:end], time=self.time[:end])

    @property
    def last_step(self) -> int:
        """The step of the last point. Raises IndexError where the curve has none."""
        return int(self.step[-1])

    def head(self, share: float, min_points: int = 3) -> Floats:
        """The values of the first `share` (0 to 1) of the points, at least `min_points` where there are so many."""
        return self.value[: self._points(share, min_points)]

    def tail(self, share: float = 0.1, min_points: int = 3) -> Floats:
        """The values of the last `share` (0 to 1) of the points, at least `min_points` where there are so many."""
        return self.value[len(self) - min(self._points(share, min_points), len(self)) :]

    def _points(self, share: float, min_points: int) -> int:
        return max(min_points, int(len(self) * share + 1e-9))  # 0.1 * 30 is a little below 3


def require(curve: Series, min_points: int, what: str) -> Series:
    """The finite part of a curve of at least `min_points` points. Raises Skip that says how many there are.

    what: what the points are, in the plural ("losses"), for the reason that the report gives.
    """
    finite = curve.finite
    if len(finite) < min_points:
        raise Skip(f"needs {min_points} {what}, has {len(finite)}")
    return finite


def present(*curves: Series | None) -> tuple[Series, ...]:
    """Those of the curves that were logged (are not None), for the `series` of a finding."""
    return tuple(curve for curve in curves if curve is not None)


def as_share(curve: Series) -> Series:
    """The curve with values from 0 to 1, where it was logged in per cent.

    A curve counts as per cent where any of its values is above 1.5.
    """
    percent = bool((curve.finite.value > PERCENT_FROM).any())
    return replace(curve, value=curve.value / 100) if percent else curve
