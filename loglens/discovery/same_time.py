"""A log that was written into the folder of another one while that one was written.

StyleGAN's evaluations lie so beside its events, and what the system did beside the history of an old W&B run.
"""

from __future__ import annotations

import numpy as np

from loglens.model.run import Run
from loglens.stats.arrays import Floats

#: Points with a time that a log needs at least, to say when it was written.
_FEW = 3
#: How far, in lengths of the run, a last evaluation may come after the last point of the training.
_AFTER = 0.1


def is_written_meanwhile(run: Run, main: Run) -> bool:
    """Whether `run` lies in the folder of `main`, in another format, and its times lie within those of `main`.

    Logs that have a measurement in common are compared by its values instead, and so are consoles, which repeat what
    is logged.
    """
    if run.format == main.format or "text" in (run.format, main.format):
        return False
    if {file.parent for file in run.files} != {file.parent for file in main.files}:
        return False
    if not all(_only_rises(run.curves[tag].value) for tag in run.tags if tag in main.curves):
        return False
    inner, outer = _times(run), _times(main)
    if min(len(inner), len(outer)) < _FEW:
        return False
    begin, end = outer.min(), outer.max()
    return bool(begin <= inner.min() and inner.max() <= end + _AFTER * (end - begin))


def _only_rises(values: Floats) -> bool:
    """Whether a curve may be a clock or a counter."""
    return bool((values[1:] >= values[:-1]).all())


def _times(run: Run) -> Floats:
    return run.columns.time[np.isfinite(run.columns.time)]
