"""Find the curve that a user names, and in which direction it is better."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from loglens.model.series import Series
from loglens.roles.from_tags import main_curve


def pick(curves: Sequence[Series], metric: str) -> Series | None:
    """Find the curve that a metric names: by its tag, by a role such as loss@val or val_loss, or by a glob of tags."""
    exact = [curve for curve in curves if curve.tag == metric]
    if exact:
        return exact[0]
    named = [curve for curve in curves if metric in names(curve) and curve.layer is None and len(curve)]
    globbed = named or [curve for curve in curves if fnmatchcase(curve.tag, metric) and len(curve)]
    return main_curve(globbed) if globbed else None


def names(curve: Series) -> set[str]:
    """The names of a curve's role: loss@val and val_loss; for the training split also loss alone."""
    if curve.role is None:
        return set()
    if curve.split is None:
        return {curve.role}
    said = {f"{curve.role}@{curve.split}", f"{curve.split}_{curve.role}"}
    return said | ({curve.role} if curve.split == "train" else set())
