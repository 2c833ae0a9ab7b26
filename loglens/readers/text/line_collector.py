"""Collect the counters and values of the lines of a log as arrays, block by block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loglens.readers.tables.growing_columns import Growing
from loglens.readers.text.crash_lines import CrashLines
from loglens.readers.text.evaluation_tables import EvaluationTables
from loglens.readers.text.line_plan import LinePlan
from loglens.readers.text.planner import plan_of
from loglens.readers.text.printed_dicts import PrintedDicts
from loglens.readers.text.repeated_lines import RepeatedLines, repeated_lines
from loglens.readers.text.ruled_tables import RuledTables
from loglens.readers.text.templates import SplitLines, normalise_spaces, split_lines, to_template
from loglens.readers.text.unread_lines import UnreadForms
from loglens.stats.arrays import Floats, Ints

#: So many templates that mean nothing are remembered, and so many tags taken; a log has a few hundred.
MAX_TEMPLATES, MAX_TAGS = 50_000, 100_000
_FIELDS = ("step", "epoch", "total", "stamp", "millis", "seconds", "rank")
_NEWLINE, _RETURN, _BACKSPACE = b"\n\r\b"


class Templates(dict[bytes, int]):
    """The number of the form of each template: of its plan, or without one -1 less the number of its kind."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[LinePlan, int]] = []
        self.unread = UnreadForms()
        self.tags: dict[tuple[str, str, bool], int] = {}
        self._form: dict[tuple[LinePlan, int], int] = {}
        self._kept: dict[bytes, int] = {}

    def __missing__(self, template: bytes) -> int:
        if len(self) > MAX_TEMPLATES:
            self.clear()
            self.update(self._kept)
        count = template.count(0)
        plan = plan_of(template)
        if plan is None or not self._room(plan):
            form = -1 - self.unread.kind(template, count)
        else:
            form = self._form.setdefault((plan, count), len(self.forms))
            if form == len(self.forms):
                self.forms.append((plan, count))
            if plan.values and len(self._kept) < MAX_TEMPLATES // 2:
                self._kept[template] = form
        self[template] = form
        return form

    def begins(self, template: bytes) -> bool:
        """Whether a line with values is known that begins like this and continues."""
        return any(len(known) > len(template) and known.startswith(template) for known in self._kept)

    def _room(self, plan: LinePlan) -> bool:
        keys = [(value.tag, value.axis, value.section) for value in plan.values]
        if len(self.tags) + len(keys) > MAX_TAGS and not all(key in self.tags for key in keys):
            return False
        for key in keys:
            self.tags.setdefault(key, len(self.tags))
        return True


class LineCollector:
    """The counters of every understood line, and the values of every line that has them."""

    def __init__(self, on_param: Callable[[str], None]) -> None:
        self.templates = Templates()
        self.crashes = CrashLines()
        self.ruled = RuledTables()
        self._evaluations = EvaluationTables()
        self._dicts = PrintedDicts()
        self.lines = 0
        self.records = 0
        self.sure = 0
        self.counted = 0
        self._last_lines = [0, 0]
        self._on_param = on_param
        self._records = Growing(form=np.int32, **dict.fromkeys(("step", "epoch", "total", "time", "rank"), np.float64))
        self._measured = Growing(owner=np.int64, nth=np.int32, value=np.float64)
        self._size = 0
        self._raw = np.zeros(0, bool)

    def add(self, raw: bytes, share: float = 1.0) -> None:
        """Takes in a block of whole lines. share: how much of the file is read with it."""
        lines, form = self._split(raw)
        counts = self.templates.unread.numbers(np.maximum(-1 - form, 0))
        if self._size:
            counts = np.where(form >= 0, self._count[np.maximum(form, 0)], counts)
        self.templates.unread.count(-1 - form[form < 0])
        base = np.cumsum(counts) - counts
        rows = np.flatnonzero(form >= 0)
        if len(rows):
            line = self.lines + 1 + _lines_of(lines.raw, rows)
            if isinstance(lines, SplitLines):
                self._read_raw(lines.block, rows, form[rows], line)
            self._take(form[rows], base[rows], lines, line, share)
        self.lines += raw.count(b"\n")

    def _split(self, raw: bytes) -> tuple[SplitLines | RepeatedLines, NDArray[np.int32]]:
        """The lines of a block, and the form of each."""
        if repeated := repeated_lines(raw, self._is_plain):
            form = repeated.numbered(self.templates.__getitem__)
            self._look_up()
            if not self._raw[form[form >= 0]].any():
                self.ruled.skip(raw)
                return repeated, form
        lines = split_lines(self._evaluations.rewrite(self.ruled.rewrite(self._dicts.rewrite(raw))))
        form = lines.numbered(self.templates.__getitem__)
        self._look_up()
        return lines, form

    def _is_plain(self, lines: bytes) -> bool:
        """Whether no table of these lines would be rewritten."""
        return not any(table.concerns(lines) for table in (self._dicts, self.ruled, self._evaluations))

    @property
    def last_value_line(self) -> int:
        """The last line with a value and a counter, or if no line has one, with a value."""
        return self._last_lines[False] or self._last_lines[True]

    def column(self, name: str) -> NDArray[Any]:
        """One column of all records (form, the counters, time) or of all values (owner, nth, value); given away."""
        return (self._records if name in self._records else self._measured).pop(name)

    def number_of(self, template: bytes, block: bytes) -> bytes:
        """The last number of the last line of this template in a block, as written."""
        templates, numbers = to_template(normalise_spaces(block))
        end = len(numbers)
        for known in reversed(templates):
            count = known.count(0)
            if known == template and count:
                return numbers[end - 1]
            end -= count
        return b""

    def _look_up(self) -> None:
        """Tables of what each form asks for, by its number."""
        forms = self.templates.forms
        if len(forms) == self._size:
            return
        self._size = len(forms)
        self._count = np.array([count for _, count in forms], np.int64)
        self._slots = {name: np.array([getattr(plan, name) for plan, _ in forms], np.int64) for name in _FIELDS}
        self._raw = np.array([bool(plan.raw) for plan, _ in forms])
        self._values = np.array([len(plan.values) for plan, _ in forms], np.int64)
        self._first = np.cumsum(self._values) - self._values
        self._slot = np.array([value.slot for plan, _ in forms for value in plan.values], np.int64)
        self._ranked = np.array([plan.ranked if plan.ranked >= 0 else np.nan for plan, _ in forms], np.float64)
        self._follows = np.array([bool(plan.words & {"follow", "mild"}) for plan, _ in forms])
        self._sure = np.array([plan.sure and bool(plan.values) for plan, _ in forms])

    def _take(
        self, form: NDArray[np.int32], base: Ints, lines: SplitLines | RepeatedLines, line: Ints, share: float
    ) -> None:
        value = np.full(lines.size, np.nan)
        amount = self._values[form]
        owner = np.repeat(np.arange(len(form)), amount)
        nth = self._first[form[owner]] + np.arange(len(owner)) - np.repeat(np.cumsum(amount) - amount, amount)
        at = base[owner] + self._slot[nth]
        places = {name: np.where(slots[form] >= 0, base + slots[form], -1) for name, slots in self._slots.items()}
        stamped = places["stamp"][places["stamp"] >= 0]
        wanted = np.concatenate([at, *places.values(), *(stamped + more for more in range(1, 7))])
        used = np.zeros(lines.size, bool)
        used[wanted[(wanted >= 0) & (wanted < lines.size)]] = True
        chosen = np.flatnonzero(used)
        value[chosen] = lines.floats(chosen)
        counted = {name: _at(value, place) for name, place in places.items()}
        counted["time"] = self._time(
            form, places["stamp"], value, _either(counted.pop("seconds"), counted.pop("millis") / 1e3)
        )
        del counted["stamp"]
        counted["rank"] = _either(counted["rank"], self._ranked[form])
        self._records.add(share, form=form, **counted)
        self._measured.add(share, owner=owner + self.records, nth=nth, value=value[at])
        self.records += len(form)
        self.counted += int(np.count_nonzero((self._values[form] > 0) & ~self._follows[form]))
        self.sure += int(np.count_nonzero(self._sure[form]))
        for follows in (False, True):
            last = owner[self._follows[form[owner]] == follows][-1:]
            if len(last):
                self._last_lines[follows] = int(line[last[0]])

    def _time(self, form: NDArray[np.int32], place: Ints, value: Floats, time: Floats) -> Floats:
        """Unix seconds of each record: time, or the date and time that the line begins with."""
        has = np.flatnonzero(place >= 0)
        if len(has):
            comma = np.array([plan.comma for plan, _ in self.templates.forms])[form[has]]
            part = [_at(value, place[has] + i) for i in range(7)]
            time[has] = _unix(part, comma)
        return time

    def _read_raw(self, block: bytes, rows: Ints, form: NDArray[np.int32], line: Ints) -> None:
        """Hands the text of the lines on that are read as text."""
        flagged = np.flatnonzero(self._raw[form])
        if not len(flagged):
            return
        texts = block.split(b"\n")
        for at in flagged.tolist():
            kind, text = self.templates.forms[form[at]][0].raw, texts[rows[at]].decode("utf-8", "replace")
            if kind == "param":
                self._on_param(text)
            else:
                self.crashes.add(kind, int(line[at]), text)


def _lines_of(raw: bytes, rows: Ints) -> Ints:
    """The line of the file, from 0 on, of rows that end with a carriage return or a backspace as well."""
    if b"\r" not in raw and b"\x08" not in raw:
        return rows
    byte = np.frombuffer(raw + b"\0", np.uint8)
    byte, after = byte[:-1], byte[1:]
    last = (
        (byte == _NEWLINE) | ((byte == _RETURN) & (after != _NEWLINE)) | ((byte == _BACKSPACE) & (after != _BACKSPACE))
    )
    ends = byte[last] == _NEWLINE
    before = np.append(0, np.cumsum(ends))
    lines: Ints = before[np.minimum(rows, len(ends))]
    return lines


def _at(value: Floats, place: Ints) -> Floats:
    """The numbers at their places, NaN where there is none."""
    found = np.full(len(place), np.nan)
    has = (place >= 0) & (place < len(value))
    found[has] = value[place[has]]
    return found


def _either(first: Floats, second: Floats) -> Floats:
    return np.where(np.isnan(first), second, first)


def _unix(part: list[Floats], comma: NDArray[np.bool_]) -> Floats:
    """Unix seconds of year, month, day, hour, minute, second and milliseconds; NaN for what is no date."""
    american = part[2] > 1900  # month/day/year
    year, month, day = (np.where(american, part[a], part[b]) for a, b in ((2, 0), (0, 1), (1, 2)))
    good = (year > 1969) & (year < 2200) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    good &= (part[3] < 25) & (part[4] < 61) & (part[5] < 62)
    year, month, day = np.where(good, [year, month, day], np.array([[1970.0], [1.0], [1.0]]))
    months = ((year.astype(np.int64) - 1970) * 12 + month.astype(np.int64) - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + day - 1
    with np.errstate(over="ignore", invalid="ignore"):  # of what is no date
        seconds = days * 86400.0 + part[3] * 3600 + part[4] * 60 + part[5] + np.where(comma, part[6] / 1e3, 0.0)
    return np.where(good, seconds, np.nan)
