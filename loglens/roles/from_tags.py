"""Assign roles by tags: which curve is the loss, which the learning rate, by one ordered table.

A tag is read as words: "train/epoch_loss", "trainLoss" and "Loss/train" are all a loss, of the split
train. Its role is decided by the first of these that knows it: the user's own table, the form of a
per-layer tag, the profile of a framework or field that the run's tags show, the general table. What
depends on the other tags (a loss beside the total is a component) is decided last. Rules describe how
names are formed and list no names, so that names of unknown frameworks are understood as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache, lru_cache

from loglens.model.series import Series
from loglens.model.vocabulary import parse_role
from loglens.roles.layer_tags import layers_of_tags
from loglens.roles.neighbours import settle
from loglens.roles.role import Role
from loglens.roles.table import NO_SPLIT, SPLIT_IF_SAID, TABLE, WORDS
from loglens.roles.words import read_tags, without_run_names, without_statistic, words_of

__all__ = ["Role", "main_curve", "roles_of_tags"]

_HISTOGRAM = re.compile("/histogram$")
_WATCHED = re.compile("/histogram$|^(gradients|parameters)/.*(weight|bias)$")


def roles_of_tags(
    tags: Sequence[str], *, histograms: Collection[str] = (), user: Mapping[str, str] | None = None
) -> dict[str, Role]:
    """The role of every tag, given all tags of a run together.

    histograms: the tags of histograms, which have roles of tensors only. user: globs of tags
    to "role" or "role@split", which go before everything else. Raises ConfigError for an unknown role.
    """
    wishes = [(glob, *parse_role(glob, text, "roles")) for glob, text in (user or {}).items()]
    read = read_tags((*tags, *histograms))
    measures = without_run_names(read)
    measured = read_tags(measures.values())
    general = _general(frozenset({words for words, _ in (*read.values(), *measured.values())}))
    read |= {tag: measured[what] for tag, what in measures.items() if general.get(measured[what][0], (None,))[0]}
    for tag, (words, _) in list(read.items()):
        base = (without_statistic(tag) or tag.removeprefix("epoch/")) if words not in general else None
        if base in read:
            read[tag] = read[base]
    roles = {tag: _role(*general.get(words, (None, None)), said) for tag, (words, said) in read.items()}
    axes = {tag for tag, role in roles.items() if role.name == "duplicate_axis"}
    watched = not histograms and "timestamp" in general  # W&B: histograms, but a table of them does not say so
    tensors = {*histograms, *(tag for tag in tags if (_WATCHED if watched else _HISTOGRAM).search(tag))}
    for tag, (name, layer) in layers_of_tags([tag for tag in read if tag not in axes], tensors).items():
        roles[tag] = _role(name, "none" if watched and name == "weight_hist" else None, read[tag][1], layer)
    given = set()
    for tag, (_, said) in read.items():
        for glob, name, split in wishes:
            if matches(tag, glob):
                roles[tag] = _role(name, split, None if split else said, roles[tag].layer)
                given.add(tag)
                break
    return settle(roles, {tag: words for tag, (words, _) in read.items()}, given)


def matches(tag: str, glob: str) -> bool:
    """Whether a user's name for a curve means this one: the tag itself, or a glob of tags ("loss[0]" is both)."""
    return tag == glob or fnmatchcase(tag, glob)


#: A curve shows the beginning only where another one of so many points continues for more than so many times its steps:
#: some log every step of the first hundred, and evaluations from then on.
WHOLE_POINTS, BEGINNING = 8, 10


def main_curve(candidates: Sequence[Series]) -> Series:
    """Choose among curves of one role and split the one that a rule looks at.

    In this order: before clipping (what clipping hides is what matters), the total and not an extreme,
    a best or a smoothed value, what was logged to the end and not for the first steps only, the most points (per step
    rather than per epoch: onsets are seen there), no average over steps, what calls itself the total, the shortest name
    (the most general one), the one logged first.
    """
    if len(candidates) == 1:
        return candidates[0]
    long = [series for series in candidates if len(series) >= WHOLE_POINTS]
    last = max(long, key=lambda series: series.last_step, default=None)

    def key(series: Series) -> tuple[bool | int, ...]:
        clipped, partial, averaged, total = _qualifiers(series.tag)
        beginning = last is not None and _is_beginning(series, last)
        return clipped, partial, beginning, -len(series), averaged, not total, len(series.tag)

    return min(candidates, key=key)


def _is_beginning(series: Series, last: Series) -> bool:
    """Whether a curve ends long before another one, by its steps and, as some count epochs, by times that are known."""
    if not len(series) or BEGINNING * series.last_step >= last.last_step:
        return False
    ended, start, end = series.time[-1], last.time[0], last.time[-1]
    return not (end > start and ended > (start + end) / 2)


@lru_cache(1 << 18)
def _qualifiers(tag: str) -> tuple[bool, bool, bool, bool]:
    """Whether a tag names a value after clipping; an extreme, best or smoothed value; an average; a total."""
    words = f" {words_of(tag)} "
    clipped = re.search(r" clip(ped)? | (post|after) clip", words) and not re.search(r" (un|pre|before) ", words)
    partial = re.search(r" (max|min|best|final|ema|smooth|smoothed|running|std) ", words)
    averaged, total = re.search(r" (avg|average|averaged|tot) ", words), " total " in words
    return bool(clipped), bool(partial), bool(averaged), total


def _role(name: str | None, split: str | None, said: str | None, layer: str | None = None) -> Role:
    """A role with its split: that in its name, or else in the table, or else train."""
    if name is None or split == "none":
        return Role(name, None, layer)
    if name in NO_SPLIT:
        return Role(name, split, layer)
    return Role(name, said or split or (None if name in SPLIT_IF_SAID else "train"), layer)


@cache
def _pattern(rule: str) -> re.Pattern[str]:
    rule = rule.replace("~", r"(\w+ )*")
    while (whole := re.sub(r"<(\w+)>", lambda name: WORDS[name[1]], rule)) != rule:  # an entry may hold entries
        rule = whole
    return re.compile(rf"\b({rule})\b", re.MULTILINE)


_GROUP = re.compile(r"\([^()]*\)[?*+]?")
#: What stands for no certain text: an escape, a set, an entry of WORDS, anything optional, an anchor.
_VARIABLE = re.compile(r"(?:\\.|\[[^]]*\]|<\w+>)(?:[?*+]|\{[^}]*\})?|.[?*]|[~.^$+]")


@cache
def _literals(rule: str) -> tuple[str, ...]:
    """For every alternative of a rule, the longest text that is part of all that it matches."""
    while (flat := _GROUP.sub("\0", rule)) != rule:  # the innermost groups first
        rule = flat
    return tuple(max(_VARIABLE.sub("\0", one).split("\0"), key=len) for one in rule.split("|"))


def _matches(rule: str, text: str) -> Iterator[re.Match[str]]:
    """The matches of a rule. Most rules match no tag of a run, and to compile them takes longer than all the rest."""
    return _pattern(rule).finditer(text) if any(literal in text for literal in _literals(rule)) else iter(())


@lru_cache(64)
def _general(vocabulary: frozenset[str]) -> Mapping[str, tuple[str | None, str | None]]:
    """The role and split of tags by their words, from the table; each rule is matched on all tags of a run at once.

    The runs of one store have the same tags, by the hundred or the thousand.
    """
    text = "\n".join(vocabulary)
    known: dict[str, tuple[str | None, str | None]] = {}
    holds = True
    for line in filter(None, TABLE.splitlines()):
        head, _, rule = line.partition(" ")
        if head in ("when", "always"):
            holds = all(any(_matches(signature, text)) for signature in filter(None, rule.split(" & ")))
        elif holds:
            name, _, split = head.partition("@")
            for found in _matches(rule.strip(), text):
                start, end = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.end())
                known.setdefault(
                    text[start : end if end >= 0 else None], (name if name != "-" else None, split or None)
                )
    return known
