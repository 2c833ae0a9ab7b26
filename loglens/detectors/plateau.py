"""The loss falls, then stalls because nothing drives it any more.

Why it matters. From the stall on the run costs time and gains nothing; what stalled it is in the log.

How it is found. For at least the last half of the run the learning rate is at or below a hundredth of
its peak before (a schedule that decays too early, a wrong number of total steps), or the logged
update of the weights is zero; and the loss gains less than 5 % from there on. A flat curve alone is no
sign: a run that is done is flat as well.

When it is wrong. A long tail at a small learning rate is sometimes wanted, to average out noise.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens import remedies
from loglens.errors import Skip
from loglens.report import Confidence, Finding, Remedy, Rule, Severity
from loglens.run import Series
from loglens.stats.level import levels

RULE = Rule("plateau", "loss", Severity.WARNING)


def detect(
    loss: Series,
    lr: Series | None,
    update_norm: Series | None,
    *,
    min_points: int = 20,
    share: float = 0.01,
    gain: float = 0.05,
) -> Iterator[Finding]:
    drivers = [(curve.finite, limit) for curve, limit in ((lr, share), (update_norm, 0.0)) if curve is not None]
    drivers = [(curve, limit) for curve, limit in drivers if len(curve) >= min_points]
    if not drivers:
        raise Skip("neither the learning rate nor the size of updates was logged")
    if len(loss.finite) < min_points:
        raise Skip(f"needs {min_points} losses, has {len(loss.finite)}")
    for driver, limit in drivers:
        onset = _gives_out(driver, limit)
        if onset is None:
            continue
        after = loss.finite.value[loss.finite.step >= onset]
        before = loss.finite.before(onset).value
        if len(after) < 10 or len(before) < 3 or levels(after).drop >= gain:
            continue
        end, start = float(np.median(after[-max(3, len(after) // 10) :])), float(np.median(before[:3]))
        yield Finding(
            f"{loss.tag} stalls at {end:.4g} from {loss.axis} {onset} on, where {driver.tag} falls to "
            f"{driver.value[-1]:.3g} (peak {driver.value.max():.3g})",
            Severity.WARNING,
            Confidence.HIGH,
            onset_step=onset,
            end_step=int(loss.step[-1]),
            evidence={"start": start, "level": end, "driver": driver.tag, "peak": float(driver.value.max())},
            remedies=[_schedule(driver, loss, onset), remedies.check_optimizer_step()],
            series=(loss, driver),
        )
        return


def _gives_out(driver: Series, limit: float) -> int | None:
    """The step from which the driver stays at or below a share of its peak, if that is half of the run or more."""
    high = np.flatnonzero(driver.value > limit * driver.value.max())
    if not len(high) or high[-1] + 1 >= len(driver):
        return None
    onset = int(driver.step[high[-1] + 1])
    span = float(driver.step[-1] - driver.step[0])
    return onset if span and (driver.step[-1] - onset) / span >= 0.5 else None


def _schedule(driver: Series, loss: Series, onset: int) -> Remedy:
    length = float(loss.step[-1] - loss.step[0])
    factor = max(1.0, round(length / max(onset - float(loss.step[0]), 1.0), 1))
    return remedies.train_longer(factor) if driver.role == "lr" else remedies.check_optimizer_step()
