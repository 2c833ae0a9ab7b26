"""Compare a run with a good one, or with the band of several: where curves depart, which parameters differ.

Curves are paired by tag, or else by role.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from loglens.compare.parameters import Changed, changes
from loglens.compare.regression import Limit, Regression, regression
from loglens.errors import LoglensError, nearest
from loglens.model import report_file
from loglens.model.numbers import plural
from loglens.model.plain_text import safe
from loglens.model.report_file import framed
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.model.strict_json import to_strict
from loglens.model.vocabulary import BOOKKEEPING
from loglens.roles.from_tags import main_curve
from loglens.stats import separation

#: Roles whose differences say nothing about the training; histograms are compared by their norms.
NOT_COMPARED = BOOKKEEPING | {"grad_hist", "weight_hist"}
#: Fields of a pair that JSON does not hold.
_DRAWN = ("goods", "bad")
#: Roles in causal order: of curves that depart at one step, those that can be the cause come first.
CAUSES = ("lr", "loss_scale", "momentum", "weight_decay", "grad", "update", "clip", "weight", "activation", "loss")

Curves = tuple[Series, ...]


class Entry(NamedTuple):
    """A run of the comparison with its curves, and how it was judged: verdict and summary, empty where it was not."""

    run: Run
    curves: Curves
    verdict: str = ""
    summary: str = ""

    @property
    def last_step(self) -> int | None:
        """The last step, over the curves that count in steps, or over all where none does."""
        curves = [curve for curve in self.run.curves.values() if len(curve)]
        counting = [curve for curve in curves if curve.axis == "step"] or curves
        return max((int(curve.step[-1]) for curve in counting), default=None)

    def as_dict(self) -> dict[str, Any]:
        run = self.run
        document = {"run": run.name, "path": str(run.source), "format": run.format, "last_step": self.last_step}
        return document | {"verdict": self.verdict or None}


@dataclass(frozen=True, slots=True)
class Pair:
    """One curve of the bad run beside those of the good ones.

    same_until: the last step up to which its values equal those of the one good run exactly.
    nonfinite: the first step at which it is NaN or infinite and no good one is. parts: the stretches over
    which it departs beyond noise. why: why it could not be compared; empty where it was. goods, bad: the curves
    themselves, drawn but not written to JSON.
    """

    role: str
    tag: str
    layer: str | None
    axis: str
    good_tag: str
    points: int
    same_until: int | None = None
    nonfinite: int | None = None
    parts: tuple[separation.Separation, ...] = ()
    why: str = ""
    goods: tuple[Series, ...] = ()
    bad: Series | None = None

    @property
    def onset(self) -> int | None:
        """The first step at which the curves depart."""
        steps = [step for step in (self.nonfinite, self.parts[0].step if self.parts else None) if step is not None]
        return min(steps, default=None)

    def as_dict(self) -> dict[str, Any]:
        fields = asdict(replace(self, goods=(), bad=None)) | {"onset_step": self.onset}
        document: dict[str, Any] = to_strict({name: value for name, value in fields.items() if name not in _DRAWN})
        return document


#: Makes the text of a comparison in one format, or the bytes of a figure.
Renderer = Callable[["Comparison"], str | bytes]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between the good runs and the bad one; `parted` is in the order in which to look at them.

    left_out: runs that were named as good ones and have failed themselves. renderers: format -> its
    function. suffixes: file ending -> format.
    """

    good: tuple[Entry, ...]
    bad: Entry
    parted: tuple[Pair, ...]
    together: tuple[Pair, ...]
    uncompared: tuple[Pair, ...]
    missing: tuple[str, ...]
    params: tuple[Changed, ...]
    regressions: tuple[Regression, ...]
    left_out: tuple[Entry, ...] = ()
    renderers: Mapping[str, Renderer] = field(default_factory=dict, repr=False, compare=False)
    suffixes: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"<Comparison of {safe(self.bad.run.name)!r} with {plural(len(self.good), 'good run')}: {self.verdict}>"

    @property
    def verdict(self) -> str:
        """regression (a limit is broken), diverge, no-difference, or not-compared where no curve is in both."""
        if self.failed:
            return "regression"
        return "diverge" if self.parted else "no-difference" if self.together else "not-compared"

    @property
    def failed(self) -> bool:
        """Whether a limit given to the comparison is broken."""
        return any(item.failed for item in self.regressions)

    @property
    def reasons(self) -> dict[str, list[str]]:
        """The tags of the curves that could not be compared, by the reason."""
        found: dict[str, list[str]] = {}
        for pair in self.uncompared:
            found.setdefault(pair.why, []).append(pair.tag)
        return found

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON types, schema 1.0."""
        first = self.parted[0] if self.parted else None
        return {
            "schema_version": "1.0",
            "good": [entry.as_dict() for entry in self.good],
            "bad": self.bad.as_dict(),
            "left_out": [entry.as_dict() | {"why": entry.summary} for entry in self.left_out],
            "first": {"step": first.onset, "role": first.role, "tag": first.tag} if first else None,
            "parted": [pair.as_dict() for pair in self.parted],
            "together": [pair.as_dict() for pair in self.together],
            "uncompared": [pair.as_dict() for pair in self.uncompared],
            "missing": list(self.missing),
            "params": [param.as_dict() for param in self.params],
            "gate": {"regressions": [item.as_dict() for item in self.regressions], "failed": self.failed},
            "verdict": self.verdict,
        }

    def render(self, format: str = "text") -> str:
        """The comparison in one of the formats text, markdown, html and json. Raises LoglensError for another one."""
        content = self._content(format)
        if isinstance(content, bytes):
            raise LoglensError(f"{format} is a figure and no text; save it to a file")
        return content

    def _content(self, format: str) -> str | bytes:
        if format not in self.renderers:
            raise LoglensError(f"no format {format!r}; {nearest(format, list(self.renderers))}")
        return self.renderers[format](self)

    def save(self, path: str | Path, format: str | None = None) -> Path:
        """Write the comparison to a file and return its path. The suffix picks the format, as with `-o`.

        Raises LoglensError for a suffix that no format has and for a file that cannot be written.
        """
        return report_file.save(self._content, Path(path), format, self.suffixes)

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the HTML page in a frame of its own."""
        return framed(self.render("html"), "loglens comparison") if "html" in self.renderers else None


@np.errstate(all="ignore")  # a loss of 1e308 overflows; what is not finite is no difference by noise
def compare(
    good: Sequence[Entry], bad: Entry, limits: Sequence[Limit] = (), left_out: Sequence[Entry] = ()
) -> Comparison:
    """Compare the bad run with the good ones. Raises ConfigError for a limit on no curve."""
    groups = [entry.curves for entry in good]
    pairs = list(_pairs(groups, bad.curves))
    parted = sorted((pair for pair in pairs if pair.onset is not None), key=_urgency)
    names = {name(curve) for group in groups for curve in group if _is_compared(curve)}
    return Comparison(
        tuple(good),
        bad,
        tuple(parted),
        tuple(pair for pair in pairs if pair.onset is None and not pair.why),
        tuple(pair for pair in pairs if pair.onset is None and pair.why),
        tuple(sorted(names - {name(curve) for curve in bad.curves})),
        tuple(changes([entry.run.params for entry in good], bad.run.params)),
        tuple(regression(limit, groups, bad.curves) for limit in limits),
        tuple(left_out),
    )


def name(curve: Series) -> str:
    """The role of a curve as the configuration writes it: "loss@val"."""
    return f"{curve.role}@{curve.split}" if curve.split else str(curve.role)


def _pairs(good: Sequence[Curves], bad: Curves) -> Iterator[Pair]:
    by_tag = [{curve.tag: curve for curve in group} for group in good]
    taken: set[tuple[str | None, str | None, str | None]] = set()
    for curve in bad:
        if not _is_compared(curve):
            continue
        key = (curve.role, curve.split, curve.layer)
        partners = [found for tags in by_tag if (found := tags.get(curve.tag)) and found.role == curve.role]
        if not partners and key not in taken:
            alike = [[other for other in group if (other.role, other.split, other.layer) == key] for group in good]
            mine = main_curve([other for other in bad if (other.role, other.split, other.layer) == key])
            if mine is curve:
                partners = [main_curve(others) for others in alike if others]
        if partners:
            taken.add(key)
        yield _pair(partners, curve)


def _pair(partners: Sequence[Series], curve: Series) -> Pair:
    fields = (name(curve), curve.tag, curve.layer, curve.axis)
    if not partners:
        return Pair(*fields, "", 0, why="no good run logged it")
    tag, usable = partners[0].tag, [partner for partner in partners if partner.axis == curve.axis]
    if not usable:
        return Pair(*fields, tag, 0, why=f"it counts in {curve.axis}, the good one in {partners[0].axis}")
    goods = [(partner.step, partner.value) for partner in usable]
    own = (curve.step, curve.value)
    step, _, _ = separation.align(goods, own)
    same = separation.same_until(goods[0], own) if len(goods) == 1 else None
    nonfinite = _nonfinite(usable, curve)
    identical = same is not None and same == min(int(curve.step[-1]), int(usable[0].step[-1]))
    parts = () if identical else tuple(separation.separations(goods, own))
    why = ""
    if len(step) < separation.MIN_COMMON_POINTS and not identical:
        why = f"{len(step)} common points, {separation.MIN_COMMON_POINTS} are needed to tell a difference from noise"
    return Pair(*fields, tag, len(step), same, nonfinite, parts, why, tuple(usable), curve)


def _nonfinite(good: Sequence[Series], curve: Series) -> int | None:
    """The first step at which the curve is not finite, unless a good one was not by then."""
    wrong = curve.step[~np.isfinite(curve.value)]
    before = [partner.step[~np.isfinite(partner.value)] for partner in good]
    if not len(wrong) or any(len(steps) and steps[0] <= wrong[0] for steps in before):
        return None
    return int(wrong[0])


def _urgency(pair: Pair) -> tuple[bool, int, int, bool]:
    """Curves by step first (epochs are coarse), then by onset, then causes before symptoms."""
    cause = next((place for place, word in enumerate(CAUSES) if pair.role.startswith(word)), len(CAUSES))
    return pair.axis != "step", pair.onset or 0, cause, pair.layer is not None


def _is_compared(curve: Series) -> bool:
    return curve.role is not None and curve.role not in NOT_COMPARED
