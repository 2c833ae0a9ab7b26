"""The style of text outputs: colours, marks, and a page that turns rich renderables into a string.

All colours are of medium brightness, so that they can be read on black and on white backgrounds
(contrast of about 4 to 1 or more on both); bold and signs carry the meaning where there is no colour.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loglens.model.plain_text import safe, shorten

if TYPE_CHECKING:  # slow to load, and outputs for programs have no use for it
    from rich.console import RenderableType
    from rich.padding import Padding
    from rich.text import Text

#: 256-colour numbers rather than the names of the first 16, which every terminal theme paints again.
STYLES = {
    "failed": "bold color(160)",
    "error": "bold color(160)",
    "crashed": "bold color(160)",
    "suspect": "bold color(130)",
    "warning": "bold color(130)",
    "healthy": "bold color(28)",
    "clean": "color(28)",
    "note": "bold color(31)",
    "not-judged": "bold color(97)",
    "unclear": "bold color(97)",
    "head": "bold",
    "muted": "color(243)",
    "axis": "color(243)",
    "label": "color(243)",
    "curve": "color(31)",
    "onset": "bold color(160)",
    "bad": "bold color(160)",
    "number": "color(31)",
    "code": "color(31)",
}
MARKS = {"failed": "✗", "error": "✗", "crashed": "✗", "suspect": "!", "warning": "!", "healthy": "✓", "clean": "✓"}
MARKS |= {"note": "i", "not-judged": "?", "unclear": "?"}
PLAIN_MARKS = {"✗": "x", "✓": "+"}


@dataclass(frozen=True, slots=True)
class TextStyle:
    """What the output device can show, and how much is asked for.

    unicode: whether it can show block characters and braille.
    """

    width: int = 100
    color: bool = False
    unicode: bool = True
    verbose: bool = False

    def mark(self, kind: str) -> str:
        mark = MARKS[kind]
        return mark if self.unicode else PLAIN_MARKS.get(mark, mark)

    def say(self, text: str, max_length: int = 1000) -> str:
        """Escape and shorten text from a log or a plugin to at most `max_length` characters."""
        return shorten(safe(text), max_length, "…" if self.unicode else "...")

    def text(self, *pieces: str | tuple[str, str]) -> Text:
        """Join pieces of text, each with the name of its style; every piece must be escaped already."""
        from rich.text import Text

        out = Text(overflow="fold")
        for piece in pieces:
            content, style = (piece, "") if isinstance(piece, str) else piece
            out.append(content, STYLES.get(style, ""))
        return out

    def print(self, parts: Iterable[RenderableType]) -> str:
        """Render the page to a string. It depends on its arguments only, not on the environment."""
        from rich.console import Console
        from rich.text import Text

        page = io.StringIO() if self.unicode else _AsciiIO()
        console = Console(
            file=page,
            width=self.width,
            height=1000,
            force_terminal=self.color,
            color_system="256" if self.color else None,
            legacy_windows=False,
            markup=False,
            highlight=False,
            emoji=False,
            _environ={},
        )
        for part in parts:
            console.print(part, soft_wrap=isinstance(part, Text) and bool(part.no_wrap))
        text = "\n".join(line.rstrip() for line in page.getvalue().split("\n")).rstrip("\n") + "\n"
        return text if self.unicode else text.encode("ascii", "backslashreplace").decode("ascii")


def indented(part: RenderableType) -> Padding:
    """Indent a part by two columns."""
    from rich.padding import Padding

    return Padding(part, (0, 0, 0, 2))


class _AsciiIO(io.StringIO):
    """Tells rich to draw its trees and rules in ASCII."""

    encoding = "ascii"
