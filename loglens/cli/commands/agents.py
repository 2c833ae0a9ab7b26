"""loglens agents: how a language model uses loglens."""

from __future__ import annotations

import click

from loglens.agents.tools import guide
from loglens.cli import console
from loglens.cli import options as common


@click.command("agents")
@common.traceback_option
def command() -> None:
    """Print when and how to call loglens, what its answers mean, and what to trust: for a model's context."""
    console.emit(guide())
