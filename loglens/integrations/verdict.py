"""Diagnose the log of a run that has just ended, print the verdict, and write the report beside the log.

Nothing here may end a training with an error: what fails is printed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
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


def verdict(data: Any, folder: str | Path, loggers: Iterable[Any] = (), **options: Any) -> Report | None:
    """Diagnose a log (or curves in memory), print a line for each run, and write the report into the folder.

    data, options: as for `loglens.diagnose`. loggers: of the trainer; those that take texts get the report, too.
    Returns the report; None where there is none.
    """
    try:
        report = diagnose(data, **options)
        _say(*(f"{run.run}: {run.verdict}: {run.summary}" for run in report.runs[:FEW_RUNS]))
        _say(*(f"{unread.path}: {unread.why}" for unread in report.unread))
        if report.runs:
            _say(f"report: {report.save(Path(folder) / REPORT)}")
            for logger in loggers:
                log_to(logger, report)
    except LoglensError as error:
        _say(f"not diagnosed: {error}")
        return None
    except Exception as error:  # a fault of loglens must not be one of the training
        _say(f"not diagnosed, loglens itself failed: {type(error).__name__}: {error}")
        return None
    return report


def log_to(logger: Any, report: Report) -> None:
    """Log the report as Markdown: a text of TensorBoard, an artifact of MLflow, the summary of a W&B run.

    logger: one of Lightning's, or what it calls its experiment; others are left alone.
    """
    experiment, text = getattr(logger, "experiment", logger), report.render("markdown")
    if hasattr(experiment, "add_text"):
        experiment.add_text("loglens", text)
    elif hasattr(experiment, "log_text") and hasattr(logger, "run_id"):
        experiment.log_text(logger.run_id, text, "loglens-report.md")
    elif hasattr(experiment, "summary") and hasattr(experiment.summary, "update"):
        experiment.summary.update({"loglens": text, "loglens_verdict": report.runs[0].verdict})


def active_wandb() -> list[Any]:
    """The run of W&B that this process logs to, where there is one."""
    run = getattr(sys.modules.get("wandb"), "run", None)
    return [] if run is None else [run]


def _say(*lines: str) -> None:
    for line in lines:
        sys.stderr.write(f"loglens: {safe(line)}\n")
