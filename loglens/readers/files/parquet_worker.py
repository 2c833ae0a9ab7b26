"""The process in which pyarrow reads Parquet files that anyone may have written; it may die. Run as a script.

It imports nothing of loglens, and takes `sys.path` as its argument. A request is one line of JSON on its standard
input, an answer one line of JSON on its standard output and then blocks of bytes. It ends with its input.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, BinaryIO

#: Seconds in which one answer must be made, else this process ends itself: a batch takes a hundredth of one.
PATIENCE = 60

#: What is told of an answer, and its blocks.
Answer = tuple[dict[str, Any], list[bytes]]


def footer(file: Any, columns: Sequence[str] | None, room: int) -> dict[str, Any]:
    """What the footer says: the count of rows, the columns that are there, and how much they hold.

    The extents are measured where a column is nested or the file unpacks to more bytes than there is room for.
    """
    metadata, schema = file.metadata, file.schema_arrow
    names = [name for name in schema.names if columns is None or name in columns]
    unpacked = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    nested = any(field.type.num_fields for field in schema if field.name in names)
    found = extents(metadata, names) if nested or unpacked > room else {}
    return {"rows": metadata.num_rows, "names": names, "unpacked": unpacked, "extents": found}


def extents(metadata: Any, columns: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """Of each column its values that are not null, and its bytes unpacked and packed."""
    found = dict.fromkeys(columns, (0, 0, 0))
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for place in range(group.num_columns):
            column = group.column(place)
            name = column.path_in_schema
            while name not in found and "." in name:  # a field of a nested column; a plain name may have a dot as well
                name = name.rpartition(".")[0]
            if name in found:
                statistics = column.statistics if column.is_stats_set else None
                empty = statistics.null_count if statistics is not None and statistics.has_null_count else 0
                values, unpacked, packed = found[name]
                found[name] = (
                    values + column.num_values - empty,
                    unpacked + column.total_uncompressed_size,
                    packed + column.total_compressed_size,
                )
    return found


def batches(file: Any, columns: Sequence[str], rows: int) -> Iterator[Answer]:
    """The rows of a file, so many at a time."""
    for batch in file.iter_batches(rows, columns=columns, use_threads=False):
        batch.validate(full=True)  # pyarrow believes numbers of words that are not there
        packed = [pack(column) for column in batch.columns]
        told = [
            [name, kind, [len(block) for block in blocks]]
            for name, (kind, blocks) in zip(batch.schema.names, packed, strict=True)
        ]
        yield {"rows": batch.num_rows, "columns": told}, [block for _, blocks in packed for block in blocks]


def pack(column: Any) -> tuple[str, list[bytes]]:
    """One column as its kind and its blocks: numbers and times as arrays, with which are null; the rest as JSON."""
    pa = import_module("pyarrow")
    kind = column.type
    if pa.types.is_dictionary(kind):
        return "words", words(column)
    if kind in (pa.float32(), pa.float64()):
        return "float", array(column, "<f8")
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return "int", array(column, "<i8")
    if pa.types.is_timestamp(kind):
        return "time", array(column, "<f8", {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit])
    return "json", [json.dumps(column.to_pylist(), default=str).encode()]


def array(column: Any, kind: str, scale: float | None = None) -> list[bytes]:
    """The values of a column of numbers, and a byte for each that is null where there are any.

    They are taken from its buffers: the functions of pyarrow that do so take as long to load as all the rest.
    """
    np = import_module("numpy")
    valid, data = column.buffers()
    first, end = column.offset, column.offset + len(column)
    own = "<i8" if scale else np.dtype(column.type.to_pandas_dtype())
    values = np.frombuffer(data or b"", own)[first:end].astype(kind)
    blocks = [values / scale if scale else values]
    if column.null_count:
        bits = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")[first:end]
        blocks[0][bits == 0] = 0
        blocks.append(bits == 0)
    return [block.tobytes() for block in blocks]


def words(column: Any) -> list[bytes]:
    """A column of words: the words that are in it, as JSON, and the place of each row's word; -1 for none."""
    np = import_module("numpy")
    indices, *empty = array(column.indices, "<i8")
    places = np.frombuffer(indices, "<i8").copy()
    if empty:
        places[np.frombuffer(empty[0], np.bool_)] = -1
    used, places = np.unique(places, return_inverse=True)
    some = used[used >= 0].tolist()
    said = [column.dictionary[place].as_py() for place in some]
    return [json.dumps(said, default=str).encode(), (places - (len(used) - len(some))).astype("<i4").tobytes()]


def answers(request: dict[str, Any]) -> Iterator[Answer]:
    """Answer one request: `footer` by one answer, else by the batches of the columns that are named."""
    pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    path, columns = request["path"], request["columns"]
    with pq.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
        if request["want"] == "footer":
            yield footer(file, columns, request["room"]), []
            return
        texts = [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]
    # a word of a megabyte that stands once in the file may stand in every row
    with pq.ParquetFile(path, memory_map=False, pre_buffer=False, read_dictionary=texts) as file:
        yield from batches(file, columns, request["rows"])


def send(out: BinaryIO, told: dict[str, Any], blocks: Sequence[bytes]) -> None:
    """Write one answer. Nothing presses: who asked takes his time."""
    faulthandler.cancel_dump_traceback_later()
    out.write(json.dumps(told | {"spent": time.process_time()}).encode() + b"\n")
    for block in blocks:
        out.write(block)
    out.flush()
    faulthandler.dump_traceback_later(PATIENCE, exit=True)


def serve(requests: BinaryIO, out: BinaryIO) -> None:
    """Answer requests until there are no more of them."""
    for line in requests:
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        try:
            for told, blocks in answers(json.loads(line)):
                send(out, told, blocks)
            send(out, {"end": True}, [])
        except BrokenPipeError:
            return
        except Exception as error:  # whatever pyarrow raises, it says that this file cannot be read
            send(out, {"error": " ".join(f"{error or type(error).__name__}".split())[:120]}, [])
        faulthandler.cancel_dump_traceback_later()


def main() -> None:
    """Serve, quietly: a process that dies leaves no core file and no traceback, and Ctrl-C is for who asked."""
    sys.path[:] = json.loads(sys.argv[1])
    faulthandler.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ImportError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing that a library prints is taken for an answer
        serve(sys.stdin.buffer, out)


if __name__ == "__main__":
    main()
