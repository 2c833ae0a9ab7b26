"""loglens rules [RULE]: the rules; one rule explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files

import click
from rich.console import RenderableType
from rich.table import Table

from loglens.analysis.outcome import unexplained
from loglens.cli import console
from loglens.cli import options as common
from loglens.config import assertions
from loglens.errors import ConfigError, nearest
from loglens.model.contract import Detector
from loglens.model.numbers import number
from loglens.model.plain_text import statements
from loglens.registry import load as registry
from loglens.registry.thresholds import meaning
from loglens.renderers.terminal.look import TextStyle, indented

#: Measured false alarms and detections of each built-in rule; generated together with the documentation.
MEASURED = files("loglens.detectors").joinpath("measured.json")
#: The user's assertions have no detector, but are explained like a rule.
_ASSERTION = Detector(assertions.RULE, lambda: iter(()), assertions.HELP.title, assertions.HELP.text, (), {})
#: So is the rule that is decided with the outcome.
_UNSTABLE = Detector(unexplained.RULE, lambda: iter(()), unexplained.HELP.title, unexplained.HELP.text, (), {})


@click.command("rules")
@click.argument("rule", required=False, shell_complete=common.complete_rule)
@common.traceback_option
def command(rule: str | None) -> None:
    """List the rules, or explain one: how it is found, when it is wrong."""
    known = {**registry.detectors(), unexplained.RULE.name: _UNSTABLE, assertions.RULE.name: _ASSERTION}
    if rule is not None and rule not in known:
        raise ConfigError(f"no rule {rule!r}; {nearest(rule, list(known))}")
    page = console.terminal_style()
    parts = _all(list(known.values()), page) if rule is None else _one(known[rule], page)
    console.emit(page.print(parts), page.color)


def _all(detectors: list[Detector], look: TextStyle) -> Iterator[RenderableType]:
    families: dict[str, list[Detector]] = {}
    for detector in detectors:
        families.setdefault(detector.rule.family, []).append(detector)
    width = max(len(detector.rule.name) for detector in detectors)
    for index, (family, members) in enumerate(families.items()):
        if index:
            yield ""
        yield look.text((family, "head"))
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, width=width)
        table.add_column(no_wrap=True, width=len("warning"))
        table.add_column(ratio=1)
        for detector in members:
            severity = str(detector.rule.severity)
            leads = ", ".join(detector.rule.leads_to)
            table.add_row(
                look.text(detector.rule.name),
                look.text((severity, severity)),
                look.text(detector.title, (f"; leads to {leads}" if leads else "", "muted")),
            )
        yield indented(table)
    yield ""
    yield look.text(("One rule explained: ", "muted"), "loglens rules RULE")


def _listed(text: str, look: TextStyle) -> Iterator[RenderableType]:
    """What a rule looks for as a list."""
    for item in statements(text):
        row = Table.grid(padding=(0, 1, 0, 0))
        row.add_column(width=1)
        row.add_column(ratio=1)
        row.add_row("-", look.text(item))
        yield indented(row)


def _one(detector: Detector, look: TextStyle) -> Iterator[RenderableType]:
    rule = detector.rule
    yield look.text((rule.name, "head"), (f"   {rule.family}, at worst ", "muted"), (str(rule.severity),) * 2)
    yield look.text(detector.title)
    for heading, text in detector.text.items():
        yield ""
        yield look.text((heading.rstrip("."), "head"))
        yield from _listed(text, look) if heading == "How it is found." else [indented(look.text(text))]
    if detector.needs:
        yield ""
        yield look.text(("Curves it looks at", "head"))
    for need in detector.needs:
        yield indented(look.text(need.name, (f"  {need.wording}", "muted")))
    if detector.thresholds:
        yield ""
        yield look.text(("Thresholds", "head"), (f"  set under [rules.{rule.name}]", "muted"))
        width = max(map(len, detector.thresholds))
        for name, value in detector.thresholds.items():
            words = meaning(rule.name, name)
            yield indented(look.text(f"{name:<{width}}  ", (f"{number(value):<8}", "number"), (words, "muted")))
    if rule.leads_to:
        yield ""
        yield look.text(("It leads to", "head"), f"  {', '.join(rule.leads_to)}")
    measured: list[str] = json.loads(MEASURED.read_text("utf-8")).get(rule.name, [])
    if measured:
        yield ""
        yield look.text(("How often it is right", "head"))
        yield from (indented(look.text(text)) for text in measured)
