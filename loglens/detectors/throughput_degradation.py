"""Steps take longer and longer, or suddenly much longer.

Why it matters. A run at a third of its speed costs three times as much; a step time that grows without
end is a leak that will stop it.

How it is found. The median step time of the last fifth is at least twice that of the first half (its
first twentieth, where caches fill, left out), and all of that fifth's blocks are 1.5 times above it.
runwise warns at a fall of 40 %, trainproof fails at three times. Throughput is judged by its inverse.

When it is wrong. Longer sequences or larger batches by schedule take longer by nature; machines
shared with others are slow at times.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.series import Series, present
from loglens.remedies import actions as remedies
from loglens.stats.blocks import blocks

RULE = Rule("throughput-degradation", "system", Severity.WARNING)


def detect(
    step_time: Series | None,
    throughput: Series | None,
    data_time: Series | None,
    *,
    min_points: int = 20,
    slower: float = 2.0,
) -> Iterator[Finding]:
    timed = step_time if step_time is not None else throughput
    if timed is None:
        raise Skip("neither step time nor throughput was logged")
    curve = timed.finite
    curve_ok = curve.value > 0
    if np.count_nonzero(curve_ok) < min_points:
        raise Skip(f"needs {min_points} step times, has {np.count_nonzero(curve_ok)}")
    step, value = curve.step[curve_ok], curve.value[curve_ok]
    seconds = value if timed is step_time else 1.0 / value
    normal = float(np.median(seconds[len(seconds) // 20 : max(len(seconds) // 2, 5)]))
    tail = seconds[-max(3, len(seconds) // 5) :]
    block = blocks(np.arange(len(tail)), tail, most=10)
    factor = float(np.median(tail)) / normal
    if factor < slower or not (block.level > 1.5 * normal).all():
        return
    whole = blocks(np.arange(len(seconds)), seconds)
    calm = np.flatnonzero(whole.level <= 1.3 * normal)
    onset = int(step[whole.start[min(int(calm[-1]) + 1, len(whole) - 1)]]) if len(calm) else int(step[0])
    waits = data_time is not None and len(data_time.finite) >= min_points and _grows(data_time.finite)
    yield Finding(
        f"a step takes {factor:.3g} times as long at the end as in the first half ({timed.tag}), from "
        f"{timed.axis} {onset} on" + ("; the time waiting for data grows as well" if waits else ""),
        Severity.WARNING,
        Confidence.HIGH if factor >= 3 else Confidence.MEDIUM,
        onset_step=onset,
        end_step=int(step[-1]),
        evidence={"factor": factor, "normal": normal, "end": float(np.median(tail)), "data_time_grows": waits},
        remedies=[remedies.fix_input_pipeline()],
        series=present(timed, data_time if waits else None),
    )


def _grows(curve: Series) -> bool:
    half = len(curve) // 2
    return bool(np.median(curve.value[half:]) > 2 * np.median(curve.value[:half]))
