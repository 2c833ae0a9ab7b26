"""Collect the numbers of a W&B log from its pairs of key and JSON value."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loglens.model.columns import Histogram
from loglens.readers.files.json_file import fast_loads, flatten, parse
from loglens.readers.files.values import number
from loglens.readers.tables.wandb_histogram import histogram
from loglens.readers.wandb.key_value_pairs import Pairs, Raw, path_of
from loglens.stats.arrays import Floats, Ints

#: Longer JSON in one value (a table, a transcript) is passed over.
MAX_VALUE = 4 << 20
_MAX_WORD = 40
_NUMERIC = np.zeros(256, np.bool_)
_NUMERIC[list(b"-0123456789NI")] = True
_QUOTE, _LIST, _DICT, _NULL = b'"[{n'
#: The leaves of a histogram whose dictionary the writer has taken apart.
_LEAVES = frozenset({"_type", "values", "bins"})


class _Codes(dict[bytes, int]):
    """The number of a tag by the bytes that spell it."""

    def __init__(self, points: Points) -> None:
        self._points = points

    def __missing__(self, block: bytes) -> int:
        code = self[block] = self._points.code(path_of(block))
        return code


class Points:
    """Numbers by row and tag, in the order written, and the histograms among them.

    paths: the tags by code, each as the path of its keys. nulls: how many nulls a tag has. typed:
    paths of histograms and media, whose parts are no scalars. A histogram's step is its row.
    """

    def __init__(self) -> None:
        self.height = 0
        self.paths: list[tuple[str, ...]] = []
        self.histograms: list[Histogram] = []
        self.nulls: Counter[int] = Counter()
        self.typed: set[tuple[str, ...]] = set()
        self._codes: dict[tuple[str, ...], int] = {}
        self._blocks = _Codes(self)
        self._row: list[Ints] = []
        self._code: list[NDArray[np.int32]] = []
        self._value: list[Floats] = []

    def code(self, path: tuple[str, ...]) -> int:
        """The number of a tag, a new one if need be."""
        code = self._codes.setdefault(path, len(self.paths))
        if code == len(self.paths):
            self.paths.append(path)
            if len(path) > 1 and path[-1] == "_type":
                self.typed.add(path[:-1])
        return code

    def take(self, data: bytes, raw: Raw, pairs: Pairs, rows: int) -> None:
        """Add the pairs of the next n rows."""
        blocks = self._blocks
        spans = zip(pairs.key.tolist(), pairs.key_stop.tolist(), strict=True)
        code = np.array([blocks[data[a:b]] for a, b in spans], np.int32)
        row = pairs.owner + self.height
        self.height += rows
        head = np.where(pairs.value < pairs.value_stop, raw[pairs.value], 0)
        numeric = _NUMERIC[head]
        value, good = _numbers(data, raw, pairs.value[numeric], pairs.value_stop[numeric])
        self._keep(row[numeric], code[numeric], value, good)
        self.nulls.update(code[head == _NULL].tolist())
        size = pairs.value_stop - pairs.value
        other = ((head == _QUOTE) & (size <= _MAX_WORD)) | ((head == _LIST) | (head == _DICT)) & (size <= MAX_VALUE)
        if other.any():
            columns = (row, code, pairs.value, pairs.value_stop)
            self._others(data, zip(*(column[other].tolist() for column in columns), strict=True))

    def _keep(self, row: Ints, code: NDArray[np.int32], value: Floats, good: NDArray[np.bool_] | None) -> None:
        self._row.append(row if good is None else row[good])
        self._code.append(code if good is None else code[good])
        self._value.append(value if good is None else value[good])

    def _others(self, data: bytes, spans: Any) -> None:
        """Words, lists and dictionaries: numbers written as words, histograms, nested rows."""
        found: list[tuple[int, int, float]] = []
        parts: dict[tuple[int, tuple[str, ...]], dict[str, Any]] = {}
        for row, code, a, b in spans:
            path = self.paths[code]
            leaf = len(path) > 1 and path[-1] in _LEAVES
            if data[a] == _LIST and not leaf and b - a > _MAX_WORD:
                continue
            try:
                value = parse(data[a:b])
            except ValueError:
                continue
            if leaf:
                parts.setdefault((row, path[:-1]), {})[path[-1]] = value
            elif isinstance(value, dict):
                found += [(row, self.code((*path, name)), each) for name, each in self._nested(row, path, value)]
            elif (single := number(value[0] if isinstance(value, list) and len(value) == 1 else value)) is not None:
                found.append((row, code, single))
        for (row, path), value in parts.items():
            self._histogram(row, ".".join(path), value)
        if found:
            rows, codes, values = zip(*found, strict=True)
            self._keep(np.array(rows, np.int64), np.array(codes, np.int32), np.array(values, np.float64), None)

    def _nested(self, row: int, path: tuple[str, ...], value: dict[str, Any]) -> list[tuple[str, float]]:
        if "_type" in value:
            self._histogram(row, ".".join(path), value)
            return []

        def typed(tag: str, inner: dict[str, Any]) -> None:
            self._histogram(row, ".".join([*path, tag]), inner)

        return list(flatten(value, ".", typed)[0].items())

    def _histogram(self, row: int, tag: str, value: dict[str, Any]) -> None:
        if (summary := histogram(tag, value, row, np.nan)) is not None:
            self.histograms.append(summary)

    def columns(self) -> tuple[Ints, NDArray[np.int32], Floats]:
        """Row, code and value of all points, row by row."""
        row = np.concatenate([np.zeros(0, np.int64), *self._row])
        code = np.concatenate([np.zeros(0, np.int32), *self._code])
        value = np.concatenate([np.zeros(0), *self._value])
        if (row[1:] < row[:-1]).any():
            order = np.argsort(row, kind="stable")
            row, code, value = row[order], code[order], value[order]
        return row, code, value


def _numbers(data: bytes, raw: Raw, start: Ints, stop: Ints) -> tuple[Floats, NDArray[np.bool_] | None]:
    """The values of spans that look like numbers, and which of them are, None for all."""
    order, texts = _as_list(raw, start, stop)
    for loads in (fast_loads, json.loads):  # the fast parser knows neither NaN nor Infinity
        with suppress(ValueError, TypeError, OverflowError, RecursionError):
            value = np.empty(len(start))
            value[order] = np.array(loads(texts), np.float64)
            return value, None
    singles = [_number(data[a:b]) for a, b in zip(start.tolist(), stop.tolist(), strict=True)]
    good = np.array([single is not None for single in singles], np.bool_)
    return np.array([np.nan if single is None else single for single in singles]), good


def _as_list(raw: Raw, start: Ints, stop: Ints) -> tuple[NDArray[np.intp], bytes]:
    """Spans as one list of JSON, and the order in which they stand there: those of a length are copied at once."""
    size = stop - start
    order = np.argsort(size, kind="stable")
    parts = []
    for mine in np.split(order, np.flatnonzero(np.diff(size[order])) + 1) if len(order) else ():
        length = int(size[mine[0]])
        texts = np.full((len(mine), length + 1), ord(","), np.uint8)
        every = np.ndarray(len(raw) - length + 1, f"V{length}", raw.data, 0, (1,))  # the text from each byte on
        texts[:, :length] = every[start[mine]].view(np.uint8).reshape(len(mine), length)
        parts.append(texts.tobytes())
    return order, b"[%b]" % b"".join(parts)[:-1]


def _number(text: bytes) -> float | None:
    try:
        return number(parse(text))
    except ValueError:
        return None
