"""Numbers that a writer put between quotes, as f"{loss:.4f}" in JSON does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from loglens.readers.tables.header import is_number
from loglens.readers.tables.table import Table

#: So many cells tell that a column holds numbers.
MIN_CELLS = 3
#: Numbers that begin with 0, and whole ones of many digits, are names, dates, hashes.
_NAME = re.compile(r"\s*[-+]?(?:0\d|\d{13})")


def is_quoted(word: str) -> bool:
    """Whether a string is a number that was measured, and nothing else."""
    return is_number(word) and not _NAME.match(word)


def unquoted(table: Table) -> Table:
    """The table with those columns of text as numbers in which all cells are; not those of one whole number, a name."""
    found = [col for col, cells in table.text.items() if _is_numeric(cells.values())]
    if not found:
        return table
    cells = [(row, col, float(word)) for col in found for row, word in table.text[col].items()]
    new_row, new_col, new_value = (np.array(part) for part in zip(*cells, strict=True))
    row = np.concatenate([table.row, new_row])
    order = np.argsort(row, kind="stable")
    return replace(
        table,
        sizes=np.bincount(row, minlength=table.height),
        col=np.concatenate([table.col, new_col])[order].astype(np.int32),
        value=np.concatenate([table.value, new_value])[order],
        text={col: words for col, words in table.text.items() if col not in found},
        texts={col: count for col, count in table.texts.items() if col not in found},
    )


def _is_numeric(words: Iterable[str]) -> bool:
    known = list(words)
    if len(known) < MIN_CELLS or not all(map(is_quoted, known)):
        return False
    return not known[0].strip().isdigit() or len(set(known)) > 1
