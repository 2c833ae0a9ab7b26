"""What a curve plays."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Role:
    """What a curve plays: a name out of `ROLES` or None; train, val, test or None; its layer or None.

    guessed: the name alone did not tell it.
    """

    name: str | None
    split: str | None = None
    layer: str | None = None
    guessed: bool = field(default=False, compare=False)
