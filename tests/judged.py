"""Judging for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from loglens.analysis.judge import judge
from loglens.analysis.report_builder import collect
from loglens.config.load import Config
from loglens.errors import UnreadableError
from loglens.model.contract import Detector
from loglens.model.report import Report, Unread
from loglens.model.run import Run


def report_on(
    items: Iterable[Run | UnreadableError], detectors: Mapping[str, Detector], config: Config = Config()
) -> Report:
    """The report on runs that were read, and on what could not be read."""
    judged = (
        Unread.of(item) if isinstance(item, UnreadableError) else judge(item, detectors, config) for item in items
    )
    return collect(judged, detectors, config=config)
