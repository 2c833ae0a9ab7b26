"""Count the lines of a log that no plan reads, and name their commonest forms."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from loglens.readers.text.cell_names import cells
from loglens.readers.text.mlperf_lines import mlperf
from loglens.readers.text.prefixes import after_logger, after_tags, stamp
from loglens.readers.text.templates import MARK
from loglens.stats.arrays import Ints

#: So many forms are told apart; the rest are counted together.
MAX_FORMS = 2000
#: A form that is repeated less often is no part of what a log reports.
REPEATED = 10
#: So many forms are named, each with so many letters.
SHOWN, LETTERS = 3, 60
_WORD = re.compile(rb"[A-Za-z]{2}")


class UnreadForms:
    """Numbers the forms of lines without a plan, and counts their lines."""

    def __init__(self) -> None:
        self._kinds: dict[bytes, int] = {}
        self._together: dict[int, int] = {}
        self._numbers: list[int] = []
        self._table = np.zeros(0, np.int64)
        self._lines = np.zeros(0, np.int64)

    def kind(self, template: bytes, numbers: int) -> int:
        """The number of the kind of a template with so many numbers."""
        if numbers and template in self._kinds:
            return self._kinds[template]
        if not numbers or len(self._kinds) >= MAX_FORMS or not _WORD.search(template):
            kind = self._together.setdefault(numbers, len(self._numbers))
        else:
            kind = self._kinds[template] = len(self._numbers)
        if kind == len(self._numbers):
            self._numbers.append(numbers)
        return kind

    def numbers(self, kinds: NDArray[np.int32]) -> Ints:
        """How many numbers the lines of each kind hold."""
        if len(self._table) != len(self._numbers):
            self._table = np.array(self._numbers, np.int64)
        if not len(self._table):
            return np.zeros(len(kinds), np.int64)
        found: Ints = self._table[np.minimum(kinds, len(self._table) - 1)]
        return found

    def count(self, kinds: NDArray[np.int32]) -> None:
        """Count lines by their kind."""
        more = np.bincount(kinds, minlength=len(self._numbers))
        more[: len(self._lines)] += self._lines
        self._lines = more

    def repeated(self) -> Counter[bytes]:
        """The forms that are repeated often, and how often."""
        lines = np.append(self._lines, np.zeros(len(self._numbers) - len(self._lines), np.int64)).tolist()
        return Counter({form: lines[kind] for form, kind in self._kinds.items() if lines[kind] >= REPEATED})


def remark(forms: Counter[bytes]) -> str:
    """What to say of lines with named values that are left out; "" for none."""
    messages: Counter[str] = Counter()
    for form, count in forms.items():
        if message := _message(form.decode("utf-8", "replace")):
            messages[message] += count
    if not messages:
        return ""
    named = ", ".join(f'{count} like "{_shown(message)}"' for message, count in messages.most_common(SHOWN))
    more = " ..." if len(messages) > SHOWN else ""
    return f"{messages.total()} lines with named numbers could not be read: {named}{more}"


def _message(text: str) -> str:
    """The message of a line if it names a number; MLPerf's settings are left alone."""
    if mlperf(text)[0]:
        return ""
    text = text[after_tags(text, after_logger(text, stamp(text)[2])) :].strip()
    return text if cells(text, frozenset(), whole=False, bare=False) else ""


def _shown(message: str) -> str:
    text = message.replace(MARK, "#")
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 3]}..."
