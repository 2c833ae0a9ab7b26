"""What the user has set: defaults < the nearest loglens.toml or [tool.loglens] < flags.

The nearest file counts alone: files further up are not merged into it. An unknown key is an error
that names the file, the key and the nearest right one. Rule names and thresholds are known to the
registry only, so the command checks those.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loglens.errors import ConfigError

KEYS = ("fail-on", "select", "ignore", "roles", "rules")
FAIL_ON = ("error", "warning", "note", "never")


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one file, or the defaults.

    roles: glob of tags -> "role" or "role@split". rules: rule name -> threshold -> number.
    file: where they come from, as it is named in errors; empty for the defaults.
    """

    fail_on: str = "error"
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    file: str = ""


def load(folder: Path, file: Path | None = None) -> Config:
    """The settings of `file`, or of the nearest configuration in or above `folder`, or the defaults."""
    if file is not None:
        table = _read(file)
        if file.name == "pyproject.toml":
            table = table.get("tool", {}).get("loglens", {})
        return parse(table, str(file))
    for place in (folder, *folder.parents):
        own, project = place / "loglens.toml", place / "pyproject.toml"
        if own.is_file():
            return parse(_read(own), str(own))
        if project.is_file():
            tool = _read(project).get("tool", {})
            if isinstance(tool, dict) and "loglens" in tool:
                return parse(tool["loglens"], f"{project} [tool.loglens]")
    return Config()


def parse(table: Any, file: str) -> Config:
    """The settings that a table holds. Raises ConfigError for whatever it should not hold."""
    for key in _table(table, file, "the configuration"):
        if key not in KEYS:
            raise ConfigError(f"{file}: unknown key {key!r}; {nearest(key, KEYS)}")
    fail_on = table.get("fail-on", "error")
    if fail_on not in FAIL_ON:
        raise ConfigError(f"{file}: fail-on is {fail_on!r}; it must be one of {', '.join(FAIL_ON)}")
    roles = _table(table.get("roles", {}), file, "[roles]")
    for glob, role in roles.items():
        if not isinstance(role, str):
            raise ConfigError(f'{file}: the role of {glob!r} must be "role" or "role@split", not {role!r}')
    rules = _table(table.get("rules", {}), file, "[rules]")
    return Config(
        fail_on,
        _names(table.get("select", ()), file, "select"),
        _names(table.get("ignore", ()), file, "ignore"),
        roles,
        {rule: _numbers(numbers, file, rule) for rule, numbers in rules.items()},
        file,
    )


def nearest(name: str, known: Sequence[str], otherwise: str = "") -> str:
    """What to write in place of an unknown name: the nearest right ones, or all where none is near."""
    close = difflib.get_close_matches(name, known, 3, 0.5)
    return f"did you mean {' or '.join(close)}?" if close else otherwise or f"there are: {', '.join(known)}"


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror or error}; check the path of the configuration") from error
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
        raise ConfigError(f"{file}: not valid TOML: {error}; mend it or use --isolated") from error


def _table(value: Any, file: str, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{file}: {what} must be a table, not {value!r}")
    return value


def _names(value: Any, file: str, key: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise ConfigError(f"{file}: {key} must be a list of rule names, not {value!r}")
    return tuple(value)


def _numbers(value: Any, file: str, rule: str) -> dict[str, float]:
    for key, number in _table(value, file, f"[rules.{rule}]").items():
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise ConfigError(f"{file}: {key} in [rules.{rule}] must be a number, not {number!r}")
    return {key.replace("-", "_"): number for key, number in value.items()}
