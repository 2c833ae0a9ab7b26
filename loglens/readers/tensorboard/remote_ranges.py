"""Fetch of a remote event file only the bytes that `EventLog` reads."""

from __future__ import annotations

import struct
from typing import Protocol, cast

from loglens.readers.files.protobuf import text
from loglens.readers.tensorboard.event_proto import STRING, Value, parse_event, parse_metadata, parse_tensor
from loglens.readers.tensorboard.records import FRAME, HEADER, masked_crc
from loglens.readers.tensorboard.records import Ranged as Readable
from loglens.readers.tensorboard.scalar_batches import SCALAR_PLUGINS

#: A payload below is fetched whatever it is: to jump over it costs a request more, and 30 ms for that is what
#: 128 KiB take at 4 MB/s.
GAP = 1 << 17
#: Plugins whose strings are read.
_STRINGS = frozenset({"text", "hparams"})


class Ranged(Readable, Protocol):
    """A file whose bytes are fetched when they are asked for.

    need: fetches [start, stop). read: gives it. onward: what is there from an offset on, at least one byte.
    """

    def need(self, start: int, stop: int) -> None: ...
    def onward(self, start: int) -> bytes: ...


class LongPayload:
    """A record's payload that is fetched as it is parsed."""

    def __init__(self, file: Readable, start: int, size: int) -> None:
        self._file, self._start, self._size = file, start, size

    def as_raw(self) -> memoryview:
        """Itself: it is indexed and sliced like a memoryview, which is all that parsing asks for."""
        return cast(memoryview, self)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, key: int | slice) -> int | bytes:
        if isinstance(key, slice):
            start, stop, _ = key.indices(self._size)
            return self._file.read(self._start + start, self._start + stop)
        return self._file.read(self._start + key, self._start + key + 1)[0]


def fetch_events(file: Ranged) -> None:
    """Fetches all but the payloads of long records that hold nothing but images, audio, graphs and their like.

    From the first damage on it fetches the rest: where records begin is found by looking at every byte.
    """
    known: dict[bytes, int] = {}
    last = at = 0
    while at < file.size:
        data, offset = file.onward(at), 0
        while whole := known.get(data[offset : offset + HEADER]) or _whole(data[offset : offset + HEADER]):
            if offset + whole > len(data):
                break
            if whole < GAP:
                known[data[offset : offset + HEADER]] = whole
            last, offset = at + offset, offset + whole
        at += offset
        if offset:
            continue
        whole = _whole(file.read(at, at + HEADER))
        if not whole or whole > file.size - at:
            file.need(last, file.size)
            return
        if whole < GAP or not _unread(file, at + HEADER, whole - FRAME):
            file.need(at, at + whole)
        last, at = at, at + whole


def _whole(head: bytes) -> int:
    """The size of the record that begins with this header, 0 if none does."""
    if len(head) < HEADER or masked_crc(head[:8]).to_bytes(4, "little") != head[8:]:
        return 0
    return int(struct.unpack_from("<Q", head)[0]) + FRAME


def _unread(file: Ranged, start: int, size: int) -> bool:
    """Whether a payload holds nothing that is read, whatever was logged before it."""
    raw = LongPayload(file, start, size).as_raw()
    try:
        return all(_is_not_needed(raw, value) for value in parse_event(raw).values)
    except ValueError:
        return False


def _is_not_needed(raw: memoryview, value: Value) -> bool:
    plugin = parse_metadata(raw, value.metadata)[0] if value.metadata else ""
    if plugin in _STRINGS:
        return False
    if value.kind != "tensor":
        return value.kind == ""
    # a tag's plugin may be named in an earlier record only
    if plugin in SCALAR_PLUGINS or text(raw, value.tag).endswith("/text_summary"):
        return False
    return parse_tensor(raw, value.body).dtype == STRING
