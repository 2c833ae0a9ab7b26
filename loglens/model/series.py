"""TODO: say in one line what this is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    pass

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: read-only arrays of equal length, by rising step.

    step: position on the curve's own `axis` (step, epoch, samples ...). value: as logged, NaN
    included. time: Unix seconds, NaN where unknown. role, split and layer are filled by the cast.
    """

    tag: str
    step: Ints
    value: Floats
    time: Floats
    axis: str = "step"
    role: str | None = None
    split: str | None = None
    layer: str | None = None

    def __post_init__(self) -> None:
        for array in (self.step, self.value, self.time):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.step)

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

    def before(self, step: int) -> Series:
        """The points at steps below `step`."""
        end = int(np.searchsorted(self.step, step))
        return replace(self, step=self.step[:end], value=self.value[:end], time=self.time[:end])
