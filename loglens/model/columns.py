"""Points and histograms in the order written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loglens.stats.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Histogram:
    """One histogram summary of a tensor, as logged.

    count, sum, sum_squares, min, max are over all its elements; nonfinite counts those that are NaN
    or infinite. edges has one more entry than counts. exact is False where the writer left no sums
    (TensorFlow 2), so that they are computed from the middles of the bins.
    """

    tag: str
    step: int
    time: float
    count: float
    sum: float
    sum_squares: float
    min: float
    max: float
    nonfinite: float
    edges: Floats
    counts: Floats
    exact: bool

    @property
    def norm(self) -> float:
        """L2 norm of the tensor (root of the sum of squares)."""
        return float(np.sqrt(self.sum_squares))


@dataclass(frozen=True, slots=True)
class Columns:
    """Scalars in the order written: `tag` holds indices into `tags`; all arrays have one row a point.

    step: int64. time: Unix seconds, NaN where unknown. value: float64. session: number of the file
    or writer session that a row came from, rising; a new session may start at an earlier step.
    """

    tags: tuple[str, ...]
    tag: NDArray[np.int32]
    step: Ints
    time: Floats
    value: Floats
    session: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.step)

    @property
    def sessions(self) -> NDArray[np.int32]:
        """The numbers of the sessions, rising."""
        if not len(self) or (self.session == self.session[0]).all():
            return self.session[:1]  # a short call does not wait for numpy.ma, which np.unique loads
        return np.unique(self.session)

    def axes_kept(self, axes: Mapping[str, str]) -> dict[str, str]:
        """The axes of those tags that these points have."""
        tags = frozenset(self.tags)
        return {tag: axis for tag, axis in axes.items() if tag in tags}

    @classmethod
    def empty(cls) -> Columns:
        none = np.zeros(0)
        return cls((), none.astype(np.int32), none.astype(np.int64), none, none, none.astype(np.int32))

    @classmethod
    def from_curves(cls, curves: Mapping[str, tuple[Sequence[int] | Ints, Sequence[float] | Floats]]) -> Columns:
        """Build columns from whole curves (tag -> steps and values), tag by tag and without times."""
        return cls.join(
            cls(
                (tag,),
                np.zeros(len(step), np.int32),
                np.asarray(step, np.int64),
                np.full(len(step), np.nan),
                np.asarray(value, np.float64),
                np.zeros(len(step), np.int32),
            )
            for tag, (step, value) in curves.items()
        )

    @classmethod
    def join(cls, parts: Iterable[Columns]) -> Columns:
        """Concatenate the rows of all parts; equal tags are merged into one, session numbers are kept."""
        parts = [part for part in parts if len(part)]
        if not parts:
            return cls.empty()
        index: dict[str, int] = {}
        codes = [
            np.array([index.setdefault(tag, len(index)) for tag in part.tags], np.int32)[part.tag] for part in parts
        ]
        return cls(
            tuple(index),
            np.concatenate(codes),
            *(np.concatenate([getattr(part, name) for part in parts]) for name in ("step", "time", "value", "session")),
        )
