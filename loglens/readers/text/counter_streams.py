"""Lines with one form of counter that several parts of a program print, each of which counts by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from loglens.readers.text.line_records import LineRecords

#: A part prints so many lines, of whose steps so many rise; together, so many fall.
_FEW, _RISING, _FALLING = 3, 0.9, 0.1


def with_streams(records: LineRecords) -> LineRecords:
    """The records with a counter of its own for each kind of line that rises alone where all of them do not.

    Dreamer prints "[51200] train_return -20" and then "[50000] kl_loss 3.1", an actor and a learner each their own
    steps. Where lines name an epoch, steps that begin again with it look alike: those are left as they are.
    """
    plans = list(records.plans)
    counts = [i for i, plan in enumerate(plans) if plan.step >= 0 and plan.values and _is_generic(plan.words)]
    for family in dict.fromkeys(plans[i].family for i in counts):
        kinds: dict[frozenset[str], list[int]] = {}
        for i in counts:
            if plans[i].family == family and plans[i].epoch < 0:
                kinds.setdefault(frozenset(value.tag for value in plans[i].values), []).append(i)
        if len(kinds) < 2 or _falls(records, [i for forms in kinds.values() for i in forms]) < _FALLING:
            continue
        often = [forms for forms in kinds.values() if np.isin(records.plan, forms).sum() >= _FEW]
        if len(often) < 2 or any(_falls(records, forms) > 1 - _RISING for forms in often):
            continue
        for number, i in ((number, i) for number, forms in enumerate(often[1:]) for i in forms):
            name, _, split = family.partition("/")
            plans[i] = replace(plans[i], family=f"{name} {number}/{split}")
    return replace(records, plans=tuple(plans))


def _is_generic(words: frozenset[str]) -> bool:
    return bool(words & {"generic", "unnamed"})


def _falls(records: LineRecords, forms: list[int]) -> float:
    """The share of the steps from one of these lines to the next that fall."""
    step = records.step[np.isin(records.plan, forms)]
    moves = np.diff(step[np.isfinite(step)])
    return float(np.mean(moves < 0)) if len(moves) else 0.0
