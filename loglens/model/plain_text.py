"""Text from logs as plain text that is safe to show anywhere."""

from __future__ import annotations

import re
import unicodedata

#: Control, format (bidi marks, zero width), surrogate, private and unassigned characters, line separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: What a CI server takes for a command where it stands at the beginning of a printed line.
_COMMANDS = re.compile(
    "[:](?=:(?:error|warning|notice|debug|group|endgroup|echo|add-mask|add-path|add-matcher|remove-matcher|"
    r"save-state|set-env|set-output|stop-commands)\b)|#(?=#(?:vso|teamcity)?\[)",
    re.IGNORECASE,
)
#: How a sentence begins that cannot be understood without the one before it.
_CONTINUES = re.compile(
    r"(And|Besides|But|Nor|Not|So|Such|Then|Unless|With|Without|Here|Its|They|This|That|These|Those|Otherwise)\b"
    r"|It(?! is an? )\b"
)
_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def words(name: str) -> str:
    """An identifier as words: "growth_per_step" becomes "growth per step"."""
    return safe(name.replace("_", " ").replace("-", " "))


def safe(text: str) -> str:
    r"""Escape text from a log: characters that control a terminal or hide text become \x1b, \u202e."""
    text = _COMMANDS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _UNSAFE else c for c in text)


def shorten(text: str, max_length: int, ellipsis: str = "…") -> str:
    """The text, or its two ends where it is longer than `max_length` characters: tags differ at both ends."""
    if len(text) <= max_length:
        return text
    keep = max(max_length - len(ellipsis), 2)
    return text[: keep - keep // 2] + ellipsis + text[len(text) - keep // 2 :]


def printable(text: str) -> str:
    """Escape text line by line: for text of several lines, such as code."""
    return "\n".join(safe(re.sub("\t", "    ", line)) for line in text.split("\n"))


def statements(text: str) -> list[str]:
    """A paragraph as the items of a list: its sentences, each with those that cannot be understood without it.

    Signs that the text numbers, "(1) ... (2) ...", are an item each.
    """
    if "(2) " in text:
        return [part.strip() for part in re.split(r"(?=\(\d\) )", text) if part.strip()]
    items: list[str] = []
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z])", text):
        if items and _CONTINUES.match(sentence):
            items[-1] += f" {sentence}"
        else:
            items.append(sentence)
    return items


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is no UTF-8
        return f"\\x{code & 0xFF:02x}"
    if character in _ESCAPES:
        return _ESCAPES[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
