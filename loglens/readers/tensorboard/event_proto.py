"""Protobuf wire format of TensorBoard's Event and what is inside it, as far as loglens needs it.

Nothing here trusts a length: what does not fit raises `MalformedError`. Spans are (start, stop) offsets
into the payload, so that images and graphs are stepped over without a copy."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from loglens.readers.files.protobuf import (
    FIELDS,
    NOWHERE,
    TEXT_READ,
    MalformedError,
    Raw,
    Span,
    fields,
    number_at,
    signed,
    text,
    varint,
)
from loglens.stats.arrays import Floats


@dataclass(slots=True)
class Value:
    """One Summary.Value: which of its kinds it holds, and where."""

    tag: Span = NOWHERE
    kind: str = ""  # simple, histogram, tensor, or "" for what loglens has no use for
    body: Span = NOWHERE
    metadata: Span | None = None


@dataclass(slots=True)
class Event:
    """One Event. time and step are spans of their bytes, None if absent (then they are zero)."""

    time: Span | None = None
    step: Span | None = None
    number: int = 0
    values: list[Value] = field(default_factory=list)
    starts_session: bool = False
    version: str = ""

    def wall_time(self, raw: Raw) -> float:
        """Unix seconds; zero where the writer left them out."""
        return number_at(raw, self.time.start, "<d") if self.time else 0.0


def parse_event(raw: Raw) -> Event:
    """The parts of an Event payload. Raises MalformedError."""
    event = Event()
    for count, (key, start, stop, number) in enumerate(fields(raw, 0, len(raw))):
        if count > FIELDS:
            raise MalformedError("an event of countless fields")
        if key == 0x09:
            event.time = Span(start, stop)
        elif key == 0x10:
            event.step, event.number = Span(start, stop), signed(number)
        elif key == 0x2A:
            event.values += (_parse_value(raw, a, b) for inner, a, b, _ in fields(raw, start, stop) if inner == 0x0A)
        elif key == 0x3A:
            event.starts_session = any(k == 0x08 and n == 1 for k, _, _, n in fields(raw, start, stop))
        elif key == 0x1A:
            event.version = text(raw, Span(start, min(stop, start + 64)))
    return event


_KINDS = {0x15: "simple", 0x2A: "histogram", 0x42: "tensor", 0x22: "", 0x32: "", 0x1A: ""}


def _parse_value(raw: Raw, at: int, end: int) -> Value:
    value, node = Value(), NOWHERE
    for key, start, stop, _ in fields(raw, at, end):
        if key == 0x0A:
            value.tag = Span(start, stop)
        elif key == 0x3A:  # node_name: the tag's place in very old files
            node = Span(start, stop)
        elif key == 0x4A:
            value.metadata = Span(start, stop)
        elif key in _KINDS:
            value.kind, value.body = _KINDS[key], Span(start, stop)
    if value.tag.start == value.tag.stop:
        value.tag = node
    return value


def parse_metadata(raw: Raw, span: Span) -> tuple[str, Span]:
    """The plugin of a SummaryMetadata, and where the plugin's own data stand."""
    plugin, content = "", NOWHERE
    for key, start, stop, _ in fields(raw, *span):
        if key != 0x0A:
            continue
        for inner, a, b, _ in fields(raw, start, stop):
            if inner == 0x0A:
                plugin = text(raw, Span(a, b))
            elif inner == 0x12:
                content = Span(a, b)
    return plugin, content


_DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "u1", 14: "bf16", 19: "<f2"}
_DTYPES |= {22: "<u4", 23: "<u8", 17: "<u2"}
STRING = 7
#: Fields of numbers by their number: fixed-width ones with their type, varints with None
_FIXED = {5: "<f4", 6: "<f8"}
_VARINTS = {7, 10, 11, 13, 16, 17}


@dataclass(slots=True)
class Tensor:
    """One TensorProto: type, shape, and the spans of its content by field number."""

    dtype: int = 0
    shape: tuple[int, ...] = ()
    content: Span | None = None
    parts: list[tuple[int, int, int, int]] = field(default_factory=list)  # as `fields` yields them

    @property
    def size(self) -> int:
        """How many elements its shape calls for."""
        size = 1
        for dim in self.shape:
            size *= dim
        return size

    def single(self) -> tuple[str, int] | None:
        """Type and offset of the one number in it, where that is a float of fixed width."""
        kind = _DTYPES.get(self.dtype, "")
        if self.size != 1 or kind not in ("<f4", "<f8"):
            return None
        spans = [self.content] if self.content else [Span(a, b) for _, a, b, _ in self.parts]
        keys = {key >> 3 for key, *_ in self.parts}
        width = int(kind[-1])
        if len(spans) != 1 or spans[0].stop - spans[0].start != width:
            return None
        if not self.content and {_FIXED.get(key) for key in keys} != {kind}:
            return None
        return kind, spans[0].start

    def numbers(self, raw: Raw) -> Floats:
        """All its numbers; what the writer left out repeats the last one, as TensorFlow has it."""
        kind = _DTYPES.get(self.dtype)
        if kind is None:
            raise MalformedError(f"tensor of type {self.dtype}")
        if self.content is not None:
            data = _from_content(raw[self.content.start : self.content.stop], kind)
        else:
            data = np.concatenate([np.zeros(0), *(_from_field(raw, part, kind) for part in self.parts)])
        if len(data) > self.size:
            raise MalformedError("a tensor with more numbers than its shape")
        if len(data) < self.size:
            if self.content is not None or self.size > 1 << 20:
                raise MalformedError("a tensor with fewer numbers than its shape")
            data = np.append(data, np.full(self.size - len(data), data[-1] if len(data) else 0.0))
        return data

    def strings(self, raw: Raw) -> list[str]:
        return [text(raw, Span(a, min(b, a + TEXT_READ))) for key, a, b, _ in self.parts if key == 0x42]


def parse_tensor(raw: Raw, span: Span) -> Tensor:
    """The parts of a TensorProto. Raises MalformedError."""
    tensor = Tensor()
    for key, start, stop, number in fields(raw, *span):
        if key == 0x08:
            tensor.dtype = number
        elif key == 0x12:
            dims = (d for k, *d in fields(raw, start, stop) if k == 0x12)
            tensor.shape = tuple(_dim(raw, a, b) for a, b, _ in dims)
        elif key == 0x22:
            tensor.content = Span(start, stop)
        elif key >> 3 in _FIXED or key >> 3 in _VARINTS or key == 0x42:
            tensor.parts.append((key, start, stop, number))
    if tensor.content and tensor.content.start == tensor.content.stop:
        tensor.content = None
    return tensor


def _dim(raw: Raw, at: int, end: int) -> int:
    size = 0
    for key, _, _, number in fields(raw, at, end):
        if key == 0x08:
            size = signed(number)
    if size < 0:
        raise MalformedError("a tensor of unknown shape")
    return size


def _from_content(content: Raw, kind: str) -> Floats:
    if kind == "bf16":
        return _bfloat(np.frombuffer(content, "<u2"))
    return np.frombuffer(content, kind).astype(np.float64)


def _from_field(raw: Raw, part: tuple[int, int, int, int], kind: str) -> Floats:
    key, start, stop, number = part
    if fixed := _FIXED.get(key >> 3):
        return np.frombuffer(raw[start:stop], fixed).astype(np.float64)
    numbers = [number]
    if key & 7 == 2:
        numbers, at = [], start
        while at < stop:
            number, at = varint(raw, at, stop)
            numbers.append(number)
    if key >> 3 == 13:  # halves travel as the integers that their bits spell
        bits = np.array([n & 0xFFFF for n in numbers], np.uint16)
        return _bfloat(bits) if kind == "bf16" else bits.view(np.float16).astype(np.float64)
    return np.array([n if kind.startswith("<u") else signed(n) for n in numbers], np.float64)


def _bfloat(bits: np.ndarray[tuple[int, ...], np.dtype[np.uint16]]) -> Floats:
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
