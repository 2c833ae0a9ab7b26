"""A tag as words: lower case, without digits, its split apart."""

from __future__ import annotations

import re
from functools import lru_cache

from loglens.roles.table import SPLITS, WORDS

#: Characters of a tag that are looked at: a hostile one must not take quadratic time, and its end tells what it is.
LONGEST = 300

#: "loss_cls" is the cls loss, unless what follows is no name of a loss: "loss_mean", "loss_kl_weight".
_LOSS_FIRST = re.compile(
    r"((?:^|/)(?:(?:train|training|val|valid|validation|eval|test)[ _.-])?)loss[ _.-]+"
    r"(?!(?:vs|per|step|epoch|iter|batch|mean|avg|average|max|min|best|final|before|after)(?![a-z])|[a-z]\d)"
    rf"(?![^/]*(?<![a-z]){WORDS['about']}$)(?P<name>[a-z][^/]*)$"
)


@lru_cache(1 << 16)
def words_of(tag: str) -> str:
    tag = re.sub("mAP|MaP|mAR|mINP|AP[sml]|nDCG|m?IoU", lambda found: found[0].lower(), tag[-LONGEST:])
    tag = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z\d])(?=[A-Z][a-z])", " ", tag).lower()
    tag = re.sub(r"([a-z])(?=loss(?:es)?\b)|(train|valid|val|test|eval)(?=acc)", r"\g<0> ", tag)
    tag = re.sub(r"(?<![a-z\d])(?:n(?=(?:steps|timesteps|iters|updates|epochs|tokens|samples|params)\b))", "n ", tag)
    tag = re.sub(r"(?<![a-z\d])([qv]\d?)[ _]vals?(?![a-z])", r"\1 value", tag)  # of a state, no split
    tag = re.sub(r"(?<![a-z])(?:(?:rank|cmc)[-_@]?|(?:[prh]|hr)@)(?=\d)", "hits ", tag)
    tag = re.sub(r"/ ?s(?:ec(?:ond)?)?(?![a-z])", " per s ", tag)
    tag = re.sub(r"(?<![a-z\d])l_(?=[a-z]{2}|[dg](?![a-z]))(?!inf|rate)", "loss ", tag)
    tag = _LOSS_FIRST.sub(r"\1 \g<name> loss", tag)
    return " ".join(re.findall(r"(?<![a-z])[a-z]\d+(?![a-z\d])|[a-z]+", tag))


def read_tag(tag: str) -> tuple[str, str | None]:
    """The words of a tag without those that name its split, and the split: the last one named."""
    words = words_of(tag).split()
    told = [word for word in words if word in SPLITS and len(word) > 2] or [word for word in words if word in SPLITS]
    return " ".join([word for word in words if word not in told] or words), SPLITS[told[-1]] if told else None
