"""loglens config: the settings that hold here, and where each of them comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from loglens.cli import console
from loglens.cli import options as common
from loglens.config.assertions import Assertion
from loglens.config.flags import with_flags
from loglens.config.load import Config
from loglens.config.schema import schema
from loglens.model.limits import LIMITS, limit_of
from loglens.model.plain_text import safe
from loglens.registry import load as registry


@click.command("config")
@common.config_options
@click.option("--schema", "as_schema", is_flag=True, help="Print the JSON Schema of the configuration, for editors.")
@click.option("-v", "--verbose", is_flag=True, help="Every threshold of every rule, and every limit.")
@common.traceback_option
def command(file: Path | None, isolated: bool, roles: tuple[str, ...], as_schema: bool, verbose: bool) -> None:
    """Print the settings that hold here as TOML, each with where it comes from.

    Defaults give way to the nearest loglens.toml or [tool.loglens] in pyproject.toml, that to the
    variables LOGLENS_CONFIG (names the file) and LOGLENS_FAIL_ON, and they to the flags.
    """
    if as_schema:
        console.emit(json.dumps(schema(registry.detectors()), indent=2) + "\n")
        return
    found = common.load_config(file, isolated, roles)
    with_flags(found, registry.detectors())  # every name is checked, as diagnose would
    console.emit("\n".join(_lines(found, roles, verbose)) + "\n")


def _lines(found: Config, flags: tuple[str, ...], verbose: bool) -> Iterator[str]:
    def origin(key: str) -> str:
        return f"  # {safe(found.origins.get(key, 'default'))}"

    where = found.file or "no configuration file; loglens init writes one"
    yield f"# {safe(where)}"
    yield f'fail-on = "{"never" if found.fail_on is None else found.fail_on}"{origin("fail-on")}'
    yield f"select = [{', '.join(map(_quoted, found.select))}]{origin('select')}"
    ignored = [
        f"{{rule = {_quoted(rule)}, reason = {_quoted(why)}}}" if why else _quoted(rule)
        for rule, why in found.ignore.items()
    ]
    yield f"ignore = [{', '.join(ignored)}]{origin('ignore')}"
    if found.roles:
        yield ""
        yield "[roles]"
        said = {flag.rpartition("=")[0] for flag in flags}
        for tag, role in found.roles.items():
            yield f"{_quoted(tag)} = {_quoted(role)}{'  # --role' if tag in said else origin('roles')}"
    yield from _rules(found, origin("rules"), verbose)
    yield from _limits(found, origin("limits"), verbose)
    for assertion in found.assertions:
        yield ""
        yield f"[[assert]]{origin('assert')}"
        yield from _assertion(assertion)


def _rules(found: Config, origin: str, verbose: bool) -> Iterator[str]:
    for name, detector in registry.detectors().items():
        own: Mapping[str, float] = found.thresholds.get(name, {})
        shown = detector.thresholds if verbose else own
        if shown:
            yield ""
            yield f"[rules.{name}]"
        for key in shown:
            default = detector.thresholds[key]
            said = f"{origin}, default {default}" if key in own else "  # default"
            yield f"{key.replace('_', '-')} = {own.get(key, default)}{said}"


def _limits(found: Config, origin: str, verbose: bool) -> Iterator[str]:
    shown = [name for name in LIMITS if verbose or name in found.limits]
    if shown:
        yield ""
        yield "[limits]"
    for name in shown:
        source = f"{origin}, default {LIMITS[name].default}" if name in found.limits else "  # default"
        yield f"{name} = {limit_of(found.limits, name)}{source}: {LIMITS[name].bounds}"


def _assertion(assertion: Assertion) -> Iterator[str]:
    if assertion.metric:
        yield f"metric = {_quoted(assertion.metric)}"
    for claim in assertion.claims:
        bare = claim.what in ("max-step-time", "must-reach-step")
        yield f"{claim.what} = {claim.bound}" if bare else f'{claim.what} = "{claim.sign} {claim.bound:.12g}"'
    if assertion.optional:
        yield 'if-missing = "skip"'


def _quoted(text: str) -> str:
    """A TOML string in which nothing can steer a terminal."""
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text) + '"'
