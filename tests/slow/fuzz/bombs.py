"""Little to read and much in it: what once broke a bound, in sizes drawn anew."""

from __future__ import annotations

import gzip
import io
import random
import sqlite3
import struct
from contextlib import closing
from importlib import import_module
from itertools import count

from tests.readers.tensorboard_writer import masked
from tests.slow.fuzz.frames import pack_events, unpack_events
from tests.slow.fuzz.raw import garble

#: Bytes of a file of text, of JSON or of headers.
SIZES = (3_000, 30_000, 99_000)


def bomb(draw: random.Random, data: bytes) -> bytes:
    """A bomb in the format of the data."""
    if data.startswith(b"PAR1"):
        return lists(draw, data)
    if data.startswith(b"SQLite"):
        return blobs(draw, data)
    if unpack_events(data[:1000]):
        return draw.choice((members, headers, zeros))(draw, data)
    if data[:1] in b"{[":
        return draw.choice((deep, keys, empty))(draw, data)
    return draw.choice((empty, wide))(draw, data)


def members(draw: random.Random, data: bytes) -> bytes:
    """gzip members one after another, whole, empty, cut off, and with something else between them."""
    payloads = unpack_events(data)
    cuts = sorted(draw.randrange(len(payloads) + 1) for _ in range(draw.choice((1, 3, 30))))
    parts = [payloads[a:b] for a, b in zip([0, *cuts], [*cuts, len(payloads)], strict=True)]
    packed = [gzip.compress(pack_events(part), 1) for part in parts]
    if draw.random() < 0.5:
        packed.insert(
            draw.randrange(len(packed) + 1), draw.choice((gzip.compress(b""), b"\0" * 512, b"rest", packed[0][:20]))
        )
    return b"".join(packed)


def headers(draw: random.Random, data: bytes) -> bytes:
    """Headers of events, each of which claims all the others as its record."""
    size = draw.choice(SIZES)
    lengths = [struct.pack("<Q", max(0, size - at - 16)) for at in range(0, size, draw.choice((12, 16, 60)))]
    return data[:300] + b"".join(length + masked(length) for length in lengths)


def zeros(draw: random.Random, data: bytes) -> bytes:
    """Events, and then nothing but zeros, packed a thousandfold."""
    return gzip.compress(data[:2000] + bytes(draw.choice((1 << 20, 1 << 25, 90 << 20))), 6)


def lists(draw: random.Random, data: bytes) -> bytes:
    """A Parquet file with a column of lists of zeros, of one word in all rows, or of many columns."""
    pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    try:
        table = pq.read_table(io.BytesIO(data))
        rows = table.num_rows
        odd = draw.choice(
            (
                pa.array([[0.0] * draw.choice((10, 3_000, 60_000))] * rows, pa.list_(pa.float64())),
                pa.array([[["x"] * 300] * 30] * rows),
                pa.array(["word" * draw.choice((10, 10_000))] * rows),
            )
        )
        column = draw.choice((*table.column_names, "more"))
        if column in table.column_names:
            table = table.set_column(table.column_names.index(column), column, odd)
        else:
            table = table.append_column(column, odd)
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd")
        return bytes(sink.getvalue())
    except (pa.ArrowException, OSError, ValueError, TypeError):
        return garble(draw, data)


def blobs(draw: random.Random, data: bytes) -> bytes:
    """A database with a long blob in place of cells, or with rows many times over."""
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(data)
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
            table = draw.choice([name for name in tables if not name.startswith("sqlite")])
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
            if draw.random() < 0.5:
                size = draw.choice((1_000, 20_000, 60_000))
                cell = draw.choice((f"zeroblob({size})", f"replace(hex(zeroblob({size // 2})), '0', '[')"))
                connection.execute(f'UPDATE OR IGNORE "{table}" SET "{draw.choice(columns)}" = {cell} WHERE rowid < 3')
            else:
                connection.execute(
                    f'INSERT OR IGNORE INTO "{table}" SELECT a.* FROM "{table}" a, "{table}" b LIMIT 900'
                )
            connection.commit()
            return connection.serialize()
    except (sqlite3.Error, IndexError, UnicodeDecodeError):
        return garble(draw, data)


def deep(draw: random.Random, data: bytes) -> bytes:
    """JSON nested as deep as it goes, closed or not."""
    n = draw.choice((100, 900, 5_000, 16_000))
    opened, closed = draw.choice(((b'{"a":', b"}"), (b"[", b"]"), (b'{"a":[', b"]}")))
    return (
        data[: draw.choice((0, data.find(b"\n") + 1))]
        + opened * n
        + b"1"
        + (closed * n if draw.random() < 0.7 else b"")
    )


def keys(draw: random.Random, data: bytes) -> bytes:
    """An object of as many keys as fit, in one row or in each of a few."""
    size, rows = draw.choice(SIZES), draw.choice((1, 2, 9))
    names = (f'"{draw.choice(("loss", "val_loss", "k/layer"))}{n}": {n}' for n in count())
    row, held = [b'"step": 0'], 0
    while held < size // rows:
        row.append(next(names).encode())
        held += len(row[-1]) + 1
    return b"".join(b"{" + b",".join(row) + b"}\n" for _ in range(rows))


def empty(draw: random.Random, data: bytes) -> bytes:
    """The first rows, and then rows with nothing in them."""
    start = data[: data.find(b"\n", draw.randrange(len(data) + 1)) + 1]
    row = draw.choice((b"{}\n", b"[]\n", b"\n", b",,,\n", b"\r\n", b"0\n", b"[{}]\n", b"null\n", b" \n", b",\n"))
    return start + row * (draw.choice(SIZES) // len(row))


def wide(draw: random.Random, data: bytes) -> bytes:
    """A table of as many columns as fit, with a row or two."""
    size = draw.choice(SIZES) // 14
    name = draw.choice(("loss", "val/acc", "x"))
    head = ",".join(["step", *(f"{name}{n}" for n in range(size))])
    return "\n".join([head, *(",".join(["1"] * (size + 1)) for _ in range(draw.choice((1, 2))))]).encode()
