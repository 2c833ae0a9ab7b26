"""The validation loss rises while the training loss falls.

Why it matters. From its lowest validation loss on, the model memorises the training set and gets
worse on everything else; the checkpoint to keep is the one at the lowest point.

How it is found. The validation loss ends at least 20 % above its lowest level, beyond three standard
errors of its noise, while the training loss does not rise after that point: trainproof's rule (eval
above 1.2 times its minimum while training falls), which fires on 0.2 % of 4,192 AlgoPerf runs that
reach their target. (Of a loss that falls below zero, 20 % of all that it came down.) 10 % are enough where it stays
that high for the last 40 % of the run while the training loss halves, and half as long where that falls to an eighth.
Of 4 to 19 evaluations, whose noise cannot be separated from their trend, three or more have to follow the lowest one
and rise, by five times the root mean square of all steps against that course. Of 100 simulated healthy runs a cell this
calls none overfitted at noise of 1 and 5 %, up to 4 at 20 % and 6 at 50 %, and finds 97 to 100 of those that end 1.5
times as high, at noise up to 5 %.
Or the validation loss is lowest at its first evaluation, of five or more, and ends 5 % above it, while no metric of
it leaves its start and training falls by 5 %: labels that belong to other inputs can only be memorised. It need not
rise where it begins at the ln C of guessing and the metrics stay those of a guess.
A gap between training and validation alone is not a sign: rules on
the gap call 46 % of such runs overfitted.

A validation loss can rise by overconfidence while the accuracy (or an error rate) still improves. It is a note
where a metric makes a fifth of its whole gain after the loss was lowest, unless that rises by half.

When it is wrong. A change of the validation set looks the same. A metric whose threshold or decoding is tuned
may improve whatever the model does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.learning import bounded, improves_after
from loglens.model.memorising import EVALUATIONS, memorises
from loglens.model.numbers import number
from loglens.model.series import Series, require
from loglens.remedies import actions as remedies
from loglens.stats.arrays import Floats
from loglens.stats.blocks import blocks, noise
from loglens.stats.quantiles import median

RULE = Rule("overfitting", "generalisation", Severity.WARNING, leads_to=("metric-collapse",), supervised=True)

#: Of few evaluations, the largest step back that still counts as rising, as a share of the whole rise.
STEP_BACK = 0.25
#: Of few evaluations, how many times the rise is the root mean square of all steps against the course: rises before
#: the lowest and falls after it. Of 100 noisy healthy curves a cell, of 4 to 19 points, see the docstring.
TURNS = 5.0
#: After so few evaluations beyond the lowest one, the rise may be noise.
AFTER_LOWEST = 4
#: A training loss that ends so far above its level, as a share, rises as well.
RISEN = 0.05
#: A rise to one and a half times the lowest level is sure.
SURE_RISE = 1.5
#: Fewer evaluations have no blocks to take medians of.
BLOCK_POINTS = 12
#: Evaluations are judged by 30 medians at the most, of two each up to 60 evaluations, of three from there on.
BLOCKS, SHORT = 30, 60
#: A training loss that halves learns on.
HALF = 0.5
#: Share of the training points that shows a level.
WIDTH = 0.05


def detect(
    loss: Series,
    val_loss: Series,
    metric_higher: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    val_metric_lower: tuple[Series, ...],
    *,
    min_points: int = 4,
    many_points: int = 20,
    rise: float = 0.2,
    lasting_rise: float = 0.1,
    lasting_share: float = 0.4,
    errors: float = 3.0,
) -> Iterator[Finding]:
    held_out, train = require(val_loss, min_points, "validation losses"), require(loss, min_points, "training losses")
    lowest = _turn(held_out, many_points, errors)
    if lowest is None or lowest[2] - lowest[1] < rise * _scale(held_out, lowest[1]):
        if sign := memorises(train, held_out, bounded(val_metric_higher, EVALUATIONS)):
            yield sign.finding(_regularise())
        if sign or lowest is None:
            return
    onset, best, end = lowest
    before, after = _around(train, onset, held_out)
    grows = (end - best) / scale if (scale := _scale(held_out, best)) else float("inf")
    lasts = _lasts(held_out.value, best + lasting_rise * scale, lasting_share, before, after)
    if grows < (lasting_rise if lasts else rise) or after > before + RISEN * abs(before):
        return  # where training rises as well, that is divergence
    sure = grows > SURE_RISE - 1 and len(held_out) >= many_points
    better = _still_improves(val_metric_higher, val_metric_lower, metric_higher, onset) if grows < SURE_RISE - 1 else ""
    yield Finding(
        f"{val_loss.tag} is lowest at {val_loss.axis} {number(onset)} ({number(best)}) and rises{_by(grows)} "
        f"to {number(end)}, while {loss.tag} continues from {number(before)} to {number(after)} (medians){better}",
        Severity.NOTE if better else Severity.WARNING,
        Confidence.HIGH if sure else Confidence.MEDIUM,
        onset_step=onset,
        end_step=held_out.last_step,
        evidence={"lowest": best, "lowest_step": onset, "end": end, "rise": grows, "train_end": after},
        remedies=[remedies.early_stop(onset, val_loss.axis), *_regularise()],
        series=(val_loss, loss),
    )


def _still_improves(higher: Sequence[Series], lower: Sequence[Series], training: Sequence[Series], onset: int) -> str:
    """Words on a metric that improves after the loss was lowest, as that rises by overconfidence; empty without one."""
    better = improves_after(higher, onset, lower=False, training=training) or improves_after(lower, onset, lower=True)
    return f"; but {better.tag} keeps improving: only its confidence is too high" if better else ""


def _scale(held_out: Series, best: float) -> float:
    """What the rise of a loss is a share of: its lowest level, or where it falls below zero all that it came down."""
    return best if best >= 0 else float(median(held_out.value[:3])) - best


def _lasts(value: Floats, bar: float, share: float, before: float, after: float) -> bool:
    """Whether a loss stays above a bar to the end: for a share of the run, or less where training falls further.

    before, after: levels of the training loss where the validation loss was lowest, and at the end.
    """
    left = after / before if before > 0 else 1.0
    above = int(np.argmax(value[::-1] <= bar)) if (value <= bar).any() else len(value)
    return 0 <= left < HALF and above >= share * np.sqrt(left / HALF) * len(value)


def _by(share: float) -> str:
    return f" by {share:.0%}" if np.isfinite(share) else ""


def _regularise() -> list[Remedy]:
    return [remedies.weight_decay(), remedies.dropout(), remedies.l1()]


def _turn(held_out: Series, many_points: int, errors: float) -> tuple[int, float, float] | None:
    """Step of the lowest point, the lowest level, and the level at the end; None where noise explains the rise."""
    few = _lowest_of_few(held_out) if len(held_out) < many_points else None
    return _lowest(held_out, errors) if few is None and len(held_out) >= BLOCK_POINTS else few


def _lowest(held_out: Series, errors: float) -> tuple[int, float, float] | None:
    """The same by medians of blocks."""
    level = blocks(held_out.step, held_out.value, max_blocks=BLOCKS, min_points=2 if len(held_out) < SHORT else 3)
    lowest = int(np.argmin(level.level))
    best, end = float(level.level[lowest]), float(median(held_out.tail()))
    error = max(noise(held_out.value) / np.sqrt(2), noise(level.level))
    if level.level[-2:].min() - best < errors * error:
        return None
    first, last = int(level.start[lowest]), int(level.start[min(lowest + 1, len(level) - 1)])
    at = first + int(np.argmin(held_out.value[first : max(last, first + 1)]))
    return int(held_out.step[at]), best, end


def _lowest_of_few(held_out: Series) -> tuple[int, float, float] | None:
    """The same of few evaluations: at least three follow the lowest one, and rise nearly without a step back."""
    at = int(np.argmin(held_out.value))
    after = held_out.value[at:]
    total = float(after[-1] - after[0])
    turns = np.concatenate([np.diff(held_out.value[: at + 1]).clip(min=0), np.diff(after).clip(max=0)])
    if (
        len(after) < AFTER_LOWEST
        or -turns.min() > STEP_BACK * total
        or total < TURNS * float(np.sqrt(np.mean(turns**2)))
    ):
        return None
    return int(held_out.step[at]), float(after[0]), float(after[-1])


def _around(train: Series, onset: int, held_out: Series) -> tuple[float, float]:
    """Level of the training loss where validation was lowest, and at its end.

    Where the two count their steps differently, places are matched by their share of the run.
    """
    if train.step[-1] >= 0.5 * held_out.step[-1] and held_out.step[-1] >= 0.5 * train.step[-1]:
        at = int(np.searchsorted(train.step, onset))
    else:
        at = int(len(train) * np.searchsorted(held_out.step, onset) / len(held_out))
    width = max(3, int(WIDTH * len(train)))
    start = max(0, min(at - width // 2, len(train) - width))
    return float(median(train.value[start : start + width])), float(median(train.value[-width:]))
