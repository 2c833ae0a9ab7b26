"""Serialise judged runs: JSON for their fields, raw bytes for curves and long texts. Reading executes no code.

The format belongs to one version of loglens; whoever stores it must key it by version.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loglens.model.change import Change
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.histogram_grid import Distribution
from loglens.model.outcome import RunOutcome
from loglens.model.report import CurveRole, Diagnosis, FindingOutline, Judged, Outline, RuleResult, Unread
from loglens.model.reported_finding import ReportedFinding
from loglens.model.series import Series
from loglens.model.source import Note

#: The classes that are stored as a row of their fields, and the positions of arrays and long texts in these rows.
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(Diagnosis, Outline, Unread, RunOutcome, RuleResult, CurveRole, Note),
        *(ReportedFinding, Change, Rule, Finding, FindingOutline, Remedy, Series, Distribution),
    )
}
_ARRAYS = {
    kind.__name__: tuple(place for place, field in enumerate(fields(kind)) if field.name in names)
    for kind, names in (
        (Series, ("step", "value", "time")),
        (Distribution, ("edges", "share", "bad")),
        (Outline, ("document",)),
    )
}
_LEVELS = {kind.__name__: kind for kind in (Severity, Confidence)}
_DTYPES: dict[str, np.dtype[Any]] = {
    "i8": np.dtype("<i8"),
    "f8": np.dtype("<f8"),
    "f4": np.dtype("<f4"),
    "b1": np.dtype("|b1"),
    "u1": np.dtype("|u1"),  # a text
}
#: How texts are written: a byte of a file name that is no UTF-8 is a lone surrogate.
_UTF8 = ("utf-8", "surrogatepass")


def dumps(judged: Sequence[Judged]) -> bytes:
    """The judged runs as bytes."""
    arrays: dict[int, NDArray[Any]] = {}
    places: dict[int, int] = {}

    def number(value: NDArray[Any] | str) -> int:
        array = np.frombuffer(value.encode(*_UTF8), np.uint8) if isinstance(value, str) else value
        return places.setdefault(id(arrays.setdefault(id(array), array)), len(places))

    def row(value: Any) -> list[Any]:
        cells = [getattr(value, field.name) for field in fields(value)]
        own = _ARRAYS.get(type(value).__name__, ())
        return [number(cell) if place in own else plain(cell) for place, cell in enumerate(cells)]

    def plain(value: Any) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        if type(value).__name__ in _LEVELS:
            return {"@": type(value).__name__, "v": int(value)}
        if type(value) in _KINDS.values():
            return {"@": "one", "of": type(value).__name__, "v": [row(value)]}
        if isinstance(value, dict):
            return {"@": "dict", "v": [[plain(key), plain(item)] for key, item in value.items()]}
        if isinstance(value, tuple):
            kinds = {type(item) for item in value}
            if len(kinds) == 1 and kinds <= set(_KINDS.values()):
                return {"@": "all", "of": kinds.pop().__name__, "v": [row(item) for item in value]}
            return {"@": "tuple", "v": [plain(item) for item in value]}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return value

    document = json.dumps([plain(item) for item in judged], ensure_ascii=True, separators=(",", ":")).encode()
    kinds = [f"{array.dtype.kind}{array.dtype.itemsize}" for array in arrays.values()]
    index = json.dumps([[kind, *array.shape] for kind, array in zip(kinds, arrays.values(), strict=True)]).encode()
    blobs = (array.astype(_DTYPES[kind]).tobytes() for kind, array in zip(kinds, arrays.values(), strict=True))
    return b"".join([struct.pack("<QQ", len(document), len(index)), document, index, *blobs])


def loads(data: bytes) -> list[Judged]:
    """Restore what `dumps` was given. Raises ValueError, LookupError or TypeError where the bytes are not from it."""
    size, indexed = struct.unpack_from("<QQ", data)
    at = 16 + size + indexed
    blobs: list[NDArray[Any] | str] = []
    for kind, *shape in json.loads(data[16 + size : at]):
        array = np.frombuffer(data, _DTYPES[kind], math.prod(shape), at)
        blobs.append(array.tobytes().decode(*_UTF8) if kind == "u1" else array.reshape(shape))
        at += array.nbytes

    def whole(value: dict[str, Any]) -> Any:
        kind, cells = value["@"], value["v"]
        if kind == "tuple":
            return tuple(cells)
        if kind == "dict":
            return dict(cells)
        if kind in _LEVELS:
            return _LEVELS[kind](cells)
        made, own = _KINDS[value["of"]], _ARRAYS.get(value["of"], ())
        for row in cells:
            for place in own:
                row[place] = blobs[row[place]]
        return tuple([made(*row) for row in cells]) if kind == "all" else made(*cells[0])

    judged: list[Judged] = json.loads(data[16 : 16 + size], object_hook=whole)
    return judged
