"""Escape text from a log for GitHub's Markdown: prose, names, code and foldable blocks.

Names are put in code spans, where nothing is markup, a mention, a link or an emoji. In prose every
character that could be markup is escaped, and what GitHub would link is split by an empty comment.
"""

from __future__ import annotations

import html
import re

from loglens.model.plain_text import printable, shorten
from loglens.renderers.shared.summary import CODE, NAME, SENTENCE, say

#: Frameworks whose snippets are in another language than Python.
_LANGUAGES = {
    **dict.fromkeys(("fairseq", "megatron", "timm", "cleanrl", "shell", "bash"), "sh"),
    **dict.fromkeys(("mlagents", "yaml"), "yaml"),
    "loglens": "toml",
    "deepspeed": "json",
}
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;"}
_SPECIAL = re.compile(r"[<>&|]|[\\`*\[\]~]|(?<![^\W_])_|_(?![^\W_])")
#: Characters that start a heading, a list or a rule at the start of a line.
_LEADING = re.compile(r"^(\s*)([#=]|[+-](?=[\s-]|$)|\d+(?=[.)](?:\s|$)))")
#: Mentions, references to issues, addresses, emoji and formulas.
_LINKED = re.compile(r"\$|@(?=\w)|#(?=\d)|:(?=//)|\bwww(?=\.)|\bGH(?=-\d)|:(?=[a-z0-9_+-]+:)", re.IGNORECASE)


def prose(text: str, max_length: int = SENTENCE) -> str:
    """Escape a sentence that quotes a log, as Markdown that shows it literally and links nothing."""
    shown = say(text, max_length)
    joints = ["<span>$</span>" if found[0] == "$" else found[0] + "<!-- -->" for found in _LINKED.finditer(shown)]
    parts = map(_escaped, _LINKED.split(shown))
    return _led("".join(part + joint for part, joint in zip(parts, [*joints, ""], strict=True)))


def doc(text: str, max_length: int = SENTENCE) -> str:
    """Escape a paragraph of documentation with backslashes and entities only: for any Markdown reader."""
    return _led(_escaped(say(text, max_length)))


def name(text: str, max_length: int = NAME) -> str:
    """A name as a code span, or in HTML where the span would end early or a table cell would."""
    shown = say(text, max_length)
    if shown and not re.search(r"[`|\\]|^\s|\s$", shown):
        return f"`{shown}`"
    return html_name(text, max_length)


def html_name(text: str, max_length: int = NAME) -> str:
    """Escape a name for HTML such as a summary; no character of it is markup in HTML or Markdown."""
    shown = say(text, max_length)
    return f"<code>{re.sub(r'[^a-zA-Z0-9 /.,]', lambda found: f'&#{ord(found[0])};', shown)}</code>"


def fenced(code: str, framework: str = "") -> str:
    """A block of code; the fence is longer than any that the code holds."""
    shown = printable(shorten(code, CODE))
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{_LANGUAGES.get(framework, 'python')}\n{shown}\n{fence}"


def folded(summary: str, *blocks: str) -> str:
    """A foldable block. summary: the line that unfolds it, as escaped HTML."""
    return "\n\n".join([f"<details><summary>{summary}</summary>", *blocks, "</details>"])


def plain(text: str, max_length: int = SENTENCE) -> str:
    """Escape text for a summary, which is HTML, not Markdown."""
    return html.escape(say(text, max_length), quote=False)


def _escaped(shown: str) -> str:
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], "\\" + found[0]), shown)


def _led(line: str) -> str:
    led = _LEADING.sub(lambda found: found[1] + (found[2] + "\\" if found[2].isdigit() else "\\" + found[2]), line)
    return f"&#32;{led[1:]}" if led.startswith("    ") else led  # four spaces would make it code
