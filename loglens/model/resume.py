"""Resolve resumes: which rows of a curve remain when its steps go back."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loglens.stats.arrays import Ints

if TYPE_CHECKING:
    pass


class Rewind(NamedTuple):
    """A resume: the steps of a curve went back from `last` to `first`, and it went on from there."""

    last: int
    first: int


class Purge(NamedTuple):
    """A writer's word that it continues at `step`: rows of sessions from `begin` to before `session` are void there."""

    begin: int
    session: int
    step: int


def purged(step: Ints, session: NDArray[np.int32], purges: tuple[Purge, ...]) -> NDArray[np.bool_]:
    """Which rows of a curve a later session has taken back, whether or not it logged the curve again."""
    gone = np.zeros(len(step), np.bool_)
    for purge in purges:
        gone |= (session >= purge.begin) & (session < purge.session) & (step >= purge.step)
    return gone


def surviving_rows(step: Ints, session: NDArray[np.int32] | None = None) -> tuple[NDArray[np.intp], list[Rewind]]:
    """Find the rows of a curve that no resume has replaced, sorted by step, and the places where it resumed.

    A later block of rows at smaller steps replaces the earlier ones from there on (a resume from a
    checkpoint). A single row at a smaller step, after which the curve continues above its highest step,
    is a straggler of another worker: it is kept and sorted in. Equal steps keep their order. The
    first row of a new `session` at a step that was already passed or reached is always a resume.

    step: int64, in the order written. Returns the indices of the surviving rows and the rewinds.
    The rule is RustBoard's preemption (tensorboard/data/server, "a new event with step s removes all
    stored ones with step >= s"), except for stragglers, which under that rule would remove a whole run.
    """
    n = len(step)
    again = np.zeros(n, np.bool_)  # the first row of a session that is not the first
    if session is not None:
        again[1:] = session[1:] != session[:-1]
    back = step[1:] < step[:-1]
    back |= again[1:] & (step[1:] <= np.maximum.accumulate(step)[:-1])
    if not back.any():
        return np.arange(n), []
    kept, kept_step = np.empty(n, np.intp), np.empty(n, np.int64)
    size = 0
    rewinds: list[Rewind] = []
    stragglers: list[int] = []
    cuts: list[tuple[int, int]] = []  # the row of each resume, and the step from which it replaces
    for start, end in itertools.pairwise([0, *(np.flatnonzero(back) + 1).tolist(), n]):
        first = int(step[start])
        top = int(kept_step[size - 1]) if size else first - 1
        if first < top or (first == top and again[start]):
            alone = start + 1 >= n or again[start + 1]
            if not again[start] and (alone or step[start + 1] > top or step[start + 1] < first):
                stragglers.append(start)
                start += 1  # the rows after it are the curve's
            else:
                cuts.append((start, first))
                size = int(np.searchsorted(kept_step[:size], first))
                if first < top:
                    rewinds.append(Rewind(top, first))
        kept[size : size + end - start] = np.arange(start, end)
        kept_step[size : size + end - start] = step[start:end]
        size += end - start
    rows = np.concatenate([kept[:size], _not_replaced(np.array(stragglers, np.intp), cuts, step)])
    if stragglers:
        rows = np.sort(rows)
        rows = rows[np.argsort(step[rows], kind="stable")]
    return rows, rewinds


def _not_replaced(stragglers: NDArray[np.intp], cuts: list[tuple[int, int]], step: Ints) -> NDArray[np.intp]:
    """The stragglers that no later resume has replaced."""
    if not cuts:
        return stragglers
    at, first = np.array(cuts, np.int64).T
    lowest_from_here = np.append(np.minimum.accumulate(first[::-1])[::-1], np.iinfo(np.int64).max)
    return stragglers[step[stragglers] < lowest_from_here[np.searchsorted(at, stragglers)]]
