"""Date an event that is known to have happened: walk back to where the curve left its band."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def exit_point(outside: NDArray[np.bool_], begin: int) -> int:
    """The index of the point at which a curve left its band, given an index `begin` from which it is known to be out.

    outside: for every point whether it is outside. It is the first point outside from `begin` on, then back over the
    points right before it that are outside too; blocks of points only say roughly where. `begin` itself where no
    point is outside.
    """
    if not outside[begin:].any():
        return begin
    at = begin + int(outside[begin:].argmax())
    inside = np.flatnonzero(~outside[:at])
    return int(inside[-1]) + 1 if len(inside) else 0
