"""Sort the layers of a network by depth, from the input to the output."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Where a module sits when its name alone tells: embeddings and stems first, heads last.
_FIRST = re.compile(r"(^|[._/])(tok|pos|wte|wpe|emb\w*|embed\w*|stem|input|patch_embed|encoder|conv1)([._/]|$)", re.I)
_LAST = re.compile(r"(^|[._/])(out|output|head|lm_head|classifier|logits|fc_out|proj_out|decoder)([._/]|$)", re.I)


def depth_order(layers: Sequence[str]) -> list[int]:
    """The indices that sort layer names from the input side to the output side.

    Loggers write parameters in the order of the model, which is kept, unless the names stand in
    alphabetical order (some loggers sort their columns: fc.0, fc.1, fc.10, fc.2, head, tok): then
    numbers are ordered as numbers, embeddings and stems go first, heads last.
    """
    if list(layers) != sorted(layers):
        return list(range(len(layers)))
    return sorted(range(len(layers)), key=lambda i: (_place(layers[i]), _natural(layers[i])))


def _place(layer: str) -> int:
    return -1 if _FIRST.search(layer) else 1 if _LAST.search(layer) else 0


def _natural(layer: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d{1,9})", layer)]
