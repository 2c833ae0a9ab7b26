"""The runs of digits in a block of lines: the lines without them, and the numbers that they make."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from loglens.stats.arrays import Floats, Ints

#: Stands for a run of digits in the shape of a line: no byte of UTF-8.
RUN = b"\xff"
#: int64 holds any number of so many digits. A whole number up to 2**53 and ten to such a power are exact as floats:
#: their product or quotient is rounded once, as `float` rounds (Clinger, How to read floating point numbers, 1990).
_MAX_DIGITS, _EXACT, _EXACT_POWER = 18, 2**53, 22
_TENS = 10 ** np.arange(_MAX_DIGITS + 1, dtype=np.int64)
_POWERS = np.array([float(10**power) for power in range(_EXACT_POWER + 1)])
_ZERO, _NEWLINE = np.uint8(ord("0")), np.uint8(ord("\n"))


class _Numbered(dict[bytes, int]):
    def __missing__(self, key: bytes) -> int:
        return self.setdefault(key, len(self))


class DigitRuns:
    """The lines of a block that ends with a newline or a carriage return, and the empty one behind its end.

    shapes: the lines with `RUN` for each run of digits, in the order seen. shape: index into shapes of each line.
    first: the number of the first run of each line. begin: where each line begins.
    """

    def __init__(self, block: bytes) -> None:
        self._block = block
        byte = np.frombuffer(block.replace(b"\r\n", b" \n").replace(b"\r", b"\n"), np.uint8)
        self._digit = byte - _ZERO
        is_digit = self._digit < 10
        begins, ends = is_digit.copy(), is_digit.copy()
        begins[1:] = is_digit[1:] > is_digit[:-1]
        ends[:-1] = is_digit[:-1] > is_digit[1:]
        self._start, self._stop = np.flatnonzero(begins), np.flatnonzero(ends) + 1
        shape = np.where(begins, np.uint8(RUN[0]), byte)[begins >= is_digit]
        lines = shape.tobytes().split(b"\n")
        numbers = _Numbered()
        self.shape: Ints = np.fromiter(map(numbers.__getitem__, lines), np.int64, len(lines))
        self.shapes = list(numbers)
        amount = np.array([each.count(RUN) for each in self.shapes], np.int64)[self.shape]
        self.first: Ints = np.cumsum(amount) - amount
        self.begin: Ints = np.append(0, np.flatnonzero(byte == _NEWLINE) + 1)

    def text(self, line: int) -> bytes:
        """A line with its end."""
        return self._block[self.begin[line] : self.begin[line + 1] if line + 1 < len(self.begin) else None]

    def line_of_file(self) -> Ints:
        """The number of the line that each is a part of, where carriage returns end no line."""
        end = np.frombuffer(self._block, np.uint8)[self.begin[1:] - 1]
        return np.append(0, np.cumsum(end == _NEWLINE))

    def equal(self, run: Ints, text: bytes, *, in_length: bool) -> NDArray[np.bool_]:
        """Which runs are the same as a text, or only as long."""
        start = self._start[run]
        same: NDArray[np.bool_] = self._stop[run] - start == len(text)
        for at, digit in enumerate(b"" if in_length else text):
            same &= self._digit.take(start + at, mode="clip") == digit - _ZERO
        return same

    def floats(self, first: Ints, parts: Ints) -> Floats:
        """Numbers, rounded as `float` rounds. first: the run of each that its parts count from.

        parts: a row for each number, with the runs of its whole part, its decimals and its exponent (-1 for none), and
        the signs of number and exponent.
        """
        whole, digits = self._whole(first + parts[:, 0])
        power = np.zeros(len(first), np.int64)
        if len(has := np.flatnonzero(parts[:, 1] >= 0)):
            decimals, places = self._whole(first[has] + parts[has, 1])
            whole[has] = whole[has] * _TENS[np.minimum(places, _MAX_DIGITS)] + decimals
            digits[has] += places
            power[has] = -places
        if len(has := np.flatnonzero(parts[:, 2] >= 0)):
            power[has] += self._whole(first[has] + parts[has, 2])[0] * parts[has, 4]
        size = np.minimum(np.abs(power), _EXACT_POWER)
        value: Floats = np.where(power < 0, whole / _POWERS[size], whole * _POWERS[size]) * parts[:, 3]
        long = np.flatnonzero((digits > _MAX_DIGITS) | (whole > _EXACT) | (np.abs(power) > _EXACT_POWER))
        value[long] = [self._float(*each) for each in zip(first[long].tolist(), parts[long].tolist(), strict=True)]
        return value

    def _whole(self, run: Ints) -> tuple[Ints, Ints]:
        """The whole number that each run makes, a far too large one if it is too long; and how many digits it has."""
        start = self._start[run]
        digits = self._stop[run] - start
        least, most = digits.min(initial=_MAX_DIGITS), digits.max(initial=0)
        whole = np.zeros(len(run), np.int64)
        for at in range(min(most, _MAX_DIGITS)):
            more = whole * 10 + self._digit.take(start + at, mode="clip")
            whole = more if at < least else np.where(at < digits, more, whole)
        return np.where(digits > _MAX_DIGITS, _TENS[-1], whole), digits

    def _float(self, first: int, parts: list[int]) -> float:
        whole, decimals, exponent = (
            self._block[self._start[first + part] : self._stop[first + part]] if part >= 0 else b"0"
            for part in parts[:3]
        )
        signs = [b"-" if sign < 0 else b"" for sign in parts[3:]]
        return float(b"%s%s.%se%s%s" % (signs[0], whole, decimals, signs[1], exponent))
