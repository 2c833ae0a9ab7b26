"""Find the numbers of a line that have a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from loglens.readers.text.templates import MARK

#: The words that lead to a number: "lm loss:", "'grad_norm': '", "lr=[", "elapsed time (ms):"
_WORD = r"(?:[Tt]op \d{1,4}|[^\W\d][\w.@/%+~^-]*(?:'s(?= ))?)"
_OPEN = r"['\"]? ?(?:[:=]{1,2}>?| is) ?[~]?['\"\[({ ]{0,3}$"
_KEY = re.compile(rf"({_WORD}(?: (?:/ )?{_WORD}){{0,3}}(?: ?\([\w/%. ]{{1,20}}\))?){_OPEN}")
_CELL = re.compile(rf"([^|:=]{{1,60}}?)(?:{_OPEN}| $)")
_BARE = re.compile(rf"({_WORD}(?: {_WORD})?(?: \([\w ]{{1,20}}\))?) [\[(]?$")
_IN_BRACKETS = re.compile(r" \([\w ]{1,20}\) ?$")
#: "Updating learning rate to 0.001", "learning rate is now 0.001"
_SET_RATE = re.compile(r"\b(learning[ _]rate)(?: is)?(?: now| set| changed| updated)?(?: to| at| as)?:? $", re.I)
_UNIT = re.compile(r"(?:[^\W\d_]|[%°/])[\w/%°]*(?=[\s,;|)\]'\"]|\.\s|$)|[)\]'\"]+")
#: One that stands apart, before the next name: "875.63 samples/sec Train-accuracy=", "0.5 seconds, loss".
_UNIT_APART = re.compile(
    r" (?:[\w.]{1,20}/ ?(?:s|secs?|seconds?|it|iter|step|batch|epoch|gpu|device|min|h|hour|update)s?|ms|secs?|seconds?"
    r"|mins?|minutes?|hours?|[KMGT]i?B|samples|tokens|images|examples|words|steps|points|pct|percent|hz|Hz|s(?=[.,;|)]))"
    r"(?=\.?[\s,;|)]+[A-Za-z_\[({<])"
)
#: Behind a "cost", which may be a loss: it is a time.
_SECONDS = re.compile(r" ?s(?:ec(?:ond)?s?)?(?:$|[\s,;.)])")
_NEAR = 100
#: What comes between the parts of a clock time, a date, a ratio or a range; none of them is a value.
_JOINTS = frozenset({":", "/", "-", " / ", "/ ", " /", "x", ".", "~"})
#: Behind how far a bar has come.
_BAR = "%|"
_SKIPPED = re.compile(
    r"^(?:eta|complete|completed|progress|remaining(?: time)?|lineno|time_ms|seed|rank|pid|local_rank|world_size"
    r"|(?:max|total|num)_(?:steps|epochs|iters)"
    r"|version|v_num|cuda|port|line|global_batch|device|gpu|worker|.*\.py)$|:$",
    re.I,
)
#: What a line must measure, to be one of training rather than any list of numbers.
MEASURES = re.compile(
    r"loss|(?:^|[^a-z])(?:(?:mean|all|pixel|[mob])?[_ ]?acc|lr|map|kl|tr?l|err|ce|dice|[mf]?w?iou|auc"
    r"|n?sdr|si[-_]?sdr|si[-_]?snr|bl?eu|fid|score|ppl|bce|rse|rae|corr|em|exact)(?:$|[^a-z])|accuracy|perplex|learning.?rate"
    r"|损失|損失|准确率|準確率|精度|召回|学习率|学習率|正解率|손실|정확도|학습률|потер|точност"
    r"|^(?:(?:avg|average|mean|total|train|training|val|test|batch|epoch)[ ._]{1,2})*cost(?: average| avg| mean)?$"
    r"|(?:^|[^a-z])[sf]ps$|(?:^|[^a-z])[tv]?eer(?:$|[^a-z])|norm|reward|return|mse|mae|nll|bp[bc]\b|energy|entropy|elbo|psnr|ssim|precision|recall|f1|top.?[15]|acc@|(?:^|[^a-z])a[pr]@|[wc]er$|^l1$|^(?:rank|cmc|hits?|hr)[-@]\d+$",
    re.I,
)
#: What the optimizer does: lines that say so beside a loss are printed as it steps.
OPTIMIZER = re.compile(r"(?:^|_)lr(?:_?\d+)?$|learning.?rate|g(?:rad)?[ _.]?norm", re.I)
#: The last words of names that need neither ":" nor "=".
_BARE_WORDS = (
    *"""loss lr acc accuracy ppl perplexity norm gnorm grad_norm time mfu wps tps top1 top5 score f1 auc auroc mse mae
    rmse iou miou dice precision recall map bleu wer cer reward return fps psnr ssim l1 l2 gn""".split(),
    "learning rate",
    "learning_rate",
    "learning-rate",
    "learningrate",
)
_BARE_OK = re.compile(rf"(?:^|[ _./-])(?:{'|'.join(_BARE_WORDS)})$", re.I)
#: Within so many letters before a number stands what `_OPEN` asks for.
_MAX_OPEN = 10

_SPLITS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(
        ("val", "vali", "valid", "validation", "validate", "validating", "eval", "evaluation", "evaluating", "dev"),
        "val",
    ),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
#: The same in scripts that leave no blank between words: 训练 and 训练集, 検証データ.
_UNSPACED = {
    **dict.fromkeys(("训练", "訓練", "学習", "훈련", "학습"), "train"),
    **dict.fromkeys(("验证", "驗證", "検証", "검증"), "val"),
    **dict.fromkeys(("测试", "測試", "テスト", "테스트"), "test"),
}
#: One of them with what may stand behind it; "学习率" and "学習率" are learning rates.
UNSPACED = rf"({'|'.join(_UNSPACED)})(?:集|データ|세트)?(?:上|的|の)?(?!率)"
_LATIN = "|".join(sorted(_SPLITS, key=len, reverse=True))
_LEADING = re.compile(rf"(?:{_LATIN})(?=[\s/:]|$)|{UNSPACED}", re.I)
_TRAILING = re.compile(rf"(?<=\w) on (?:the )?({_LATIN})(?: set| data| split)?$", re.I)
#: "Epoch 3 done. Average cost": the end of what is said before the name.
_SAID = re.compile(
    r"^(?:(?:[a-z ]{0,20}\b(?:stats|statistics|results?|summary)\.|(?:done|finished|completed?|ended)[.,:]?"
    r"|(?:not )?training\.)) (?=[^\W\d])",
    re.I,
)
_SEGMENT = re.compile(rf"\b({_LATIN})(?: set| results)?['\"]?\s?[:\[(-]", re.I)

#: "[valid] loss=0.5, acc=0.9": the part of the data that all values up to the next such word are of.
#: "loss[loss=0.5, ctc=0.2], tot_loss[loss=0.6, ctc=0.3]": a name that comes again is of the group that it stands in.
_GROUP = re.compile(r"([A-Za-z_]\w*)\[(?=[A-Za-z_])|\]")
#: What a part of the data holds in brackets: "Test: (loss = 1.9, acc = 14.7)".
_OPENED = re.compile(rf"(?:{_LATIN})(?: set| results)?['\"]?\s?[:=]? ?[\[({{]\W*", re.I)
_CLOSED = re.compile(r"[\])}]")
#: Lists of the groups of an optimizer, and of losses without names.
_NO_LIST = re.compile(r"(?:^|[^a-z])lrs?(?:$|[^a-z])|rate|mom|beta|loss", re.I)
_MAX_LIST = 8
_HEADING = re.compile(r"\[([A-Za-z_]{2,20})\][ :]")


class Cell(NamedTuple):
    """A number with a name; running: the slot of its average in parentheses, -1 where there is none."""

    slot: int
    key: str
    split: str
    running: int


def split_word(text: str) -> str:
    """train, val or test, by a word; "" for others."""
    word = text.strip().lower()
    return _SPLITS.get(word) or _UNSPACED.get(word, "")


_COUNTS = re.compile(
    r"(?:^|(?<!episode)(?<!fps)[ _])(?:steps?|iter|iters|iteration|epochs?|batch|updates?|num_updates)$", re.I
)


def is_counter(key: str) -> bool:
    """Whether a number of this name counts and measures nothing."""
    return bool(_COUNTS.search(key)) and not MEASURES.search(key)


def cells(
    body: str, taken: frozenset[int], *, whole: bool, bare: bool, known: Mapping[int, str] | None = None
) -> list[Cell]:
    """The numbers with a name. taken: slots that are none. whole: names fill what stands between bars.

    bare: a name needs no ":" or "=" behind it. known: names that are known otherwise.
    """
    known = known or {}
    gaps = body.split(MARK)
    found: list[Cell] = []
    split = headed = held = ""
    barred = "|" in body
    group = ""
    measures = False
    seen: set[tuple[str, str]] = set()
    for slot, gap in enumerate(gaps[:-1]):
        near = gap[-_NEAR:]
        if slot and len(gap) <= _NEAR and (unit := _UNIT.match(near) or _UNIT_APART.match(near)):
            near = near[unit.end() :].removeprefix(". ")
        if "|" in near:
            split = ""
        if held and _CLOSED.search(near):
            held = ""
        for opened in _GROUP.finditer(near):
            group = opened[1] or ""
        name = (
            ""
            if slot in taken
            or (slot not in known and gaps[slot + 1] in _JOINTS and slot + 1 < len(gaps) - 1)
            or (slot not in known and gap in _JOINTS)
            or gaps[slot + 1].startswith(_BAR)
            or (gaps[slot + 1].startswith("% |") and split_word(near.strip()))
            else known.get(slot) or _name(near, whole=whole, bare=bare)
        )
        if not name or _SKIPPED.search(name):
            continue
        own, key = own_split(_SAID.sub("", name.replace("'s ", " ")))
        key = _SAID.sub("", key)
        if key.lower() == "cost" and _SECONDS.match(gaps[slot + 1]):
            key = "time cost"
        listed = range(1, _list_length(gaps, slot))
        if listed and key.lower() == "losses":
            key = f"{key}[0]"  # losses that have no names
        if own == "" and found and (part := split_word(key)) and (of := _of_training(found[-1])):
            own, key = part, of  # "accuracy train: 0.6 test: 0.5"
        before = near[near.rfind("|") + 1 : near.rfind(name)]
        for heading in _HEADING.finditer(before):
            headed = split_word(heading[1])
        segment = _SEGMENT.search(before)
        if segment:
            split = split_word(segment[1])
            held = split if _OPENED.fullmatch(segment[0] + before[segment.end() :]) else held
        split = own or (split if barred or segment else "") or held or headed
        if group and (key, own or split) in seen:
            key = f"{group}/{key}"
        seen.add((key, own or split))
        found.append(Cell(slot, key, own or split, _running(gaps, slot, key)))
        measures = measures or MEASURES.search(key) is not None
        if measures and (key.endswith("[0]") or not _NO_LIST.search(key)):
            name = key.removesuffix("[0]")
            found += (Cell(slot + at, f"{name}[{at}]", own or split, -1) for at in listed)
    return found


def _of_training(cell: Cell) -> str:
    """What a cell measures that says at its end that it is of training, "accuracy train"; "" of any other."""
    measured, _, part = cell.key.rpartition(" ")
    return measured if measured and split_word(part) == "train" else ""


def _list_length(gaps: list[str], slot: int) -> int:
    """How many values stand in brackets, "recall=[0.02, 0.18]"; 1 where there is no list, or a long one."""
    if not gaps[slot].endswith("["):
        return 1
    after = gaps[slot + 1 : slot + 1 + _MAX_LIST]
    length = next((at + 1 for at, gap in enumerate(after) if gap not in (" ", ", ", ",")), 0)
    return length if length and after[length - 1].startswith("]") else 1


def _name(near: str, *, whole: bool, bare: bool) -> str:
    if whole:
        cell = near.rpartition("|")[2].strip(" ")
        match = _CELL.fullmatch(cell if cell.endswith((":", "=")) else cell + " ")
        return match[1].strip() if match and re.search(r"[^\W\d_]", match[1]) else ""
    if "rate" in near and (rate := _SET_RATE.search(near)):
        return rate[1]
    # most numbers have no name: tested first at little cost
    tail = near[-_MAX_OPEN:]
    if (":" in tail or "=" in tail or "is" in tail) and (match := _KEY.search(near)):
        return match[1]
    said = _IN_BRACKETS.sub("", near) if near.endswith((")", ") ")) else near
    if not bare and not said.rstrip(" ([").lower().endswith(_BARE_WORDS):
        return ""
    match = _BARE.search(near)
    if not match or near[: match.start()].endswith("-"):  # "--init-lr 0.1" is an option
        return ""
    if bare or _BARE_OK.search(_IN_BRACKETS.sub("", match[1])):
        return match[1]
    return ""


def own_split(name: str) -> tuple[str, str]:
    """The split that a name begins or ends with, and the rest of it."""
    if (lead := _LEADING.match(name)) and len(lead[0]) < len(name):
        return split_word(lead[1] or lead[0]), name[lead.end() :].strip(" /:")
    if trail := _TRAILING.search(name):
        return split_word(trail[1]), name[: trail.start()]
    return "", name


def _running(gaps: list[str], slot: int, key: str) -> int:
    """The slot of the average behind a value, as in "Loss: 3.123 (3.45)"."""
    if slot + 2 >= len(gaps) or key.startswith("avg_"):
        return -1
    between, after = gaps[slot + 1], gaps[slot + 2]
    opened = re.fullmatch(r"([A-Za-z%]{0,3}) ?\( ?", between)
    return slot + 1 if opened and re.match(rf"{opened[1]}\)", after) else -1
