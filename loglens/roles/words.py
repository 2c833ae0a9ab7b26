"""Split a tag into words (lower case, without digits) and its split."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from loglens.roles.table import NEUTRAL, SPLITS, WORDS

#: Limit on the characters of a tag: a hostile one must not take quadratic time. Its end is kept, which says what it is.
MAX_LENGTH = 300

#: "loss_cls" is the cls loss, unless what follows is no name of a loss: "loss_mean", "loss_kl_weight".
_LOSS_FIRST = re.compile(
    r"((?:^|/)(?:(?:train|training|val|valid|validation|eval|test)[ _.-])?)loss[ _.-]+"
    r"(?!(?:vs|per|step|epoch|iter|batch|mean|avg|average|max|min|best|final|before|after)(?![a-z])|[a-z]\d)"
    rf"(?![^/]*(?<![a-z]){WORDS['about']}(?:[ _.-]{WORDS['statistic']})*$)(?P<name>[a-z][^/]*)$"
)

#: "q_val" is the value of a state and no split; "rmse_v_val" is the error of v on held-out data.
_STATE_VALUE = re.compile(r"(?<![a-z\d])((?:\w*m[as]p?e|err(?:or)?|loss|l\d)[ _])?([qv]\d?)[ _]vals?(?![a-z])")


#: Case, before it is lost: names of metrics that are one word, and words that begin with a capital.
_ONE_WORD = re.compile("mAP|MaP|mAR|mINP|AP[sml]|nDCG|m?IoU")
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z\d])(?=[A-Z][a-z])")
_GLUED = re.compile(r"([a-z])(?=loss(?:es)?\b)|(train|valid|val|test|eval)(?=acc)|[cg]pu(?=mem)")
#: What is written in several ways, and the one way for it.
_SPELLINGS = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"(?<![a-z\d])(?:n(?=(?:steps|timesteps|iters|updates|epochs|tokens|samples|params)\b))", "n "),
        (r"(?<![a-z\d])top[-_@ ]?\d+(?![a-z\d])", "top k"),
        (r"(?<![a-z])held[-_ ]?out(?![a-z])", "heldout"),
        (r"(?<![a-z])(?:(?:rank|cmc)[-_@]?|(?:[prh]|hr|recall)@)(?=\d)", "hits "),
        (r"/ ?s(?:ec(?:ond)?)?(?![a-z])", " per s "),
        (r"(?<![a-z\d])fb1(?![a-z\d])", "f1"),
        (r"(?<![a-z])t(?=eer(?![a-z]))", "train "),
        (r"(?<![a-z])v(?=eer(?![a-z]))", "val "),
        (r"(?<![a-z\d])l_(?=[a-z]{2}|[dg](?![a-z]))(?!inf|rate)", "loss "),
    )
)
#: Names in other scripts, as consoles print them.
_ENGLISH = {
    **dict.fromkeys(("损失", "損失", "손실", "потери", "потеря", "ошибка"), "loss"),
    **dict.fromkeys(("准确率", "準確率", "正确率", "正確率", "正解率", "精度", "정확도", "точность"), "accuracy"),
    **dict.fromkeys(("召回率", "再現率", "재현율"), "recall"),
    **dict.fromkeys(("精确率", "適合率", "정밀도"), "precision"),
    **dict.fromkeys(("学习率", "學習率", "学習率", "학습률"), "learning rate"),
    **dict.fromkeys(("困惑度",), "perplexity"),
    **dict.fromkeys(("训练", "訓練", "学習", "훈련", "학습"), "train"),
    **dict.fromkeys(("验证", "驗證", "検証", "검증"), "val"),
    **dict.fromkeys(("测试", "測試", "テスト", "테스트"), "test"),
}
_FOREIGN = re.compile("|".join(sorted(_ENGLISH, key=len, reverse=True)), re.I)
_WORD = re.compile(r"(?<![a-z])[a-z]\d+(?![a-z\d])|[a-z]+")


@lru_cache(1 << 17)  # each tag is asked for several times in one run
def words_of(tag: str) -> str:
    """The words of a tag, in lower case, between blanks; "trainLoss" and "Loss/train" have the same ones."""
    tag = tag[-MAX_LENGTH:]
    if not tag.isascii():
        tag = _FOREIGN.sub(lambda found: f" {_ENGLISH[found[0].lower()]} ", tag)
    if not tag.islower():
        tag = _ONE_WORD.sub(lambda found: found[0].lower(), tag)
        tag = _CAPITAL.sub(" ", tag).lower()
    tag = _GLUED.sub(r"\g<0> ", tag)
    tag = _STATE_VALUE.sub(lambda found: found[0] if found[1] else f"{found[2]} value", tag)
    for pattern, said in _SPELLINGS:
        tag = pattern.sub(said, tag)
    tag = _LOSS_FIRST.sub(r"\1 \g<name> loss", tag)
    return " ".join(_WORD.findall(tag))


#: Short names of splits that are words of other things as well ("va" is valence and arousal, "v" a value), and what
#: training is called beside them.
_SHORT = {"va": "val", "vl": "val", "ev": "val", "v": "val", "te": "test", "ts": "test"}
_OF_TRAINING = {**dict.fromkeys(_SHORT, ("tr", "train", "trn")), "v": ("t",)}


def read_tags(tags: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """The words and the split of every tag; "va_loss" is of a split where there is a "tr_loss", and so is "va_auc"."""
    read = {tag: read_tag(tag) for tag in tags}
    spoken = {words_of(tag) for tag in read}
    proven: dict[str, str] = {}
    for said in spoken:
        words = said.split()
        for place in {0, len(words) - 1} if len(words) > 1 else ():
            short = words[place]
            twins = {
                name: " ".join([*words[:place], name, *words[place + 1 :]]) for name in _OF_TRAINING.get(short, ())
            }
            for name, twin in twins.items():
                if twin in spoken:
                    proven |= {short: _SHORT[short], name: "train"}
    for tag in read if proven else ():
        words = words_of(tag).split()
        for place in (0, -1):
            if len(words) > 1 and words[place] in proven:
                rest = words[1:] if place == 0 else words[:-1]
                read[tag] = " ".join(rest), proven[words[place]]
                break
    return read


#: Words that name a part of a run and no run.
_PARTS = (
    NEUTRAL
    | SPLITS.keys()
    | set(
        "g d gen disc generator discriminator actor critic policy value agent student teacher encoder decoder".split()
    )
)


def without_run_names(tags: Iterable[str]) -> dict[str, str]:
    """Strip the run's name from tags that begin with it: "ResNet+Gen - val/loss" beside "ResNet - val/loss".

    A chart of several runs names its columns so; what they have in common is what was measured. "Generator - loss"
    and "val - loss" name no runs, but parts of one.
    """
    parted = {tag: tag.rpartition(" - ") for tag in tags if " - " in tag}
    often = Counter(measure for _, _, measure in parted.values())
    return {
        tag: measure
        for tag, (run, _, measure) in parted.items()
        if often[measure] > 1 and not _PARTS.issuperset(words_of(run).split())
    }


def without_statistic(tag: str) -> str | None:
    """The tag of which this one is the running mean or the like: "time" of "time_running"; None of any other."""
    found = re.fullmatch(rf"(.*[A-Za-z)\]])[ _./-]{WORDS['statistic']}", tag[-MAX_LENGTH:], re.IGNORECASE)
    return found[1] if found else None


def read_tag(tag: str) -> tuple[str, str | None]:
    """The words of a tag without those that name its split, and the split: the last one named."""
    words = words_of(tag).split()
    splits = [word for word in words if word in SPLITS and len(word) > 2] or [word for word in words if word in SPLITS]
    return " ".join([word for word in words if word not in splits] or words), SPLITS[splits[-1]] if splits else None
