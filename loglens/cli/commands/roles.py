"""loglens roles [ROLE]: the roles that curves may have; one role explained."""

from __future__ import annotations

from collections.abc import Iterator

import click
from rich.console import RenderableType
from rich.table import Table

from loglens.cli import console
from loglens.cli import options as common
from loglens.errors import ConfigError, nearest
from loglens.model.role_table import ROLE_TABLE
from loglens.model.vocabulary import HIGHER, LOWER, SPLITS
from loglens.registry import load as registry
from loglens.renderers.terminal.look import TextStyle, indented


@click.command("roles")
@click.argument("role", required=False)
@common.traceback_option
def command(role: str | None) -> None:
    """List the roles that curves may have, or explain one: meaning, unit, example tags, rules that use it."""
    if role is not None and role not in ROLE_TABLE:
        raise ConfigError(f"no role {role!r}; {nearest(role, list(ROLE_TABLE))}")
    page = console.terminal_style()
    console.emit(page.print(_all(page) if role is None else _one(role, page)), page.color)


def _all(look: TextStyle) -> Iterator[RenderableType]:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, width=max(map(len, ROLE_TABLE)))
    table.add_column(ratio=1)
    for name, info in ROLE_TABLE.items():
        unit = f" ({info.unit})" if info.unit else ""
        table.add_row(look.text(name), look.text(info.meaning, (f"{unit}; e.g. {info.examples[0]}", "muted")))
    yield table
    yield ""
    yield look.text(("One role explained: ", "muted"), "loglens roles ROLE")


def _one(role: str, look: TextStyle) -> Iterator[RenderableType]:
    info = ROLE_TABLE[role]
    better = "lower is better" if role in LOWER else "higher is better" if role in HIGHER else ""
    yield look.text((role, "head"), (f"   {better}" if better else "", "muted"))
    yield look.text(f"{info.meaning[0].upper()}{info.meaning[1:]}.")
    rules = [rule for rule, detector in registry.detectors().items() if role in {need.role for need in detector.needs}]
    facts = {
        "Unit": info.unit or "none, or that of the log",
        "Example tags": ", ".join(info.examples),
        "Rules that use it": ", ".join(rules) or "none",
        "To give a curve this role": f"--role 'TAG={role}', or '{role}@SPLIT' with SPLIT {', '.join(SPLITS[:-1])}",
    }
    for heading, text in facts.items():
        yield ""
        yield look.text((heading, "head"))
        yield indented(look.text(text))
