"""The loss becomes NaN or infinite.

Why it matters. A NaN in the loss gives NaN gradients, and one update with them turns every weight
into NaN: the run computes nothing from there on.

How it is found. Any logged loss, of training or validation, that is NaN or infinite; the onset is the
first such point. If the curve is finite again at its end, it is a warning, not an error. Three ways
in which loggers hide a NaN count too: the gradient norm is NaN to the end while the loss stands still
at one number, goes on without its noise, or is not logged (Hugging Face's Trainer replaces NaN losses
by a running mean unless logging_nan_inf_filter is off, huggingface/transformers#13619); a loss that
stops while the curves that were logged in the same rows go on (Ray Tune and Megatron leave a NaN out,
pandas writes it as a blank cell; an error where a metric freezes in just these rows); and every point
of a curve being NaN. What moved in the 50 points before decides the advice: gradient norm, learning
rate or loss scale first, else the arithmetic of the loss.

When it is wrong. A NaN that stands for "not computed" (an average over no episodes) is data here as
everywhere; a loss that was logged only for a part of training looks like one that was hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.blocks import noise

RULE = Rule(
    "nan-loss",
    "loss",
    Severity.ERROR,
    leads_to=("non-finite-metric", "zero-loss", "metric-collapse", "metric-stuck", "crashed"),
)

#: The noise of a running mean, as a share of the noise of the losses before it.
QUIET = 0.05


def detect(
    loss: tuple[Series, ...],
    val_loss: tuple[Series, ...],
    loss_component: tuple[Series, ...],
    metric_higher: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    grad_norm_global: Series | None,
    lr: Series | None,
    loss_scale: Series | None,
    run: Run,
    *,
    min_points: int = 10,
    look_back: int = 50,
    gone_points: int = 5,
) -> Iterator[Finding]:
    losses = [curve for curve in (*loss, *val_loss, *loss_component) if len(curve)]
    if not losses:
        raise Skip("no loss was logged")
    drivers = [curve for curve in (grad_norm_global, lr, loss_scale) if curve is not None]
    broken = [curve for curve in losses if curve.nonfinite]
    lasting = [curve for curve in broken if not np.isfinite(curve.value[-1])]
    if lasting:
        yield _lasting(lasting, run, drivers, look_back)
    elif grad_norm_global is not None and _tail(grad_norm_global) >= 3 and _stands_still(grad_norm_global, losses[0]):
        yield _hidden_in_gradient(grad_norm_global, losses[0], drivers, look_back)
    elif broken:
        yield _passing(broken)
    elif silent := [pair for curve in losses if (pair := _outlived(curve, run, gone_points))]:
        yield _silent(*silent[0], drivers, look_back)
    elif blank := _blank_tail(losses, run):
        yield _blank(*blank, _frozen_metrics(val_metric_higher or metric_higher, blank[0], gone_points))
    elif max(map(len, losses)) < min_points:
        raise Skip(
            f"no NaN in the loss so far, but calling it clean needs {min_points} points, has {max(map(len, losses))}"
        )


def _lasting(lasting: list[Series], run: Run, drivers: list[Series], look_back: int) -> Finding:
    """A loss that is not finite at its end: the run is dead from the first such point."""
    # of several losses the finest: per batch before per epoch, training before validation
    first = min(lasting, key=lambda curve: (curve.split != "train", -len(curve), _onset(curve)))
    onset = _onset(first)
    moved = _movement(drivers, onset, look_back)
    word = "NaN" if np.isnan(first.value[first.step >= onset][0]) else "infinite"
    share = first.nonfinite / len(first)
    always = "is %s from its first point" if not np.isfinite(first.value[0]) else "becomes %s"
    order = _order(run, first)
    return Finding(
        f"{first.tag} {always % word} at {first.axis} {onset} and is not finite at the end ({share:.0%} of its points)"
        + (f"; {moved[0]}" if moved else "")
        + (f"; not finite before it: {order}" if order else ""),
        Severity.ERROR,
        Confidence.HIGH,
        onset_step=onset,
        end_step=int(first.step[-1]),
        evidence={
            "nonfinite_points": first.nonfinite,
            "points": len(first),
            "last_finite": float(first.finite.value[-1]) if len(first.finite) else None,
            "moved_before": moved[0] if moved else "nothing that was logged",
            "curves_not_finite": [curve.tag for curve in lasting],
        },
        remedies=_advice(moved[1] if moved else "", first, drivers, onset),
        series=(first, *(curve for curve in drivers if curve.role == "grad_norm_global")),
    )


def _hidden_in_gradient(grad: Series, loss: Series, drivers: list[Series], look_back: int) -> Finding:
    onset = int(grad.step[len(grad) - _tail(grad)])
    moved = _movement([curve for curve in drivers if curve is not grad], onset, look_back)
    return Finding(
        f"{grad.tag} is not finite from {grad.axis} {onset} to the end, though {loss.tag} looks fine: "
        "the logger hides NaN losses (a filter or a running mean)",
        Severity.ERROR,
        Confidence.MEDIUM,
        onset_step=onset,
        end_step=int(grad.step[-1]),
        evidence={"nonfinite_points": grad.nonfinite, "points": len(grad)},
        remedies=_advice(moved[1] if moved else "", loss, drivers, onset),
        series=(grad, loss),
    )


def _passing(broken: list[Series]) -> Finding:
    """Non-finite points, but the curve is finite again at its end."""
    first = min(broken, key=_onset)
    onset = _onset(first)
    # before the first finite value there may have been nothing to average yet
    only_start = np.isfinite(first.value[np.isfinite(first.value).argmax() :]).all()
    serious = first.split == "train" and not only_start
    return Finding(
        f"{first.tag} is not finite at {first.nonfinite} of {len(first)} points, first at {first.axis} {onset}, "
        "and finite again at the end",
        Severity.WARNING if serious else Severity.NOTE,
        Confidence.MEDIUM,
        onset_step=onset,
        evidence={"nonfinite_points": first.nonfinite, "points": len(first)},
        remedies=[remedies.skip_nonfinite_batches(), remedies.clean_data()],
        series=(first,),
    )


def _silent(loss: Series, sibling: Series, drivers: list[Series], look_back: int) -> Finding:
    last = int(loss.step[-1])
    beyond = int(np.count_nonzero(sibling.step > last))
    moved = _movement(drivers, last, look_back)
    return Finding(
        f"{loss.tag} is not logged after {loss.axis} {last}, while {sibling.tag}, logged in the same rows until "
        f"then, goes on for {beyond} points to {int(sibling.step[-1])}: a NaN that the logger left out, most likely",
        Severity.ERROR,
        Confidence.MEDIUM,
        onset_step=int(sibling.step[sibling.step > last][0]),
        end_step=int(sibling.step[-1]),
        evidence={"points": len(loss), "rows_without": beyond, "sibling": sibling.tag},
        remedies=_advice(moved[1] if moved else "", loss, drivers, last),
        series=(loss, sibling),
    )


def _blank_tail(losses: list[Series], run: Run) -> tuple[Series, str] | None:
    """The first loss of which a note says that its cells are blank to the end, and what the note says."""
    for note in run.notes:
        named = re.split(" (?:is|are) blank", note.message)[0].split(", ")
        found = [curve for curve in losses if curve.tag in named] if note.kind == "blank-tail" else []
        if found:
            return found[0], note.message
    return None


def _blank(loss: Series, seen: str, frozen: tuple[Series, ...]) -> Finding:
    """Rows without a loss, which pandas makes of NaN; metrics that freeze in just these rows are a second witness."""
    said = f", and {frozen[0].tag} is exactly {frozen[0].value[-1]:.4g} from then on" if frozen else ""
    return Finding(
        f"{seen}; {loss.tag} ends at {loss.axis} {loss.last_step}{said}",
        Severity.ERROR if frozen else Severity.WARNING,
        Confidence.HIGH if frozen else Confidence.LOW,
        onset_step=loss.last_step,
        evidence={"points": len(loss), "metrics_frozen": [metric.tag for metric in frozen]},
        remedies=[remedies.skip_nonfinite_batches(), remedies.clean_data()],
        series=(loss, *frozen[:1]),
    )


def _frozen_metrics(metrics: tuple[Series, ...], loss: Series, least: int) -> tuple[Series, ...]:
    """The metrics that varied while the loss was logged, and keep one and the same value from then on.

    A model whose weights are NaN predicts the same for every input.
    """
    found = []
    for metric in (metric.finite for metric in metrics):
        after, before = metric.value[metric.step > loss.last_step], metric.value[metric.step <= loss.last_step]
        if len(after) >= least and len(before) >= 2 and np.ptp(after) == 0 and np.ptp(before) > 0:
            found.append(metric)
    return tuple(found)


def _stands_still(grad: Series, loss: Series) -> bool:
    """Whether the loss is one and the same number, or not logged, while the gradient norm is not finite.

    A loss that still varies is no NaN: then the gradients overflowed, and `skipped-updates` looks at it.
    """
    finite, onset = loss.finite, grad.step[len(grad) - _tail(grad)]
    before, after = finite.before(int(onset)).value, finite.value[finite.step >= onset]
    if len(after) < 2 or np.ptp(after) == 0:
        return True
    # a running mean goes on without the noise of the batches
    return len(after) >= 5 and noise(after) < QUIET * noise(before)


def _onset(curve: Series) -> int:
    return int(curve.step[(~np.isfinite(curve.value)).argmax()])


def _tail(curve: Series) -> int:
    """How many points at the end are not finite."""
    finite = np.flatnonzero(np.isfinite(curve.value))
    return len(curve) - int(finite[-1]) - 1 if len(finite) else len(curve)


def _outlived(curve: Series, run: Run, gone_points: int) -> tuple[Series, Series] | None:
    """A curve logged in the same rows as this one that goes on well after this one stops."""
    if len(curve) < gone_points:
        return None
    least = max(gone_points, len(curve) // 20)
    for other in run.curves.values():
        inside = int(np.searchsorted(other.step, curve.step[-1], side="right"))
        if len(other) - inside < least or inside > 1.1 * len(curve) or other.tag == curve.tag:
            continue
        # rows of another kind (evaluations, say) come at another pace: they are no sign that this one stopped
        same_pace = np.median(np.diff(other.step[inside:])) <= 2 * np.median(np.diff(curve.step))
        if same_pace and np.isin(curve.step, other.step).mean() >= 0.95 and _kin(curve.tag, other.tag):
            return curve, other
    return None


def _kin(tag: str, other: str) -> bool:
    """Whether two tags were logged by one call, as far as names tell: the same group, or both without one."""
    return tag.rpartition("/")[0] == other.rpartition("/")[0]


def _order(run: Run, loss: Series) -> str:
    """The curves that were not finite before the loss, first ones first.

    Only curves that count their steps alike can be compared: an epoch number is always the smaller.
    """
    onset, end = _onset(loss), int(loss.step[-1])
    earlier = [
        (_onset(curve), tag)
        for tag, curve in run.curves.items()
        if curve.nonfinite and np.isfinite(curve.value[0]) and _onset(curve) < onset and curve.step[-1] > 0.9 * end
    ]
    return ", ".join(f"{tag} (from {step})" for step, tag in sorted(earlier)[:3])


def _movement(drivers: Iterable[Series], onset: int, look_back: int) -> tuple[str, str] | None:
    """The driver that moved most in the points before the onset: what to say, and its role."""
    moves: list[tuple[float, str, str]] = []
    for curve in drivers:
        past = curve.before(onset + 1).finite
        if len(past) < 5:
            continue
        recent = past.value[-min(look_back, len(past) // 2) :]
        before = float(np.median(past.value[: len(past) - len(recent)]))
        if not before > 0:
            continue
        up, down = float(recent.max()) / before, before / max(float(recent.min()), 1e-300)
        if curve.role == "loss_scale" and down >= 8:
            moves.append((down, f"{curve.tag} was halved {np.log2(down):.0f} times just before", "loss_scale"))
        elif curve.role == "lr" and up >= 3:
            moves.append((up, f"{curve.tag} rose {up:.3g}-fold just before", "lr"))
        elif curve.role == "grad_norm_global" and up >= 10:
            moves.append((up, f"{curve.tag} rose {up:.3g}-fold in the {len(recent)} points before", "grad_norm_global"))
    return max(moves)[1:] if moves else None


def _advice(mover: str, loss: Series, drivers: list[Series], onset: int) -> list[Remedy]:
    by_role = {curve.role: curve for curve in drivers}
    grad, lr = by_role.get("grad_norm_global"), by_role.get("lr")
    length = int(loss.step[-1] - loss.step[0])
    slower = remedies.scale_lr(0.1, lr, "a NaN that grows out of large updates needs smaller ones")
    if mover == "loss_scale":
        return [remedies.use_bf16(), remedies.clip_grad_norm(grad and grad.before(onset)), slower]
    if mover in ("grad_norm_global", "lr"):
        clip = remedies.clip_grad_norm(grad and grad.before(onset))
        return [clip, remedies.add_warmup(length), slower]
    if not np.isfinite(loss.value[: max(1, len(loss) // 50)]).all():
        return [remedies.clean_data(), remedies.add_eps(), slower]
    return [remedies.add_eps(), remedies.skip_nonfinite_batches(), remedies.clean_data(), slower]
