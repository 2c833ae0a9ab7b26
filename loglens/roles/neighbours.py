"""Decide roles that depend on other tags: which of several losses is the total, what replaces a missing loss."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from loglens.roles.role import Role
from loglens.roles.table import ERRORS, MAIN, NEUTRAL, PART
from loglens.roles.words import read_tag

#: Terms of a loss that are called by their names alone, and how many there are beside their total.
_TERMS, _SUM = {"policy", "value", "kl", "rec", "recon", "kld", "box", "obj", "cls", "dfl"}, 2
#: What supervised training logs; a mean score without any of it is that of episodes: "Episode 12 Average Score: 0.9".
_OF_LEARNING = re.compile("loss|metric|rl_re|gan_")
_MEAN_SCORE = re.compile(r"^(mean|avg|average) (\w+ )?scores?$")
_ERROR = re.compile(r"^(current |training )?error$")
_WHICH = re.compile(r"^(best|current|cur|curr) ")


def settle(roles: dict[str, Role], words: Mapping[str, str], given: Collection[str]) -> dict[str, Role]:
    """The roles that depend on other tags: which of several losses is the total, what replaces a missing loss."""
    settled = dict(roles)
    for tag in _parts(roles, words, given):
        settled[tag] = replace(roles[tag], name="loss_component")
    if "total flos" in words.values() or "runtime" in words.values():  # train_loss is the mean of the whole run
        for tag in settled.keys() - given:
            if tag.endswith("train_loss") and f"{tag[:-10]}loss" in settled:
                settled[tag] = replace(settled[tag], name="loss_summary")
    names = {role.name for role in settled.values()}
    if "rl_reward" not in names:  # a return is discounted only where it stands beside a reward
        settled |= {tag: replace(r, name="rl_reward") for tag, r in settled.items() if r.name == "rl_return"}
    if "rl_policy_loss" in names:  # the cost is that of what was done, a negative reward
        costs = [tag for tag in settled.keys() - given if settled[tag].name == "loss" and words[tag].endswith("cost")]
        settled |= {tag: replace(settled[tag], name="metric_lower") for tag in costs}
    if not any(name and _OF_LEARNING.match(name) for name in names):
        scores = [tag for tag in settled.keys() - given if _MEAN_SCORE.search(words[tag])]
        settled |= {tag: Role("rl_reward", settled[tag].split, guessed=True) for tag in scores}
    settled |= _evaluated(settled, words, given)
    return settled | _stand_ins(settled, words, given)


def _evaluated(roles: Mapping[str, Role], words: Mapping[str, str], given: Collection[str]) -> dict[str, Role]:
    """The metrics of which the best so far is kept, "current accuracy" beside "best accuracy": of held-out data."""
    best = {_WHICH.sub("", said) for said in words.values() if said.startswith("best ")}
    unsaid = (tag for tag in roles.keys() - given if _WHICH.match(words[tag]) and read_tag(tag)[1] is None)
    found = [tag for tag in unsaid if _WHICH.sub("", words[tag]) in best]
    if all(words[tag].startswith("best ") for tag in found):
        return {}
    metrics = [tag for tag in found if (roles[tag].name or "").startswith("metric_")]
    return {tag: replace(roles[tag], split="val") for tag in metrics}


def _stand_ins(roles: Mapping[str, Role], words: Mapping[str, str], given: Collection[str]) -> dict[str, Role]:
    """The curves that are the loss of a run that logs no loss: a bound on the likelihood, else the first of ERRORS."""
    names = {role.name or "" for role in roles.values()}
    if "loss" in names:
        return {}
    free = roles.keys() - given
    found = [tag for tag in free if roles[tag].name == "loss_component" and re.search(r"\b(n?elbo|vlb)$", words[tag])]
    if not found and any("loss" in name for name in names):
        return {}
    lower = [tag for tag in free if roles[tag].name == "metric_lower"]
    for error in ERRORS if lower and not found else ():
        like = re.compile(rf"\b({error})( mean)?$")
        found = found or [tag for tag in lower if like.search(words[tag])]
    # older tools print the error that they train on: "Epoch #1 Error:0.25"
    found = found or [tag for tag in lower if _ERROR.search(words[tag]) and roles[tag].split in (None, "train")]
    return {tag: Role("loss", roles[tag].split, guessed=True) for tag in found}


def _parts(roles: Mapping[str, Role], words: Mapping[str, str], given: Collection[str]) -> set[str]:
    """The losses that are a part of another one, split by split.

    Losses of the best rank in their split are the loss, unless several names are equally good, among
    them those that are parts by the table. In a validation split, names that training does not have
    are names of data sets.
    """
    others: dict[str | None, list[tuple[int, frozenset[str]]]] = {}
    ranks: dict[str | None, dict[str, tuple[int, frozenset[str]]]] = {}
    for tag, role in roles.items():
        if role.name == "loss" and tag not in given:
            ranks.setdefault(role.split, {})[tag] = _rank(tag, words[tag])
        elif role.name == "loss_component":
            others.setdefault(role.split, []).append(_rank(tag, words[tag]))
    said = {roles[tag].split for tag in given if roles[tag].name == "loss"}
    trained = {named for _, named in ranks.get("train", {}).values()}
    players = {found[1] for role in roles.values() if (found := re.match("(rl|gan)_.*_loss", role.name or ""))}
    terms = sum(bool(said) and set(said.split()) <= MAIN | PART | _TERMS for said in words.values())
    last = 1 if "gan" in players else 2 if players else 3
    parts = set()
    for split, losses in ranks.items():
        best = min(rank for rank, _ in losses.values()) if split not in said else -1
        if terms >= _SUM and [words[tag] for tag in losses] == ["total"]:
            continue  # the sum of what stands beside it
        names = {named for rank, named in (*losses.values(), *others.get(split, ())) if rank == best}
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
        return (1 if read_tag(tag)[1] else 4), named  # "train_total", where there is no "train_loss"
    if not named:
        return 0, named
    if path and not set(read_tag(last)[0].split()) - NEUTRAL:
        return 1, named
    return (2 if named & MAIN else 3), named
