"""The report as one self-contained HTML page that opens from disk without network; curves can be zoomed."""

from __future__ import annotations

from loglens.errors import LoglensError
from loglens.model.report import Report

FORMAT = "html"
SUFFIXES = (".html", ".htm")

#: The error message of an incomplete installation.
MISSING = "HTML needs: pip install jinja2 tsdownsample"
EXTRA = ("jinja2", "markupsafe", "tsdownsample")


def render(report: Report) -> str:
    """Render the page. Raises LoglensError where its libraries are missing."""
    try:
        # loaded when asked for: the other formats need not wait for it
        from loglens.renderers.html.page import page
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise LoglensError(MISSING) from error
    return page(report)
