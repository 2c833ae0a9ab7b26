"""pytest plugin: assert that a training run is healthy.


    def test_training(tmp_path):
        train(log_dir=tmp_path)
        assert_healthy(tmp_path, fail_on="warning")

or by a marker, which looks at the log once the test has passed; fixtures of the test may stand in braces:

    @pytest.mark.loglens("{tmp_path}", fail_on="warning")
    def test_training(tmp_path): ...
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from loglens.model.report import Diagnosis, Report
    from loglens.model.reported_finding import ReportedFinding

# pytest loads this module in every session of every project where loglens is installed: nothing of
# loglens is imported before a log is looked at.

MARKER = "loglens(path, fail_on='error', config=None): the training log at path must be healthy when the test is done"
#: At most so many failing runs, and so many findings of each, are named.
FEW_RUNS, FEW_FINDINGS = 10, 5


def assert_healthy(
    path: str | Path | list[str | Path], fail_on: str = "error", config: str | Path | None = None
) -> Report:
    """Diagnose the log at a path. Raises AssertionError that says what is wrong, from which step, and what to change.

    path: as for `loglens diagnose`. fail_on: error, warning or note. config: a loglens.toml or
    pyproject.toml with roles, thresholds and assertions; none is looked for. A log that cannot be read or
    judged is not healthy either. Returns the report of a healthy log.
    """
    __tracebackhide__ = True
    from loglens import UnreadableError, diagnose
    from loglens.model.plain_text import safe

    try:
        report = diagnose(path, config=config, fail_on=fail_on)
    except UnreadableError as error:  # no such path
        why = str(error).removeprefix(f"{error.path}: ")
        raise AssertionError(f"{safe(error.path)} could not be read: {safe(why)}") from None
    if report.exit_code:
        raise AssertionError("\n".join(_message(report, fail_on)))
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(trylast=True)  # after pytest has run the test; a wrapper would be one of two kinds, by pluggy's age
def pytest_runtest_call(item: pytest.Item) -> None:
    """Look at the logs that the markers of a test name, after the test itself has passed."""
    __tracebackhide__ = True
    for marker in item.iter_markers("loglens"):
        try:
            given = inspect.signature(assert_healthy).bind(*marker.args, **marker.kwargs).arguments
        except TypeError as error:
            pytest.fail(f"@pytest.mark.loglens: {error}; write {MARKER.partition(':')[0]}", pytrace=False)
        _checked(item, **given)


def _checked(item: pytest.Item, path: str | Path, fail_on: str = "error", config: str | Path | None = None) -> None:
    __tracebackhide__ = True
    given: dict[str, Any] = getattr(item, "funcargs", {})
    try:
        place = str(path).format_map(given)
    except (LookupError, ValueError) as error:
        pytest.fail(f"@pytest.mark.loglens({str(path)!r}): the test has no fixture {error}", pytrace=False)
    assert_healthy(place, fail_on, config)


def _message(report: Report, fail_on: str) -> Iterator[str]:
    from loglens.model.numbers import plural
    from loglens.model.plain_text import safe

    for unread in report.unread:
        yield f"{safe(unread.path)} could not be read: {safe(unread.why)}"
    failing = [run for run in report.runs if _wrong(run, report)]
    if failing:
        yield f"{plural(len(failing), 'run')} of {len(report.runs):,} not healthy (fail_on={fail_on!r})"
    for run in failing[:FEW_RUNS]:
        yield from _describe(run, report)
    if len(failing) > FEW_RUNS:
        yield f"and {len(failing) - FEW_RUNS:,} more runs"
    for run in report.runs if not failing else ():
        for outcome in run.outcomes:
            if outcome.outcome == "crashed":
                yield f"{safe(run.run)}: rule {safe(outcome.condition)} crashed: {safe(outcome.why)}"
        if run.verdict in ("not-judged", "unclear"):
            yield f"{safe(run.run)}: {safe(run.summary)}"
    if report.runs:
        yield f"see: loglens diagnose {safe((failing or report.runs)[0].path)}"


def _describe(run: Diagnosis, report: Report) -> Iterator[str]:
    from loglens.model.plain_text import safe
    from loglens.remedies.phrases import phrase

    yield f"{safe(run.run)}: {safe(run.summary)}"
    wrong = _wrong(run, report)
    for finding in wrong[:FEW_FINDINGS]:
        yield f"  {finding.severity} {safe(finding.condition)}: {safe(finding.message)}"
        if finding.remedies and finding.caused_by is None:
            yield f"    first: {phrase(finding.remedies[0])}"
    if len(wrong) > FEW_FINDINGS:
        yield f"  and {len(wrong) - FEW_FINDINGS:,} more findings"


def _wrong(run: Diagnosis, report: Report) -> list[ReportedFinding]:
    """The findings of a run that fail the gate."""
    level = report.fail_on
    return [finding for finding in run.findings if level is not None and finding.severity >= level]
