"""Guess the role of families of per-layer curves that no table knows, by the words of their names or their values.

"debug/upd/fc.0", "debug/upd/fc.1" and "debug/upd/out" differ only in a last part that names layers, so they measure
one quantity. The rest of the name says which ("upd"); where it does not ("m/fc.0"), and another family has the same
layers, the values decide: weights change little from point to point, updates are tiny beside them, and gradients are
noisy. Such a role is a guess.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

import numpy as np

from loglens.model.series import Series
from loglens.roles.layer_tags import MODULE
from loglens.roles.role import Role
from loglens.roles.table import NEUTRAL, SPLITS
from loglens.roles.words import words_of
from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median

#: Curves that differ in a layer's name only before they are a family; two might be a coincidence.
MIN_CURVES = 3
#: Points before the values of a family are looked at.
MANY = 10
#: What a word in front of a layer's name measures.
KIND_OF_WORD = {
    **dict.fromkeys("g gn grad grads gradient gradients gnorm dw dl jac".split(), "grad_norm_layer"),
    **dict.fromkeys("w wn wt weight weights wnorm theta param params p pn kernel".split(), "weight_norm_global"),
    **dict.fromkeys("u un upd upds update updates delta deltas uw".split(), "update_norm"),
    **dict.fromkeys("a act acts activation activations h hidden preact postact".split(), "activation"),
}
#: What is no norm: means cancel out, an extreme is one element.
_STATISTICS = frozenset("mean avg average std var median max min".split())
#: Words beside those that do not say what is measured.
_SILENT = (
    NEUTRAL
    | set(SPLITS)
    | set("norm norms l1 l2 rms ratio debug dbg diag hook probe watch layer layers monitor optim log".split())
)
#: The median change from one point to the next, relative to the value. In the trained runs of benchmarks/ (99 networks)
#: it is below STEADY for 88 % of the families of weight norms and 44 % of those of activations, for no gradient or
#: update of a network that learns, and above NOISY for 80 % of the gradients and half of the updates.
STEADY, NOISY = 0.02, 0.1
#: Norms of layers of weights are above 1 there, statistics of activations mostly shares; updates are below TINY.
TINY = 0.01


def guess_families(curves: Mapping[str, Series], roles: Mapping[str, Role]) -> dict[str, Role]:
    """Guess the roles of those curves that belong to a family.

    curves: those without a role. roles: those that follow from the tags of the run. Names with a word of unknown
    meaning get no role: "top_sv/fc.0" and "cos/fc.0".
    """
    known: dict[str, set[str]] = {}
    for role in roles.values():
        if role.layer and role.name:
            known.setdefault(role.layer, set()).add(role.name)
    families: dict[tuple[str, bool], dict[str, str]] = {}
    for tag in curves:
        for rest, before, layer in _splits(tag, known):
            families.setdefault((rest, before), {})[tag] = layer
    guessed: dict[str, Role] = {}
    for (rest, _), layers in sorted(families.items(), key=lambda item: -len(item[1])):
        shared = [known[layer] for layer in set(layers.values()) & known.keys()]
        if max(len(layers), len(shared) + 1) < MIN_CURVES or layers.keys() & guessed.keys():
            continue
        neighbours = set.union(*shared) if len(shared) > 1 else set()
        name = _kind(rest, [curves[tag].finite.value for tag in layers], neighbours)
        if name:
            guessed |= {tag: Role(name, "train", layer, guessed=True) for tag, layer in layers.items()}
    return guessed


def _splits(tag: str, known: Collection[str]) -> Iterator[tuple[str, bool, str]]:
    """The ways to split a tag into quantity and layer, and whether the quantity comes first."""
    for at in re.finditer(r"[/._:]", tag):
        front, back = tag[: at.start()], tag[at.end() :]
        if back in known or (MODULE.match(back) and not back[0].isdigit()):
            yield front, True, back
        if front in known or (MODULE.match(front) and not front[0].isdigit()):
            yield back, False, front


def _kind(rest: str, values: list[Floats], known: Collection[str]) -> str | None:
    """What a family measures, or None. known: the roles of families that have its layers."""
    if not all(map(len, values)):
        return None
    words = set(words_of(rest).split())
    kinds = {KIND_OF_WORD[word] for word in words & KIND_OF_WORD.keys()}
    strange = {word for word in words - _SILENT - KIND_OF_WORD.keys() if len(word) > 1}
    norms = kinds != {"activation"}
    if strange or len(kinds) > 1 or (norms and (words & _STATISTICS or any((value < 0).any() for value in values))):
        return None
    return kinds.pop() if kinds else _kind_of_values(values, known) if known else None


def _kind_of_values(values: list[Floats], known: Collection[str]) -> str | None:
    """Weights change little, activations are shares, gradients are noisy, and updates beside gradients are tiny."""
    sizes = [float(median(value)) for value in values]
    changes = [float(median(np.abs(np.diff(v)) / np.maximum(v[1:], 1e-300))) for v in values if len(v) >= MANY]
    if not changes or min(sizes) <= 0:
        return None
    change = float(median(changes))
    if change < STEADY:
        shares = all(value.max() <= 1 for value in values)
        return "weight_norm_global" if min(sizes) > 1 else "activation" if shares else None
    if change < NOISY:
        return None
    if "grad_norm_layer" in known:
        return "update_norm" if max(sizes) < TINY else None
    return "grad_norm_layer" if max(sizes) > TINY else None
