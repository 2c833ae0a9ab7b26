"""The steps go back: a second session, a resume from a checkpoint.

Why it matters. Steps between the last checkpoint and the crash were trained twice, and what is not
restored with the weights (optimizer state, learning rate, data order) shows as a jump.

How it is found. In at least one curve the steps go back and continue from there; the later rows replace
the earlier ones. A single late row is not a restart. It is a note: nothing is wrong with a resume.

When it is wrong. Two runs that logged into one folder or one file, one after the other, look the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.run import Run
from loglens.model.series import Series

RULE = Rule("restart", "log", Severity.NOTE)


def detect(loss: Series | None, run: Run) -> Iterator[Finding]:
    if not run.rewinds:
        return
    places = Counter(place for rewinds in run.rewinds.values() for place in rewinds)
    own = run.rewinds.get(loss.tag, []) if loss is not None else []
    last, first = own[-1] if own else places.most_common(1)[0][0]
    times = max(len(rewinds) for rewinds in run.rewinds.values())
    curve = run.curves[loss.tag if own and loss is not None else next(iter(run.rewinds))]
    yield Finding(
        f"steps go back from {last} to {first} in {len(run.rewinds):,} of {len(run.tags):,} curves"
        + (f" ({times} restarts in all)" if times > 1 else "")
        + ": the run was resumed; what was logged twice counts once",
        Severity.NOTE,
        Confidence.HIGH,
        onset_step=int(first),
        end_step=int(last),
        evidence={"last": last, "first": first, "times": times, "steps_repeated": last - first},
        series=(curve,),
    )
