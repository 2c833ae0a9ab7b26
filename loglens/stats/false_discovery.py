"""Control of false claims over many tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def rejected(chances: Sequence[float], level: float) -> list[bool]:
    """Which of several tests to take as real, so that at most a share `level` of those taken is false on average.

    chances: the p-value of every test that was made, also of those that found nothing (1.0).
    The step-up procedure of Benjamini and Hochberg (1995, J. R. Stat. Soc. B 57:289); where no test is real, the
    probability of any claim is `level`.
    """
    p = np.asarray(chances, float)
    order = np.argsort(p)
    passed = np.flatnonzero(p[order] <= level * np.arange(1, len(p) + 1) / max(len(p), 1))
    limit = p[order][passed[-1]] if len(passed) else -1.0
    return [bool(one <= limit) for one in p]
