"""What the thresholds of the built-in rules mean, from thresholds.toml beside the rules."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

#: The table that holds where a rule has no words of its own.
ANY = "any"


@cache
def meanings() -> Mapping[str, Mapping[str, str]]:
    """The tables of the file: a rule, or `ANY`, -> threshold -> its meaning."""
    tables: dict[str, dict[str, str]] = tomllib.loads(
        files("loglens.detectors").joinpath("thresholds.toml").read_text("utf-8")
    )
    return tables


def meaning(rule: str, threshold: str) -> str:
    """What a threshold of a rule means, in a phrase; "" for one that is not described, as those of plugins are not."""
    tables = meanings()
    return tables.get(rule, {}).get(threshold) or tables[ANY].get(threshold, "")
