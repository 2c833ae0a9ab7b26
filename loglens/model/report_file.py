"""Save a report to a file whose suffix picks the format, and show it in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from loglens.errors import LoglensError


def format_of(path: Path, suffixes: Mapping[str, str]) -> str | None:
    """The format that the ending of a file asks for, the longest ending first; None where no format has it."""
    ends = path.name.lower()
    return next((suffixes[s] for s in sorted(suffixes, key=len, reverse=True) if ends.endswith(s)), None)


def save(render: Callable[[str], str | bytes], path: Path, format: str | None, suffixes: Mapping[str, str]) -> Path:
    """Write what `render` gives for the format, or for the one of the file's suffix; return the path.

    Raises LoglensError for a suffix that no format has and for a file that cannot be written.
    """
    chosen = format or format_of(path, suffixes)
    if chosen is None:
        raise LoglensError(f"{path}: no format has this suffix ({', '.join(suffixes)}); name one with format=")
    content = render(chosen)
    try:
        path.write_bytes(content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content)
    except OSError as error:
        raise LoglensError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path


def framed(page: str, title: str) -> str:
    """A whole HTML page in a frame of its own, as a notebook shows it."""
    import html  # slow to load, and for notebooks only

    return (
        f'<iframe srcdoc="{html.escape(page)}" title="{title}" width="100%" height="760" '
        'style="border:0" sandbox="allow-scripts allow-popups"></iframe>'
    )
