"""How much the columns of a Parquet file hold, by what its footer says, and which of them the budget has room for."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from loglens.model.budget import budget

#: Columns without which the others are nothing.
_AXES = frozenset({"_step", "_timestamp", "step", "timestamp", "run_id", "attribute_path", "attribute_type"})

#: Seconds after which a process that measures a footer is given up: it takes a thousandth of one.
PATIENCE = 30
#: Of each column its values that are not null, and its bytes unpacked and packed.
Extents = dict[str, tuple[int, int, int]]


def within_budget(metadata: Any, schema: Any, columns: Sequence[str]) -> list[str]:
    """The columns of a file that the budget has room for; the smallest come first.

    A list column may hold any number of values in a row, and a packed one any number of bytes. Values for which
    there are bytes in the file cost nothing. Raises ValueError for a damaged footer.
    """
    room = budget()
    unpacked = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    nested = any(schema.field(name).type.num_fields for name in columns)
    if not nested and unpacked <= room.left("unpacked"):
        room.take("unpacked", max(0, unpacked))
        return list(columns)  # a row has one value of a plain column at most
    extents, kept = _survived(lambda: _extents(metadata, columns)), set()
    for name in sorted(extents, key=lambda name: (name not in _AXES, extents[name])):
        values, unpacked, packed = extents[name]
        costs = {"points": max(0, values - packed // 2), "unpacked": max(0, unpacked - packed)}
        short = next((limit for limit, cost in costs.items() if cost > room.left(limit)), None)
        if short:
            room.leave_out(short, f"column {name} ({values:,} values in {packed:,} bytes)")
            continue
        for limit, cost in costs.items():
            room.take(limit, cost)
        kept.add(name)
    return [name for name in columns if name in kept]


def _extents(metadata: Any, columns: Sequence[str]) -> Extents:
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


def _survived(work: Callable[[], Extents]) -> Extents:
    """The result of work that a damaged footer may end with the whole process: pyarrow aborts on some of them.

    It is done in a fork, where the system has forks. Raises ValueError where the fork died.
    """
    if not hasattr(os, "fork"):
        return work()
    receive, send = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: the child touches none of them
        child = os.fork()
    if child == 0:
        os.close(receive)
        _answer(work, send)
    os.close(send)
    with os.fdopen(receive, "rb") as stream:
        answer = stream.read()
    _, status = os.waitpid(child, 0)
    if status or not answer:
        raise ValueError("what its footer says of its columns cannot be read")
    return {name: tuple(numbers) for name, numbers in json.loads(answer).items()}


def _answer(work: Callable[[], Extents], send: int) -> None:
    """Write the result of the work to a pipe, and end this process: it leaves no core file and prints nothing."""
    import resource  # where there are no forks there is no such module either

    status = 1
    try:
        faulthandler.disable()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(PATIENCE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with os.fdopen(send, "wb") as stream:
            stream.write(json.dumps(work()).encode())
        status = 0
    finally:
        os._exit(status)
