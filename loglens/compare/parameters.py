"""The parameters in which a run differs from the good ones."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loglens.model.redaction import redact_value
from loglens.model.strict_json import to_strict

#: Parameters that say where and when a run was made, not how.
_ELSEWHERE = re.compile(
    r"(^|[._/ -])(id|name|dir|path|file|host(name)?|pid|time(stamp)?|started?(_at)?|ended?(_at)?|created(_at)?|date"
    r"|user|status|duration|runtime|output_dir|log(ging)?_dir|run_id|run_name|uuid|url|executable|program|port)$",
    re.IGNORECASE,
)


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


def _equal(one: Any, two: Any) -> bool:
    if isinstance(one, bool) != isinstance(two, bool):
        return False
    if isinstance(one, int | float) and isinstance(two, int | float):
        return math.isclose(one, two, rel_tol=1e-9) or (one != one and two != two)
    return str(one) == str(two)
