"""What comes in: a run as its log files left it, and the curves in it.

A reader fills a `Run` and changes nothing: rows stay in the order written, a logged NaN is a value,
a blank is no row. What a curve looks like after a resume is decided here, once, by `survive`.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loglens import notebook
from loglens.errors import LoglensError
from loglens.privacy import scrub

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Every role that a curve can play. `loss` and the metrics take a split besides (train, val, test).
ROLES = frozenset(
    """
    activation clip_frac_pct data_time duplicate_axis epoch flops gan_augment gan_d_loss gan_g_loss
    gan_reg gan_score_fake gan_score_real gpu_memory gpu_oom gpu_util grad_hist grad_noise
    grad_norm_global grad_norm_layer grad_rms grad_zeros host_memory hparam ignore loss
    loss_component loss_max loss_scale loss_summary lr metric_higher metric_lower momentum other
    overflow rl_action_std rl_clip_frac rl_degenerate rl_entropy rl_entropy_coef rl_entropy_loss
    rl_episode_len rl_explained_var rl_exploration rl_importance_ratio rl_kl rl_policy_loss
    rl_q_value rl_return rl_reward rl_reward_std rl_success rl_truncation rl_value_loss samples
    samples_skipped step step_time throughput time tokens update_norm weight_decay weight_hist
    weight_norm_global
    """.split()
)


@dataclass(frozen=True, slots=True)
class Source:
    """The files that make one run, as discovery grouped them.

    path: the run's home, a folder or the one file. name: how the run is called in reports.
    mirror: where the image of a remote tree begins of which the paths are a part.
    """

    path: Path
    files: tuple[Path, ...]
    name: str
    mirror: Path | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A fact met while reading ("file ends inside record 1203"), for the report.

    A message may quote the log: secrets in it are hidden (`privacy.scrub`).
    kind: one word in kebab case, e.g. truncated, corrupt, rewind, sampled, restart, ignored.
    """

    kind: str
    message: str
    file: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", scrub(self.message))


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

    @classmethod
    def empty(cls) -> Columns:
        none = np.zeros(0)
        return cls((), none.astype(np.int32), none.astype(np.int64), none, none, none.astype(np.int32))

    @classmethod
    def of(cls, curves: Mapping[str, tuple[Sequence[int] | Ints, Sequence[float] | Floats]]) -> Columns:
        """Columns of whole curves, tag by tag, without times: what tests and column formats need."""
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
        """The rows of all parts, one after another; equal tags become one, sessions are kept."""
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


class Rewind(NamedTuple):
    """A resume: the steps of a curve went back from `last` to `first`, and it went on from there."""

    last: int
    first: int


def survive(step: Ints, session: NDArray[np.int32] | None = None) -> tuple[NDArray[np.intp], list[Rewind]]:
    """Which rows of a curve are its present, by rising step, and where it was rewound.

    A later block of rows at smaller steps replaces the earlier ones from there on (a resume from a
    checkpoint). A single row at a smaller step, after which the curve goes on above its highest step,
    is a straggler of another worker: it is kept and sorted in. Equal steps keep their order. The
    first row of a new `session` at a step that was already passed or reached is always a resume.

    step: int64, in the order written. Returns the indices of the surviving rows and the rewinds.
    The rule is RustBoard's preemption (tensorboard/data/server, "a new event with step s removes all
    stored ones with step >= s"), spared for stragglers, which it would let wipe out a whole run.
    """
    n = len(step)
    anew = np.zeros(n, np.bool_)  # the first row of a session that is not the first
    if session is not None:
        anew[1:] = session[1:] != session[:-1]
    back = step[1:] < step[:-1]
    back |= anew[1:] & (step[1:] <= np.maximum.accumulate(step)[:-1])
    if not back.any():
        return np.arange(n), []
    kept, kept_step = np.empty(n, np.intp), np.empty(n, np.int64)
    size = 0
    rewinds: list[Rewind] = []
    stragglers: list[int] = []
    cuts: list[tuple[int, int]] = []  # the row of each resume, and the step from which it replaces
    for start, end in itertools.pairwise([0, *(np.flatnonzero(back) + 1).tolist(), n]):
        first = int(step[start])
        top = int(kept_step[size - 1]) if size else first - 1
        if first < top or (first == top and anew[start]):
            alone = start + 1 >= n or anew[start + 1]
            if not anew[start] and (alone or step[start + 1] > top or step[start + 1] < first):
                stragglers.append(start)
                start += 1  # the rows after it are the curve's
            else:
                cuts.append((start, first))
                size = int(np.searchsorted(kept_step[:size], first))
                if first < top:
                    rewinds.append(Rewind(top, first))
        kept[size : size + end - start] = np.arange(start, end)
        kept_step[size : size + end - start] = step[start:end]
        size += end - start
    rows = np.concatenate([kept[:size], _uncut(np.array(stragglers, np.intp), cuts, step)])
    if stragglers:
        rows = np.sort(rows)
        rows = rows[np.argsort(step[rows], kind="stable")]
    return rows, rewinds


def _uncut(stragglers: NDArray[np.intp], cuts: list[tuple[int, int]], step: Ints) -> NDArray[np.intp]:
    """The stragglers that no later resume has replaced."""
    if not cuts:
        return stragglers
    at, first = np.array(cuts, np.int64).T
    lowest_from_here = np.append(np.minimum.accumulate(first[::-1])[::-1], np.iinfo(np.int64).max)
    return stragglers[step[stragglers] < lowest_from_here[np.searchsorted(at, stragglers)]]


@dataclass(frozen=True)
class Run:
    """One training run as read: scalars and histograms as written, parameters, and notes.

    axes: the step axis of each tag that does not count in steps (e.g. {"val_loss": "epoch"}).
    params: what the files say of how the run was made (learning rate, cell, status ...), flat. An integer
    that no float can hold stands as text, so that every number in them can be reckoned with.
    """

    name: str
    source: Path
    format: str
    columns: Columns = field(default_factory=Columns.empty)
    summaries: tuple[Histogram, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    files: tuple[Path, ...] = ()
    axes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        huge = {
            key: f"{value:#x}"  # Python writes no decimals of that many digits
            for key, value in self.params.items()
            if isinstance(value, int) and value.bit_length() > sys.float_info.max_exp - 1
        }
        if huge:
            object.__setattr__(self, "params", {**self.params, **huge})

    @cached_property
    def scalars(self) -> pd.DataFrame:
        """All scalars as written: columns tag (category), step (int64), time (float64), value (float64)."""
        import pandas as pd  # slow to load, and diagnosing does not need it

        columns = self.columns
        tag = pd.Categorical.from_codes(columns.tag, pd.Index(columns.tags, dtype=object))
        return pd.DataFrame({"tag": tag, "step": columns.step, "time": columns.time, "value": columns.value})

    @cached_property
    def histograms(self) -> pd.DataFrame:
        """All histograms as written, one row a summary, columns as in `Histogram`."""
        import pandas as pd

        return pd.DataFrame(
            {name: [getattr(row, name) for row in self.summaries] for name in Histogram.__dataclass_fields__}
        )

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the scalars, in the order first written."""
        return self.columns.tags

    @cached_property
    def curves(self) -> dict[str, Series]:
        """Every scalar tag's surviving curve. Grouped once, in O(rows)."""
        return {tag: series for tag, (series, _) in self._grouped.items()}

    @cached_property
    def rewinds(self) -> dict[str, list[Rewind]]:
        """The tags whose steps go back, with every place where they do."""
        return {tag: rewinds for tag, (_, rewinds) in self._grouped.items() if rewinds}

    @cached_property
    def norms(self) -> dict[str, Series]:
        """L2 norm over steps of every histogram tag, from its sum of squares."""
        rows: dict[str, list[Histogram]] = {}
        for row in self.summaries:
            rows.setdefault(row.tag, []).append(row)
        return {tag: self._norm(tag, group) for tag, group in rows.items()}

    def series(self, tag: str) -> Series:
        """The surviving curve of a scalar tag. Raises LoglensError for a tag that is not there."""
        try:
            return self.curves[tag]
        except KeyError:
            known = ", ".join(self.tags[:8]) + (" ..." if len(self.tags) > 8 else "")
            raise LoglensError(f"no curve {tag!r} in run {self.name!r}; it has: {known or 'none'}") from None

    def _repr_html_(self) -> str:
        """What a notebook shows: the facts and a row with a small line for every curve."""
        return notebook.table(self)

    def first(self, tag: str) -> float:
        """Where a curve began when it was first logged, before any rewind: the median of its first three values."""
        rows = np.flatnonzero(self.columns.tag == self.tags.index(tag))
        value = self.columns.value[rows]
        value = value[np.isfinite(value)][:3]
        return float(np.median(value)) if len(value) else float("nan")

    @cached_property
    def _grouped(self) -> dict[str, tuple[Series, list[Rewind]]]:
        columns = self.columns
        order = np.argsort(columns.tag, kind="stable")
        ends = np.cumsum(np.bincount(columns.tag, minlength=len(columns.tags)))
        return {
            tag: self._curve(tag, order[end - size : end])
            for tag, end, size in zip(columns.tags, ends, np.diff(ends, prepend=0), strict=True)
        }

    def _curve(self, tag: str, rows: NDArray[np.intp]) -> tuple[Series, list[Rewind]]:
        columns, axis = self.columns, self.axes.get(tag, "step")
        step = columns.step[rows]
        if len(step) > 1 and (step == step[0]).all():
            # `global_step=None` writes step 0 for all: the order of arrival is the only axis there is
            step, axis = np.arange(len(step), dtype=np.int64), "arrival"
        alive, rewinds = survive(step, columns.session[rows])
        rows = rows[alive]
        return Series(tag, step[alive], columns.value[rows], columns.time[rows], axis), rewinds

    @staticmethod
    def _norm(tag: str, group: list[Histogram]) -> Series:
        step = np.array([row.step for row in group], np.int64)
        alive, _ = survive(step)
        norm = np.array([row.norm for row in group])
        time = np.array([row.time for row in group])
        return Series(tag, step[alive], norm[alive], time[alive])
