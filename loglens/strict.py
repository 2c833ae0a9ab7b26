"""Any value as strict JSON has it, and as its text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def strict(value: Any) -> Any:
    """The value as strict JSON: numpy unwrapped, non-finite as "NaN", "Infinity", "-Infinity"."""
    if value is None or isinstance(value, str | bool):  # most values; a mapping is told slowly
        return value
    if isinstance(value, Mapping):
        return {str(key): strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return strict(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def dumps(document: Any, indent: int | None = None) -> str:
    """The text of what `strict` gave. Raises ValueError where a number in it is not finite."""
    return json.dumps(document, indent=indent, allow_nan=False, ensure_ascii=False, default=str)
