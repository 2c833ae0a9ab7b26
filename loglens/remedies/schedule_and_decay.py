"""Remedies of the recipe around the rate: its schedule, weight decay, and clipping that should not be there."""

from __future__ import annotations

from loglens.model.finding import Remedy
from loglens.remedies.snippets import snippets

_PAST = "the loss passes the steps where this run went wrong and ends within 5% of its lowest value"
_LEVEL_WEIGHTS = "the weight norm levels off, and the validation loss ends within 5% of its lowest value"


def fix_schedule(kind: str) -> Remedy:
    """Correct the schedule of the learning rate: `hold`, `no_jump`, `longer_warmup` or `later_decay`."""
    why, verify = {
        "hold": (
            "the learning rate rises to the end of the run, beyond what training tolerates",
            _PAST,
        ),
        "no_jump": (
            "the learning rate jumps just before the trouble: a schedule that was reset, counted in other units, "
            "or stepped twice",
            _PAST,
        ),
        "longer_warmup": ("the trouble starts with the first steps at full rate", _PAST),
        "later_decay": (
            "the learning rate is close to zero long before the end of the run",
            "the loss keeps falling where it stalled in this run",
        ),
    }[kind]
    return Remedy("fix_schedule", {"kind": kind}, why, snippets("fix_schedule", variant=kind), verify)


def fix_weight_decay() -> Remedy:
    """Put weight decay right: its sign, its size, and that it is applied once."""
    why = (
        "weights that grow or shrink by a steady share at each step are driven by their decay: one of the wrong sign, "
        "far too large, or not multiplied by the learning rate"
    )
    return Remedy("fix_weight_decay", {}, why, snippets("fix_weight_decay"), _LEVEL_WEIGHTS)


def remove_clip() -> Remedy:
    """Train without the clipping that nearly every update runs into."""
    why = "a limit below all gradient norms only scales the learning rate down, and makes it depend on the gradient"
    verify = "the loss falls faster than in this run, and the gradient norm does not grow"
    return Remedy("remove_clip", {}, why, snippets("remove_clip"), verify)
