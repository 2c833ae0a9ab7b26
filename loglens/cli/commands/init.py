"""loglens init: a commented configuration to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from loglens.cli import atomic_file, console
from loglens.cli import options as common
from loglens.errors import LoglensError

#: Every key, with its default or, commented out, an example.
TEMPLATE = """\
# loglens: settings of the gate. All keys: loglens config --schema; what holds here: loglens config
# The same keys may stand in pyproject.toml under [tool.loglens].

# Exit with 1 from this severity on: error, warning, note or never.
fail-on = "error"

# Apply only these rules; `loglens rules` lists them.
# select = ["nan-loss", "exploding-gradient"]

# Leave rules out. A reason is shown in the report.
# ignore = [
#   "plateau",
#   {rule = "overfitting", reason = "the best checkpoint is kept"},
# ]

# The role of a curve where its name does not tell; `loglens inspect PATH` shows the roles.
# [roles]
# "my/metric" = "loss"
# "dev*" = "loss@val"

# Thresholds of a rule; `loglens rules exploding-gradient` explains them.
# [rules.exploding-gradient]
# ratio = 1.5

# Limits on what is read and kept; docs/limits.md explains them.
# [limits]
# files = 1000000

# What a run must reach. metric is a tag, a glob of tags, or a role such as loss@val.
# [[assert]]
# metric = "val/accuracy"
# last = ">= 0.92"
# best = ">= 0.95"
# mean-last-10 = ">= 0.9"
# max = "< 100"              # min for the lowest value
# min = ">= 0"
# finite = ">= 100%"         # the share of points that are neither NaN nor infinite
# kept = ">= 90%"            # the share of its gain that it still has at its end
# end-over-start = "< 1.5"   # the end as a multiple of the start
# if-missing = "skip"        # a run that did not log it is skipped instead of failed

# [[assert]]
# must-reach-step = 10000
# max-step-time = 0.5        # seconds, the median
# clean = ["nan-loss"]       # rules that must have had their data and found nothing
"""


@click.command("init")
@click.argument("file", type=click.Path(path_type=Path), default="loglens.toml", metavar="[FILE]")
@common.traceback_option
def command(file: Path) -> None:
    """Write a configuration with every key, commented, to FILE (loglens.toml); never over one that is there."""
    if file.is_symlink() or file.exists():
        raise LoglensError(f"{file}: already exists and was left unchanged; name another FILE or remove it")
    if file.is_dir() or not file.parent.is_dir():
        raise LoglensError(f"{file}: no such folder: {file.parent}")
    atomic_file.write(TEMPLATE, file, "init")
    console.log(f"wrote {file}")
