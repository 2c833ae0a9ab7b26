"""Find the curve that a user names, and in which direction it is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from loglens.errors import LoglensError, nearest
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.roles.assign import assign_roles
from loglens.roles.from_tags import main_curve


def pick(curves: Sequence[Series], metric: str) -> Series | None:
    """Find the curve that a metric names: by its tag, by a role such as loss@val or val_loss, or by a glob of tags."""
    exact = [curve for curve in curves if curve.tag == metric]
    if exact:
        return exact[0]
    named = [curve for curve in curves if metric in names(curve) and curve.layer is None and len(curve)]
    globbed = named or [curve for curve in curves if fnmatchcase(curve.tag, metric) and len(curve)]
    return main_curve(globbed) if globbed else None


def curve_of_role(run: Run, role: str, user: Mapping[str, str] | None = None) -> Series:
    """The main curve of a role such as loss, loss@val or val_loss; without a split the training curve.

    user: globs of tags to roles, as in `assign_roles`. Raises LoglensError where the run has no such curve.
    """
    curves = assign_roles(run, user)
    fitting = [curve for curve in curves if role in names(curve) and len(curve)]
    whole = [curve for curve in fitting if curve.layer is None] or fitting
    if whole:
        return main_curve(whole)
    known = sorted({min(names(curve), key=len) for curve in curves if curve.role is not None})
    hint = nearest(role, known) if known else "no curve of it has a role; see roles="
    raise LoglensError(f"no curve of run {run.name!r} has the role {role!r}; {hint}")


def names(curve: Series) -> set[str]:
    """The names of a curve's role: loss@val and val_loss; for the training split also loss alone."""
    if curve.role is None:
        return set()
    if curve.split is None:
        return {curve.role}
    said = {f"{curve.role}@{curve.split}", f"{curve.split}_{curve.role}"}
    return said | ({curve.role} if curve.split == "train" else set())
