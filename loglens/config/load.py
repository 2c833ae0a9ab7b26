"""Find and parse the configuration: defaults < the nearest loglens.toml or [tool.loglens] < environment.

Only the nearest file is used: files further up are not merged into it. An unknown key is an error
that names the file, the key and the most similar known one. Flags, and the names of rules and thresholds,
are handled by `config.flags`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loglens.config import assertions
from loglens.config.assertions import Assertion
from loglens.errors import ConfigError, nearest
from loglens.model.finding import Severity
from loglens.model.limits import parse_limits
from loglens.model.vocabulary import parse_role

KEYS = ("fail-on", "select", "ignore", "roles", "rules", "assert", "limits")
#: Environment variables: the file instead of the nearest one, and the severity that fails the gate.
FILE, LEVEL = "LOGLENS_CONFIG", "LOGLENS_FAIL_ON"
FAIL_ON = ("error", "warning", "note", "never")


@dataclass(frozen=True, slots=True)
class Config:
    """The settings that a user can make.

    fail_on: the severity from which on the gate fails; None is never. select: names of the only rules to
    apply; empty is all. ignore: rule name -> reason, which may be empty. roles: glob of tags -> "role" or
    "role@split". thresholds: rule name -> threshold -> number. columns: names for tables without a header line, which
    only a flag gives, as it does follow, whether links out of a path are followed. limits: name -> number, of
    `model.limits`. file: where they come from, as it is named in
    errors; empty for the defaults. origins: key -> the file or the variable that says it; others are defaults.
    """

    fail_on: Severity | None = Severity.ERROR
    select: tuple[str, ...] = ()
    ignore: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    assertions: tuple[Assertion, ...] = ()
    file: str = ""
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)
    columns: tuple[str, ...] = ()
    follow: bool = False
    limits: Mapping[str, int] = field(default_factory=dict)


def load(folder: Path, file: Path | None = None, environment: Mapping[str, str] | None = None) -> Config:
    """Load the settings of `file`, or of the nearest configuration in or above `folder`, or the defaults.

    environment: LOGLENS_CONFIG names the file where `file` is None, LOGLENS_FAIL_ON goes before the file.
    """
    said = environment or {}
    if file is None and said.get(FILE):
        file = Path(said[FILE])
    found = _found(folder, file)
    if not said.get(LEVEL):
        return found
    return replace(
        found, fail_on=severity(said[LEVEL], f"environment: {LEVEL}"), origins={**found.origins, "fail-on": LEVEL}
    )


def _found(folder: Path, file: Path | None) -> Config:
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
    """Parse the settings in a table. Raises ConfigError for an unknown key or a bad value."""
    for key in _table(table, file, "the configuration"):
        if key not in KEYS:
            raise ConfigError(f"{file}: unknown key {key!r}; {nearest(key, KEYS)}")
    roles = _table(table.get("roles", {}), file, "[roles]")
    for glob, role in roles.items():
        if not isinstance(role, str):
            raise ConfigError(f'{file}: the role of {glob!r} must be "role" or "role@split", not {role!r}')
        parse_role(glob, role, f"{file}: [roles]")
    rules = _table(table.get("rules", {}), file, "[rules]")
    return Config(
        severity(table.get("fail-on", "error"), f"{file}: fail-on"),
        _names(table.get("select", ()), file, "select"),
        _ignored(table.get("ignore", ()), file),
        roles,
        {rule: _numbers(numbers, file, rule) for rule, numbers in rules.items()},
        assertions.parse(table["assert"], file) if "assert" in table else (),
        file,
        dict.fromkeys(table, file),
        limits=parse_limits(_table(table.get("limits", {}), file, "[limits]"), f"{file}: [limits]"),
    )


def severity(value: Any, where: str) -> Severity | None:
    """The severity that a word of FAIL_ON names; None for never. Raises ConfigError for any other value."""
    if not isinstance(value, str) or value not in FAIL_ON:
        raise ConfigError(f"{where} is {value!r}; it must be one of {', '.join(FAIL_ON)}")
    return None if value == "never" else Severity[value.upper()]


def _ignored(value: Any, file: str) -> dict[str, str]:
    """Rule names with the reasons given: "plateau" or {rule = "plateau", reason = "a short run"}."""
    if not isinstance(value, list | tuple) or not all(isinstance(entry, str | dict) for entry in value):
        raise ConfigError(
            f"{file}: ignore must be a list of rule names or of tables with rule and reason, not {value!r}"
        )
    found = {}
    for entry in value:
        table = {"rule": entry} if isinstance(entry, str) else entry
        for key in table:
            if key not in ("rule", "reason"):
                raise ConfigError(f"{file}: ignore: unknown key {key!r}; {nearest(key, ('rule', 'reason'))}")
        rule, reason = table.get("rule"), table.get("reason", "")
        if not isinstance(rule, str) or not isinstance(reason, str):
            raise ConfigError(f'{file}: ignore: write {{rule = "plateau", reason = "why"}}, not {entry!r}')
        found[rule] = reason
    return found


def _read(file: Path) -> dict[str, Any]:
    import tomllib  # slow to load, and not needed where there is no file

    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror or error}; check the path of the configuration") from error
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
        raise ConfigError(f"{file}: not valid TOML: {error}; correct it or use --isolated") from error


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
