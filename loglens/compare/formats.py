"""The formats of a comparison: text, Markdown, HTML, JSON, and figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from loglens.compare import markdown
from loglens.compare.curves import Comparison, Renderer
from loglens.compare.text import text
from loglens.errors import LoglensError
from loglens.renderers.json import dump
from loglens.renderers.terminal.look import TextStyle

#: The error message where the extra of figures is not installed.
MISSING = "figures need: pip install 'loglens[plot]'"


def _html(found: Comparison) -> str:
    from loglens.compare.page import page  # slow to load, and the other formats need not wait for it

    return page(found)


def _figure(found: Comparison, format: str) -> bytes:
    try:
        from loglens.compare.figure import figure
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise LoglensError(MISSING) from error
    return figure(found, format)


#: Format -> the function that makes it; figures are bytes.
FORMATS: Mapping[str, Renderer] = {
    "text": lambda found: text(found, TextStyle()),
    "markdown": markdown.markdown,
    "html": _html,
    "json": lambda found: dump(found.as_dict()),
    **{name: partial(_figure, format=name) for name in ("svg", "png", "pdf")},
}
#: File ending -> format.
SUFFIXES = {".txt": "text", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}
SUFFIXES |= {".json": "json", ".svg": "svg", ".png": "png", ".pdf": "pdf"}


def with_formats(found: Comparison) -> Comparison:
    """The comparison, able to render and to save itself."""
    return replace(found, renderers=FORMATS, suffixes=SUFFIXES)
