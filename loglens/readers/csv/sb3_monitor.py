"""Monitor files of Stable-Baselines3: one row per episode, one file per environment, together one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from loglens.model.columns import Columns
from loglens.readers.files.json_file import parse
from loglens.readers.files.text_file import head
from loglens.readers.files.values import number


def monitor_start(path: Path) -> float | None:
    """Unix seconds at which the environment began, from the comment in the first line."""
    first = head(path).split("\n", 1)[0]
    try:
        start = parse(first[1:]).get("t_start")
    except (ValueError, AttributeError):
        return None
    return number(start)


def merge_monitors(parts: Sequence[Columns], starts: Sequence[float]) -> Columns:
    """The episodes of all environments of a run, in the order in which they ended."""
    clocked = [_clocked(part, start) for part, start in zip(parts, starts, strict=True)]
    if len(clocked) == 1:
        return clocked[0]
    first = np.cumsum([0, *(columns.step.max(initial=-1) + 1 for columns in clocked)])
    whole = Columns.join(
        replace(columns, step=columns.step + start, session=np.zeros(len(columns), np.int32))
        for columns, start in zip(clocked, first[:-1], strict=True)
    )
    time = np.full(first[-1], np.nan)
    time[whole.step] = whole.time
    rank = np.empty(first[-1], np.int64)
    rank[np.argsort(time, kind="stable")] = np.arange(first[-1])
    step = rank[whole.step]
    order = np.argsort(step, kind="stable")
    return replace(whole, tag=whole.tag[order], step=step[order], time=whole.time[order], value=whole.value[order])


def _clocked(columns: Columns, start: float) -> Columns:
    """Episodes of one environment over all its sessions, each with the time at which it ended."""
    if "t" not in columns.tags:
        return columns
    episode = columns.session.astype(np.int64) * (columns.step.max() + 1) + columns.step
    mine = columns.tag == columns.tags.index("t")
    elapsed = np.full(int(episode.max()) + 1, np.nan)
    elapsed[episode[mine]] = columns.value[mine]
    return replace(columns, step=episode, time=start + elapsed[episode])
