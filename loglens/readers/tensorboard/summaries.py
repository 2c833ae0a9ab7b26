"""Decode single event records: histograms, hyper-parameters, text, and scalars in unusual encodings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from loglens.model.columns import Histogram
from loglens.readers.files.protobuf import MalformedError, Raw, Span, fields, number_at, text
from loglens.readers.tensorboard.event_proto import STRING, Value, parse_event, parse_metadata, parse_tensor
from loglens.readers.tensorboard.records import masked_crc
from loglens.readers.tensorboard.scalar_batches import LONG, SCALAR_PLUGINS
from loglens.stats.arrays import Floats

TEXT_KEPT = 300  # characters of a text that is no JSON
MAX_DEPTH = 16  # levels of nested parameters


class CorruptError(ValueError):
    """A record whose checksum does not fit."""


#: A limit beyond is none: writers close the last bucket with DBL_MAX, in their precision.
HUGE = 1e308


class Taken(NamedTuple):
    """The content of one record: its scalars, and whether it starts the session of a writer."""

    time: float
    step: int
    scalars: list[tuple[str, float]]
    starts_session: bool


class Summaries:
    """Collects everything but plain scalars over all files of a directory."""

    def __init__(self) -> None:
        self.histograms: list[Histogram] = []
        self.params: dict[str, Any] = {}
        self.has_hparams = False
        self._plugins: dict[str, str] = {}  # TF1 writers name a tag's plugin only once
        self._edges: dict[bytes, Floats] = {}  # most histograms of a run share theirs
        self._resumes: list[tuple[int, int]] = []  # how many histograms there were, and the step gone on from

    def take(self, raw: memoryview, stored: bytes) -> Taken:
        """Reads one record. Raises CorruptError or MalformedError (then nothing of it was kept)."""
        short = len(raw) < LONG
        if short and masked_crc(raw).to_bytes(4, "little") != stored:
            raise CorruptError
        event = parse_event(raw)
        wanted = [(kind, value) for value in event.values if (kind := self._kind(raw, value))]
        # Nothing rests on a long record of images or graphs: its bytes are not even touched
        if not short and wanted and masked_crc(raw).to_bytes(4, "little") != stored:
            raise CorruptError
        scalars: list[tuple[str, float]] = []
        time, step, before = event.wall_time(raw), event.number, len(self.histograms)
        try:
            for kind, value in wanted:
                tag = text(raw, value.tag)
                if kind == "scalar":
                    scalars.append((tag, self._number(raw, value)))
                elif kind == "histogram":
                    read = self._histogram if value.kind == "histogram" else self._tensor_histogram
                    self.histograms.append(read(raw, value.body, tag, step, time))
                elif kind == "text":
                    self._text(tag, parse_tensor(raw, value.body).strings(raw))
                elif value.metadata:
                    self._hparams(raw, parse_metadata(raw, value.metadata)[1])
        except ValueError:
            del self.histograms[before:]
            raise
        return Taken(time, step, scalars, event.starts_session)

    def resume(self, step: int) -> None:
        """The writer continues from a step: what it wrote at that step and later before is void."""
        self._resumes.append((len(self.histograms), step))

    def surviving(self) -> list[Histogram]:
        """The histograms that no resume has made void, in the order written."""
        resumes, lowest, kept = list(self._resumes), float("inf"), []
        for place in reversed(range(len(self.histograms))):
            while resumes and resumes[-1][0] > place:
                lowest = min(lowest, resumes.pop()[1])
            if self.histograms[place].step < lowest:
                kept.append(self.histograms[place])
        return kept[::-1]

    def reads(self, raw: Raw) -> bool:
        """Whether anything of a record would be read. Raises ValueError where it is no event."""
        return any(self._kind(raw, value) for value in parse_event(raw).values)

    def _kind(self, raw: Raw, value: Value) -> str:
        """scalar, histogram, text, hparams, or "" for what is not read."""
        tag = text(raw, value.tag)
        plugin = parse_metadata(raw, value.metadata)[0] if value.metadata else ""
        plugin = self._plugins.setdefault(tag, plugin) or plugin if plugin else self._plugins.get(tag, "")
        if plugin == "hparams":
            return plugin
        if value.kind != "tensor":
            return {"simple": "scalar", "histogram": "histogram"}.get(value.kind, "")
        tensor = parse_tensor(raw, value.body)
        if tensor.dtype == STRING:
            return "text" if plugin == "text" or tag.endswith("/text_summary") else ""
        if plugin in SCALAR_PLUGINS and tensor.size == 1:
            return "scalar"
        if plugin == "histograms" and len(tensor.shape) == 2 and tensor.shape[1] == 3:
            return "histogram"
        return ""

    def _number(self, raw: Raw, value: Value) -> float:
        if value.kind == "simple":
            return number_at(raw, value.body.start, "<f")
        return float(parse_tensor(raw, value.body).numbers(raw)[0])

    @np.errstate(over="ignore", invalid="ignore")  # what is logged may be as large as numbers get
    def _histogram(self, raw: Raw, span: Span, tag: str, step: int, time: float) -> Histogram:
        """A HistogramProto: its sums are over all elements, its buckets hold the finite ones."""
        plain = dict.fromkeys((1, 2, 3, 4, 5), 0.0)
        packed: dict[int, list[bytes]] = {6: [], 7: []}
        for key, start, stop, _ in fields(raw, *span):
            if key >> 3 in plain and key & 7 == 1:
                plain[key >> 3] = number_at(raw, start, "<d")
            elif key >> 3 in packed:
                packed[key >> 3].append(bytes(raw[start:stop]))
        limits, counts = b"".join(packed[6]), np.frombuffer(b"".join(packed[7]), "<f8")
        low, high, num, total, squares = plain.values()
        if len(limits) != counts.nbytes:
            raise MalformedError("a histogram with more limits than buckets")
        # The first bucket reaches down to -DBL_MAX; writers of our day leave it empty
        floor = low if len(counts) and counts[0] and np.isfinite(low) else None
        # and the last one up to DBL_MAX, of which no mean or quantile can be made
        ceiling = high if len(counts) and counts[-1] and np.isfinite(high) else None
        edges = self._shared(limits, floor, ceiling)
        nonfinite = max(num - float(counts.sum()), 0.0)
        return Histogram(tag, step, time, num, total, squares, low, high, nonfinite, edges, counts.copy(), exact=True)

    def _shared(self, limits: bytes, floor: float | None, ceiling: float | None) -> Floats:
        right = np.frombuffer(limits, "<f8")
        if ceiling is not None and right[-1] >= HUGE:
            right = np.append(right[:-1], max([ceiling, *right[-2:-1]]))
        first = right[:1] if floor is None else np.minimum(right[:1], floor)
        edges = np.concatenate([first if len(right) else np.zeros(1), right])
        if len(self._edges) > 1 << 10:
            self._edges.clear()
        return self._edges.setdefault(edges.tobytes(), edges)

    @np.errstate(over="ignore", invalid="ignore")
    def _tensor_histogram(self, raw: Raw, span: Span, tag: str, step: int, time: float) -> Histogram:
        """TensorFlow 2's rows of (left, right, count): no sums, so they come from the middles."""
        rows = parse_tensor(raw, span).numbers(raw).reshape(-1, 3)
        left, right, counts = rows.T.copy()
        middle, full = (left + right) / 2, np.flatnonzero(counts)
        low, high = (left[full[0]], right[full[-1]]) if len(full) else (np.nan, np.nan)
        return Histogram(
            tag,
            step,
            time,
            count=float(counts.sum()),
            sum=float(counts @ middle),
            sum_squares=float(counts @ middle**2),
            min=float(low),
            max=float(high),
            nonfinite=float(counts[~(np.isfinite(left) & np.isfinite(right))].sum()),  # edges of NaN alone are NaN
            edges=np.append(left, right[-1:]) if len(rows) else np.zeros(1),
            counts=counts,
            exact=False,
        )

    def _text(self, tag: str, strings: list[str]) -> None:
        """The first text of a tag: a JSON object (HF's `args`) becomes parameters."""
        name = tag.removesuffix("/text_summary")
        key, body = f"text/{name}", "\n".join(strings)
        if key in self.params:
            return
        stripped = re.sub(r"^\s*<pre>|</pre>\s*$", "", body).strip()
        if stripped.startswith("{"):
            try:
                loaded = json.loads(stripped)
            except (ValueError, RecursionError):
                loaded = None
            if isinstance(loaded, dict):
                flat = _flat(loaded, "" if name == "args" else f"{name}/")
                self.params = {**dict(flat), **self.params}
                return
        self.params[key] = body[:TEXT_KEPT]

    def _hparams(self, raw: Raw, span: Span) -> None:
        """HParamsPluginData: the parameters of a session start, the status of its end."""
        self.has_hparams = True
        for key, start, stop, _ in fields(raw, *span):
            inner = list(fields(raw, start, stop)) if key in (0x1A, 0x22) else []
            if key == 0x1A:
                self.params |= dict(_entry(raw, a, b) for k, a, b, _ in inner if k == 0x0A)
            elif {k for k, *_ in inner} >= {0x08, 0x11}:
                # torch writes "success" the moment it starts, but without the time of the end
                status = next(number for k, _, _, number in inner if k == 0x08)
                self.params["status"] = {1: "success", 2: "failure", 3: "running"}.get(status, "unknown")


def _entry(raw: Raw, at: int, end: int) -> tuple[str, Any]:
    """One entry of map<string, google.protobuf.Value>."""
    name: str = ""
    value: Any = None
    for key, start, stop, _ in fields(raw, at, end):
        if key == 0x0A:
            name = text(raw, Span(start, stop))
        elif key == 0x12:
            for inner, a, b, number in fields(raw, start, stop):
                if inner == 0x11:
                    value = number_at(raw, a, "<d")
                elif inner == 0x1A:
                    value = text(raw, Span(a, b))
                elif inner == 0x20:
                    value = bool(number)
    return name, value


def _flat(tree: dict[str, Any], prefix: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Values by path; lists of plain values stay lists, what is nested deeper is left out."""
    for key, value in tree.items():
        if isinstance(value, dict):
            if depth < MAX_DEPTH:
                yield from _flat(value, f"{prefix}{key}/", depth + 1)
        elif not isinstance(value, list) or not any(isinstance(each, list | dict) for each in value):
            yield f"{prefix}{key}", value
