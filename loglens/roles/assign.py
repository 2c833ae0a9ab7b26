"""Assign a role to every curve of a run: by its tag, by its values, by other curves."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from loglens.model.report import CurveRole
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.roles import from_tags as roles
from loglens.roles.activation_shares import activation_shares
from loglens.roles.bare_splits import guess_bare_splits
from loglens.roles.families import guess_families
from loglens.roles.from_values import corrected
from loglens.roles.rare_metrics import held_out_metrics
from loglens.roles.role import Role
from loglens.roles.words import words_of
from loglens.stats.quantiles import median

#: Points of a curve that could be a loss, and curves that are offered as one.
MIN_POINTS, MAX_CANDIDATES = 3, 20
_MACHINE = re.compile(r"system[/.]")


def assign_roles(run: Run, user: Mapping[str, str] | None = None) -> tuple[Series, ...]:
    """Return every curve of a run with its role, including norms computed from histograms.

    user: globs of tags to "role" or "role@split", which go before everything else. The other roles follow from the
    tags and are corrected by the values; those of families of layers with unknown names are guessed.
    A histogram's norm joins the per-layer norms only where the layer has no norm of its own; histograms of the outputs
    of layers give shares of zero and of saturated units.
    """
    histograms, user = run.norms, user or {}
    table = roles.roles_of_tags([*run.curves, *histograms], histograms=histograms, user=user)
    curves: list[Series] = []
    for tag, curve in run.curves.items():
        named = _with_role(curve, table[tag])
        curves += [named] if any(roles.matches(tag, glob) for glob in user) else corrected(named)
    without = {curve.tag: curve for curve in curves if curve.role is None}
    guesses = guess_families(without, table) | guess_bare_splits(without, [curve.role for curve in curves])
    curves = [_with_role(curve, guesses.get(curve.tag)) for curve in curves]
    told = {curve.tag for curve in curves if any(roles.matches(curve.tag, glob) for glob in user)}
    curves = without_opponent(curves, told)
    if run.format == "text":
        curves = held_out_metrics(curves, told)
    taken = {(curve.role, curve.layer) for curve in curves}
    scalar_role = {"grad_hist": "grad_norm_layer", "weight_hist": "weight_norm_global"}
    for tag, curve in histograms.items():
        name = scalar_role.get(table[tag].name or "")
        if name and table[tag].layer and (name, table[tag].layer) not in taken:
            curves.append(_with_role(curve, replace(table[tag], name=name)))
    outputs = {tag for tag in histograms if table[tag].name == "activation" and table[tag].layer}
    shares = activation_shares(row for row in run.histogram_rows if row.tag in outputs) if outputs else ()
    return (*curves, *(_with_role(curve, table[tag]) for tag, curve in shares))


def _with_role(curve: Series, role: Role | None) -> Series:
    if role is None:
        return curve
    return replace(curve, role=role.name, split=role.split, layer=role.layer, guessed=role.guessed)


def without_opponent(curves: list[Series], told: Collection[str]) -> list[Series]:
    """The curves with the loss of a network that is called a generator as the loss, where it has no opponent.

    told: tags whose roles the user has given.
    """
    found = {curve.role or "" for curve in curves}
    if "loss" in found or any(role.startswith("gan_") and role != "gan_g_loss" for role in found):
        return curves
    alone = {curve.tag for curve in curves if curve.role == "gan_g_loss"}.difference(told)
    return [replace(curve, role="loss") if curve.tag in alone else curve for curve in curves]


def perplexities_as_losses(curves: Iterable[Series]) -> Iterator[Series]:
    """The curves, and before each perplexity that stands for the loss its logarithm, which is the loss in its place.

    The thresholds of the rules are those of cross-entropies: a perplexity that rises by a half may be a loss that
    rises by a tenth. Bits per byte or per character are cross-entropies in another unit.
    """
    for curve in curves:
        if curve.role == "loss" and curve.guessed and re.search(r"\b(ppl|perplexity)\b", words_of(curve.tag)):
            with np.errstate(divide="ignore", invalid="ignore"):
                yield replace(curve, tag=f"log({curve.tag})", value=np.log(curve.value))
            curve = replace(curve, role="metric_lower", guessed=False)
        yield curve


def loss_totals(curves: tuple[Series, ...]) -> Iterator[Series]:
    """Sum the parts of a loss, split by split, where its total was not logged (as in object detection).

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


def candidates(curves: Iterable[Series]) -> tuple[str, ...]:
    """The tags of curves without a role that could be a loss, the likeliest first: those that vary, and fall.

    What a tracker measures of the machine ("system/...") is left out. At most MOST.
    """
    rank: dict[str, tuple[bool, int]] = {}
    for curve in curves:
        value = curve.finite.value
        if curve.role is None and len(value) >= MIN_POINTS and np.ptp(value) > 0 and not _MACHINE.match(curve.tag):
            third = max(len(value) // 3, 1)
            rank[curve.tag] = bool(median(value[-third:]) >= median(value[:third])), -len(value)
    return tuple(sorted(rank, key=rank.__getitem__)[:MAX_CANDIDATES])


def parts(curves: Iterable[Series]) -> list[CurveRole]:
    """The roles of all curves, for the report: curves with a role first."""
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
            curve.guessed,
        )
        for curve in curves
    ]
    return sorted(listed, key=lambda part: (part.role is None, part.layer is not None))
