"""The report as schema 1.0: strict JSON, the form for other programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from loglens.renderers._ascii import plain
from loglens.report import Report

FORMAT = "json"
SUFFIXES = (".json",)


def render(report: Report) -> str:
    """The document of `report.as_dict()`."""
    return dump(report.as_dict())


def dump(document: Mapping[str, Any]) -> str:
    """Strict JSON on indented lines."""
    return plain(json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False, default=str))
