"""A JSON document of nested objects that hold the history of a run: lists of numbers, or a list of rows.

So write LightGBM's and XGBoost's `evals_result`, Ludwig, CatBoost, Sacred, and everyone's own `json.dump(history)`.
The path of keys is the name of a curve; its step is a list beside or above it that counts, or else the place of a
value in its list. An object whose keys are rising numbers is such a list with its steps: so write pandas' `to_json`
and Megatron's golden values.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from loglens.readers.files.json_file import flatten, parse
from loglens.readers.files.text_file import head
from loglens.readers.files.values import number
from loglens.readers.jsonl import catboost
from loglens.readers.tables.step_axis import Axis, is_counter
from loglens.readers.tables.table import Rows, Table

Keys = tuple[str, ...]
Lists = dict[Keys, list[Any]]

#: Objects within objects, and lists in all, that are looked at: a file may hold anything.
_MAX_DEPTH, _MAX_LISTS = 12, 5000
#: So much of a file is looked at to tell whether it is a history, in bytes.
_HEAD = 1 << 16
#: Fewer values are no curve. A single list must be longer than the folds, classes or layers that a list may name.
_MIN_VALUES, _LONG = 3, 20
_MEASURE = re.compile(
    r"loss|acc|error|reward|return|perplexity|bleu|entropy|auc|iou|dice|"
    r"(?:^|[^a-z])(?:err|ppl|m?ap|n?dcg|r?mse|rmsle|maf?e|mape|l1|l2|huber|f1|precision|recall|top[_-]?[15])(?:$|[^a-z])",
    re.I,
)
#: Words that say that a list runs over something else than the steps of a run; a list beside it does the same.
_OTHER = re.compile(r"weight|coef|per_|by_|fold|class_|sample|std|mean$|quantile", re.I)
_BESIDE = re.compile(r"threshold|fpr|tpr|quantile|(?:^|_)(?:bins?|sizes)(?:_|$)", re.I)
#: Objects of settings, whose lists are no curves.
_SETTINGS = frozenset(
    "args arguments config configs cfg hparams hyperparameters params parameters settings space".split()
)
_HISTORY = frozenset("history histories log logs curves".split())
_SPLIT = re.compile(r"(?:^|[^a-z])(train|learn|val|test|eval|dev)(?:ing|id|idation|uation)?(?:$|[^a-z])", re.I)
#: The end of a head may cut a string in two.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|$)|[\[\]{},]', re.S)
_STEPS, _VALUES = "steps", "values"  # Sacred
_OWN_STEPS = "_T"  # PyMARL
#: A key that is the number of a step: "12", "epoch_12".
_NUMBERED = re.compile(r"(?:(epoch|step|iter|iteration)[ _-]?)?(\d{1,18})", re.I)
#: How Megatron-LM writes that a step has no value (its script that collects golden values); a NaN has no quotes.
_NO_VALUE = "nan"


def is_history(path: Path) -> bool:
    """Whether a file begins as such a document."""
    text = head(path, _HEAD).lstrip("\ufeff \t\n")
    if not text.startswith("{"):
        return False
    try:
        content = parse(text)
    except ValueError:
        try:
            content = parse(_closed(text))
        except ValueError:
            return False
    return isinstance(content, dict) and _is_history(_lists(content))


def has_inner_curves(content: dict[str, Any]) -> bool:
    """Whether a document is such a history, and its curves have steps of their own or stand in objects within it."""
    lists = _lists(content)
    if any(_is_of_steps(keys, lists) for keys in lists):
        return True
    inner = any(len(keys) > 1 and _names_measure(keys) and _are_numbers(cells) for keys, cells in lists.items())
    return inner and _is_history(lists)


def tables(content: dict[str, Any]) -> list[tuple[Table, Axis | None]]:
    """A table for each list of rows, and one for the lists of numbers that share a length and a counter."""
    lists = _lists(content)
    groups: dict[tuple[Keys | None, int], list[Keys]] = {}
    names = catboost.metric_names(content)
    for keys, cells in lists.items():
        if _are_numbers(cells) and not _is_of_steps(keys, lists):
            groups.setdefault((_counter(keys, lists), len(cells)), []).append(keys)
    found = []
    for (counter, _), members in groups.items():
        curves = {_name(keys): lists[keys] for keys in members if keys != counter}
        name = counter[-1] if counter else ""
        name = "step" if name == _STEPS or name.endswith(_OWN_STEPS) else name
        steps = {name: lists[counter]} if counter else {}
        if curves:
            found.append(_columns(steps | curves))
    rows = [keys for keys, cells in lists.items() if _are_rows(cells)]
    alone = not found and len(rows) == 1
    found += [_rows(lists[keys], names, "" if alone or not keys else "/".join(keys) + "/") for keys in rows]
    return [(table, None) for table in found]


def _lists(content: dict[str, Any]) -> Lists:
    """The lists in a document by their keys, in the order written."""
    found: Lists = {}
    stack: list[tuple[Keys, Any]] = [((), content)]
    while stack and len(found) < _MAX_LISTS:
        keys, node = stack.pop()
        if isinstance(node, list) and len(node) >= _MIN_VALUES:
            found[keys] = list(map(_unpickled, node))
        elif isinstance(node, dict) and (curve := _by_number(keys, node)):
            found |= curve
        elif isinstance(node, dict) and len(keys) < _MAX_DEPTH:
            inside = [(key, inner) for key, inner in node.items() if isinstance(inner, dict | list)]
            stack.extend(((*keys, key), inner) for key, inner in reversed(inside) if key.lower() not in _SETTINGS)
    return found


def _by_number(keys: Keys, node: dict[str, Any]) -> Lists:
    """An object whose keys are rising numbers: a curve with its steps, or rows with theirs; empty for any other."""
    numbered = [_NUMBERED.fullmatch(key) for key in node] if len(node) >= _MIN_VALUES else []
    steps = [int(match[2]) for match in numbered if match]
    if not steps or len(steps) < len(node) or not _rises(steps):
        return {}
    cells = list(node.values())
    if all(isinstance(cell, dict) for cell in cells):
        word = next(match[1] for match in numbered if match) or "step"
        return {keys: [{word.lower(): step, **cell} for step, cell in zip(steps, cells, strict=True) if cell]}
    if not keys or not all(cell is None or cell == _NO_VALUE or isinstance(cell, int | float) for cell in cells):
        return {}
    filled = [place for place, cell in enumerate(cells) if cell != _NO_VALUE]
    own_steps = (*keys[:-1], keys[-1] + _OWN_STEPS)
    return {keys: [cells[place] for place in filled], own_steps: [steps[place] for place in filled]}


def _unpickled(cell: Any) -> Any:
    """A scalar of numpy as jsonpickle writes it, in Sacred's info.json, as a number; other cells as they are."""
    return cell.get("value", cell) if isinstance(cell, dict) and "py/object" in cell else cell


def _is_history(lists: Lists) -> bool:
    """Whether there are rows with a counter, or a curve of a measure that has a counter or many values.

    Short lists without a counter are a history if they are of the same length and of several splits, or called so.
    """
    if any(_are_rows(cells) for cells in lists.values()):
        return True
    others = {keys[:-1] for keys in lists if _BESIDE.search(keys[-1])}
    splits: dict[int, set[str]] = {}
    for keys, cells in lists.items():
        if keys[:-1] in others or not _names_measure(keys) or not _are_numbers(cells) or not _is_measured(cells):
            continue
        if len(cells) >= _LONG or _is_counted(keys, lists) or _HISTORY & {key.lower() for key in keys}:
            return True
        splits.setdefault(len(cells), set()).add("/".join(_SPLIT.findall("/".join(keys).lower())))
    return any(len(each) > 1 for each in splits.values())


def _is_counted(keys: Keys, lists: Lists) -> bool:
    """Whether a curve has a counter that says more than the place of a value in its list."""
    counter = _counter(keys, lists)
    if counter is None:
        return False
    steps = lists[counter]
    return counter[-1] != keys[-1] + _OWN_STEPS or steps[-1] - steps[0] >= len(steps)


def _names_measure(keys: Keys) -> bool:
    last = keys[-2:] if keys[-1] == _VALUES else keys[-1:]
    return any(map(_MEASURE.search, last)) and not any(map(_OTHER.search, last))


def _are_numbers(cells: Sequence[Any]) -> bool:
    """Whether all items are numbers or null, which stands for a missing value."""
    return all(cell is None or number(cell) is not None for cell in cells) and any(cell is not None for cell in cells)


def _is_measured(cells: Sequence[Any]) -> bool:
    """Whether values are fractions that change, as those of a measurement: not ids, sizes or one setting repeated."""
    return any(isinstance(cell, float) and cell % 1 for cell in cells) and any(cell != cells[0] for cell in cells)


def _are_rows(cells: Sequence[Any]) -> bool:
    """Whether all items are objects with a measure and a counter that rises from each to the next."""
    if not all(isinstance(cell, dict) and cell for cell in cells):
        return False
    numbers, _ = flatten(cells[0], "/")
    measured = any(map(_MEASURE.search, numbers)) or any(map(_is_split_result, *zip(*cells[0].items(), strict=True)))
    return measured and any(_rises([cell.get(key) for cell in cells]) for key in filter(is_counter, cells[0]))


def _is_split_result(key: str, value: Any) -> bool:
    """Whether a cell is CatBoost's: the measures of a split in a list without names."""
    return bool(_SPLIT.fullmatch(key)) and isinstance(value, list) and any(isinstance(cell, float) for cell in value)


def _rises(cells: Sequence[Any]) -> bool:
    whole = all(isinstance(cell, int | float) and cell == cell // 1 for cell in cells)
    return whole and all(one < two for one, two in itertools.pairwise(cells))


def _counter(keys: Keys, lists: Lists) -> Keys | None:
    """The list of a curve's own steps ("loss_T"), or the nearest one beside or above it, of its length, that counts."""
    own = (*keys[:-1], keys[-1] + _OWN_STEPS)
    if own in lists and len(lists[own]) == len(lists[keys]) and _rises(lists[own]):
        return own
    for depth in range(len(keys) - 1, -1, -1):
        for place in _counters_at(keys[:depth], lists):
            if len(lists[place]) == len(lists[keys]) and _rises(lists[place]):
                return place
    return None


def _is_of_steps(keys: Keys, lists: Lists) -> bool:
    """Whether a list holds the steps of the one that is called as it is without the ending."""
    return keys[-1].endswith(_OWN_STEPS) and (*keys[:-1], keys[-1].removesuffix(_OWN_STEPS)) in lists


def _counters_at(above: Keys, lists: Lists) -> Iterator[Keys]:
    for name in ("step", "steps", "global_step", "iteration", "iterations", "iter", "epoch", "epochs"):
        if (*above, name) in lists:
            yield (*above, name)


def _name(keys: Keys) -> str:
    """The name of a curve; what Sacred calls "values" is called as the object around it."""
    return "/".join(keys[:-1] if keys[-1] == _VALUES and len(keys) > 1 else keys)


def _columns(curves: dict[str, list[Any]]) -> Table:
    rows = Rows()
    for at in range(max(map(len, curves.values()))):
        cells = {name: number(cells[at]) for name, cells in curves.items()}
        rows.add({name: value for name, value in cells.items() if value is not None})
    return rows.table()


def _rows(objects: Sequence[dict[str, Any]], names: dict[str, list[str]], prefix: str) -> Table:
    rows = Rows()
    for each in objects:
        numbers, _ = flatten(catboost.named(each, names), "/")
        rows.add({key if is_counter(key) else prefix + key: value for key, value in numbers.items()})
    return rows.table()


def _closed(text: str) -> str:
    """Cut the beginning of a document after its last whole element, and close the open brackets."""
    tokens = list(_TOKEN.finditer(text))
    while tokens and tokens[-1][0] != ",":
        tokens.pop()
    open_: list[str] = []
    for token in tokens:
        if token[0] in "{[":
            open_.append("}" if token[0] == "{" else "]")
        elif token[0] in "}]" and open_:
            open_.pop()
    return text[: tokens[-1].start() if tokens else 0] + "".join(reversed(open_))
