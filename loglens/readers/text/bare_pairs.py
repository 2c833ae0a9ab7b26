"""Numbers whose names stand before them without ":" or "=".

"Learning Rate 1e-5, It/sec 0.5", "tick 3 kimg 0.1 loss 2".
"""

from __future__ import annotations

import re

from loglens.readers.text.cell_names import MEASURES, split_word
from loglens.readers.text.templates import MARK

_WORD = r"[^\W\d](?:[\w./%@+:-]*[\w/%+)])?"
#: A duration, or a number and its unit, which no number follows: "sec/tick 60.1 sec/kimg 15.2" is two pairs.
_VALUE = (
    rf"{MARK}(?:[smhd](?: {MARK}[smhd])*(?![\w/])"
    rf"| ?(?:[KMGT]i?B|[KMGk](?= )|%|[\w%]{{1,12}}/[\w]{{1,10}}|ms|secs?|s|x)(?![\w/])(?! {MARK}))?"
)
#: What stands between two separators: a name of up to five words and its value.
_SEGMENT = re.compile(rf"(?:^|[:\])] ?| )?((?:{_WORD} ){{1,5}}){_VALUE}(?: ?\([^()]{{0,40}}\))?[ .]*")
#: A slash parts names and values where blanks and a name stand around it: "loss 0.5 / kl_loss 0.1".
_SEPARATOR = re.compile(rf"(?:,|;) | ?\| ?|(?<={MARK}) / (?=[^\W\d])")
#: A line that is nothing but pairs.
_PAIR = rf"(?:{_WORD} )?{_WORD}:? {_VALUE}"
_LINE = re.compile(rf"(?:^|[\])|:>-] ?|{MARK} )({_PAIR}(?:,? {_PAIR}){{2,}}) ?$")
_EACH = re.compile(rf"((?:{_WORD} )?{_WORD}):? {_VALUE}")
#: A segment may begin with what counts: "Iter 10: Train loss 2.1".
_HEAD = re.compile(rf"^.*?{MARK}(?:/{MARK})?\]? ?[:|-] ?(?=[^\W\d])")
#: A value before its name, and what may count before the first one.
_BEHIND = re.compile(rf" ?{MARK} ?%? ((?:{_WORD} ){{0,3}}{_WORD})[ .]*")
_COUNTED_HEAD = re.compile(rf".{{0,40}}?{MARK}(?: ?/ ?{MARK})?[\])]?(?: ?[:|>-]{{1,2}} ?|[\])] ?)(?={MARK} )")
_UNITS = frozenset("s sec secs seconds ms min mins minutes h hours".split())
_LEAST = 2
#: A line that is nothing but pairs is no longer than this: it is looked for from many places.
_MAX_PAIRS = 2000
#: Words that end no name.
_JOINING = frozenset("a an and are as at by for from in into is of on or over per than the to using was with".split())


#: "Mean test loss of 310 batches: 4.27", "average reward over 10 episodes: 12.3": of how many it is the mean.
_OVER = re.compile(
    rf"([^\W\d][\w ]{{0,40}}?) (?:of|over|on|in|across) (?:the )?(?:last )?{MARK} "
    rf"(?:(?:test|train|val|validation|evaluation) )?([a-z]{{3,12}})s ?[:=] ?(?={MARK})",
    re.I,
)


#: "mean/median reward 20.1/19.5", "Train / Test accuracy: 0.93 / 0.91".
_TWO = re.compile(rf"\b([A-Za-z]{{3,10}}) ?/ ?([A-Za-z]{{3,10}}) ([a-z][a-z ]{{2,20}}?) ?:? {MARK} ?/ ?{MARK}", re.I)


#: "Adjusting learning rate of group 0 to 1.0000e-03.", as PyTorch's schedulers print it.
#: "decayed learning rate by a factor 0.97 to 0.0019", "learning rate 0.0002000 -> 0.0001980".
_OF_GROUP = re.compile(
    rf"\b(learning rate)(?: of group| by (?:a )?factor(?: of)?)? {MARK} (?:to|is|=|->|→) (?={MARK})", re.I
)


#: "mIoU/mAcc/allAcc 0.45/0.57/0.74", and how many are right of how many: "acc: 7958/8764=0.908".
_SLASHED = re.compile(
    r"(?<![\w/])([A-Za-z][\w@.-]{0,30}(?:/[A-Za-z][\w@.-]{0,30}){1,7}) ?[:=]? ?"
    rf"({MARK}(?: ?/ ?{MARK}){{1,7}})(?![\w/])"
)
_RIGHT_OF = re.compile(rf"([A-Za-z][\w. ]{{0,30}}?) ?[:=] ?{MARK} ?/ ?{MARK} ?= ?(?={MARK})")


def slashed(body: str) -> dict[int, str]:
    """The names of numbers between slashes, whose names stand between slashes before them, by their slots."""
    names: dict[int, str] = {}
    for found in _SLASHED.finditer(body):
        words, first = found[1].split("/"), body.count(MARK, 0, found.start(2))
        if len(words) == found[2].count(MARK):
            names |= {first + at: word for at, word in enumerate(words)}
    return names | {body.count(MARK, 0, found.end()): found[1] for found in _RIGHT_OF.finditer(body)}


def averages(body: str) -> dict[int, str]:
    """The names of numbers that are means over so many things, or several of which share a slash, by their slots."""
    names = {body.count(MARK, 0, found.end()): _mean_of(found) for found in _OVER.finditer(body)}
    names |= {body.count(MARK, 0, found.end()): found[1] for found in _OF_GROUP.finditer(body)}
    if "/" not in body:
        return names
    names |= slashed(body)
    for found in _TWO.finditer(body):
        slot = body.count(MARK, 0, found.end()) - 2
        names |= {slot: f"{found[1]} {found[3]}", slot + 1: f"{found[2]} {found[3]}"}
    return names


def replaced_rates(body: str) -> frozenset[int]:
    """The slots of learning rates that others replace, and of the groups of parameters that they are for."""
    return frozenset(body.count(MARK, 0, found.end()) - 1 for found in _OF_GROUP.finditer(body))


def _mean_of(found: re.Match[str]) -> str:
    """The name of a mean; "Evaluation over 10 episodes: 312.4" is one of rewards."""
    return f"{found[1]} reward" if found[2].lower() == "episode" and split_word(found[1]) else found[1]


def bare_pairs(body: str) -> dict[int, str]:
    """The names of the numbers that have one so, by their slots; empty where a line is no list of pairs."""
    if len(body) <= _MAX_PAIRS and (line := _LINE.search(body)):
        return {body.count(MARK, 0, found.end(1)): found[1] for found in _EACH.finditer(body, line.start(1))}
    pieces = _SEPARATOR.split(body)
    if len(pieces) < _LEAST:
        return {}
    if names := _named_behind(pieces):
        return names
    found: dict[int, str] = {}
    slot = named = 0
    for number, piece in enumerate(pieces):
        text = piece
        if number == 0 and (head := _HEAD.match(piece)):
            text = piece[head.end() :]
        if (segment := _SEGMENT.fullmatch(text)) and segment[1].split()[-1].lower() not in _JOINING:
            found[slot + piece.count(MARK) - text.count(MARK)] = segment[1].strip()
            named += 1
        elif MARK in text and re.search(rf"[:=] ?{MARK}", text):
            named += 1
        slot += piece.count(MARK)
    return found if named >= _LEAST else {}


def _named_behind(pieces: list[str]) -> dict[int, str]:
    """The names of the numbers of a line that has each name behind its value: "epoch 3: 0.53 loss, 0.91 accuracy"."""
    head = _COUNTED_HEAD.match(pieces[0])
    slot = pieces[0].count(MARK, 0, head.end()) if head else 0
    if not head and not pieces[0].startswith(MARK) and MARK in pieces[0]:
        slot, pieces = pieces[0].count(MARK), pieces[1:]  # "step 300, 0.53 loss"
    elif head:
        pieces = [pieces[0][head.end() :], *pieces[1:]]
    found = [_BEHIND.fullmatch(piece) for piece in pieces]
    names = {slot + at: each[1] for at, each in enumerate(found) if each and each[1].lower() not in _UNITS}
    return names if found and all(found) and any(map(MEASURES.search, names.values())) else {}
