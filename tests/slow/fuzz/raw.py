"""Changes to bytes that know nothing of what the bytes mean."""

from __future__ import annotations

import random
import struct

#: Boundaries at which lengths, counts and steps go wrong.
INTEGERS = (
    *(0, 1, 2, 7, 8, 16, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**24, 2**28, 2**29, 2**31 - 1, 2**31),
    *(2**32 - 1, 2**32, 2**53, 2**53 + 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64 - 2, 10**9, 10**15),
)
PIECES = (b"\0", b"\xff", b"\n", b"\r", b"\x80", b"\x1b[2J", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"A" * 300)


def garble(draw: random.Random, data: bytes, other: bytes = b"") -> bytes:
    """The bytes with one to four changes. `other` lends pieces."""
    out = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        size = len(out)
        at = draw.randrange(size + 1)
        length = draw.choice((1, 1, 2, 4, 8, 16, 64, 512))
        match draw.randrange(10):
            case 0 | 1 if size:
                out[at % size] ^= 1 << draw.randrange(8)
            case 2 if size:
                out[at % size] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, 10, 32, 44))
            case 3:
                del out[at : at + length]
            case 4:
                out[at:at] = out[at : at + length] * draw.choice((1, 1, 3, 20))
            case 5:
                out[at:at] = draw.choice(PIECES)
            case 6:
                form = draw.choice(("<H", "<I", "<Q", ">I", ">Q", "<d"))
                number = draw.choice(INTEGERS)
                whole = struct.pack(form, number if form == "<d" else number % (1 << 8 * struct.calcsize(form)))
                out[at : at + len(whole)] = whole
            case 7 if other:
                start = draw.randrange(len(other))
                out[at : at + length] = other[start : start + draw.choice((8, 64, 512))]
            case 8:
                del out[at:]
            case _:
                out[at : at + length] = bytes(length)
    return bytes(out)
