"""The style of the page, as the reader's system has it or in one theme. It needs no library, unlike the page."""

from __future__ import annotations

from functools import cache
from pathlib import Path

#: Themes, with the colour schemes that CSS has for them; auto is what the reader's system has.
SCHEMES = {"auto": "light dark", "light": "light", "dark": "dark"}
#: The rule in the style that makes it dark.
_DARK = "@media (prefers-color-scheme: dark) {"


@cache
def style_sheet(theme: str = "auto") -> str:
    """The style sheet with the colours of a theme."""
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    if theme == "auto":
        return style
    style = style.replace(_DARK, "@media all {" if theme == "dark" else "@media not all {", 1)
    return style.replace(f"color-scheme: {SCHEMES['auto']}", f"color-scheme: {theme}", 1)
