"""Recognise tags of per-layer curves: which quantity of which layer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from loglens.roles.words import MAX_LENGTH

_STAT = r"(?:[\d.]+_|inf_|l[12]_|global_)?(?:norms?|l2s?|rms|mean|std|var|max|min|hist(?:ogram)?s?)"
_SHARE = (
    r"sparsity|(?:zero|dead|saturated)s?_(?:frac\w*|ratio|share)|frac\w*_(?:zeros?|dead|saturated)"
    r"|(?:act(?:ivation)?s?_)?(?:saturation|zeros)"
)
#: Quantities of per-layer tags: their words where they stand before the name of the layer, and after it.
KINDS = {
    "grad": (
        rf"(?:(?:l2_)?norms?/)?(?:grad(?:ient)?s?(?:[_/.-]?{_STAT})?|gnorm|gn)",
        rf"(?:(?:l2_)?norms?/)?(?:grad(?:ient)?s?(?:[_/.-]?{_STAT})?|gnorm)",
    ),
    "update": (r"(?:(?:l2_)?norms?/)?(?:grad(?:ient)?_)?updates?(?:_ratios?|_norms?|_rms|_to_weight(?:_ratio)?)?",) * 2,
    "activation": (
        rf"activations?(?:_\w+)?|acts?(?:[_/.-]?{_STAT})|dead(?:_\w+)?|{_SHARE}",
        rf"{_SHARE}|dead|act(?:ivation)?s?_{_STAT}",
    ),
    "weight": (
        rf"(?:(?:l2_)?norms?/)?(?:(?:weight|param(?:eter)?)s?(?:[_/.-]?{_STAT})?|[pw]norm|wn)",
        rf"(?:weight|param(?:eter)?)s?[_/.-]?{_STAT}",
    ),
}
#: What a tag of each quantity contains. Few runs have any of most, and their patterns take long to compile.
HINTS = {
    "grad": re.compile("grad|gn", re.IGNORECASE),
    "update": re.compile("update", re.IGNORECASE),
    "activation": re.compile("act|dead|sparsity|zero|saturat", re.IGNORECASE),
    "weight": re.compile("weight|param|norm|wn", re.IGNORECASE),
}
_WRAP = (
    r"^(?:(?:train(?:ing)?|val(?:id(?:ation)?)?|eval(?:uation)?|test|debug|stats|metrics?|monitor|logs?|watch"
    r"|opt(?:im(?:izer)?)?|scalars?|hist(?:ogram)?s?|summary|avg|mean)[/|_])*"
)
_END = rf"(?:(?:/|(?<=weight)[._]|(?<=bias)[._])(?P<stat>{_STAT}|{_SHARE}))?$"
#: A part of a name that only modules have.
MODULE = re.compile(
    r"\d|(?<![a-z])(?:weight|bias|kernel|gamma|beta|emb|embed|embedding|wte|wpe|conv|fc|linear|dense|layer|block"
    r"|attn|attention|mlp|ffn|lstm|gru|rnn|norm|ln|bn|head|encoder|decoder|backbone|neck|proj|qkv|out|output|input"
    r"|stem|tok|pos|classifier|expert|module|feature|hidden|act|relu|gelu|tanh)s?(?![a-z])",
    re.IGNORECASE,
)
_NO_LAYER = re.compile(
    r"(?:\d*(?:global|total|all|overall|mean|avg|average|max|min|median|std|var|norms?|l2|rms|un|pre|post|before|after"
    r"|clip\w*|raw|step|epoch|train|scaler?|overflow|noise|num|zeros?|model|weights?|params?|parameters?|grad\w*|value|ratio"
    r"|fraction|rate|actor|critic|policy|agent|learner|generator|discriminator|[dg])(?:[_/. -]|$))+",
    re.IGNORECASE,
)


@cache
def _pattern(kind: str, before: bool) -> re.Pattern[str]:
    """The pattern of per-layer tags of a quantity that stands before or after the layer."""
    first, last = KINDS[kind]
    shape = (
        rf"(?P<kind>{first})(?:[/.:]|(?<=norm)_)(?P<layer>.+?)" if before else rf"(?P<layer>.+?)[/._](?P<kind>{last})"
    )
    return re.compile(_WRAP + shape + _END, re.IGNORECASE)


def _shapes(tag: str) -> Iterator[tuple[str, bool, re.Match[str]]]:
    """How a tag can be read: each with its quantity, and whether that stands before the layer."""
    for kind in KINDS if len(tag) <= MAX_LENGTH else ():
        for before in (True, False) if HINTS[kind].search(tag) else ():
            found = _pattern(kind, before).match(tag)
            if found:
                yield kind, before, found


class _Shape(NamedTuple):
    kind: str
    before: bool
    layer: str
    statistic: str

    @classmethod
    def of(cls, tag: str) -> _Shape | None:
        for kind, before, found in _shapes(tag):
            if _NO_LAYER.fullmatch(found["layer"]):
                continue
            # "grad_norm_fc1" is of a layer, "grad_norm_ratio" and "grad_norm_2" are not
            joined = before and tag[found.start("layer") - 1] == "_"
            if not joined or (MODULE.search(found["layer"]) and not found["layer"].isdigit()):
                return cls(kind, before, found["layer"], f"{found['kind']} {found['stat'] or ''}".lower())
        return None

    @property
    def sure(self) -> bool:
        """Whether this one tag is enough to know that it names a layer."""
        says = self.before and re.search("norm|l2|rms|ratio|act|dead", self.statistic)
        return bool(says or MODULE.search(self.layer))

    def role(self, *, tensor: bool) -> str | None:
        if self.kind == "update":
            return "update_norm"
        if self.kind == "activation":
            return "activation"
        if tensor or "hist" in self.statistic:
            return f"{self.kind}_hist"
        if re.search(r"(mean|std|var|max|min)\b", self.statistic):
            return None  # no norm: means cancel out, an extreme is one element
        if self.kind == "weight":
            return "weight_norm_global"
        return "grad_rms" if re.search("(?<![a-z])rms", self.statistic) else "grad_norm_layer"


def layers_of_tags(tags: Iterable[str], tensors: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
    """Role and layer of the tags that are about one layer, and of all tensors.

    Whether "tok/grad_norm" names a layer or a part of the program follows from the other tags: others of
    the same form that name a module beyond doubt, or three tags of this form.
    """
    shapes = {tag: shape for tag in tags if (shape := _Shape.of(tag))}
    shared = {shape[:2] for tag, shape in shapes.items() if shape.sure or tag in tensors}
    often = Counter(shape[:2] for shape in shapes.values() if shape.kind == "grad")
    found: dict[str, tuple[str | None, str | None]] = {
        tag: (shape.role(tensor=tag in tensors), shape.layer)
        for tag, shape in shapes.items()
        if shape[:2] in shared or often[shape[:2]] > 2
    }
    layers = {layer for _, layer in found.values()}
    for tag in tensors:
        if tag not in found:
            layer = re.sub(f"{_WRAP}|/histogram$", "", tag, flags=re.IGNORECASE)
            if layer in layers or re.search(r"weight|bias|kernel|gamma|beta|embedding|[./]\d", tag):
                found[tag] = "weight_hist", layer
            else:
                found[tag] = ("activation", layer) if re.search("act|relu|hidden|output|feature", tag) else (None, None)
    return found
