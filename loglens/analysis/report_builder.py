"""Build the report on all judged runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from loglens.analysis.outcome import unexplained
from loglens.config import assertions
from loglens.config.load import Config
from loglens.model.contract import Detector
from loglens.model.finding import RuleHelp
from loglens.model.report import Diagnosis, Judged, Outline, Report, Unread


def collect(
    judged: Iterable[Judged],
    detectors: Mapping[str, Detector],
    *,
    config: Config = Config(),
    renderers: Mapping[str, Callable[[Report], str]] | None = None,
    suffixes: Mapping[str, str] | None = None,
) -> Report:
    """Build the report on judged runs, which are all whole or all outlines."""
    items = list(judged)
    rules = {name: RuleHelp(detector.rule, detector.title, detector.text) for name, detector in detectors.items()}
    rules[unexplained.RULE.name] = unexplained.HELP
    if config.assertions:
        rules[assertions.RULE.name] = assertions.HELP
    return Report(
        runs=tuple(item for item in items if isinstance(item, Diagnosis)),
        unread=tuple(item for item in items if isinstance(item, Unread)),
        fail_on=config.fail_on,
        renderers=renderers or {},
        suffixes=suffixes or {},
        rules=rules,
        outlines=tuple(item for item in items if isinstance(item, Outline)),
    )
