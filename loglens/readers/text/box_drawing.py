"""Write the tables that are drawn with Unicode's lines ("│ loss ┃ 0.5 │") in ASCII, as other tables are."""

from __future__ import annotations

import re

_VERTICAL = rb"\xe2\x94[\x82\x83\x86\x87\x8a\x8b]|\xe2\x95\x91"
_ANY = rb"\xe2\x94[\x80-\xbf]|\xe2\x95[\x80-\xb0]"
#: A row of two cells or more, and a line that is drawn whole; text in a frame is left as it is.
_LINE = re.compile(
    rb"(?m)^[ \t]*+(?:(?:%s)(?:[^\xe2\n]|\xe2(?!\x94|\x95))++){2,}(?:%s)[ \t]*+(?=\r?$)"
    rb"|^[ \t]*+(?:%s){8,}+[ \t]*+(?=\r?$)" % (_VERTICAL, _VERTICAL, _ANY)
)
_ASCII = dict.fromkeys(range(0x250C, 0x2571), "+")
_ASCII |= dict.fromkeys((*range(0x2500, 0x250C), 0x254C, 0x254D, 0x2550), "-")
_ASCII |= dict.fromkeys((0x2502, 0x2503, 0x2506, 0x2507, 0x250A, 0x250B, 0x254E, 0x254F, 0x2551), "|")


def in_ascii(block: bytes) -> bytes:
    """A block with the lines of such tables in ASCII; a line of dashes alone is no part of one."""
    return _LINE.sub(_drawn, block) if b"\xe2\x94" in block or b"\xe2\x95" in block else block


def _drawn(found: re.Match[bytes]) -> bytes:
    text = found[0].decode("utf-8", "replace").translate(_ASCII)
    return found[0] if set(text.strip()) == {"-"} else text.encode()
