"""trainer_state.json of the Hugging Face Trainer: the history of a run, whole in each checkpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from loglens.errors import UnreadableError
from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.files.json_file import document, flatten
from loglens.readers.files.text_file import head
from loglens.readers.files.values import refuse
from loglens.readers.tables.table import Rows, batches
from loglens.stats.arrays import Floats, Ints

FORMAT = "huggingface"

_CHECKPOINT = re.compile(r"checkpoint-\d+$")
#: Keys of the state that say nothing of how the run was made.
_NOT_PARAMS = frozenset({"log_history", "stateful_callbacks", "is_local_process_zero", "is_world_process_zero"})


def sniff(path: Path) -> bool:
    """Recognise a file by its name, or a renamed copy by the key log_history."""
    if path.name == "trainer_state.json":
        return True
    return path.suffix == ".json" and '"log_history"' in head(path)


def home(path: Path, inside: frozenset[Path]) -> Path:  # noqa: ARG001 - as all readers
    """The output folder, above checkpoint-N; a renamed copy is a run of its own."""
    if path.name != "trainer_state.json":
        return path
    return path.parent.parent if _CHECKPOINT.search(path.parent.name) else path.parent


@dataclass(frozen=True, slots=True)
class State:
    """One file: its rows, and the rest of its keys."""

    path: Path
    history: list[dict[str, Any]]
    params: dict[str, Any]

    @property
    def rank(self) -> tuple[float, int]:
        step = self.params.get("global_step")
        return (float(step) if isinstance(step, int | float) else -1.0), len(self.history)


def read(source: Source) -> Iterator[Run]:
    """One run: the longest history, after those of earlier launches that it does not continue from."""
    states: list[State] = []
    notes: list[Note] = []
    for path in source.files:
        try:
            states.append(_state(path))
        except UnreadableError as error:
            if len(source.files) == 1:
                raise
            notes.append(Note("unreadable", str(error), path.name))
    if not states:
        raise UnreadableError(f"{source.path.name}: {notes[0].message}")
    if not any(state.history for state in states):
        raise refuse(states[0].path, "log_history is empty: the run ended before its first logging step")
    sessions = _sessions(states)
    parts = [_columns(state, number, start) for number, (state, start) in enumerate(sessions)]
    if len(sessions) > 1:
        notes.append(Note("restart", f"{len(sessions)} histories that do not continue each other", ""))
    last = sessions[-1][0]
    notes += _unfinished(last)
    yield Run(
        source.name,
        source.path,
        FORMAT,
        Columns.join(parts),
        params=last.params,
        notes=tuple(notes),
        files=tuple(source.files),
    )


def _state(path: Path) -> State:
    content = document(path)
    history = content.get("log_history") if isinstance(content, dict) else None
    if not isinstance(history, list):
        raise refuse(path, "no trainer state: it holds no list log_history")
    rows = [row for row in history if isinstance(row, dict)]
    numbers, strings = flatten({k: v for k, v in content.items() if k not in _NOT_PARAMS}, "/")
    return State(path, rows, strings | {k: int(v) if v.is_integer() else v for k, v in numbers.items()})


def _sessions(states: list[State]) -> list[tuple[State, int]]:
    """Histories that are no prefix of a longer one, the longest last, each from where it differs.

    A run that continues from a checkpoint repeats the history up to there.
    """
    if len(states) == 1:
        return [(states[0], 0)]
    kept: list[tuple[State, list[str]]] = []
    for state in sorted(states, key=lambda state: state.rank, reverse=True):
        lines = [_key(row) for row in state.history]
        if lines and not any(lines == longer[: len(lines)] for _, longer in kept):
            kept.append((state, lines))
    found: list[tuple[State, int]] = []
    before: list[str] = []
    for state, lines in reversed(kept):
        parts = (at for at, pair in enumerate(zip(lines, before, strict=False)) if pair[0] != pair[1])
        found.append((state, next(parts, min(len(lines), len(before)))))
        before = lines
    return found


def _key(row: dict[str, Any]) -> str:
    # NaN differs from itself, its text does not
    return repr(sorted(row.items(), key=lambda item: item[0]))


def _columns(state: State, session: int, start: int) -> Columns:
    rows = Rows()
    for some in batches(state.history[start:]):
        if not rows.add_numbers(some):
            for row in some:
                rows.add(flatten(row, "/")[0])
    table = rows.table()
    step = table.names.index("step") if "step" in table.names else len(table.names)
    keep = table.col != step
    return Columns(
        tuple(name for name in table.names if name != "step"),
        (table.col - (table.col > step))[keep].astype(np.int32, copy=False),
        _steps(table.dense(step))[table.row][keep],
        np.full(np.count_nonzero(keep), np.nan),
        table.value[keep],
        np.full(np.count_nonzero(keep), session, np.int32),
    )


def _steps(written: Floats) -> Ints:
    """The step of each row; a row without one stands at the step of the row before it, the first ones at 0."""
    good = np.abs(written) < 2**62  # NaN is not
    last = np.maximum.accumulate(np.where(good, np.arange(len(written)), -1))
    return np.where(last >= 0, np.where(good, written, 0)[last], 0).astype(np.int64)


def _unfinished(state: State) -> list[Note]:
    done, planned = state.params.get("global_step"), state.params.get("max_steps")
    if isinstance(done, int) and isinstance(planned, int) and 0 < done < planned - 1:  # some count from 0
        return [Note("unfinished", f"stopped at step {done} of {planned}", state.path.name)]
    return []
