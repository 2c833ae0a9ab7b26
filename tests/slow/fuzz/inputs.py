"""Input number `index` of a reader: always the same for one seed."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable

from tests.slow.fuzz.bombs import bomb
from tests.slow.fuzz.frames import BLOCKLOGS, pack_blocks, pack_events, shuffle, unpack_blocks, unpack_events
from tests.slow.fuzz.raw import garble
from tests.slow.fuzz.seeds import LARGE, Case, seeds
from tests.slow.fuzz.tables import recell, recolumn
from tests.slow.fuzz.words import retree, rewrite

#: The share of inputs that are bombs.
BOMBS = 0.03

Change = Callable[[random.Random, bytes], bytes]


def make(reader: str, seed: int, index: int) -> Case:
    """The files of the input, none longer than `LARGE`."""
    draw = random.Random(f"{seed}/{reader}/{index}")
    small, large = draw.choice(seeds(reader))
    case = dict(large if draw.random() < 0.02 else small)
    names = list(case)
    for name in {names[0]: 0, draw.choice(names): 0}:
        change = _change(draw, reader, name, case[name])
        case[name] = change(draw, case[name])[:LARGE]
    if reader == "tensorboard.reader" and draw.random() < 0.02:
        case[names[0]] = garble(draw, gzip.compress(case[names[0]], 1))
    if draw.random() < BOMBS:
        case[names[0]] = bomb(draw, small[names[0]])[:LARGE]  # pyarrow and SQLite here read what is whole
    return case


def _change(draw: random.Random, reader: str, name: str, data: bytes) -> Change:
    chance = draw.random()
    if chance < 0.15:
        other = next(iter(draw.choice(seeds(reader))[0].values()))
        return lambda draw, data: garble(draw, data, other)
    if data.startswith(b"SQLite"):
        return recell if chance < 0.5 else garble
    if data.startswith(b"PAR1"):
        return recolumn if chance < 0.5 else garble
    if data.startswith(b"PK"):
        return garble
    if reader == "tensorboard.reader":
        return lambda draw, data: pack_events(shuffle(draw, unpack_events(data)))
    if reader in BLOCKLOGS:
        return lambda draw, data: pack_blocks(shuffle(draw, unpack_blocks(data)), data[:7])
    json = name.endswith((".json", ".jsonl", ".ndjson")) or data[:1] in b"{["
    return retree if json and chance < 0.7 else rewrite
