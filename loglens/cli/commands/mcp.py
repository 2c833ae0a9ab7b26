"""loglens mcp FOLDER...: serve read-only tools to an agent, for the logs below these folders."""

from __future__ import annotations

from pathlib import Path

import click

from loglens.agents.roots import Roots
from loglens.agents.server import serve
from loglens.agents.tools import Tools
from loglens.cli import options as common
from loglens.config.flags import with_flags
from loglens.model.exit_code import ExitCode
from loglens.registry import load as registry


@click.command("mcp")
@click.argument("folders", nargs=-1, required=True, type=click.Path(), metavar="FOLDER...")
@common.config_options
@common.traceback_option
@click.pass_context
def command(
    ctx: click.Context, folders: tuple[str, ...], file: Path | None, isolated: bool, roles: tuple[str, ...]
) -> None:
    """Serve diagnose, inspect, curve, compare, explain_rule and search_runs by the Model Context Protocol.

    It speaks on standard input and output, reads below FOLDER alone, and writes nothing. Needs loglens[mcp].
    """
    config = with_flags(common.load_config(file, isolated, roles), registry.detectors())
    serve(Tools(Roots.of(folders), config))
    ctx.exit(ExitCode.OK)
