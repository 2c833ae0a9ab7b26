"""The role of a curve."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Role:
    """The role of a curve: a name from `ROLES` or None; train, val, test or None; its layer or None.

    guessed: whether the role does not follow from the name alone.
    """

    name: str | None
    split: str | None = None
    layer: str | None = None
    guessed: bool = field(default=False, compare=False)
