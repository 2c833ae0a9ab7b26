"""The references of the command line and of Python, from the commands and the docstrings."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import click

import loglens
from loglens.cli import main


def command_line() -> str:
    """The page on the commands: each with its usage, its text and its options."""
    parts = [
        "# Command line",
        "Made from the commands themselves; `loglens COMMAND --help` says the same.",
        f"```\n{main.get_usage(click.Context(main, info_name='loglens'))}\n```",
        _clean(main.epilog or ""),
        "Options before the command:\n\n" + _options(main),
    ]
    for name in main.list_commands(click.Context(main)):
        command = import_module(f"loglens.cli.commands.{name}").command
        usage = command.get_usage(click.Context(command, info_name=f"loglens {name}"))
        parts += [f"## loglens {name}", f"```\n{' '.join(usage.removeprefix('Usage: ').split())}\n```"]
        parts += [_clean(command.help or ""), _options(command)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _options(command: click.Command) -> str:
    rows = []
    for option in command.get_params(click.Context(command)):
        if isinstance(option, click.Option) and not option.hidden:
            names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
            value = "" if option.is_flag else f" `{option.make_metavar(click.Context(command))}`"
            rows.append(f"| {_cell(names + value)} | {_cell(_clean(option.help or ''))} |")
    return "\n".join(["| option | meaning |", "|---|---|", *rows]) if rows else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def python() -> str:
    """The page on the names of the package: signatures, docstrings, public members."""
    parts = [
        "# Python reference",
        "Made from the docstrings. [Python](python.md) has an example of each, run by the tests.",
    ]
    members = {name: getattr(loglens, name) for name in sorted(loglens.__all__) if not name.startswith("_")}
    functions = {name: one for name, one in members.items() if inspect.isfunction(one)}
    classes = {name: one for name, one in members.items() if inspect.isclass(one)}
    parts.append("## Functions")
    for name, function in functions.items():
        parts += [f"### loglens.{name}", _signature(f"loglens.{name}", function), _docstring(function)]
    parts.append("## Classes")
    for name, one in classes.items():
        parts += [f"### loglens.{name}", _docstring(one), "\n".join(_members(one))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _members(one: type) -> Iterator[str]:
    """The public methods and properties of a class, a line for each."""
    for name, member in vars(one).items():
        is_method = inspect.isfunction(member) or isinstance(member, classmethod)
        is_property = isinstance(member, property) or hasattr(member, "func")  # functools.cached_property
        if not name.startswith("_") and (is_method or is_property):
            text = inspect.getdoc(member.fget if isinstance(member, property) else member) or ""
            said = " ".join(text.partition("\n\n")[0].split())
            yield f"- `{name}{'()' if is_method else ''}`" + (f": {said}" if said else "")


def _signature(name: str, function: Any) -> str:
    """The call in a code block, an argument a line where it is long."""
    source: Any = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    text = f"{name}({ast.unparse(source.args)}) -> {ast.unparse(source.returns)}"
    if len(text) > 100:
        arguments, _, result = text.removeprefix(f"{name}(").rpartition(") -> ")
        text = f"{name}(\n    " + re.sub(r", (?=\*|\w+: )", ",\n    ", arguments) + f",\n) -> {result}"
    return f"```python\n{text}\n```"


def _docstring(one: Any) -> str:
    return "\n\n".join(" ".join(part.split()) for part in textwrap.dedent(inspect.getdoc(one) or "").split("\n\n"))


def _clean(text: str) -> str:
    """The text of click without its marks, a paragraph a line."""
    return "\n\n".join(" ".join(part.split()) for part in re.sub(r"[\b\f]", "", text).strip().split("\n\n"))
