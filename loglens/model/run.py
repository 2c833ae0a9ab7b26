"""A training run as read from its log files, and its curves.

A reader fills a `Run` and changes nothing: rows stay in the order written, a logged NaN is a value,
a blank is no row. Rows that a resume replaced are removed here, once, by `surviving_rows`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from loglens.errors import LoglensError
from loglens.model import run_html
from loglens.model.columns import Columns, Histogram
from loglens.model.numbers import plural
from loglens.model.plain_text import safe
from loglens.model.resume import Purge, Rewind, purged, surviving_rows
from loglens.model.series import Series
from loglens.model.source import Note
from loglens.stats.quantiles import median

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Run:
    """One training run as read: scalars and histograms as written, parameters, and notes.

    axes: the step axis of each tag that does not count in steps (e.g. {"val_loss": "epoch"}).
    params: what the files say of how the run was made (learning rate, cell, status ...), flat. An integer
    that no float can hold is kept as text, so that every number in them can be computed with.
    purges: where the writer itself said that it continues from an earlier step. find: finds the curve of a role, for
    `series(role=...)`; `loglens.read` gives it, since roles are no part of what was read.
    """

    name: str
    source: Path
    format: str
    columns: Columns = field(default_factory=Columns.empty)
    histogram_rows: tuple[Histogram, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    files: tuple[Path, ...] = ()
    axes: Mapping[str, str] = field(default_factory=dict)
    purges: tuple[Purge, ...] = ()
    find: Callable[[Run, str], Series] | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        counts = f"{plural(len(self.tags), 'curve')}, {plural(len(self.columns), 'point')}"
        return f"<Run {safe(self.name)!r} ({safe(self.format)}): {counts}>"

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
            {name: [getattr(row, name) for row in self.histogram_rows] for name in Histogram.__dataclass_fields__}
        )

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the scalars, in the order first written."""
        return self.columns.tags

    @cached_property
    def curves(self) -> dict[str, Series]:
        """Every scalar tag's surviving curve, where anything of it survives. Grouped once, in O(rows)."""
        return {tag: series for tag, (series, _) in self._grouped.items() if len(series)}

    @cached_property
    def rewinds(self) -> dict[str, list[Rewind]]:
        """The tags whose steps go back, with every place where they do."""
        return {tag: rewinds for tag, (series, rewinds) in self._grouped.items() if rewinds and len(series)}

    @cached_property
    def kinds_of_rows(self) -> dict[str, list[Series]]:
        """By group (the tag up to its last slash) one curve of each kind of rows, the longest first.

        Curves that were logged in the same rows have the same steps, so that one stands for all of them.
        """
        kinds: dict[tuple[str, bytes], Series] = {}
        for tag, curve in self.curves.items():
            kinds.setdefault((tag.rpartition("/")[0], curve.step.tobytes()), curve)
        groups: dict[str, list[Series]] = {}
        for (group, _), curve in kinds.items():
            groups.setdefault(group, []).append(curve)
        return {group: sorted(curves, key=lambda curve: -curve.last_step) for group, curves in groups.items()}

    @cached_property
    def norms(self) -> dict[str, Series]:
        """L2 norm over steps of every histogram tag, from its sum of squares."""
        rows: dict[str, list[Histogram]] = {}
        for row in self.histogram_rows:
            rows.setdefault(row.tag, []).append(row)
        return {tag: self._norm(tag, group) for tag, group in rows.items()}

    def series(self, tag: str | None = None, *, role: str | None = None) -> Series:
        """The surviving curve of a scalar tag, or the main curve of a role such as "loss" or "loss@val".

        Without a split the training curve is meant. Raises LoglensError for a tag or role that is not there.
        """
        if (tag is None) == (role is None):
            raise TypeError("series() takes a tag or a role")
        if tag is None:
            if self.find is None:
                raise LoglensError("the roles of this run's curves are not known; loglens.read assigns them")
            return self.find(self, role or "")
        try:
            return self.curves[tag]
        except KeyError:
            known = [*self.curves]
            said = ", ".join(known[:8]) + (" ..." if len(known) > 8 else "")
            why = "; a restart discarded all its points" if tag in self.tags else ""
            raise LoglensError(f"no curve {tag!r} in run {self.name!r}{why}; it has: {said or 'none'}") from None

    def _repr_html_(self) -> str:
        """HTML for a notebook: the facts of the run, and a row with a sparkline for every curve."""
        return run_html.table(
            self.name,
            self.format,
            list(self.curves.values()),
            self.notes,
            points=len(self.columns),
            histograms=len(self.histogram_rows),
        )

    def first(self, tag: str) -> float:
        """The median of the first three values of a curve as first logged, before any resume."""
        rows = np.flatnonzero(self.columns.tag == self.tags.index(tag))
        value = self.columns.value[rows]
        value = value[np.isfinite(value)][:3]
        return float(median(value)) if len(value) else float("nan")

    @cached_property
    def _grouped(self) -> dict[str, tuple[Series, list[Rewind]]]:
        columns = self.columns
        smallest = np.min_scalar_type(len(columns.tags))  # numpy sorts integers of 16 bits in linear time
        order = np.argsort(columns.tag.astype(smallest), kind="stable")
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
        taken_back: list[Rewind] = []
        if self.purges and (gone := purged(step, columns.session[rows], self.purges)).any():
            taken_back = [Rewind(int(step[gone].max()), int(step[gone].min()))]
            step, rows = step[~gone], rows[~gone]
        alive, rewinds = surviving_rows(step, columns.session[rows])
        rewinds = taken_back + rewinds
        rows = rows[alive]
        return Series(tag, step[alive], columns.value[rows], columns.time[rows], axis), rewinds

    @staticmethod
    def _norm(tag: str, group: list[Histogram]) -> Series:
        step = np.array([row.step for row in group], np.int64)
        alive, _ = surviving_rows(step)
        norm = np.array([row.norm for row in group])
        time = np.array([row.time for row in group])
        return Series(tag, step[alive], norm[alive], time[alive])
