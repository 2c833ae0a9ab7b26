"""Find the numbers of a line that count steps and epochs."""

from __future__ import annotations

import re
from typing import NamedTuple

from loglens.readers.text.templates import MARK

#: "batch_id", "iter_idx", "step number"
_NUMBER = r"(?:[ _-]?(?:idx|index|id|number|num|no\.|count))?"
_STEPS = (
    r"(?:sub|inner)[ _-]?epochs?|num_updates|global[ _]?step|(?:training )?steps?|iterations?|iters?|itr|updates?"
    r"|it(?= ?[:=]| \0 ?/ ?\0)|instance(?= ?[:=])|[it](?= ?[:=] ?\0 ?/ ?\0)"
    r"|(?:mini)?batch(?:es)?(?: idx)?|步数?|迭代(?:次数)?|批次|ステップ|스텝|шаг|итерация"
)
_WORDS = {
    "step": rf"(?:{_STEPS}){_NUMBER}",
    "epoch": rf"(?:(?<!sub[ -])(?<!inner[ -])epoch(?:e?s)?|ep|轮次?|輪次?|エポック|에폭|에포크|эпоха){_NUMBER}",
    # they count where nothing else does, and parts of a run where something does
    "turn": (
        r"(?:t_env|env[ _]steps?|episode num(?:ber)?|episodes?|generations?|(?:communication |global )?rounds?|games?"
        r"|time[ _]?steps?|frames?|ticks?)"
    ),
}
#: A line without any of these has no such counter: a quick test.
_PARTS = {
    "step": (
        *"sub inner it: it= instance step iter itr update batch 步 迭代 批次 ステップ 스텝 шаг итерация".split(),
        "it \0",
        "i = ",
        "i=",
        "i: ",
        "t = ",
        "t=",
        "t: ",
    ),
    "epoch": ("ep", "轮", "輪", "エポック", "에폭", "에포크", "эпоха"),
    "turn": ("env", "episode", "generation", "round", "game", "time", "frame", "tick"),
}
#: The batches that a line is the average of, "[51-100]": it was printed at the last of them.
_RANGE = r"(?:(?<=[\[(])|(?<=[\[(] ))\0 ?- ?(?=\0 ?[\]),])"
_RANKS = ("num_updates", "global", "step", "iteration", "iter", "itr", "update", "batch")
#: A setting: "max epoch=20", "--epochs 20"
_NO_COUNTER_AFTER = (
    r"(?<!\bepisode )(?<!\bper )(?<!\bfps )(?<!\bper training )(?<!\bper evaluation )"
    r"(?<! --)(?<!\bmax )(?<!\btotal )(?<!\bnum )"
)
_COUNTER = {
    kind: re.compile(
        rf"(?<![\w.@]){_NO_COUNTER_AFTER}({words})['\"]?[\s:=#\[('\"-]{{0,4}}(?:{_RANGE})?"
        r"(?P<at>\0)(?!(?:ms|s|sec|min)\b| \(\0\) [a-z])(?:(?: ?/ ?| of )\0){0,2}"
    )
    for kind, words in _WORDS.items()
}
#: "第3轮", "第 3/10 步", "第3エポック": the counter stands before its name.
_ORDINAL = {
    kind: re.compile(rf"第 ?(?P<at>\0)(?: ?/ ?\0)? ?(?:个 ?)?({words})", re.I) for kind, words in _WORDS.items()
}
#: A duration or a speed counts nothing: "ms/batch 181.56", "samples/step".
_UNIT_BEFORE = re.compile(
    r"\b(?:time|loss|cost|[mun]?s|secs?|seconds?|min|minutes?|h|hours?|samples|tokens?|toks?|images?|imgs?|words|examples|sents|it|[tgm]?flops?)/$"
)
_UNITS = r"(?:steps?|iterations?|iters?|it|(?:mini-?)?batch(?:es)?|updates?)\b"
#: Counters without a name: "200/ 2983 batches", "[ 64/60000]" at the end, "[12/200] loss" or "12/200: loss",
#: "train (1/12) loss", "[0] loss" or "12: loss", and "[120 | 25.31] loss" where the seconds stand beside it; before a
#: speed as well, "4230 - 65.33 sent/s".
_UNNAMED = (
    re.compile(rf"(?<![/\w.:]\0)\0 ?/ ?\0 {_UNITS}"),
    re.compile(r"\[ ?\0 ?/ ?\0 ?\]$"),
    re.compile(r"^[\[(]? ?\0 ?(?:/|of) ?\0 ?[\])]?(?: ?[=(] ?\0 ?%\)?)?[ :,|-]+(?=[\[({<]?[a-z])"),
    re.compile(r"^(?:train|val|test|eval)[a-z]{0,6} [\[(] ?\0 ?/ ?\0 ?[\])]"),
    re.compile(r"^[a-z]{3,12}ing (?P<at>\0) ?(?:of|/) ?\0 ?[:|-]"),
    re.compile(r"^\[(?P<at>\0) ?\| ?\0 ?\](?= ?[a-z])"),
    re.compile(r"\btotal (?:env\w* ?|time ?)?steps ?[:=] ?(?P<at>\0)"),
    re.compile(r"\bnum steps (?P<at>\0)(?=,)"),
    re.compile(r"^\0 - (?=\0 [a-z]+/s )"),
    re.compile(r"^(?:[\[(] ?\0 ?[\])][ :,|-]{0,4}|\0(?:: ?| ?[|,] ?| ?- | ))(?=[\[({<]{0,2}[a-z])"),
)
#: Behind an epoch: "[12/200]", "(12/200)", "200/ 2983 batches"
_BEHIND_EPOCH = re.compile(rf"[\[(] ?\0 ?/ ?\0 ?(?:\(\0%\) ?)?[\])]|(?<![/\w.:]\0)\0 ?/ ?\0 {_UNITS}")


#: The same right behind the epoch: "ep:3, 120/500, loss".
_NEXT_TO_EPOCH = re.compile(
    r"[\]) ]{0,2}[,:|-]? ?\0 ?/ ?\0(?= ?[,:|-] ?(?:[a-z\[({]|\0 ?(?:(?:it|s|ms)/|hz\b|[a-z]+/s)))"
    r"|\] ?\[\0\](?= ?[a-z])"
)
#: Both without a name: "(1/4) 30/100: loss", "[3/20][120/500] loss", "[3: 120/500] loss".
_EPOCH_AND_STEP = re.compile(
    r"(?:[\[(] ?(?P<epoch>\0) ?/ ?\0 ?[\])][ ,:|-]{0,3}(?P<step>[\[(]? ?\0 ?/ ?\0 ?[\])]?)"
    r"|[\[(] ?(?P<outer>\0)(?P<total> ?/ ?\0)? ?[:,|;-] ?(?P<inner>\0 ?/ ?\0) ?[\])])"
    r"(?: ?[,:|-]+ ?| )(?=[\[({<]{0,2}[a-z])"
)
#: The same behind words, "[epoch][s/s_per_e/gs]: [1][60/65/125], lr: 0.1".
_BOTH_BEHIND_WORDS = re.compile(
    r"(?:[^\0]{0,40}: )?\[ ?(?P<outer>\0) ?\] ?(?P<inner>\[ ?\0 ?/ ?\0(?: ?/ ?\0)? ?\])(?: ?[,:|-]+ ?| )(?=[a-z])"
)
#: "Train 37, loss: 1.43" and "Test 37, loss: 1.43"
_OF_PART = re.compile(
    r"^(?:train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?) (?P<at>\0) ?[,:|-] ?(?=[a-z])"
)
#: At the begin of the line, before the epoch: "1/21150 (epoch 0.002), train_loss = 4.19", "Test at - 5/9 of epoch 0".
_BEFORE_EPOCH = re.compile(
    r"(?:[a-z][a-z ]{0,30}[ -]{1,3})?\[? ?(?P<at>\0) ?/ ?\0 ?\]?(?: of |[ :,|-]{0,3}\(?)(?=epoch)"
)

#: The steps of the environment, which policies of other trainers are measured by, and those of the optimizer.
_INTERACTIONS = re.compile(
    r"(?<![\w.])(?:(?:num|total|env|environment|agent)[ _]){0,2}"
    r"(?:(?:time[ _]?|env[ _]|agent[ _])steps?|frames|interactions|interacts)"
    r"['\"]?[\s:=]{1,3}(?P<at>\0)(?! ?(?:/|ms\b|s\b))"
)
_UPDATES = re.compile(r"\b(?:update|iter|itr)")
_MAX_UNIT = 14
#: "global step", "global train step"
_OVERALL = re.compile(r"\bglobal[ _](?:[a-z]+[ _])?step|num_updates")


class Counter(NamedTuple):
    """Slots of a counter and of its total, -1 where there is none; where it begins and ends.

    overall: whether it counts over the whole run. interactions: whether the total is the steps of an environment.
    """

    slot: int
    total: int
    start: int
    end: int
    overall: bool = False
    interactions: bool = False


def counters(low: str) -> tuple[Counter | None, Counter | None]:
    """The step and the epoch that a line in lower case names.

    Episodes, rounds and the like take the place of either.
    """
    step, epoch, turn = (_counter(low, kind) for kind in ("step", "epoch", "turn"))
    if not (step or epoch or turn):
        if both := _EPOCH_AND_STEP.match(low) or _BOTH_BEHIND_WORDS.match(low):
            return _epoch_and_step(both)
        if part := _OF_PART.match(low):
            return None, _at(low, part)._replace(start=part.start("at"))
    if turn and step is None:
        return turn, epoch
    if step and step.total < 0 and (steps := _interactions(low, step)):
        return step._replace(total=steps.slot, interactions=True), epoch
    return step, epoch or turn


def _interactions(low: str, step: Counter) -> Counter | None:
    """The steps of the environment that a line names beside the updates of the policy, "step"."""
    if not ("steps" in low or "frames" in low or "interact" in low) or not _UPDATES.match(low, step.start):
        return None
    found = _INTERACTIONS.search(low)
    return _at(low, found) if found else None


def _epoch_and_step(both: re.Match[str]) -> tuple[Counter, Counter]:
    named = both.groupdict()
    outer, inner = ("epoch", "step") if named.get("epoch") else ("outer", "inner")
    total = 1 if named.get("epoch") or named.get("total") else -1
    step = Counter(2 if total > 0 else 1, 3 if total > 0 else 2, both.start(inner), both.end(inner))
    return step, Counter(0, total, 0, both.end(outer))


def _counter(low: str, kind: str) -> Counter | None:
    """The counter of a line; the most global one where there are several."""
    if not any(part in low for part in _PARTS[kind]):
        return None
    best: tuple[int, re.Match[str]] | None = None
    for found in _COUNTER[kind].finditer(low):
        if _UNIT_BEFORE.search(low[max(0, found.start() - _MAX_UNIT) : found.start()]):
            continue
        rank = next((i for i, name in enumerate(_RANKS) if name in found[1]), len(_RANKS))
        if best is None or rank < best[0]:
            best = rank, found
    named = best[1] if best else _ORDINAL[kind].search(low)
    return _at(low, named) if named else None


def unnamed_counter(low: str, start: int = 0) -> Counter | None:
    """A number of a line in lower case, from a place on, that stands where counters do without a name."""
    if start:
        found = _BEHIND_EPOCH.search(low, start) or _NEXT_TO_EPOCH.match(low, start)
        if not found and (before := _BEFORE_EPOCH.match(low)):
            return _at(low, before)._replace(start=before.start("at"))
    else:
        found = next((found for pattern in _UNNAMED if (found := pattern.search(low))), None)
    return _at(low, found) if found else None


def _at(low: str, found: re.Match[str]) -> Counter:
    begin = found.start("at") if "at" in found.re.groupindex else found.start()
    first = low.count(MARK, 0, begin)
    total = first + 1 if low.count(MARK, begin, found.end()) > 1 else -1
    overall = _OVERALL.search(low, max(0, found.start() - _MAX_UNIT), found.end()) is not None
    return Counter(first, total, found.start(), found.end(), overall)
