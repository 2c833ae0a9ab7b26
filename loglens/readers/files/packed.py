"""Unpack compressed files, member after member, within bounds: gzip, bzip2, xz."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Any, Protocol

from loglens.model.budget import budget
from loglens.model.limits import raise_hint

#: So much of the packed file is read at a time, and so much is unpacked at a time.
READ, WRITE = 1 << 13, 1 << 20
#: What unpacking damaged data raises.
DAMAGE = (zlib.error, lzma.LZMAError, OSError, EOFError)


class Unpacker(Protocol):
    """Unpack one member. eof: its end was met. unused_data: what follows it. needs_input: nothing is left to give."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Gunzip:
    """The decompressor of zlib, with the face of those of bz2 and lzma."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail and not self._zlib.eof

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


#: First bytes of a member -> what unpacks it.
MAGIC: dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b": Gunzip,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\0": lzma.LZMADecompressor,
}


def magic_of(start: bytes) -> bytes | None:
    """The magic bytes of a compressed file that begins so; None for others."""
    return next((magic for magic in MAGIC if start.startswith(magic)), None)


def unpack(packed: IO[bytes], plain: IO[bytes], magic: bytes) -> list[tuple[str, str]]:
    """Write what can be unpacked, as far as the budget goes, and return notes (kind, message) on the rest.

    A compressed file is one member or several, as when files were appended to each other or a writer began again.
    """
    unpacker: Unpacker = MAGIC[magic]()
    data, at, max_size = packed.read(READ), 0, budget().limit("unpacked")
    try:
        while plain.tell() < max_size:
            if not unpacker.eof:
                if unpacker.needs_input and not data:
                    data = packed.read(READ)
                    if not data:
                        return [("truncated", "the compressed data are cut off; read up to there")]
                plain.write(unpacker.decompress(data, WRITE))
                data = b""
                continue
            at = packed.tell() - len(unpacker.unused_data)
            data = unpacker.unused_data.lstrip(b"\0") or _after_zeros(packed)
            if len(data) < len(magic):
                data += packed.read(READ)
            if not data:
                return []
            if not data.startswith(magic):
                return [("corrupt", f"what follows the compressed data, from byte {at} on, is not such data; not read")]
            unpacker = MAGIC[magic]()
    except DAMAGE as error:
        where = f" from byte {at} on" if at else ""
        return [("corrupt", f"the compressed data are damaged{where} ({error}); read up to there")]
    return [
        (
            "truncated",
            f"unpacks to more than {max_size >> 20} MB, perhaps a decompression bomb; read up to there; "
            f"{raise_hint('unpacked')}",
        )
    ]


def _after_zeros(packed: IO[bytes]) -> bytes:
    """The next bytes past zeros, with which tapes and some writers fill their blocks."""
    while data := packed.read(READ):
        if rest := data.lstrip(b"\0"):
            return rest
    return b""
