"""TODO: say in one line what this is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from loglens.analysis.judge import judge
from loglens.config import assertions
from loglens.config.options import Options
from loglens.errors import UnreadableError
from loglens.model.contract import Detector
from loglens.model.finding import RuleHelp
from loglens.model.report import Diagnosis, Report, Unread
from loglens.model.run import Run


def analyze(
    items: Iterable[Run | UnreadableError],
    detectors: Mapping[str, Detector],
    *,
    version: str,
    options: Options = Options(),
    renderers: Mapping[str, Callable[[Report], str]] | None = None,
) -> Report:
    """The report on all runs; `items` may be lazy, so that one run at a time is in memory."""
    judged = (
        Unread(item.path, str(item)) if isinstance(item, UnreadableError) else judge(item, detectors, options)
        for item in items
    )
    return collect(judged, detectors, version=version, options=options, renderers=renderers)


def collect(
    judged: Iterable[Diagnosis | Unread],
    detectors: Mapping[str, Detector],
    *,
    version: str,
    options: Options = Options(),
    renderers: Mapping[str, Callable[[Report], str]] | None = None,
) -> Report:
    """The report on runs that are judged already."""
    runs, unread = [], []
    for item in judged:
        if isinstance(item, Unread):
            unread.append(item)
        else:
            runs.append(item)
    rules = {name: RuleHelp(detector.rule, detector.title, detector.text) for name, detector in detectors.items()}
    if options.assertions:
        rules[assertions.RULE.name] = assertions.HELP
    return Report(tuple(runs), tuple(unread), version, options.fail_on, renderers or {}, rules)
