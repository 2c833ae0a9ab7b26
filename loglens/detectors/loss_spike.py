"""The loss jumps far above its level.

Why it matters. A spike costs the steps that it takes to recover, often follows from a bad batch or an
update too large, and the next one may not recover (PaLM, Chowdhery et al. 2022, section 5.1).

How it is found. Each point is compared with the 20 points of the row before it (of the loss's logarithm where it is
positive): a spike is two points in a row more than six robust standard deviations (OLMo's 6 sigma) and a factor of 1.5
above their median, or a single one by eight and a factor of two (Lightning's spike rule); six are enough for one above
the loss at the start of the run. It has recovered once the loss is back within a factor of 1.2 of its level for good:
recovering if that took under 5 % of the run (BigScience's took 30 steps), lingering if longer, fatal if it never did.
A rise that never ends has no peak: that is divergence. A jump of less than a tenth of what the loss had come down
before is no spike: near zero, one wrong answer in a batch of 32 is a hundredfold (it adds some ln C to their mean).
The gradient norm is looked at in the ten points before: a tenfold rise there is a precursor, and its lead in points
and steps is reported. Six sigma alone fires on 3.1 % of AlgoPerf runs that reach their target; with the factor on none
of 150. A single high value that is gone with the next point, without a jump of the gradient before it, is a note, the
loss of one batch, and several are that are below three times the level. So is one that lingers, while the validation
loss is measured and no higher than before: other data, not another model.

When it is wrong. A new phase of a curriculum starts with a spike. Averaging before logging hides short spikes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.learning import is_untouched
from loglens.model.numbers import number
from loglens.model.series import Series, present, require
from loglens.remedies import actions as remedies
from loglens.stats.arrays import TINY, Floats, relative
from loglens.stats.blocks import MAD_TO_SD
from loglens.stats.quantiles import median, row_medians

RULE = Rule("loss-spike", "loss", Severity.ERROR, leads_to=("divergence", "nan-loss"), supervised=True)
#: The validation loss, the gradient norm and the learning rate, where they are logged.
Others = tuple[Series | None, Series | None, Series | None]
#: Points of the stretch whose median is the level that a spike stands above.
ROW = 20
#: Noise below this is rounding.
NOISELESS = 1e-12
#: A spike is over within so much of the loss's level, and lingers where it takes longer than a twentieth of the run.
NEAR, LINGERS = 0.2, 20
#: The gradient norm is a precursor where it is tenfold within ten points, against the 30 points before those.
JUMP, JUST_BEFORE, LOOK_BACK = 10.0, 10, 40
#: Points of the running median by which a loss is back; several single values below so many times it are hard batches.
SMOOTH, LOW = 5, 3.0
#: A validation loss that was measured during a spike and is no higher than this share above its last value is the same.
SAME = 0.05
#: Share of the points after a spike that shows whether the loss is back.
LAST = 0.1


def detect(
    loss: Series,
    val_loss: Series | None,
    grad_norm_global: Series | None,
    lr: Series | None,
    *,
    pair_sigma: float = 6.0,
    pair_factor: float = 1.5,
    single_sigma: float = 8.0,
    single_factor: float = 2.0,
    share: float = 0.1,
) -> Iterator[Finding]:
    curve = require(loss, 3 * ROW, "losses")
    positive = bool((curve.value > 0).all())
    value = np.log(curve.value) if positive else curve.value
    above, sigma = _above(value, _rounding(curve.value))
    unit = 1.0 if positive else max(float(median(np.abs(value))), TINY)
    high = (sigma > pair_sigma) & (above > np.log(pair_factor) * unit)
    pairs = high & (np.append(high[1:], False) | np.append(False, high[:-1]))
    undone = positive & (curve.value[ROW:] > median(curve.value[:3])) & (sigma > pair_sigma)
    single = ((sigma > single_sigma) | undone) & (above > np.log(single_factor) * unit)
    hits = _confirmed(value, np.flatnonzero(pairs | single) + ROW, np.log(pair_factor) * unit)
    hits = hits[_tall(curve.value, hits, above, share)] if positive else hits
    if len(hits) and not _goes_on(value, hits, np.log(pair_factor) * unit):
        yield _finding(loss, curve, hits, above, (val_loss, grad_norm_global, lr))


def _rounding(value: Floats) -> float:
    """The finest step between two values, as a share of their size: a curve has no finer noise than its rounding."""
    move = np.diff(np.sort(value))
    return relative(float(move[move > 0].min()), float(median(np.abs(value)))) if move.any() else 0.0


def _above(value: Floats, min_sigma: float) -> tuple[Floats, Floats]:
    """Height of every point above the median of the previous row, absolute and in its standard deviations."""
    rows = value[: len(value) // ROW * ROW].reshape(-1, ROW)
    middle = row_medians(rows)
    local = MAD_TO_SD * row_medians(np.abs(rows - middle[:, None]))
    before = np.minimum(np.arange(len(value) - ROW) // ROW, len(rows) - 1)
    above = value[ROW:] - middle[before]
    overall = MAD_TO_SD * float(median(np.abs(above - median(above))))
    return above, above / np.maximum(np.maximum(local[before], overall), max(min_sigma, NOISELESS))


def _confirmed(value: Floats, hits: NDArray[np.intp], height: float) -> NDArray[np.intp]:
    """The hits of those spikes that also stand out from the points just before them."""
    if not len(hits):
        return hits
    spikes = np.split(hits, np.flatnonzero(np.diff(hits) > ROW) + 1)
    real = [spike for spike in spikes if value[spike].max() > median(value[spike[0] - ROW : spike[0]]) + height]
    return np.concatenate(real) if real else hits[:0]


def _tall(value: Floats, hits: NDArray[np.intp], log_above: Floats, share: float) -> NDArray[np.bool_]:
    """Which hits rise by a share of all that the loss had come down before them."""
    height = value[hits] * -np.expm1(-log_above[hits - ROW])
    return height >= share * (median(value[:3]) - value[hits] + height)


def _goes_on(value: Floats, hits: NDArray[np.intp], height: float) -> bool:
    """Whether the loss keeps rising after the last spike began: then it is no spike, as it has no peak."""
    begin = hits[np.diff(hits, prepend=-ROW - 1) > ROW][-1]
    peak, rest = value[begin : begin + ROW].max(), value[begin + ROW :]
    return len(rest) >= ROW and bool(median(rest[-ROW:]) > peak + height)


def _finding(loss: Series, curve: Series, hits: NDArray[np.intp], above: Floats, others: Others) -> Finding:
    held_out, grad, lr = others
    starts = hits[np.diff(hits, prepend=-ROW - 1) > ROW]
    worst = int(hits[np.argmax(above[hits - ROW])])
    first = int(starts[starts <= worst][-1])
    level, peak = float(median(curve.value[max(0, first - ROW) : first])), float(curve.value[worst])
    at, recovered = int(curve.step[first]), _recovers(curve.value[first:], level)
    back = _back(curve.value[worst:], level) if recovered else None
    kind = "fatal" if back is None else "recovering" if back <= max(ROW, len(curve) // LINGERS) else "lingering"
    lead, lead_steps = _precursor(grad, at)
    onset = int(curve.step[starts[0]]) if recovered else at  # spikes that all pass began with the first of them
    # one high value that is gone with the next point is the loss of a batch; what validation does not feel is new data
    single = len(hits) == 1 or (len(hits) == len(starts) and peak < LOW * level)
    one_batch = single and back is not None and back <= 2 and not lead
    back_at = int(curve.step[min(worst + (back or 0), len(curve) - 1)])
    harmless = one_batch or (kind == "lingering" and is_untouched(held_out, onset, back_at, SAME))
    when = "does not recover" if back is None else "recovers" + f" after {back} points" * (kind == "lingering")
    many = f" ({len(starts):,} spikes in all, the first at {number(int(curve.step[starts[0]]))})" * (len(starts) > 1)
    return Finding(
        f"{loss.tag} jumps from {number(level)} to {number(peak)} at {loss.axis} {number(at)}{many} and {when}"
        + (f"; the gradient norm jumped {lead} point{'s' * (lead > 1)} ({lead_steps} steps) before" if lead else ""),
        Severity.ERROR if not recovered else Severity.NOTE if harmless else Severity.WARNING,
        Confidence.HIGH if len(hits) > 1 else Confidence.MEDIUM,
        onset_step=onset,
        end_step=int(curve.step[int(hits[-1])]) if recovered else curve.last_step,
        evidence={
            "level": level,
            "peak": peak,
            "factor": peak / level if level else None,
            "spikes": len(starts),
            "spike_score": len(hits) / len(curve),
            "recovered": recovered,
            "class": kind,
            "points_to_recover": back,
            "gradient_lead_points": lead,
            "gradient_lead_steps": lead_steps,
        },
        remedies=_advice(grad, lr, onset, isolated=recovered and not lead),
        series=present(loss, grad),
    )


def _recovers(after: Floats, level: float) -> bool:
    """Whether the last tenth is back at the level, give or take a fifth of it."""
    tail = after[-max(3, int(LAST * len(after))) :]
    return bool(median(tail) <= level + NEAR * abs(level))


def _back(after: Floats, level: float) -> int:
    """Points from the peak until the loss is back at its level, by medians of five."""
    smooth = after
    if len(after) >= SMOOTH:
        smooth = row_medians(np.lib.stride_tricks.sliding_window_view(after, SMOOTH))
    low = smooth <= level + NEAR * abs(level)
    return int(np.argmax(low)) if low.any() else len(after)


def _precursor(grad: Series | None, onset: int) -> tuple[int | None, int | None]:
    """How many logged points, and steps, before the loss the gradient norm went up tenfold, if it did."""
    past = grad.before(onset).finite if grad is not None else None
    if past is None or len(past) < LOOK_BACK:
        return None, None
    high = np.flatnonzero(past.value[-JUST_BEFORE:] > JUMP * median(past.value[-LOOK_BACK:-JUST_BEFORE]))
    if not len(high):
        return None, None
    return JUST_BEFORE - int(high[0]), onset - int(past.step[-JUST_BEFORE:][high[0]])


def _advice(grad: Series | None, lr: Series | None, onset: int, *, isolated: bool) -> list[Remedy]:
    """isolated: the loss came back by itself, and nothing announced the spike: the batch is the first suspect."""
    return [
        *([remedies.clean_data()] if isolated else []),
        remedies.clip_grad_norm(grad.before(onset) if grad is not None else None),
        remedies.skip_nonfinite_batches(),
        *([] if isolated else [remedies.clean_data()]),
        remedies.scale_lr(0.67, lr, "two thirds of the rate was enough for OPT-175B to pass its spikes"),
    ]
