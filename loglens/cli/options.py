"""Options that several commands share, and the configuration that they give."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import click

from loglens.config import load as config
from loglens.config.load import Config
from loglens.errors import LoglensError, nearest
from loglens.model.limits import parse_limits
from loglens.model.report import Diagnosis, Judged, Outline
from loglens.model.vocabulary import parse_role
from loglens.roles.from_tags import matches

Command = TypeVar("Command", bound=Callable[..., Any])


def traceback_option(command: Command) -> Command:
    """Add --traceback, which every command has."""

    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        ctx.meta["loglens.traceback"] = value

    return click.option(
        "--traceback",
        is_flag=True,
        expose_value=False,
        callback=remember,
        help="Show the traceback if loglens itself fails.",
    )(command)


def output_option(what: str) -> Callable[[Command], Command]:
    """Add -o, which may be repeated. what: the help on where it writes and what the suffix does."""
    return click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"{what} May be repeated. - is standard output.",
    )


def reading_options(command: Command) -> Command:
    """Add --columns, --follow and --limit, for every command that reads logs."""

    def parted(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
        return tuple(name.strip() for name in value.split(",")) if value.strip() else ()

    def limited(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
        words = [value.partition("=") for value in values]
        return parse_limits({name: int(n) if n.isdecimal() else n for name, _, n in words}, "--limit")

    for option in (
        click.option(
            "--limit",
            "limits",
            multiple=True,
            metavar="NAME=N",
            callback=limited,
            help="Raise or lower a limit on what is read, e.g. files=1000000; loglens config -v lists them.",
        ),
        click.option("--follow", is_flag=True, help="Follow links that lead out of a PATH."),
        click.option(
            "--columns",
            metavar="NAMES",
            default="",
            callback=parted,
            help="Names for the columns of a table without a header line, e.g. step,loss,lr.",
        ),
    ):
        command = option(command)
    return command


def config_options(command: Command) -> Command:
    """Add --config, --isolated and --role, for commands that assign roles to curves."""
    for option in (
        click.option(
            "--role",
            "roles",
            multiple=True,
            metavar="TAG=ROLE",
            help="The role of a curve, e.g. 'train/x=loss' or 'dev*=loss@val'; loglens roles lists them.",
        ),
        click.option("--isolated", is_flag=True, help="Ignore all configuration files and LOGLENS_ variables."),
        click.option(
            "--config",
            "file",
            type=click.Path(path_type=Path),
            help="Configuration file to use instead of the nearest loglens.toml or [tool.loglens].",
        ),
    ):
        command = option(command)
    return command


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of `config_options` and `reading_options` to a command, which gets `config` in their place.

    It gets `roles` as well, each --role as it was given, for `unmatched_roles`.
    """

    @wraps(command)
    def call(*words: Any, file: Path | None, isolated: bool, roles: tuple[str, ...], **options: Any) -> Any:
        reading = {name: options.pop(name) for name in ("columns", "follow", "limits")}
        return command(*words, config=load_config(file, isolated, roles, **reading), roles=roles, **options)

    return config_options(reading_options(call))


def load_config(
    file: Path | None,
    isolated: bool,
    roles: Iterable[str],
    columns: tuple[str, ...] = (),
    follow: bool = False,
    limits: Mapping[str, int] = MappingProxyType({}),
) -> Config:
    """Load the configuration, with the roles and limits of the command line before its own, and how to read."""
    if file is not None and isolated:
        raise click.UsageError("--config and --isolated cannot be combined")
    found = Config() if isolated else config.load(_here(), file, os.environ)
    said = {}
    for wish in roles:
        tag, equals, role = wish.rpartition("=")
        if not (tag and equals and role):
            raise click.UsageError(f"--role {wish!r}: write TAG=ROLE, e.g. --role 'train/x=loss'")
        parse_role(tag, role, "--role")
        said[tag] = role
    # the first glob that fits a tag counts, so the command line's come first
    merged = said | {tag: role for tag, role in found.roles.items() if tag not in said}
    bounds = {**found.limits, **limits}
    return replace(found, columns=columns, roles=merged, follow=follow, limits=bounds)


def _here() -> Path:
    """The working folder. Raises LoglensError where it has been deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise LoglensError("the working folder has been deleted; change to one that exists") from None


def tags_of(judged: Iterable[Judged]) -> Iterator[str]:
    """The tags of all curves with a role, and of those that could be a loss."""
    for run in judged:
        if isinstance(run, Diagnosis):
            yield from (*(part.tag for part in run.curve_roles), *run.candidates)
        elif isinstance(run, Outline):
            yield from (part["tag"] for part in run.as_dict()["cast"])


def unmatched_roles(roles: Iterable[str], tags: Collection[str]) -> Iterator[str]:
    """A line for each --role of the command line that names no curve, with the nearest tags.

    tags: of every curve that was read, or of those that play a role.
    """
    for wish in roles:
        glob = wish.rpartition("=")[0]
        if not any(matches(tag, glob) for tag in tags):
            near = nearest(glob, sorted(tags), "loglens inspect lists the tags") if tags else "no curve was read"
            yield f"--role {wish!r} matches no curve; {near}"


def complete_rule(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's signature
    """The names of the rules that begin with `incomplete`, for the shell's completion."""
    from loglens.registry import load as registry  # loads every detector, which no other option needs

    return [name for name in registry.detectors() if name.startswith(incomplete)]
