"""How a run ended, from messages that programs really print."""

from __future__ import annotations

import pytest

from loglens.model.run_end import STOPPED, SURVIVED, end_notes, kind_of_end
from loglens.model.source import Note


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "memory"),
        ("jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory", "memory"),
        ("KeyboardInterrupt", "person"),
        ("slurmstepd: error: *** JOB 17 ON n1 CANCELLED AT 2024-01-01 DUE TO TIME LIMIT ***", "scheduler"),
        ("RuntimeError: NCCL communicator was aborted on rank 3.", "communication"),
        ("RuntimeError: CUDA error: device-side assert triggered", "labels"),
        ("IndexError: Target 10 is out of bounds.", "labels"),
        ("FloatingPointError: Minimum loss scale reached (0.0001).", "numeric"),
        ("Segmentation fault (core dumped)", "killed"),
        ("ValueError: too many values to unpack (expected 2)", "other"),
    ],
)
def test_the_kind_of_an_end(message: str, kind: str) -> None:
    assert kind_of_end(Note("crash", message, "log.txt")) == kind
    assert (kind in STOPPED) == (kind in ("person", "scheduler"))


def test_an_error_that_training_survived_is_no_end() -> None:
    notes = [Note("crash", "ValueError: x", "a"), Note("crash", f"OSError; {SURVIVED}", "a"), Note("gap", "x", "a")]
    assert end_notes([*notes, Note("failed", "exit code 1", "a")]) == [notes[0], Note("failed", "exit code 1", "a")]
