"""Extract the pairs of key and JSON value from many protobuf messages of a W&B log at once.

A message is a history row or a sample of system metrics: fields that are items, and perhaps one that
is a stamp. All messages are walked side by side, item by item, with numpy; what is laid out in an
unforeseen way is read one by one. `raw` must continue for a few bytes after the last message.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loglens.readers.files.protobuf import MalformedError, fields
from loglens.stats.arrays import Ints

Raw = NDArray[np.uint8]

#: Fewer messages than this are not worth numpy's overhead per call.
FEW = 12
MAX_DEPTH = 32
_VALUE = 16 << 3 | 2  # field 16, of two bytes


class Pairs(NamedTuple):
    """Pair i belongs to message `owner[i]`; its key fields and its value are spans of the data."""

    owner: Ints
    key: Ints
    key_stop: Ints
    value: Ints
    value_stop: Ints


class Walked(NamedTuple):
    """The pairs of some messages in order, the span of each one's stamp, and how many make no sense."""

    pairs: Pairs
    stamp: Ints
    malformed: int


def varints(raw: Raw, at: Ints) -> tuple[Ints, Ints]:
    """The varints of up to four bytes at these offsets, and the offsets after them; 2**40 for longer ones."""
    byte = raw[at]
    value = (byte & 0x7F).astype(np.int64)
    at = at + 1
    more = np.flatnonzero(byte > 0x7F)
    for shift in (7, 14, 21):
        if not len(more):
            return value, at
        byte = raw[at[more]]
        value[more] += (byte & 0x7F).astype(np.int64) << shift
        at[more] += 1
        more = more[byte > 0x7F]
    value[more] = 1 << 40
    return value, at


def pairs(data: bytes, raw: Raw, start: Ints, stop: Ints, tag: int) -> Walked:
    """All pairs of messages. tag: the wire tag of an item; 0x12 is then the stamp's."""
    owner, begin, end, stamp, odd = _items(raw, start, stop, tag)
    malformed, more = 0, []
    for each in odd.tolist():
        try:
            for key, a, b, _ in fields(data, int(start[each]), int(stop[each])):
                if key == tag:
                    more.append((each, a, b))
                elif key == 0x12:
                    stamp[each] = a, b
        except MalformedError:
            malformed += 1
            more = [item for item in more if item[0] != each]
    keep = ~np.isin(owner, odd) if len(odd) else np.ones(len(owner), np.bool_)
    extra = np.array(more, np.int64).reshape(-1, 3).T
    owner, begin, end = (
        np.concatenate([array[keep], part]) for array, part in zip((owner, begin, end), extra, strict=True)
    )
    order = np.argsort(owner, kind="stable")
    return Walked(_split(data, raw, owner[order], begin[order], end[order]), stamp, malformed)


def _items(raw: Raw, start: Ints, stop: Ints, tag: int) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Owner, begin and end of items; the stamps; and the messages that have to be read one by one."""
    at, stamp = start.copy(), np.zeros((len(start), 2), np.int64)
    live = np.flatnonzero(at < stop)
    found, odd = [], []
    while len(live) >= FEW:
        head = raw[at[live]]
        size, body = varints(raw, at[live] + 1)
        item, timed, number = head == tag, head == 0x12, head == 0x08
        end = np.where(number, body, body + size)  # the number is its own content
        limit = stop[live]
        good = (item | timed | number) & (end <= limit)
        odd.append(live[~good])
        item &= good
        found.append((live[item], body[item], end[item]))
        if (timed & good & ~item).any():
            rows = timed & good & ~item
            stamp[live[rows]] = np.column_stack([body[rows], end[rows]])
        at[live] = end
        live = live[good & (end < limit)]
    owner, begin, end = (
        (np.concatenate([np.zeros(0, np.int64), *parts]) for parts in zip(*found, strict=True))
        if (found)
        else np.zeros((3, 0), np.int64)
    )
    return owner, begin, end, stamp, np.concatenate([live, *odd])


def _split(data: bytes, raw: Raw, owner: Ints, start: Ints, stop: Ints) -> Pairs:
    """Items to key fields (one `key`, or the `nested_key` in parts) and value."""
    first = raw[start] if len(start) else raw[:0]
    size, at = varints(raw, start + 1)
    key_stop = np.minimum(at + size, stop)
    deeper = np.flatnonzero((raw[key_stop] == 0x12) & (key_stop < stop))
    for _ in range(MAX_DEPTH):
        if not len(deeper):
            break
        size, at = varints(raw, key_stop[deeper] + 1)
        key_stop[deeper] = np.minimum(at + size, stop[deeper])
        deeper = deeper[(raw[key_stop[deeper]] == 0x12) & (key_stop[deeper] < stop[deeper])]
    size, value = varints(raw, np.minimum(key_stop + 2, stop))
    good = ((first == 0x0A) | (first == 0x12)) & (raw[key_stop] == _VALUE & 0x7F | 0x80)
    good &= (raw[key_stop + 1] == _VALUE >> 7) & (value + size == stop)
    value_stop = stop.copy()
    bad = np.flatnonzero(~good)
    for each in bad.tolist():
        span = _odd(data, int(start[each]), int(stop[each]))
        key_stop[each], value[each], value_stop[each] = span
    return Pairs(owner, start, key_stop, value, value_stop)


def _odd(data: bytes, start: int, stop: int) -> tuple[int, int, int]:
    """End of the keys and span of the value of an item with other fields about; no value if malformed."""
    key_stop = value = value_stop = start
    try:
        for key, a, b, _ in fields(data, start, stop):
            if key in (0x0A, 0x12) and value == start:
                key_stop = b
            elif key == _VALUE:
                value, value_stop = a, b
    except MalformedError:
        return start, start, start
    return key_stop, value, value_stop


def path_of(block: bytes) -> tuple[str, ...]:
    """The path that the key fields of an item spell."""
    try:
        spans = [(a, b) for key, a, b, _ in fields(block, 0, len(block)) if key in (0x0A, 0x12)]
    except MalformedError:
        return ()
    return tuple(block[a:b].decode("utf-8", "replace") for a, b in spans)
