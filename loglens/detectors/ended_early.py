"""The run ended before the end that its configuration names.

Why it matters. A schedule that was cut off never reached its small learning rates, and a crash may have no
other trace in the log: the result is not the one that was configured.

How it is found. The parameters name a number of steps or epochs (max_steps, num_train_epochs and
similar), the log counts the same thing itself (a saved global_step, a curve of iterations or epochs), and the
last count is below 95 % of it. The row number of a log is not taken for a count, as many log every tenth
step only.

When it is wrong. Early stopping ends a run on purpose, and a run that is still going has not ended. So it
is a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.run import Run
from loglens.model.series import Series

RULE = Rule("ended-early", "log", Severity.NOTE)

_STEPS = re.compile(r"(max|num|total)_?(train(ing)?_?)?(steps|iters|iterations)")
_EPOCHS = re.compile(r"((max|num|total|n)_?(train(ing)?_?)?)?epochs")


def detect(
    epoch: Series | None,
    step: Series | None,
    run: Run,
    *,
    share: float = 0.95,
) -> Iterator[Finding]:
    steps, epochs = _planned(run, _STEPS), _planned(run, _EPOCHS)
    saved = run.params.get("global_step")
    done: tuple[str, float, str, float] | None = None
    if steps and isinstance(saved, int | float):
        done = (*steps, "global_step", float(saved))
    elif steps and step is not None and len(step.finite):
        done = (*steps, step.tag, float(step.finite.value.max()) + 1)
    elif epochs and epoch is not None and len(epoch.finite):
        counted = epoch.finite.value
        whole = bool((counted == np.round(counted)).all() and counted.min() == 0)
        done = (*epochs, epoch.tag, float(counted.max()) + whole)
    if done is None:
        raise Skip("the log does not say both how long the run was planned and how far it got")
    planned, end, tag, last = done
    if last >= share * end:
        return
    shown = next((curve for curve in (step, epoch) if curve is not None and curve.tag == tag), None)
    code = run.params.get("exit_code")
    yield Finding(
        f"the run ended at {tag} {number(last, 6)} of {number(end, 6)} ({planned}), {last / end:.0%} of the way"
        + (f", with exit code {code}" if code not in (None, 0) else "")
        + ": stopped early, killed, or still running",
        Severity.NOTE,
        Confidence.MEDIUM,
        evidence={"planned": end, "reached": last, "parameter": planned},
        series=(shown,) if shown is not None else (),
    )


def _planned(run: Run, names: re.Pattern[str]) -> tuple[str, float] | None:
    """The parameter that says how long the run is to be, and its value; a nested one may be another thing's."""
    for key, value in run.params.items():
        if not names.fullmatch(key.lower()) or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if 0 < value < float("inf"):
            return key, float(value)
    return None
