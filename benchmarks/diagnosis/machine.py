"""A machine of our imagination: what its steps take, wait for and keep. Real ones would depend on yours.

Times and memory follow a model, so that the same logs come about everywhere. Seeds differ in how a healthy
machine looks, and all of these look like a fault at first sight.
"""

from __future__ import annotations

import math

import numpy as np


class Machine:
    """Seconds of waiting for data, and megabytes in use, step by step.

    Faults replace `wait` and `memory`, and put `pause` into the time of day. within: this loop's step time
    has the wait in it; others time their computation alone.
    """

    def __init__(self, seed: int, steps: int) -> None:
        self.kind, self.steps = seed % 6, steps
        self.rng = np.random.default_rng([seed, 77])
        self.base = float(self.rng.uniform(600, 3000))
        self.within = seed % 2 == 0
        self.pauses: dict[int, float] = {}
        self.peak = 0.0

    def wait(self, step: int) -> float:
        """Seconds until the batch is there: a third of what the step computes at most, which is 0.05."""
        usual = 0.05 * float(self.rng.gamma(20, 1 / 20))
        if self.kind == 0:  # the workers start
            return 0.03 * usual + (6.0 if step == 0 else 0.0)
        if self.kind == 1:  # they start again with each epoch
            return 0.08 * usual + (0.4 if step % 100 == 99 else 0.0)
        if self.kind == 3:  # four workers bring four batches at once
            return usual if step % 4 == 0 else 0.001
        if self.kind == 4:  # a cold cache at first
            return (2.0 if step < self.steps / 10 else 0.05) * usual
        return 0.3 * usual

    def memory(self, step: int) -> float:
        """Megabytes: caches that fill, peaks that creep, garbage that is collected, batches of uneven length."""
        part, noise = step / self.steps, float(self.rng.normal())
        if self.kind == 0:
            return self.base
        if self.kind == 1:  # a cache fills
            return self.base * (1 + 1.2 * (1 - math.exp(-part / 0.06)) + 0.002 * noise)
        if self.kind == 2:  # collected every 37 steps
            return self.base * (1 + 0.6 * (step % 37) / 37)
        if self.kind == 3:  # a peak, which never falls
            self.peak = max(self.peak, self.base * (1.2 + 0.15 * noise))
            return self.peak
        if self.kind == 4:  # the first evaluation needs a workspace of its own
            return self.base * (1.0 if step < 29 else 1.6)
        return self.base * (1.2 + 0.15 * math.sin(step / 40) + 0.05 * noise)
