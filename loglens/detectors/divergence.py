"""The loss falls and then rises for good, or rises from the start.

Why it matters. From the lowest point on, every step makes the model worse; the last checkpoint is not
the one to keep.

How it is found. On medians over blocks of 2 % of the curve, of the loss's logarithm where it is positive, so
that no single batch and no unit decides. The level of the last tenth is above the lowest block by 25 % and
every one of its blocks by five standard errors, or by a factor of two (TheDeepChecker) and three standard
errors; and a third or more of what had been gained is lost again. A rise of 10 % is enough where nine tenths
of it are. A twentieth of the way down must be lost in the loss itself as well: from 8000 to 0.0001 and back
to 1 is done. On single raw points a rise of 1.5 times fires on 11 % of runs that reach their target; end over
minimum above 1.25 on smooth curves on 0.15 % (counted on 4,192 AlgoPerf runs). A loss of which every later
point is above twice the first one rises from the start. A validation loss is judged only where no training
loss was logged: a rise of validation alone is overfitting. Where the loss does not show it, metrics do: all
that gained anything lose half of it again (AlgoPerf's "collapsed").

It is an error unless every training metric that grows with success keeps nine tenths of its best, and nothing
at all where each keeps 99 %: a loss near zero may double while the answers stay right.

When it is wrong. A curriculum, a growing regularisation term or new data raise the loss on purpose;
where a training metric improves meanwhile, it is not called divergence. In reinforcement learning
and GANs a loss is no measure of progress, so it is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.levels import Levels, levels

RULE = Rule("divergence", "loss", Severity.ERROR, leads_to=("nan-loss", "metric-collapse"), supervised=True)


def detect(
    loss: Series | None,
    val_loss: Series | None,
    lr: Series | None,
    grad_norm_global: Series | None,
    metric_lower: tuple[Series, ...],
    metric_higher: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    *,
    min_points: int = 20,
    rise: float = 0.25,
    least: float = 0.1,
    errors: float = 5.0,
    lost_share: float = 1 / 3,
    share: float = 0.05,
    of_use: float = 0.9,
    intact: float = 0.99,
) -> Iterator[Finding]:
    main = loss if loss is not None else val_loss
    if main is None:
        raise Skip("no curve plays loss")
    main = main.finite
    if len(main) < min_points:
        raise Skip(f"needs {min_points} losses, has {len(main)}")
    logged = bool((main.value > 0).all())
    value = np.log(main.value) if logged else main.value
    found = levels(value)
    from_start = logged and _never_back(main.value)
    if from_start or _risen(found, rise, least, errors, lost_share, share, logged):
        kept = _kept(metric_higher)
        if not _improves(metric_lower, -1) and not _improves(metric_higher, +1) and kept < intact:
            yield _finding(main, found, value, from_start, lr, grad_norm_global, kept >= of_use)
    elif not any(len(metric) for metric in metric_higher) and levels(main.value[len(main) // 2 :]).drop > 0.1:
        return  # training still gains, so a metric of validation that falls is overfitting
    elif fallen := _fallen(_while_finite((*metric_higher, *val_metric_higher), loss), min_points, errors):
        yield _metric_finding(fallen, lr, grad_norm_global)


def _risen(
    found: Levels, rise: float, least: float, errors: float, lost_share: float, share: float, logged: bool
) -> bool:
    """Whether the end lies above the lowest block by enough, beyond its noise, and for good."""
    up = found.end - found.best
    relative = float(np.expm1(min(up, 700.0))) if logged else up / max(abs(found.best), 1e-300)
    tail = found.blocks.level[-max(2, len(found.blocks) // 10) :]
    sure = float(tail.min() - found.best) / max(found.noise, 1e-12)
    if up < lost_share * (found.start - found.best) or (logged and not _matters(found, share)):
        return False
    everything = found.lost >= 0.9 and relative >= least
    return ((relative >= rise or everything) and sure > errors) or (relative >= 1.0 and sure > 3.0)


def _matters(found: Levels, share: float) -> bool:
    """Whether the loss itself, not its logarithm alone, lost a share of what it had come down."""
    start, end, best = (float(np.exp(min(level, 700.0))) for level in (found.start, found.end, found.best))
    return end - best >= share * (start - best)


def _never_back(value: NDArray[np.float64]) -> bool:
    return bool((value[1:] > 2 * value[0]).all())


def _improves(metrics: tuple[Series, ...], sign: int) -> bool:
    """Whether a training metric's second half is better than its first, beyond its noise."""
    for metric in (metric.finite for metric in metrics if metric.split == "train"):
        half = len(metric) // 2
        if half >= 5:
            found = levels(-sign * metric.value)
            first, second = (float(np.median(part)) for part in (metric.value[:half], metric.value[half:]))
            if sign * (second - first) > 5 * found.noise and sign * (second - first) > 0.2 * abs(first):
                return True
    return False


def _kept(metrics: tuple[Series, ...]) -> float:
    """The share of its best level that each training metric ends with, the least of them; 0 where none says."""
    shares = []
    for metric in (metric.finite for metric in metrics if metric.split == "train"):
        if len(metric) >= 10 and metric.value.min() >= 0 and metric.value.max() > 0:
            found = levels(-metric.value)
            shares.append(found.end / found.best if found.best < 0 else 0.0)
    return min(shares, default=0.0)


def _finding(
    main: Series,
    found: Levels,
    value: NDArray[np.float64],
    from_start: bool,
    lr: Series | None,
    grad: Series | None,
    of_use: bool,
) -> Finding:
    onset = int(main.step[1]) if from_start else _onset(main, found, value)
    lowest = float(main.value[0]) if from_start else float(np.median(_block(main.value, found)))
    end = float(np.median(main.value[-max(3, len(main) // 10) :]))
    length, since = int(main.step[-1] - main.step[0]), onset - int(main.step[0])
    early = since <= 0.1 * length
    advice = [
        remedies.scale_lr(0.1 if early else 0.3, lr, "the updates overshoot: a smaller step stays in the valley"),
        remedies.clip_grad_norm(grad.before(onset) if grad is not None else None),
    ]
    if early:
        advice.insert(0, remedies.add_warmup(length, since))
    best_step = int(main.step[0] if from_start else main.step[found.best_at])
    return Finding(
        f"{main.tag} rises from {lowest:.4g} at {main.axis} {best_step} to {end:.4g} and never comes back"
        if best_step == int(main.step[0])
        else f"{main.tag} falls to {lowest:.4g} at {main.axis} {best_step} and rises to {end:.4g} for good",
        Severity.WARNING if of_use else Severity.ERROR,
        Confidence.HIGH if end > 1.5 * abs(lowest) else Confidence.MEDIUM,
        onset_step=onset,
        end_step=int(main.step[-1]),
        evidence={
            "start": float(np.median(main.value[:3])),
            "lowest": lowest,
            "lowest_step": best_step,
            "end": end,
            "ratio": end / lowest if lowest else None,
        },
        remedies=advice,
        series=(main, *((lr,) if lr is not None else ())),
    )


def _while_finite(metrics: tuple[Series, ...], loss: Series | None) -> tuple[Series, ...]:
    """The metrics up to the first loss that is not finite, if it stays so: what they do after that is its effect."""
    if loss is None or not len(loss) or np.isfinite(loss.value[-1]):
        return metrics
    return tuple(metric.before(int(loss.step[~np.isfinite(loss.value)][0])) for metric in metrics)


def _fallen(metrics: tuple[Series, ...], min_points: int, errors: float) -> Series | None:
    """The metric that lost half of what it had gained, for good, if all that gained much did so."""
    judged = []
    for metric in (metric.finite for metric in metrics if len(metric.finite) >= min_points):
        found = levels(-metric.value)
        gained = found.start - found.best
        if not found.best_at or gained < max(10 * found.noise, 0.1 * abs(found.best)):
            continue
        tail = found.blocks.level[-max(2, len(found.blocks) // 10) :]
        if found.lost < 0.5 or tail.min() - found.best < errors * found.noise or tail.min() < found.best + gained / 3:
            return None
        judged.append(metric)
    return judged[-1] if judged else None


def _metric_finding(metric: Series, lr: Series | None, grad: Series | None) -> Finding:
    found = levels(-metric.value)
    onset = _onset(metric, found, -metric.value)
    return Finding(
        f"{metric.tag} rises to {-found.best:.4g} at {metric.axis} {int(metric.step[found.best_at])} and falls to "
        f"{-found.end:.4g} for good",
        Severity.ERROR,
        Confidence.HIGH,
        onset_step=onset,
        end_step=int(metric.step[-1]),
        evidence={"start": -found.start, "highest": -found.best, "end": -found.end, "gain_lost": found.lost},
        remedies=[
            remedies.scale_lr(0.3, lr, "the updates overshoot: a smaller step stays in the valley"),
            remedies.clip_grad_norm(grad.before(onset) if grad is not None else None),
        ],
        series=(metric, *((lr,) if lr is not None else ())),
    )


def _block(value: NDArray[np.float64], found: Levels) -> NDArray[np.float64]:
    starts = found.blocks.start
    after = starts[starts > found.best_at]
    return value[found.best_at : int(after[0]) if len(after) else len(value)]


def _onset(curve: Series, found: Levels, value: NDArray[np.float64]) -> int:
    """The first step above the lowest level's reach, in the first block after the last one near it.

    That the loss rises is settled by then, so the reach is one deviation: the likeliest step, not a sure one.
    """
    level, starts = found.blocks.level, found.blocks.start
    bar = found.best + max(found.noise, 0.1 * (found.start - found.best))
    near = np.flatnonzero(level <= bar)
    begin = int(starts[min(int(near[-1]) + 1, len(starts) - 1)])
    return int(curve.step[begin + int((value[begin:] > bar).argmax())])
