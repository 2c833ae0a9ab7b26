"""Decode the scalars of many event records at a time.

Records of one length that one training loop wrote differ in few bytes: wall time, step, values, and
which tags. So one of them is parsed; where all the other bytes of another record agree with it, its
numbers stand at the same places. Whatever fits no such layout is left to the caller, record by record.

`Kernel.decode` is the one door: a compiled kernel can replace what is behind it.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loglens.readers.files.protobuf import Span, text
from loglens.readers.tensorboard.checksum import crc32c
from loglens.readers.tensorboard.event_proto import Event, Value, parse_event, parse_metadata, parse_tensor
from loglens.readers.tensorboard.records import Buffer, masked_crc, pair_table, unmask, windows
from loglens.stats.arrays import Floats, Ints

Bytes = NDArray[np.uint8]
Codes = NDArray[np.int32]
Rows = NDArray[np.intp]
Hashes = NDArray[np.uint64]

#: Plugins whose tensors of one number are scalars; "" is a writer that names none
SCALAR_PLUGINS = frozenset({"", "scalars", "tensor"})

FEW = 16  # fewer records of one length than this are cheaper one by one
LONG = 1 << 14  # a record longer than this is not worth a layout
LAYOUTS = 12  # layouts tried for one length in one block
TEMPLATES = 1 << 16  # tag sets known for one layout
PAIRS = 48  # above this many table look-ups a record, the C checksum is faster


class Batch(NamedTuple):
    """Points of many records, v to a record: n record numbers, steps, times; n x v tags, values."""

    record: Rows
    step: Ints
    time: Floats
    tag: Codes
    value: Floats


class Slot(NamedTuple):
    """A scalar in a record: its tag, and type and offset of the number."""

    tag: str
    kind: str
    at: int


def slots(raw: bytes | memoryview, event: Event) -> list[Slot] | None:
    """The scalars of an event that holds nothing else, each of fixed width; None for any other."""
    if event.time is None or event.starts_session or event.version or not event.values:
        return None
    found = [_slot(raw, value) for value in event.values]
    return None if None in found else [slot for slot in found if slot]


def _slot(raw: bytes | memoryview, value: Value) -> Slot | None:
    plugin = parse_metadata(raw, value.metadata)[0] if value.metadata else ""
    if value.kind == "simple" and plugin in SCALAR_PLUGINS:
        return Slot(text(raw, value.tag), "<f4", value.body.start)
    if value.kind == "tensor" and plugin and plugin in SCALAR_PLUGINS:  # an earlier record may name another plugin
        single = parse_tensor(raw, value.body).single()
        return Slot(text(raw, value.tag), *single) if single else None
    return None


class Kernel:
    """Decodes blocks of records; knows the layouts and tags that it has met so far."""

    def __init__(self) -> None:
        self.tags: dict[str, int] = {}
        self._layouts: dict[int, list[Layout]] = {}

    def decode(self, data: Buffer, start: Ints, size: Ints) -> tuple[list[Batch], Rows]:
        """Points of the records with these payloads, checksums verified, and the records left over."""
        batches: list[Batch] = []
        short = np.flatnonzero(size < LONG)
        left = [np.flatnonzero(size >= LONG)]
        order = short[np.argsort(size[short].astype(np.uint16), kind="stable")]
        ends = np.flatnonzero(np.diff(size[order], append=-1)) + 1
        for begin, end in itertools.pairwise([0, *ends.tolist()]):
            records = order[begin:end]
            if len(records) >= FEW:
                records = self._group(data, start, int(size[records[0]]), records, batches)
            left.append(records)
        return batches, np.sort(np.concatenate(left))

    def _group(self, data: Buffer, start: Ints, size: int, records: Rows, out: list[Batch]) -> Rows:
        """Decodes records of one length into `out`, layout by layout; returns the ones that are left."""
        known = self._layouts.setdefault(size, [])
        left: list[Rows] = []
        tried, max_tries = 0, min(len(known) + LAYOUTS, 4 * LAYOUTS)
        width = -(-(size + 4) // 8) * 8  # whole words that end where the record ends
        rows = windows(data, width)[start[records] + (size + 4 - width)]
        while len(records) >= FEW and tried < max_tries:
            if tried < len(known):
                layout: Layout | None = known[tried]
            elif layout := Layout.of(rows[0, width - 4 - size :].tobytes()):
                known.append(layout)
            tried += 1
            if layout is None:
                left.append(records[:1])
                records, rows = records[1:], rows[1:]
                continue
            hit, batch = layout.decode(rows, records, self.tags)
            if batch:
                known.remove(layout)
                known.insert(0, layout)  # the next block is likely to begin with it
                out.append(batch)
                keep = np.flatnonzero(~hit)
                records, rows = records[keep], rows[keep]
        return np.concatenate([*left, records])


class Layout:
    """Where the numbers stand in records of one structure, learned from one of them."""

    def __init__(self, raw: bytes, event: Event, found: list[Slot]) -> None:
        size = len(raw)
        self.size, self.width = size, -(-(size + 4) // 8) * 8
        self.lead = self.width - 4 - size  # bytes of the row before the payload
        self.time, self.step = event.time or Span(0, 0), event.step or Span(0, 0)
        self.numbers = [(slot.kind, slot.at) for slot in found]
        fixed = self._fixed()
        structure = fixed.copy()
        for value in event.values:
            for span in (value.tag, value.metadata or value.tag):
                structure[self.lead + span.start : self.lead + span.stop] = 0
        masks = structure.view("<u8")
        example = np.frombuffer(bytes(self.lead) + raw + bytes(4), "<u8") & masks
        self._structure = [(i, masks[i], example[i]) for i in np.flatnonzero(masks).tolist()]
        self._fixed_words = [(i, word) for i, word in enumerate(fixed.view("<u8")) if word]
        self._pairs = self._variable_pairs(fixed)
        self._keys = np.zeros(0, np.uint64)
        self._codes = np.zeros((0, len(found)), np.int32)
        self._rest = np.zeros(0, np.uint32)  # the checksum without what the variable bytes add
        self._place = np.zeros(1 << 12, np.int32)

    @classmethod
    def of(cls, record: bytes) -> Layout | None:
        """The layout of a payload with its checksum behind; None if damaged or not just scalars."""
        raw = record[:-4]
        if masked_crc(raw).to_bytes(4, "little") != record[-4:]:
            return None
        with contextlib.suppress(ValueError):
            event = parse_event(raw)
            found = slots(raw, event)
            return cls(raw, event, found) if found else None
        return None

    def _fixed(self) -> Bytes:
        """Mask of the bits of a row that all records of one template share."""
        mask = np.full(self.width, 0xFF, np.uint8)
        mask[: self.lead] = mask[-4:] = 0
        payload = mask[self.lead :]
        payload[self.time.start : self.time.stop] = 0
        payload[self.step.start : self.step.stop] = 0x80  # a varint's continuation bits are its length
        for kind, at in self.numbers:
            payload[at : at + int(kind[-1])] = 0
        return mask

    def _variable_pairs(self, fixed: Bytes) -> list[tuple[int, int]] | None:
        """Offsets in the row of byte pairs that cover all variable bytes, each with what follows it."""
        at, pairs = self.lead + self.size - 1, []
        while at > self.lead:
            if fixed[at] != 0xFF:
                at -= 1
                pairs.append((at, self.lead + self.size - 2 - at))
            at -= 1
        return pairs if len(pairs) <= PAIRS else None

    def decode(self, rows: Bytes, records: Rows, tags: dict[str, int]) -> tuple[NDArray[np.bool_], Batch | None]:
        """Which rows have this layout and an intact checksum, and their points."""
        key = self._hash(rows)
        template, known = self._find(key)
        if not known.all() and self._learn(rows, key, np.flatnonzero(~known), tags):
            template, known = self._find(key)
        if known.any():
            known &= self._checked(rows, template)
        if not known.any():
            return known, None
        if not known.all():
            rows, template, records = rows[known], template[known], records[known]
        value = np.empty((len(rows), len(self.numbers)))
        with np.errstate(invalid="ignore"):  # a signalling NaN
            for column, (kind, at) in enumerate(self.numbers):
                value[:, column] = self._column(rows, kind, at)
        time = self._column(rows, "<f8", self.time.start).astype(np.float64)
        return known, Batch(records, self._steps(rows), time, self._codes.take(template, axis=0), value)

    def _column(self, rows: Bytes, kind: str, at: int) -> NDArray[np.generic]:
        return np.ndarray(len(rows), kind, rows.data, self.lead + at, (self.width,))

    def _steps(self, rows: Bytes) -> Ints:
        step = np.zeros(len(rows), np.uint64)
        for place, at in enumerate(range(*self.step)):
            step |= (rows[:, self.lead + at] & np.uint8(0x7F)).astype(np.uint64) << np.uint64(7 * place)
        return step.view(np.int64)

    def _hash(self, rows: Bytes) -> Hashes:
        """64-bit hash of all fixed bytes. Collisions are harmless: the checksum of the template decides."""
        words = rows.view("<u8")
        key = np.zeros(len(rows), np.uint64)
        for index, mask in self._fixed_words:
            key += words[:, index] & mask
            key *= np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(32)
        return key

    def _find(self, key: Hashes) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """The template of each row, and whether there is one."""
        if not len(self._keys):
            return np.zeros(len(key), np.intp), np.zeros(len(key), np.bool_)
        if len(self._keys) == 1:
            return np.zeros(len(key), np.intp), key == self._keys[0]
        place = self._place.take((key >> np.uint64(52)).view(np.int64)).astype(np.intp)
        known = self._keys.take(place) == key
        if not known.all():  # not there, or two templates at one place
            order = np.argsort(self._keys)
            rest = np.flatnonzero(~known)
            ranks = np.searchsorted(self._keys[order], key[rest]).clip(max=len(order) - 1)
            place[rest] = order[ranks]
            known[rest] = self._keys[place[rest]] == key[rest]
        return place, known

    def _learn(self, rows: Bytes, key: Hashes, unknown: Rows, tags: dict[str, int]) -> bool:
        """Templates for the unknown rows that have this structure. True if there are new ones."""
        words = rows.view("<u8")
        for index, mask, example in self._structure:
            unknown = unknown[words[unknown, index] & mask == example]
            if not len(unknown):
                return False
        keys, first = np.unique(key[unknown], return_index=True)
        room = TEMPLATES - len(self._keys)
        examples = rows[unknown[first[:room]], self.lead :]
        learned = [(self._template(row.tobytes(), tags), key) for row, key in zip(examples, keys, strict=False)]
        new = [(template[0], template[1], key) for template, key in learned if template]
        if not new:
            return False
        rest, codes, fresh = zip(*new, strict=True)
        self._rest = np.append(self._rest, np.array(rest, np.uint32))
        self._codes = np.vstack([self._codes, np.array(codes, np.int32)])
        self._keys = np.append(self._keys, np.array(fresh, np.uint64))
        self._place[(self._keys >> np.uint64(52)).astype(np.intp)] = np.arange(len(self._keys))
        return True

    def _template(self, record: bytes, tags: dict[str, int]) -> tuple[np.uint32, list[int]] | None:
        """What is left of the checksum without the variable bytes, and the codes of the tags."""
        raw = record[:-4]
        if masked_crc(raw).to_bytes(4, "little") != record[-4:]:
            return None
        found: list[Slot] = []
        with contextlib.suppress(ValueError):
            found = slots(raw, parse_event(raw)) or []
        if [(slot.kind, slot.at) for slot in found] != self.numbers:
            return None
        row = np.frombuffer(bytes(self.lead) + record, np.uint8).reshape(1, -1)
        change = np.uint32(0)
        for table, column in self._changes(row):
            change ^= table[column[0]]
        return np.uint32(crc32c(raw)) ^ change, [tags.setdefault(slot.tag, len(tags)) for slot in found]

    def _changes(self, rows: Bytes) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint16]]]:
        for at, after in self._pairs or ():
            yield pair_table(after), np.ndarray(len(rows), "<u2", rows.data, at, (self.width,))

    def _checked(self, rows: Bytes, template: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which rows have the correct checksum."""
        stored = unmask(rows.view("<u4")[:, -1])
        if self._pairs is None:
            flat, starts = rows.tobytes(), range(self.lead, rows.size, self.width)
            crc = np.array([crc32c(flat[at : at + self.size]) for at in starts], np.uint32)
            return np.equal(stored, crc)
        crc = self._rest.take(template)
        for table, column in self._changes(rows):
            crc ^= table.take(column)
        return np.equal(stored, crc)
