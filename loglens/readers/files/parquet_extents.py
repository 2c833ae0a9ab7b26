"""How much the columns of a Parquet file hold, by what its footer says, and which of them the budget has room for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loglens.model.budget import budget

#: Columns without which the others are nothing.
_AXES = frozenset({"_step", "_timestamp", "step", "timestamp", "run_id", "attribute_path", "attribute_type"})


def within_budget(footer: Mapping[str, Any]) -> list[str]:
    """The columns of a file that the budget has room for; the smallest come first.

    A list column may hold any number of values in a row, and a packed one any number of bytes. Values for which
    there are bytes in the file cost nothing.
    """
    room, columns, extents = budget(), list[str](footer["names"]), footer["extents"]
    if not extents:  # a row has one value of a plain column at most
        room.take("unpacked", max(0, footer["unpacked"]))
        return columns
    kept = set()
    for name in sorted(extents, key=lambda name: (name not in _AXES, extents[name])):
        values, unpacked, packed = extents[name]
        costs = {"points": max(0, values - packed // 2), "unpacked": max(0, unpacked - packed)}
        short = next((limit for limit, cost in costs.items() if cost > room.left(limit)), None)
        if short:
            room.leave_out(short, f"column {name} ({values:,} values in {packed:,} bytes)")
            continue
        for limit, cost in costs.items():
            room.take(limit, cost)
        kept.add(name)
    return [name for name in columns if name in kept]
