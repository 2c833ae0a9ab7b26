"""Plan lines of unknown trainers: they count steps or epochs, measure something, or both."""

from __future__ import annotations

import re
from dataclasses import replace

from loglens.readers.text.bare_pairs import averages, bare_pairs, replaced_rates
from loglens.readers.text.cell_names import MEASURES, OPTIMIZER, UNSPACED, Cell, cells, is_counter, split_word
from loglens.readers.text.counters import Counter, counters, unnamed_counter
from loglens.readers.text.held_out_cells import RATE, keeps_best, with_held_out
from loglens.readers.text.labels import label_of
from loglens.readers.text.line_plan import COUNTED, UNCOUNTED, LinePlan, values_of
from loglens.readers.text.number_lists import number_list
from loglens.readers.text.templates import MARK

#: A bar or a heading that begins with the epoch.
_SETTER = re.compile(r"[-=*#>+ ]*epoch ?:?=? ?\[?\0")
_SPLIT = re.compile(
    r"\W*(train|training|val|valid|validation|validate|validating|eval|evaluation|evaluating|test|testing|dev)\b"
    rf"|\W*{UNSPACED}"
)
#: "PARK: precision: 0.5": what the values are of.
_LABEL = re.compile(
    r"\W*([A-Za-z][\w .@/\0-]{0,40}?)(?: (?:train|val|valid|validation|test))?"
    r" ?: ?(?:[\[({]['\"]?)?(?=[^\W\d][^\0]{0,60}[:=] ?\0)"
)
#: "best metric, acc: 0.8", "Final Results: Minibatch[1-157]: ce = 0.6": beside the curve of that name.
_WHICH = re.compile(r"\W*((?:best|cur|current|final)(?: [a-z]+){0,2}) ?[,:] ?[\[({]?(?=[a-z'\"])", re.I)
#: PaddlePaddle's trainers say so of an evaluation.
_EVALUATED = re.compile(r"(?:best|cur(?:rent)?) metrics?$", re.I)
_NO_LABEL = re.compile(
    r"(?:(?:epoch|step|iteration) )?"
    r"(?:results?|metrics?|summary|stat(?:istic)?s|scores?|performance|averages?|mean|overall|total|info|loss(?:es)?)",
    re.I,
)
#: The words of a line that announces what comes, and names no value.
_AROUND = frozenset(
    """a at begin beginning begins begun cross current data dataset dev done end error errors eval evaluate
    evaluating evaluation finished for global in inference inner learning loop meta metrics mode model net
    network new now of on outer performance phase report reporting result results run running score scores set
    start started starting starts stats step summary test testing the to train training val valid validate
    validating validation
    开始 开始训练 结束 训练 验证 测试""".split()
)
_MAX_HEADING = 100
#: How many epochs there shall be, beside the batch size: a line of settings.
_SETTINGS = (re.compile(r"\bepochs\b['\"]?[ :=,]{1,3}\0"), re.compile(r"\bbatch[ _-]?size\b"))
#: What a line measures that counts; elsewhere "errors: 3" counts what went wrong.
_ERROR = re.compile(r"(?:^|[^a-z])errors?(?: rate)?(?: of best model)?$", re.I)
_REPORTED = re.compile(r"loss|(?:^|[^a-z])acc(?:$|[^a-z])|accuracy", re.I)
#: A name and its value as a pair of a tuple or list: "(:epoch, 1, :trn, 0.38)", "[('loss', 0.38), ('acc', 0.9)]".
_PAIR = re.compile(r"(?<![\w:]):([A-Za-z_]\w{0,60}), ?(?=\0)|(?<=[(\[ ])(['\"])([A-Za-z_][\w /@.-]{0,60})\2, ?(?=\0)")
#: "Losses {'ner': 12.3, 'tagger': 4.5}": each of them is a loss.
_LOSSES = re.compile(r"((?:.{0,40}\0[^\w\0]{1,4})?)losses:? ?(?=\{'[a-z])")
#: "loss in epoch 3 iteration 12: 0.693"
_NAMED_FIRST = re.compile(
    r"((?:[A-Za-z]+ )?(?:loss|cost|accuracy)) (?:in|at|of|for|after) ((?:[a-z]+ \0,? ?){2}): ?\0", re.I
)
#: "loss0.693-|"
_GLUED = re.compile(r"(?<= loss)(?=\0)", re.I)
#: A step between a name and its value: "Train loss 120 3.32 Grad Norm 5.6", "Validation loss 100: 4.31".
_COUNT_BETWEEN = re.compile(r"[^\0]{0,40}\b(?:loss|cost) \0:? \0(?= [A-Za-z]|$)", re.I)
#: What a line names that counts and else only says how long that took: "Step 100 per-step time 1.402s".
_DURATION = re.compile(r"(?:^|[ _-])(?:time|duration|elapsed|seconds|time cost)$", re.I)
#: "1h 12m 30s" is one value.
_MORE_OF_TIME = re.compile(r"\0[dhm] (?=\0[hms]\b)")
#: So many values that are not known to measure, and nothing else, make a line behind a counter a report.
_SEVERAL = 2
#: A line of names and numbers that says nothing known to measure is no longer than this.
_MAX_LINE = 200


def generic(body: str, low: str) -> LinePlan | None:
    """The plan of a line without its prefix, as written and in lower case; None if it says nothing of training."""
    if MARK not in body:
        return _heading(low)
    if lead := _LOSSES.match(low):
        body, low = (lead[1] + text[lead.end() :].replace("': ", " loss': ") for text in (body, low))
    if f"loss{MARK}" in low:
        body, low = (_GLUED.sub(" ", text) for text in (body, low))
    if named_first := _NAMED_FIRST.fullmatch(body):
        body = f"{named_first[2]}, {named_first[1]}: {MARK}"
        low = body.lower()
    if "," in body:
        body, low = (_PAIR.sub(lambda found: f"{found[1] or found[3]}: ", text) for text in (body, low))
    if plan := number_list(body):
        return plan
    return _named_numbers(body, low)


def _named_numbers(body: str, low: str) -> LinePlan | None:
    step, epoch = counters(low)
    means = averages(body)
    step, epoch = (None if each and each.slot in means else each for each in (step, epoch))
    unnamed = False
    if step is None and (found := unnamed_counter(low, epoch.end if epoch else 0)):
        step, unnamed = found, True
    taken = frozenset(slot for each in (step, epoch) if each for slot in (each.slot, each.total) if slot >= 0)
    taken |= replaced_rates(body)
    listed = cells(body, taken, whole=False, bare=False, known=bare_pairs(body) | means)
    listed = [cell for cell in listed if not is_counter(cell.key)]
    if _is_of_settings(low, listed):
        return None
    named = epoch or (step and not unnamed)
    said = low[epoch.start : epoch.end] if epoch else ""
    report = measures = _measures(listed, named=bool(named), of_epoch="epoch" in said)
    report = measures = measures or ("episode" in said and any(cell.key == "R" for cell in listed))
    mild = False
    if not measures and named and not unnamed:
        counted = sum(low.count(MARK, each.start, each.end) for each in (step, epoch) if each)
        whole = len(listed) + counted + len(_MORE_OF_TIME.findall(low)) == body.count(MARK)
        mild = whole and len(listed) >= _SEVERAL
        report = mild or (whole and _takes_time(listed))
    weak = not measures and not step and not epoch and len(listed) == body.count(MARK) and len(body) < _MAX_LINE
    if not report and not weak:
        return _setter(low, None if unnamed else step, epoch) if epoch or not unnamed else None
    begins = (each.start for each in (step, epoch) if each)
    split = _leading_split(low, min(begins) if named else low.find(MARK))
    if named and not split:
        split = _split_behind(low, max(each.end for each in (step, epoch) if each), listed[0].slot)
    if not named and not unnamed and listed[0].slot == 0 and _COUNT_BETWEEN.match(body):
        return _count_between(listed, split)
    if not split and not named and (label := _LABEL.match(body)):
        split = _held_out(re.findall("[a-z]+", label[1].lower()))
    if not split:
        listed = with_held_out(listed)
    if not named:
        if ((label := _WHICH.match(body)) and _EVALUATED.match(label[1])) or keeps_best(listed):
            split = split or "val"
        values = values_of(_labelled(body, listed), split, "follow", frozenset({"section"}))
        words = {"follow", *(["unnamed"] if unnamed else []), *(["weak"] if weak else [])}
        if all(any(pattern.search(cell.key) for cell in listed) for pattern in (OPTIMIZER, _REPORTED)):
            words.add("steps")
        return _counting(LinePlan(f"unnamed/{split}", frozenset(words), values=values), step, epoch)
    if label := _WHICH.match(body):
        split = split or ("val" if _EVALUATED.match(label[1]) else "")
        values = values_of(_labelled(body, listed), split, "step" if step else "epoch", frozenset())
        return _counting(LinePlan(f"generic/{label[1]}", frozenset({"generic"}), values=values), step, epoch)
    words = {"generic", *(["unnamed"] if unnamed else []), *(["mild"] if mild else [])}
    words |= {"interactions"} if step and step.interactions else set()
    values = values_of(listed, split, "step" if step else "epoch", frozenset())
    section = "train" if split in ("", "train") else ""
    sides = {cell.split for cell in listed}
    side = split or (sides.pop() if len(sides) == 1 else "")
    family = f"{'unnamed' if unnamed else 'generic'}{' overall' if step and step.overall else ''}/{side}"
    begins_with = "" if split else label_of(body[: min(each.start for each in (step, epoch) if each)])
    plan = LinePlan(family, frozenset(words), values=values, section=section, label=begins_with)
    return _counting(plan, step, epoch)


def _measures(listed: list[Cell], *, named: bool, of_epoch: bool) -> bool:
    """Whether values are known to measure; "epoch 1, train 0.38, test 0.41" is one measure of two parts of the data.

    And so is "epoch 1: train==[0.38=0.31 + 0.07]".
    """
    if any(MEASURES.search(cell.key) or (named and _ERROR.search(cell.key)) for cell in listed):
        return True
    parts = {split_word(cell.key) for cell in listed} - {""}
    return named and (len(parts) > 1 or (of_epoch and "train" in parts))


def _is_of_settings(low: str, listed: list[Cell]) -> bool:
    """Whether a line sets the epochs, the batch size and the learning rate, and names no loss and no accuracy."""
    if not all(pattern.search(low) for pattern in _SETTINGS):
        return False
    keys = [cell.key for cell in listed]
    return any(map(RATE.search, keys)) and not any(map(_REPORTED.search, keys))


def _takes_time(listed: list[Cell]) -> bool:
    return bool(listed) and all(_DURATION.search(cell.key) for cell in listed)


def _counting(plan: LinePlan, step: Counter | None, epoch: Counter | None) -> LinePlan:
    if epoch:
        plan = replace(plan, epoch=epoch.slot)
    return replace(plan, step=step.slot, total=step.total) if step else plan


def _count_between(listed: list[Cell], split: str) -> LinePlan:
    """The plan of a line whose first number counts and has its value behind it, or is the value itself."""
    words = frozenset({"follow", "unnamed"})
    first, *others = values_of(listed, split, "follow", frozenset({"section"}))
    behind = replace(first, slot=1, when=COUNTED)
    values = (behind, replace(first, when=UNCOUNTED), *others)
    return LinePlan(f"unnamed between/{split}", words, step=0, values=values)


def _leading_split(low: str, end: int) -> str:
    """The part of the data that a line begins with."""
    lead = _SPLIT.match(low[: max(end, 0)])
    return split_word(lead[1] or lead[2]) if lead else ""


def _split_behind(low: str, begin: int, slot: int) -> str:
    """The held-out part of the data that stands between the counters of a line and its first name.

    "Epoch 3, validation: loss=0.5, wer=0.2", "ep 3 dev eval, step 7, ce 2.1".
    """
    end = [found.start() for found in re.finditer(MARK, low)][slot]
    lead = _BETWEEN.match(low[:begin].rpartition(MARK)[2] + low[begin:end]) if begin <= end else None
    between = re.search(rf"{MARK}([a-z ,:|\]\[(-]{{1,40}})[,:|\]-] ?(?:step|iter|batch)", low[:begin])
    cells = _PART_CELL.findall(low[:end])
    if cells and split_word(cells[-1]) in ("val", "test"):
        return split_word(cells[-1])
    text = (lead[1] if lead else "") + " " + (between[1] if between else "")
    words = re.findall("[a-z]+", text)
    split = _last_split(words)
    return split if split in ("val", "test") and _AROUND.issuperset(words) else ""


#: "Epoch 0 | Validation | Steps: 20 | Loss: 99.1"
_PART_CELL = re.compile(r"[|,;] ?(train(?:ing)?|val(?:id(?:ation)?)?|eval(?:uation)?|test(?:ing)?|dev) ?(?=[|,;])")
_BETWEEN = re.compile(r"[\s,:|\])-]*([a-z][a-z ]{0,30}?) ?(?:[:|>]|\])")


def _labelled(body: str, listed: list[Cell]) -> list[Cell]:
    """The cells of a line that begins with what they are of, with that before their names."""
    label = _WHICH.match(body) or _LABEL.match(body)
    if not label or split_word(label[1].split()[0]) or _NO_LABEL.fullmatch(label[1]):
        return listed
    of = label[1].replace(MARK, "#")
    return [cell._replace(key=f"{of}/{cell.key}") for cell in listed]


def _setter(low: str, step: Counter | None, epoch: Counter | None) -> LinePlan | None:
    """The plan of a line that counts and names no value: what follows belongs to that step or epoch."""
    named = [each for each in (step, epoch) if each]
    whole = len(named) == low.count(MARK) - sum(each.total >= 0 for each in named)
    if epoch and _SETTER.match(low) and not (step and whole):
        return LinePlan("generic/", frozenset({"set"}), epoch=epoch.slot, section="train")
    if not named or len(low) > _MAX_HEADING:
        return None
    if any(each.total < 0 and _HOW_MANY.search(low, each.start, each.end) for each in named):
        return None
    rest = low
    for each in sorted(named, key=lambda each: -each.start):
        rest = f"{rest[: each.start]} {rest[each.end :]}"
    words = re.findall(r"[^\W\d_]+", _TOOK.sub("", rest))
    if MARK in _TOOK.sub("", rest.replace("(#\0)", "")) or not _AROUND.issuperset(words):
        return None
    section = _last_split(words)
    if step and _last_split(re.findall(r"[a-z]+", low[: step.start])) in ("val", "test"):
        step = None  # "[Eval batch=3/9]" counts the batches of the evaluation
    unsaid = frozenset() if section else frozenset({"unsaid"})
    return _counting(LinePlan("generic/", frozenset({"set"}) | unsaid, section=section or "train"), step, epoch)


#: "Training batches: 6501" says how many there are.
_HOW_MANY = re.compile(r"(?:batches|steps|iterations|iters|updates|epochs|episodes|rounds) ?[:=]")
#: How long the last one took or how far this one is, behind a counter: "ITERATION 14 (165.40s)", "Epoch: 3 [20%]"; of
#: how many images it is, "[Epoch: 3, numImages: 1464]".
_TOOK = re.compile(
    r"[\[(]\0 ?(?:%|s|sec|secs|seconds|m|min|mins|minutes|ms)[\])]"
    r"|,? ?num[_ ]?(?:images|samples|examples|batches)['\"]? ?[:=] ?\0"
)


def _heading(low: str) -> LinePlan | None:
    """The plan of a line that says of what part of the data the next lines are: "Validating...", "Test Error:"."""
    if not low or len(low) > _MAX_HEADING or not _SPLIT_WORD.search(low):
        return None
    words = re.findall(r"[a-z]+", low)
    if len(words) > _MAX_WORDS or not _AROUND.issuperset(words):
        return None
    return LinePlan("generic/", frozenset({"set"}), section=_last_split(words))


_SPLIT_WORD = re.compile(r"train|val|test|dev")
_MAX_WORDS = 6


def _held_out(words: list[str]) -> str:
    """val or test, where the last word that names a part of the data is one of them: "avg_test_scalars"."""
    split = _last_split(words)
    return split if split in ("val", "test") else ""


def _last_split(words: list[str]) -> str:
    return next((split for word in reversed(words) if (split := split_word(word))), "")
