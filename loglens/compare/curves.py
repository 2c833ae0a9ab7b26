"""Compare a run with a good one, or with the band of several: where curves depart, which parameters differ.

Curves are paired by tag, or else by role.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from loglens.compare.regression import Limit, Regression, regression
from loglens.model.redaction import redact_value
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.model.strict_json import to_strict
from loglens.model.vocabulary import BOOKKEEPING
from loglens.roles.from_tags import main_curve
from loglens.stats import separation

#: Roles whose differences say nothing about the training; histograms are compared by their norms.
NOT_COMPARED = BOOKKEEPING | {"grad_hist", "weight_hist"}
#: Roles in causal order: of curves that depart at one step, those that can be the cause come first.
CAUSES = ("lr", "loss_scale", "momentum", "weight_decay", "grad", "update", "clip", "weight", "activation", "loss")
#: Parameters that say where and when a run was made, not how.
_ELSEWHERE = re.compile(
    r"(^|[._/ -])(id|name|dir|path|file|host(name)?|pid|time(stamp)?|started?(_at)?|ended?(_at)?|created(_at)?|date"
    r"|user|status|duration|runtime|output_dir|log(ging)?_dir|run_id|run_name|uuid|url|executable|program|port)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One curve of the bad run beside those of the good ones.

    same_until: the last step up to which its values equal those of the one good run exactly.
    nonfinite: the first step at which it is NaN or infinite and no good one is. parts: the stretches over
    which it departs beyond noise. why: why it could not be compared; empty where it was.
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

    @property
    def onset(self) -> int | None:
        """The first step at which the curves depart."""
        steps = [step for step in (self.nonfinite, self.parts[0].step if self.parts else None) if step is not None]
        return min(steps, default=None)

    def as_dict(self) -> dict[str, Any]:
        document: dict[str, Any] = to_strict(asdict(self) | {"onset_step": self.onset})
        return document


@dataclass(frozen=True, slots=True)
class Changed:
    """A parameter that differs: its values in the good runs (as many as there are), and in the bad one.

    absent: "good" or "bad" where that side does not have it. minor: it only says where or when the run was.
    """

    name: str
    good: tuple[Any, ...]
    bad: Any
    absent: str = ""
    minor: bool = False

    def as_dict(self) -> dict[str, Any]:
        document: dict[str, Any] = to_strict({name: getattr(self, name) for name in self.__slots__})
        return document


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between the good runs and the bad one; `parted` is in the order in which to look at them."""

    good: tuple[Run, ...]
    bad: Run
    parted: tuple[Pair, ...]
    together: tuple[Pair, ...]
    uncompared: tuple[Pair, ...]
    missing: tuple[str, ...]
    params: tuple[Changed, ...]
    regressions: tuple[Regression, ...]

    @property
    def failed(self) -> bool:
        """Whether a limit given to the comparison is broken."""
        return any(item.failed for item in self.regressions)

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON types, schema 1.0."""
        first = self.parted[0] if self.parted else None
        return {
            "schema_version": "1.0",
            "good": [_about(run) for run in self.good],
            "bad": _about(self.bad),
            "first": {"step": first.onset, "role": first.role, "tag": first.tag} if first else None,
            "parted": [pair.as_dict() for pair in self.parted],
            "together": [pair.as_dict() for pair in self.together],
            "uncompared": [pair.as_dict() for pair in self.uncompared],
            "missing": list(self.missing),
            "params": [param.as_dict() for param in self.params],
            "gate": {"regressions": [item.as_dict() for item in self.regressions], "failed": self.failed},
        }


Curves = tuple[Series, ...]


def compare(good: Sequence[tuple[Run, Curves]], bad: tuple[Run, Curves], limits: Sequence[Limit] = ()) -> Comparison:
    """Compare the bad run with the good ones, each with its curves. Raises LoglensError for a limit on no curve."""
    pairs = list(_pairs([group for _, group in good], bad[1]))
    parted = sorted((pair for pair in pairs if pair.onset is not None), key=_urgency)
    names = {name(curve) for _, group in good for curve in group if _is_compared(curve)}
    return Comparison(
        tuple(run for run, _ in good),
        bad[0],
        tuple(parted),
        tuple(pair for pair in pairs if pair.onset is None and not pair.why),
        tuple(pair for pair in pairs if pair.onset is None and pair.why),
        tuple(sorted(names - {name(curve) for curve in bad[1]})),
        tuple(changes([run.params for run, _ in good], bad[0].params)),
        tuple(regression(limit, [group for _, group in good], bad[1]) for limit in limits),
    )


def name(curve: Series) -> str:
    """The role of a curve as the configuration writes it: "loss@val"."""
    return f"{curve.role}@{curve.split}" if curve.split else str(curve.role)


def last_step(run: Run) -> int | None:
    """The last step of a run, over its curves that count in steps, or over all where none does."""
    curves = [curve for curve in run.curves.values() if len(curve)]
    counting = [curve for curve in curves if curve.axis == "step"] or curves
    return max((int(curve.step[-1]) for curve in counting), default=None)


def changes(good: Sequence[Mapping[str, Any]], bad: Mapping[str, Any]) -> Iterator[Changed]:
    """The parameters whose value in the bad run is none of those in the good ones; those that matter first.

    Secrets are compared and not shown.
    """
    found = []
    good, bad = [_unfolded(params) for params in good], _unfolded(bad)
    for key in dict.fromkeys([key for params in (*good, bad) for key in params]):
        values = tuple(params[key] for params in good if key in params)
        known = tuple(redact_value(key, value) for value in values)
        minor = _ELSEWHERE.search(key) is not None
        if key not in bad:
            found.append(Changed(key, known, None, "bad", minor))
        elif not values:
            found.append(Changed(key, (), redact_value(key, bad[key]), "good", minor))
        elif not any(_equal(value, bad[key]) for value in values):
            found.append(Changed(key, known, redact_value(key, bad[key]), "", minor))
    yield from sorted(found, key=lambda change: (change.minor, bool(change.absent)))


def _unfolded(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with each text of "name: value" lines replaced by one parameter a line."""
    found: dict[str, Any] = {}
    for key, value in params.items():
        lines = [line for line in value.splitlines() if line.strip()] if isinstance(value, str) else []
        pairs = [re.fullmatch(r"\s*([\w./ -]{1,60}?)\s*[:=]\s*(.*)", line) for line in lines]
        if len(lines) > 1 and all(pairs):
            found |= {f"{key}/{pair[1]}": pair[2] for pair in pairs if pair}
        else:
            found[key] = value
    return found


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
    return Pair(*fields, tag, len(step), same, nonfinite, parts, why)


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


def _equal(one: Any, two: Any) -> bool:
    if isinstance(one, bool) != isinstance(two, bool):
        return False
    if isinstance(one, int | float) and isinstance(two, int | float):
        return math.isclose(one, two, rel_tol=1e-9) or (one != one and two != two)
    return str(one) == str(two)


def _about(run: Run) -> dict[str, Any]:
    return {"run": run.name, "path": str(run.source), "format": run.format, "last_step": last_step(run)}
