"""What the HTML pages share: a template that escapes everything, and the hashes of their security policy."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

import jinja2


@cache
def page_template(folder: Path) -> jinja2.Template:
    """The `page.html` of a folder."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


def policy_hash(content: str) -> str:
    """A style or script as a content security policy names it: 'sha256-...'."""
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
