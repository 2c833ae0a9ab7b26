"""Tell a log of unknown form from a text that is no log, by what its lines repeat."""

from __future__ import annotations

import re
from collections import Counter

from loglens.readers.text.planner import MAX_LENGTH
from loglens.readers.text.prefixes import after_logger, after_tags, stamp
from loglens.readers.text.templates import MARK, normalise_spaces, to_template
from loglens.readers.text.unread_lines import REPEATED

_FRACTION = re.compile(rb"\.[0-9]")
#: So much of the lines that are not blank are of the forms that repeat.
_SHARE = 0.5


def repeats_numbers(text: str) -> bool:
    """Whether most lines of a text are of a few forms with a word and a fractional number in their message.

    Such a file reports something again and again, as logs do and documents, lists of files and of packages do not.
    """
    data = text.rpartition("\n")[0].encode("utf-8", "replace").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    templates, numbers = to_template(normalise_spaces(data))
    forms: Counter[bytes] = Counter()
    fractional: set[bytes] = set()
    at = 0
    for template in templates:
        count = template.count(0)
        if template.strip():
            forms[template] += 1
        if template not in fractional and any(map(_FRACTION.search, numbers[at : at + count])):
            fractional.add(template)
        at += count
    repeated = {form: lines for form, lines in forms.items() if lines >= REPEATED}
    if sum(repeated.values()) < _SHARE * forms.total():
        return False
    return any(form in fractional and _reports(form) for form in repeated)


def _reports(form: bytes) -> bool:
    text = form[:MAX_LENGTH].decode("utf-8", "replace")
    message = text[after_tags(text, after_logger(text, stamp(text)[2])) :]
    return MARK in message and any(letter.isalpha() for letter in message)
