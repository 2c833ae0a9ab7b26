"""Reshape tables with rows of several kinds: tidy tables, and those with a column train/val."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from loglens.readers.tables.clock import NAMES
from loglens.readers.tables.step_axis import is_counter, plain
from loglens.readers.tables.table import Table

_KEYS = frozenset({"tag", "metric", "name", "key"})
_KINDS = frozenset({"mode", "phase", "split", "stage"})
_HELD_OUT = frozenset("val valid validation eval evaluation test testing dev".split())
_HELD_WORD = re.compile(r"(?:^|[^a-z])(?:val|valid|validation|eval|evaluation|test|dev)(?:[^a-z]|$)", re.I)


def pivot(table: Table) -> Table | None:
    """A tidy table (step, tag, value) with a column a tag; None for other tables."""
    by_name = {plain(name): col for col, name in enumerate(table.names)}
    value = by_name.get("value")
    key = next((by_name[name] for name in _KEYS if name in by_name), None)
    if value is None or key is None or key not in table.text:
        return None
    word, row = table.text[key], table.row
    index: dict[str, int] = {}
    code = np.full(table.height, -1, np.int32)
    for at, tag in word.items():
        code[at] = len(table.names) + index.setdefault(tag, len(index))
    mine = table.col == value
    col = np.where(mine, code[row], table.col).astype(np.int32)
    keep = (col >= 0) & (table.col != key)
    texts = {c: n for c, n in table.texts.items() if c not in {key, value}}
    return replace(
        table,
        names=(*table.names, *index),
        sizes=np.bincount(row[keep], minlength=table.height),
        col=col[keep],
        value=table.value[keep],
        texts=texts,
    )


def split_kinds(table: Table) -> Table:
    """Give the rows of each kind columns of their own ("train/loss", "val/loss") where several kinds fill one.

    A column that the rows of a held-out part alone fill is called after it.
    """
    kind = kind_column(table)
    return table if kind is None else _apart(table, kind, sorted(set(table.text[kind].values())))


def kind_column(table: Table) -> int | None:
    """The column that says of each row of what kind it is (train, val); None where there is none."""
    for kind, cells in table.text.items():
        words = set(cells.values())
        if plain(table.names[kind]) in _KINDS and 2 <= len(words) <= 6 and len(cells) == table.height:
            return kind
    return None


def _apart(table: Table, kind: int, words: list[str]) -> Table:
    width = len(table.names)
    which = np.zeros(table.height, np.int64)
    for row, word in table.text[kind].items():
        which[row] = words.index(word)
    pair = np.unique(np.multiply(table.col, len(words), dtype=np.int64) + which[table.row])
    kinds = np.bincount(pair // len(words), minlength=width)
    metric = np.array([not _shared(name) for name in table.names])
    both = (kinds > 1) & metric
    names = list(table.names)
    code = np.tile(np.arange(width)[:, None], len(words))
    for one in pair.tolist():
        col, at = divmod(one, len(words))
        if kinds[col] == 1 and metric[col] and words[at].lower() in _HELD_OUT and not _HELD_WORD.search(names[col]):
            names[col] = f"{words[at]}/{names[col]}"
    for col in np.flatnonzero(both):
        for at, word in enumerate(words):
            code[col, at] = len(names)
            names.append(f"{word}/{table.names[col]}")
    return replace(table, names=tuple(names), col=code[table.col, which[table.row]].astype(np.int32))


def _shared(name: str) -> bool:
    """Whether a column is a counter or a time, which rows of all kinds share."""
    return is_counter(name) or plain(name) in NAMES
