"""How often something is said to have changed just before a moment at which nothing happened.

    python benchmarks/changes_before.py FOLDER [MOMENTS]

FOLDER holds one folder a run and labels.json, a list with the `id` and the `primary` fault of each run, null where it
is healthy. Of every healthy run, MOMENTS (10) steps at random stand for an onset. Besides, the rate of false claims on
simulated noise is printed, by the number of curves of a run.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

import loglens
from loglens.analysis.changes.before_onset import MEASUREMENTS, changes_before
from loglens.analysis.changes.onset import Onset
from loglens.roles.assign import assign_roles
from loglens.stats.false_discovery import rejected
from loglens.stats.shifts import shift_before


def on_healthy_runs(root: Path, moments: int) -> None:
    """Print how many moments at random have a change before them, and of which kinds."""
    rng = np.random.default_rng(0)
    total = claimed = 0
    kinds: Counter[str] = Counter()
    for label in json.loads((root / "labels.json").read_text("utf-8")):
        for run in loglens.read(root / label["id"]) if label["primary"] is None else []:
            curves = [curve for curve in assign_roles(run) if len(curve)]
            clock = max(curves, key=len)
            for at in rng.integers(len(clock) // 10 + 1, len(clock), moments):
                onset = Onset(int(clock.step[at]), clock.axis, clock.step, frozenset(), None)
                found = changes_before(onset, run, curves)
                total, claimed = total + 1, claimed + bool(found)
                kinds.update(change.kind for change in found)
    print(f"moments at random in healthy runs: {total}, with a change before them: {claimed}, of kinds {dict(kinds)}")


def on_noise(runs: int = 200, points: int = 400, lead: int = 8) -> None:
    """Print the share of runs of 1 to 100 curves of noise in which any shift is claimed."""
    rng = np.random.default_rng(0)
    noises = (rng.standard_normal, lambda n: rng.standard_t(3, n), lambda n: np.cumsum(rng.standard_normal(n)))
    for curves in (1, 3, 10, 30, 100):
        claimed = 0
        for _ in range(runs):
            found = [shift_before(noises[i % 3](points), lead) for i in range(curves)]
            claimed += any(rejected([1.0 if shift is None else shift.chance for shift in found], MEASUREMENTS))
        print(f"{curves:4d} curves of noise: a claim in {claimed / runs:.1%} of {runs} runs")


if __name__ == "__main__":
    on_noise()
    on_healthy_runs(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10)
