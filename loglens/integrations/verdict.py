"""Diagnose the log of a run that has just ended, print the verdict, and write the report beside the log.

Nothing here may end a training with an error: what fails is printed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from loglens.api import diagnose
from loglens.errors import LoglensError
from loglens.model.plain_text import safe
from loglens.model.report import Report

#: The name of the report in the folder of the log.
REPORT = "loglens-report.html"
#: Runs whose verdict is printed: a log folder may hold earlier runs as well.
FEW_RUNS = 5


def verdict(data: Any, folder: str | Path, **options: Any) -> Report | None:
    """Diagnose a log (or curves in memory), print a line per run, and write the report into the folder.

    data, options: as for `loglens.diagnose`. Returns the report; None where there is none.
    """
    try:
        report = diagnose(data, **options)
        _say(*(f"{run.run}: {run.verdict}: {run.summary}" for run in report.runs[:FEW_RUNS]))
        _say(*(f"{unread.path}: {unread.why}" for unread in report.unread))
        if report.runs:
            _say(f"report: {report.save(Path(folder) / REPORT)}")
    except LoglensError as error:
        _say(f"not diagnosed: {error}")
        return None
    except Exception as error:  # a fault of loglens must not be one of the training
        _say(f"not diagnosed, loglens itself failed: {type(error).__name__}: {error}")
        return None
    return report


def _say(*lines: str) -> None:
    for line in lines:
        sys.stderr.write(f"loglens: {safe(line)}\n")
