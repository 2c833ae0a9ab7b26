"""Give every curve of a run its role."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from loglens.model.report import CurveRole
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.roles import from_tags as roles


def assign_roles(run: Run, user: Mapping[str, str] | None = None) -> tuple[Series, ...]:
    """Every curve of a run with the role it plays, norms from histograms included.

    A histogram's norm joins the per-layer norms only where the layer has no norm of its own.
    """
    histograms = run.norms
    table = roles.roles_of_tags([*run.curves, *histograms], histograms=histograms, user=user or {})

    def dress(curve: Series, name: str | None) -> Series:
        part = table[curve.tag]
        return replace(curve, role=name, split=part.split, layer=part.layer)

    curves = [dress(curve, table[tag].name) for tag, curve in run.curves.items()]
    taken = {(curve.role, curve.layer) for curve in curves}
    scalar_role = {"grad_hist": "grad_norm_layer", "weight_hist": "weight_norm_global"}
    for tag, curve in histograms.items():
        name = scalar_role.get(table[tag].name or "")
        if name and table[tag].layer and (name, table[tag].layer) not in taken:
            curves.append(dress(curve, name))
    return tuple(curves)


def loss_totals(curves: tuple[Series, ...]) -> Iterator[Series]:
    """The sum of the parts of a loss, split by split, where its total was not logged (detectors of objects).

    Only parts that were logged at the same steps are summed; a game's players have no total.
    """
    if any((curve.role or "").startswith(("rl_", "gan_")) for curve in curves):
        return
    for split in ("train", "val"):
        if any(curve.role == "loss" and curve.split == split for curve in curves):
            continue
        together: dict[bytes, list[Series]] = {}
        for curve in curves:
            if (curve.role, curve.split) == ("loss_component", split):
                together.setdefault(curve.step.tobytes(), []).append(curve)
        members = max(together.values(), key=len, default=[])
        if len(members) >= 2:
            value = np.sum([member.value for member in members], axis=0)
            yield replace(members[0], tag=" + ".join(member.tag for member in members), value=value, role="loss")


def parts(curves: Iterable[Series]) -> list[CurveRole]:
    """Who plays what, for the report: the curves that play a role first."""
    listed = [
        CurveRole(
            curve.tag,
            curve.role,
            curve.split,
            curve.layer,
            curve.axis,
            len(curve),
            curve.nonfinite,
            int(curve.step[0]) if len(curve) else None,
            int(curve.step[-1]) if len(curve) else None,
        )
        for curve in curves
    ]
    return sorted(listed, key=lambda part: (part.role is None, part.layer is not None))
