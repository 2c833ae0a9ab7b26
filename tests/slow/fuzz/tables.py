"""SQLite and Parquet files with odd cells, written by their own libraries."""

from __future__ import annotations

import io
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any

from tests.slow.fuzz.raw import garble
from tests.slow.fuzz.words import ODD, retree

CELLS: tuple[Any, ...] = (
    *(None, 0, -1, 2**63 - 1, -(2**63), 1e308, float("inf"), float("-inf"), "", "NaN", "x", b"\xff\0", "a" * 5000),
    *("2025-01-01T00:00:00", "9999-12-31T23:59:59", "{}", '{"loss": 1e999}', "[" * 3000, "\x1b[2J", 0.5),
)


def recell(draw: random.Random, data: bytes) -> bytes:
    """A database with cells exchanged, rows repeated, columns or tables renamed, views in their place."""
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(data)
            connection.text_factory = bytes
            tables = [
                row[0].decode() for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            for _ in range(draw.choice((1, 1, 2, 4))):
                _one(draw, connection, draw.choice([t for t in tables if not t.startswith("sqlite")]))
            connection.commit()
            return connection.serialize()
    except (sqlite3.Error, IndexError, UnicodeDecodeError):
        return garble(draw, data)


def _one(draw: random.Random, connection: sqlite3.Connection, table: str) -> None:
    columns = [row[1].decode() for row in connection.execute(f'PRAGMA table_info("{table}")')]
    column = draw.choice(columns)
    where = f"WHERE rowid % {draw.choice((1, 2, 7, 40))} = 0" if draw.random() < 0.7 else ""
    match draw.randrange(10):
        case 0:
            connection.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "{column[:-1] or "x"}"')
        case 1:
            connection.execute(f'ALTER TABLE "{table}" RENAME TO "{table}_old"')
            connection.execute(f'CREATE VIEW "{table}" AS SELECT * FROM "{table}_old" a, "{table}_old" b')
        case 2 if draw.random() < 0.3:
            connection.execute(f'DELETE FROM "{table}" {where}')
        case 3 | 4:
            rows = connection.execute(f'SELECT rowid, "{column}" FROM "{table}" LIMIT 20').fetchall()
            at, cell = draw.choice(rows)
            if isinstance(cell, bytes):
                text = retree(draw, cell).decode("utf-8", "replace")
                connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (text, at))
        case _:
            connection.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ? {where}', (draw.choice(CELLS),))


def _write(rows: list[dict[str, Any]], schema: Any = None) -> bytes:
    pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")

    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink)
    return bytes(sink.getvalue())


def cases(reader: str) -> Iterator[dict[str, bytes]]:
    """Parquet files as the exporters of W&B, Trackio and Neptune shape them."""
    if reader == "wandb.parquet_history":
        rows = [{"_step": n, "_timestamp": 1e9 + n, "loss": 1 / (n + 1), "m": {"x": n}} for n in range(30)]
        yield {"0_30.parquet": _write(rows)}
    elif reader == "trackio":
        stamp = "2025-01-01T00:00:00"
        own = {"run_id": "r", "run_name": "a", "timestamp": stamp}
        main = _write([own | {"step": n, "loss": 1 / (n + 1), "m": {"x": n}} for n in range(30)])
        yield {"p.parquet": main, "p_configs.parquet": _write([own | {"lr": 0.5}])}
    else:
        yield {"RUN-1.parquet": _write(_neptune())}


def _neptune() -> list[dict[str, Any]]:
    blank = dict.fromkeys(("step", "timestamp", "int_value", "float_value", "string_value", "bool_value"))
    said = blank | {"project_id": "p", "run_id": "RUN-1", "histogram_value": None}
    histogram = {"type": "COUNTING", "edges": [0.0, 1.0, 2.0], "values": [1.0, 2.0]}
    at = [{"step": Decimal(n), "timestamp": datetime.fromtimestamp(1e9 + n, UTC)} for n in range(20)]
    return [
        said | {"attribute_path": "lr", "attribute_type": "float", "float_value": 0.1},
        said | {"attribute_path": "name", "attribute_type": "string", "string_value": "x", "int_value": 3},
        said | {"attribute_path": "ok", "attribute_type": "bool", "bool_value": True},
        *(said | {"attribute_path": "loss", "attribute_type": "float_series", "float_value": 0.5} | a for a in at),
        *(
            said | {"attribute_path": "h", "attribute_type": "histogram_series", "histogram_value": histogram} | a
            for a in at
        ),
    ]


def recolumn(draw: random.Random, data: bytes) -> bytes:
    """A Parquet file with cells and columns exchanged; mangled bytes where that gives no table."""
    pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")

    try:
        rows = pq.read_table(io.BytesIO(data)).to_pylist()
        for _ in range(draw.choice((1, 1, 2))):
            column, odd = draw.choice(list(rows[0])), draw.choice((*ODD, b"\xff", datetime(1, 1, 1), Decimal("1e30")))
            match draw.randrange(4):
                case 0:
                    rows = [{name: cell for name, cell in row.items() if name != column} for row in rows]
                case 1:
                    rows = [row | {column: odd} for row in rows]
                case 2:
                    rows = [
                        {(name + "x" if name == column else name): cell for name, cell in row.items()} for row in rows
                    ]
                case _:
                    rows[draw.randrange(len(rows))][column] = odd
        return _write(rows)
    except (pa.ArrowException, ValueError, TypeError, IndexError, KeyError, OverflowError, UnicodeError):
        return garble(draw, data)
