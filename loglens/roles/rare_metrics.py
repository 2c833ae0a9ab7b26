"""Metrics of a console that are measured more rarely than the training loss, at steps of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from loglens.model.series import Series
from loglens.roles.words import read_tag

#: A loss of training has so many times their points.
RARER = 4


def held_out_metrics(curves: Iterable[Series], told: Collection[str] = ()) -> list[Series]:
    """The curves with such metrics as ones of held-out data, where nothing says what data they are of.

    An evaluation prints "Average PSNR: 36.2" every few thousand steps; a metric of training stands beside its loss.
    told: tags whose roles the user has given.
    """
    curves = list(curves)
    losses = [curve for curve in curves if curve.split == "train" and _is_loss(curve)]
    beside = {(curve.axis, curve.step.tobytes()) for curve in losses}
    said = {read_tag(curve.tag)[0] for curve in curves if curve.split in ("val", "test")}

    def rare(curve: Series) -> bool:
        if curve.role not in ("metric_higher", "metric_lower") or curve.split != "train" or curve.tag in told:
            return False
        words, split = read_tag(curve.tag)
        if split or words in said or (curve.axis, curve.step.tobytes()) in beside:
            return False
        return any(curve.axis == loss.axis and len(loss) >= RARER * len(curve) for loss in losses)

    return [replace(curve, split="val", guessed=True) if len(curve) and rare(curve) else curve for curve in curves]


def _is_loss(curve: Series) -> bool:
    return curve.role == "loss" or (curve.role or "").startswith("gan_")
