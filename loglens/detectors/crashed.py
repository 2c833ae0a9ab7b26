"""The log ends with an error.

Why it matters. The run did not end as it was configured: what it printed last may be the cause, and the last
checkpoint is all that is left of it.

How it is found. From what the readers noted: lines of a text log that say how a run died (out of memory, an
exception's last line, a failed collective, a signal, a trainer's own abort) after which no value was logged, an exit
code that is not 0, a tracker's state "failed", "crashed" or "killed". An error where the program broke; a warning
where a scheduler ended it (time limit, preemption, SIGTERM); a note where a person did (Ctrl-C; W&B writes exit code
255 for it).

When it is wrong. An exception after training (in a last test, while saving) leaves a good model behind: look at what
was saved. A wrapper's non-zero exit code may have nothing to do with the training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.run import Run
from loglens.model.run_end import KINDS, end_notes, kind_of_end
from loglens.model.series import Series, present
from loglens.remedies import actions as remedies

RULE = Rule("crashed", "outcome", Severity.ERROR)

MEANING: Mapping[str, str] = {
    "numeric": "the trainer stopped because of non-finite numbers",
    "memory": "it ran out of memory",
    "person": "somebody interrupted it",
    "scheduler": "the scheduler stopped it",
    "communication": "the processes lost contact with each other",
    "labels": "an index is out of range, most often a label",
    "killed": "the system killed it",
    "other": "the program ended with an error",
}
SEVERITY: Mapping[str, Severity] = {"person": Severity.NOTE, "scheduler": Severity.WARNING}


def detect(loss: Series | None, lr: Series | None, run: Run) -> Iterator[Finding]:
    ends = end_notes(run.notes)
    if not ends:
        raise Skip("the log does not say how the run ended")
    kind, note = min(((kind_of_end(note), note) for note in ends), key=lambda pair: list(KINDS).index(pair[0]))
    severity = SEVERITY.get(kind, Severity.ERROR)
    main = loss if loss is not None and len(loss) else max(run.curves.values(), key=len, default=None)
    last = main.last_step if main is not None and len(main) else None
    where = f" after {main.axis} {number(last)}" if main is not None and last is not None else ""
    yield Finding(
        f"the log ends with an error{where}: {MEANING[kind]} ({note.message})"
        if severity is Severity.ERROR
        else f"the run was stopped{where}: {MEANING[kind]} ({note.message})",
        severity,
        Confidence.HIGH if kind != "other" or note.kind == "crash" else Confidence.MEDIUM,
        onset_step=last,
        end_step=last,
        evidence={"kind": kind, "said": note.message, "file": note.file, "exit_code": run.params.get("exit_code")},
        remedies=_advice(kind, last, main, lr),
        series=present(main),
    )


def _advice(kind: str, last: int | None, main: Series | None, lr: Series | None) -> list[Remedy]:
    """What to do about a kind of end, then how not to lose what was trained."""
    first: dict[str, list[Remedy]] = {
        "numeric": [
            remedies.skip_nonfinite_batches(),
            remedies.scale_lr(0.3, lr, "smaller updates keep the numbers finite"),
            remedies.use_bf16(),
        ],
        "memory": [remedies.release_memory()],
        "labels": [remedies.check_labels()],
        "killed": [remedies.release_memory()],
    }
    advice = first.get(kind, [])
    if last is not None and main is not None:
        reason = f"what was trained until {main.axis} {number(last)} is in the last checkpoint; continue from there"
        advice.append(remedies.resume_from(last, main.axis, reason))
    return advice
