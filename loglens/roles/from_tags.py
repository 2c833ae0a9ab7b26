"""Which curve is the loss, which the learning rate: from tags to roles, by one ordered table.

A tag is read as words: "train/epoch_loss", "trainLoss" and "Loss/train" are all a loss, of the split
train. What it plays is decided by the first of these that knows it: the user's own table, the form of
a per-layer tag, the profile of a framework or field that the run's vocabulary gives away, the general
table. What only its neighbours can tell (a loss beside the total is a component) is settled last.
Rules describe how names are formed and list no names, so that unheard-of frameworks are read as well.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import NamedTuple

from loglens.model.series import Series
from loglens.model.vocabulary import parse_role
from loglens.roles.table import ERRORS, MAIN, NEUTRAL, NO_SPLIT, PART, SPLIT_IF_SAID, SPLITS, TABLE, WORDS


@dataclass(frozen=True, slots=True)
class Role:
    """What a curve plays: a name out of `ROLES` or None; train, val, test or None; its layer or None."""

    name: str | None
    split: str | None = None
    layer: str | None = None


_STAT = r"(?:[\d.]+_|inf_|l[12]_|global_)?(?:norms?|l2s?|rms|mean|std|var|max|min|hist(?:ogram)?s?)"
_SHARE = (
    r"sparsity|(?:zero|dead|saturated)s?_(?:frac\w*|ratio|share)|frac\w*_(?:zeros?|dead|saturated)"
    r"|(?:act(?:ivation)?s?_)?(?:saturation|zeros)"
)
#: What a per-layer tag measures: how it says so before the name of the layer, and how after it.
KINDS = {
    "grad": (
        rf"(?:(?:l2_)?norms?/)?(?:grad(?:ient)?s?(?:[_/.-]?{_STAT})?|gnorm|gn)",
        rf"(?:(?:l2_)?norms?/)?(?:grad(?:ient)?s?(?:[_/.-]?{_STAT})?|gnorm)",
    ),
    "update": (r"(?:(?:l2_)?norms?/)?(?:grad(?:ient)?_)?updates?(?:_ratios?|_norms?|_rms|_to_weight(?:_ratio)?)?",) * 2,
    "activation": (rf"activations?(?:_\w+)?|dead(?:_\w+)?|{_SHARE}", rf"{_SHARE}|dead|act(?:ivation)?s?_{_STAT}"),
    "weight": (
        rf"(?:(?:l2_)?norms?/)?(?:(?:weight|param(?:eter)?)s?(?:[_/.-]?{_STAT})?|[pw]norm|wn)",
        rf"(?:weight|param(?:eter)?)s?[_/.-]?{_STAT}",
    ),
}
_WRAP = (
    r"^(?:(?:train(?:ing)?|val(?:id(?:ation)?)?|eval(?:uation)?|test|debug|stats|metrics?|monitor|logs?|watch"
    r"|opt(?:im(?:izer)?)?|scalars?|hist(?:ogram)?s?|summary|avg|mean)[/|_])*"
)
_END = rf"(?:(?:/|(?<=weight)[._]|(?<=bias)[._])(?P<stat>{_STAT}|{_SHARE}))?$"
_MODULE = re.compile(
    r"\d|(?<![a-z])(?:weight|bias|kernel|gamma|beta|emb|embed|embedding|wte|wpe|conv|fc|linear|dense|layer|block"
    r"|attn|attention|mlp|ffn|lstm|gru|rnn|norm|ln|bn|head|encoder|decoder|backbone|neck|proj|qkv|out|output|input"
    r"|stem|tok|pos|classifier|expert|module|feature|hidden|act|relu|gelu|tanh)s?(?![a-z])",
    re.IGNORECASE,
)
_NO_LAYER = re.compile(
    r"(?:(?:global|total|all|overall|mean|avg|average|max|min|median|std|var|norms?|l2|rms|un|pre|post|before|after"
    r"|clip\w*|raw|step|epoch|train|scaler?|overflow|noise|num|zeros?|model|weights?|params?|parameters?|grad\w*|value|ratio"
    r"|fraction|rate|actor|critic|policy|agent|learner|generator|discriminator|[dg])(?:[_/. -]|$))+",
    re.IGNORECASE,
)

#: Characters of a tag that are looked at: a hostile one must not take quadratic time, and its end tells what it is.
_LONGEST = 300
_HISTOGRAM = re.compile("/histogram$")
_WATCHED = re.compile("/histogram$|^(gradients|parameters)/.*(weight|bias)$")


def roles_of_tags(
    tags: Sequence[str], *, histograms: Collection[str] = (), user: Mapping[str, str] | None = None
) -> dict[str, Role]:
    """The role of every tag, given all tags of a run together.

    histograms: the tags that are histograms, which play the roles of tensors only. user: globs of tags
    to "role" or "role@split", which go before everything else. Raises ConfigError for an unknown role.
    """
    wishes = [(glob, *parse_role(glob, text, "roles")) for glob, text in (user or {}).items()]
    read = {tag: _read(tag) for tag in (*tags, *histograms)}
    general = _general({words for words, _ in read.values()})
    roles = {tag: _role(*general.get(words, (None, None)), said) for tag, (words, said) in read.items()}
    axes = {tag for tag, role in roles.items() if role.name == "duplicate_axis"}
    watched = not histograms and "timestamp" in general  # W&B: histograms, but a table of them does not say so
    tensors = {*histograms, *(tag for tag in tags if (_WATCHED if watched else _HISTOGRAM).search(tag))}
    for tag, (name, layer) in _layers([tag for tag in read if tag not in axes], tensors).items():
        roles[tag] = _role(name, "none" if watched and name == "weight_hist" else None, read[tag][1], layer)
    given = set()
    for tag, (_, said) in read.items():
        for glob, name, split in wishes:
            if fnmatchcase(tag, glob):
                roles[tag] = _role(name, split, None if split else said, roles[tag].layer)
                given.add(tag)
                break
    return _settle(roles, {tag: words for tag, (words, _) in read.items()}, given)


def main_curve(candidates: Sequence[Series]) -> Series:
    """Of curves that play one role in one split, the one that a rule looks at.

    In this order: before clipping (what clipping hides is what matters), the total and not an extreme,
    a best or a smoothed value, the most points (per step rather than per epoch: onsets are seen there),
    no average over steps, what calls itself the total, the shortest name (the most general one), the one
    logged first.
    """

    def key(series: Series) -> tuple[bool | int, ...]:
        clipped, partial, averaged, total = _told(series.tag)
        return clipped, partial, -len(series), averaged, not total, len(series.tag)

    return min(candidates, key=key)


@lru_cache(1 << 18)
def _told(tag: str) -> tuple[bool, bool, bool, bool]:
    """Whether a tag tells of a value after clipping, of an extreme, a best or a smoothed one, an average, a total."""
    words = f" {_words(tag)} "
    clipped = re.search(r" clip(ped)? | (post|after) clip", words) and not re.search(r" (un|pre|before) ", words)
    partial = re.search(r" (max|min|best|final|ema|smooth|smoothed|running|std) ", words)
    averaged, total = re.search(r" (avg|average|averaged|tot) ", words), " total " in words
    return bool(clipped), bool(partial), bool(averaged), total


#: "loss_cls" is the cls loss, unless what follows is no name of a loss: "loss_mean", "loss_kl_weight".
_LOSS_FIRST = re.compile(
    r"((?:^|/)(?:(?:train|training|val|valid|validation|eval|test)[ _.-])?)loss[ _.-]+"
    r"(?!(?:vs|per|step|epoch|iter|batch|mean|avg|average|max|min|best|final|before|after)(?![a-z])|[a-z]\d)"
    rf"(?![^/]*(?<![a-z]){WORDS['about']}$)(?P<name>[a-z][^/]*)$"
)


@lru_cache(1 << 16)
def _words(tag: str) -> str:
    tag = re.sub("mAP|MaP|mAR|mINP|AP[sml]|nDCG|m?IoU", lambda found: found[0].lower(), tag[-_LONGEST:])
    tag = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z\d])(?=[A-Z][a-z])", " ", tag).lower()
    tag = re.sub(r"([a-z])(?=loss(?:es)?\b)|(train|valid|val|test|eval)(?=acc)", r"\g<0> ", tag)
    tag = re.sub(r"(?<![a-z\d])(?:n(?=(?:steps|timesteps|iters|updates|epochs|tokens|samples|params)\b))", "n ", tag)
    tag = re.sub(r"(?<![a-z\d])([qv]\d?)[ _]vals?(?![a-z])", r"\1 value", tag)  # of a state, no split
    tag = re.sub(r"(?<![a-z])(?:(?:rank|cmc)[-_@]?|(?:[prh]|hr)@)(?=\d)", "hits ", tag)
    tag = re.sub(r"/ ?s(?:ec(?:ond)?)?(?![a-z])", " per s ", tag)
    tag = re.sub(r"(?<![a-z\d])l_(?=[a-z]{2}|[dg](?![a-z]))(?!inf|rate)", "loss ", tag)
    tag = _LOSS_FIRST.sub(r"\1 \g<name> loss", tag)
    return " ".join(re.findall(r"(?<![a-z])[a-z]\d+(?![a-z\d])|[a-z]+", tag))


def _read(tag: str) -> tuple[str, str | None]:
    """The words of a tag without those that name its split, and the split: the last one named."""
    words = _words(tag).split()
    told = [word for word in words if word in SPLITS and len(word) > 2] or [word for word in words if word in SPLITS]
    return " ".join([word for word in words if word not in told] or words), SPLITS[told[-1]] if told else None


def _role(name: str | None, split: str | None, said: str | None, layer: str | None = None) -> Role:
    """A role with its split: the one its name says, or else the table, or else train."""
    if name is None or split == "none":
        return Role(name, None, layer)
    if name in NO_SPLIT:
        return Role(name, split, layer)
    return Role(name, said or split or (None if name in SPLIT_IF_SAID else "train"), layer)


@cache
def _pattern(rule: str) -> re.Pattern[str]:
    rule = re.sub(r"<(\w+)>", lambda name: WORDS[name[1]], rule.replace("~", r"(\w+ )*"))
    return re.compile(rf"\b({rule})\b", re.MULTILINE)


def _general(vocabulary: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
    """Role and split that the table knows for the words of tags; each rule looks over all of a run at once."""
    text = "\n".join(vocabulary)
    known: dict[str, tuple[str | None, str | None]] = {}
    holds = True
    for line in filter(None, TABLE.splitlines()):
        head, _, rule = line.partition(" ")
        if head in ("when", "always"):
            holds = all(_pattern(signature).search(text) for signature in filter(None, rule.split(" & ")))
        elif holds:
            name, _, split = head.partition("@")
            for found in _pattern(rule.strip()).finditer(text):
                start, end = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.end())
                known.setdefault(
                    text[start : end if end >= 0 else None], (name if name != "-" else None, split or None)
                )
    return known


@cache
def _shapes() -> tuple[tuple[str, bool, re.Pattern[str]], ...]:
    """How tags name a layer: what is measured, and whether that stands before the layer."""
    shapes = []
    for kind, (first, last) in KINDS.items():
        for before, shape in (
            (True, rf"(?P<kind>{first})(?:[/.:]|(?<=norm)_)(?P<layer>.+?)"),
            (False, rf"(?P<layer>.+?)[/._](?P<kind>{last})"),
        ):
            shapes.append((kind, before, re.compile(_WRAP + shape + _END, re.IGNORECASE)))
    return tuple(shapes)


class _Shape(NamedTuple):
    kind: str
    before: bool
    layer: str
    statistic: str

    @classmethod
    def of(cls, tag: str) -> _Shape | None:
        for kind, before, shape in _shapes():
            found = shape.match(tag) if len(tag) <= _LONGEST else None
            if not found or _NO_LAYER.fullmatch(found["layer"]):
                continue
            # "grad_norm_fc1" is of a layer, "grad_norm_ratio" and "grad_norm_2" are not
            joined = before and tag[found.start("layer") - 1] == "_"
            if not joined or (_MODULE.search(found["layer"]) and not found["layer"].isdigit()):
                return cls(kind, before, found["layer"], f"{found['kind']} {found['stat'] or ''}".lower())
        return None

    @property
    def sure(self) -> bool:
        """Whether this one tag is enough to know that it names a layer."""
        says = self.before and re.search("norm|l2|rms|ratio|act|dead", self.statistic)
        return bool(says or _MODULE.search(self.layer))

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


def _layers(tags: Iterable[str], tensors: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
    """Role and layer of the tags that tell of one layer, and of all tensors.

    Whether "tok/grad_norm" names a layer or a part of the program is told by its neighbours: others of
    the same shape that name a module beyond doubt, or three of it.
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


def _settle(roles: dict[str, Role], words: Mapping[str, str], given: Collection[str]) -> dict[str, Role]:
    """What only its neighbours tell of a tag: which of several losses is the total, and what stands in for it."""
    settled = dict(roles)
    for tag in _parts(roles, words, given):
        settled[tag] = replace(roles[tag], name="loss_component")
    if "total flos" in words.values() or "runtime" in words.values():  # train_loss is the mean of the whole run
        for tag in settled.keys() - given:
            if tag.endswith("train_loss") and f"{tag[:-10]}loss" in settled:
                settled[tag] = replace(settled[tag], name="loss_summary")
    if not any("loss" in (role.name or "") for role in settled.values()):
        for error in ERRORS:
            stand_ins = [
                tag
                for tag in settled.keys() - given
                if settled[tag].name == "metric_lower" and re.search(rf"\b({error})$", words[tag])
            ]
            if stand_ins:
                return settled | {tag: Role("loss", _read(tag)[1] or "train") for tag in stand_ins}
    return settled


def _parts(roles: Mapping[str, Role], words: Mapping[str, str], given: Collection[str]) -> set[str]:
    """The losses that are a part of another one, split by split.

    Losses of the best rank in their split are the loss, unless several names are equally good, among
    them those that the table told to be parts. Of a validation split, names that training does not know
    are those of data sets.
    """
    told: dict[str | None, list[tuple[int, frozenset[str]]]] = {}
    ranks: dict[str | None, dict[str, tuple[int, frozenset[str]]]] = {}
    for tag, role in roles.items():
        if role.name == "loss" and tag not in given:
            ranks.setdefault(role.split, {})[tag] = _rank(tag, words[tag])
        elif role.name == "loss_component":
            told.setdefault(role.split, []).append(_rank(tag, words[tag]))
    said = {roles[tag].split for tag in given if roles[tag].name == "loss"}
    trained = {named for _, named in ranks.get("train", {}).values()}
    players = {found[1] for role in roles.values() if (found := re.match("(rl|gan)_.*_loss", role.name or ""))}
    last = 1 if "gan" in players else 2 if players else 3
    parts = set()
    for split, losses in ranks.items():
        best = min(rank for rank, _ in losses.values()) if split not in said else -1
        names = {named for rank, named in (*losses.values(), *told.get(split, ())) if rank == best}
        if names and frozenset.intersection(*names) in names:  # one name that all others extend: "ce" beside "ce_q1"
            parts |= {tag for tag, (rank, named) in losses.items() if rank == best and named != min(names, key=len)}
            names = {min(names, key=len)}
        worst = best if len(names) < 2 or (split != "train" and not names & trained) else best - 1
        parts |= {tag for tag, (rank, _) in losses.items() if rank > min(worst, last)}
    everywhere = {ranks[roles[tag].split][tag] for tag in parts}
    return parts | {
        tag for losses in ranks.values() for tag, rank in losses.items() if rank[0] > 2 and rank in everywhere
    }


#: Which of several losses it is; but TensorFlow calls a second one of the same name "loss_1".
_NUMBER = re.compile(r"(?:^|(?<!idx)_(?!1$)|(?<=loss))\d+$")


def _rank(tag: str, words: str) -> tuple[int, frozenset[str]]:
    """How likely a loss is the total, and the words by which it differs from a plain loss.

    0: by none. 1: by its path alone. 2: it is a main objective. 3: something else, or a number: one of several.
    4: always a part.
    """
    named = frozenset(re.sub("obj(?= loss)", "objectness", words).split()) - NEUTRAL
    if named & PART:
        return 4, named
    path, _, last = tag.rpartition("/")
    if number := _NUMBER.search(last):
        return 3, named | {number[0]}
    if words in ("tot", "total"):
        return (1 if _read(tag)[1] else 4), named  # "train_total", where there is no "train_loss"
    if not named:
        return 0, named
    if path and not set(_read(last)[0].split()) - NEUTRAL:
        return 1, named
    return (2 if named & MAIN else 3), named
