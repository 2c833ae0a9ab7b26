"""CatBoost's catboost_training.json: the metrics of an iteration are a list for each set, their names stand apart."""

from __future__ import annotations

from typing import Any

#: Seconds since the start and a guess of those that are left: the clock of the iterations, no curves of the run.
_CLOCK = frozenset({"passed_time", "remaining_time"})


def metric_names(content: dict[str, Any]) -> dict[str, list[str]]:
    """The names of the metrics by set, as `meta` lists them: {"learn": ["Logloss"], "test": ["Logloss", "AUC"]}."""
    meta = content.get("meta")
    if not isinstance(meta, dict):
        return {}
    found: dict[str, list[str]] = {}
    for kind in ("learn", "test"):
        sets, metrics = meta.get(f"{kind}_sets"), meta.get(f"{kind}_metrics")
        if isinstance(sets, list) and isinstance(metrics, list):
            names = [str(each.get("name")) for each in metrics if isinstance(each, dict)]
            found |= {name: names for name in sets if isinstance(name, str)}
    return found


def named(row: dict[str, Any], names: dict[str, list[str]]) -> dict[str, Any]:
    """Give the metrics of a row their names and drop its clock; rows of other writers stay as they are."""
    if not names:
        return row
    row = {key: value for key, value in row.items() if key not in _CLOCK}
    lists = {key: value for key, value in row.items() if key in names and isinstance(value, list)}
    return row | {key: dict(zip(names[key], value, strict=False)) for key, value in lists.items()}
