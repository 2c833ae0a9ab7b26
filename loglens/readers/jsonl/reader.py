"""JSON, rows or one document: detectron2, mmengine, RLlib, DETR, skorch, dllogger, CatBoost, LightGBM, Ludwig, Sacred.

Also what everyone's own loop dumps: an object a line, a list of rows, a dictionary of lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.files.json_file import document, flatten, objects, parse
from loglens.readers.files.one_run_per_file import runs_of_files
from loglens.readers.files.text_file import head
from loglens.readers.files.values import number, refuse
from loglens.readers.jsonl import coco, dllogger, nested, skorch
from loglens.readers.jsonl.build_run import build_run
from loglens.readers.jsonl.mmengine import split_validation
from loglens.readers.tables.quoted import is_quoted, unquoted
from loglens.readers.tables.several_runs import split_runs
from loglens.readers.tables.step_axis import Axis, is_counter
from loglens.readers.tables.table import Rows, Table, batches

FORMAT = "jsonl"

_SUFFIXES = frozenset({".jsonl", ".ndjson"})
#: Files that may hold one JSON list of rows; their content decides.
_LIST_SUFFIXES = frozenset({"", ".json", ".log", ".txt", ".out"})
#: Names that writers give to lines of JSON, whatever the suffix says.
_NAMES = re.compile(r"^(?:metrics|scalars|result|progress|log|scores|stats)\.(?:json|txt)$|\.log\.json$")
#: So many lines of objects make a log of a file with another suffix.
_FEW = 3
#: Where rows hold the settings of a run.
_CONFIG = "config/"
_ROW_LIST = re.compile(r"\s*\[\s*(\{[^{}]*\})")
#: skorch: the rows are epochs and begin with the rows of their batches.
_EPOCHS = re.compile(rf'\s*\[\s*\{{\s*"{skorch.BATCHES}"\s*:\s*\[')
_CURVES = re.compile(r'\s*\{\s*"[^"]+"\s*:\s*\[\s*(?:[-+.\d]|NaN|Infinity)')
_KEY = re.compile(r'"([^"\\]{1,80})"\s*:\s*\[?\s*(?:-?[\d.]|NaN|-?Infinity)')
#: What a row must tell at least, to be a log of training rather than any list of records.
_TELLING = re.compile(
    r"loss|acc|reward|return|metric|(?:^|[/_])lr(?:$|[/_])|learning_rate|grad_norm|ppl|bleu|mAP", re.I
)


def sniff(path: Path) -> bool:
    """Recognise lines of JSON objects, and documents of rows or curves. W&B histories have a reader of their own."""
    suffix = path.suffix.lower()
    named = bool(_NAMES.search(path.name))
    if suffix not in _SUFFIXES | _LIST_SUFFIXES and not named:
        return False
    text = head(path).lstrip("\ufeff \t\n")
    if text.startswith(dllogger.PREFIX):
        return dllogger.is_log(text)
    if suffix in _LIST_SUFFIXES - {".json"} and (not named or _ROW_LIST.match(text)):
        return _is_row_list(text) or _are_rows(text)
    keys = _KEY.findall(text)
    if text.startswith("{") and "_step" in keys and {"_runtime", "_timestamp"} & set(keys):
        return False
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return False
    if suffix == ".json" and '"log_history"' not in text:
        if _EPOCHS.match(text):
            return any(map(_TELLING.search, keys))
        if _ROW_LIST.match(text):
            return _is_row_list(text)
        if _CURVES.match(text) and _is_document(lines):
            return any(map(_TELLING.search, keys)) or nested.is_history(path)
    if _are_lines(lines, text.endswith("\n"), named or suffix in _SUFFIXES):
        return True
    return suffix == ".json" and _is_document(lines) and nested.is_history(path)


def _is_document(lines: Sequence[str]) -> bool:
    """Whether a file begins as one object, not as lines of objects."""
    return lines[0].startswith("{") and (len(lines) == 1 or _is_object(lines[0]) is not True)


def _is_row_list(text: str) -> bool:
    """Whether a JSON list begins with an object that holds a counter and a measurement, as Chainer's `log` does."""
    match = _ROW_LIST.match(text)
    keys = _KEY.findall(match[1]) if match else []
    return any(map(is_counter, keys)) and any(map(_TELLING.search, keys))


def _are_rows(text: str) -> bool:
    """Whether all whole lines of a file's head are objects that hold a counter and, one of them, a measurement."""
    lines = [line for line in text.split("\n")[:-1] if line.strip()]
    keys = set(_KEY.findall(text))
    if len(lines) < _FEW or not all(line.startswith("{") for line in lines) or not all(map(_is_object, lines)):
        return False
    return "_step" not in keys and any(map(is_counter, keys)) and any(map(_TELLING.search, keys))


def _are_lines(lines: Sequence[str], whole: bool, named: bool) -> bool:
    """Whether the lines of a file's head are objects; a single line counts only with a telling name."""
    if len(lines) == 1 and not whole:  # the first line continues beyond the head
        return named and lines[0].startswith('{"')
    first = _is_object(lines[0])
    return first is True and (named or (len(lines) > 1 and lines[1].startswith("{")))


def _is_object(line: str) -> bool | None:
    try:
        return isinstance(parse(line), dict)
    except ValueError:
        return None


def home(path: Path, inside: frozenset[Path]) -> Path:  # noqa: ARG001 - as all readers
    """The file itself."""
    return path


def read(source: Source) -> Iterator[Run]:
    """One run a file, or several where a column names them."""
    yield from runs_of_files(source, _runs)


def _runs(source: Source, path: Path, name: str) -> Iterator[Run]:
    notes: list[Note] = []
    params: dict[str, Any] = {}
    if head(path).lstrip("\ufeff \t\n").startswith(dllogger.PREFIX):
        found, params = dllogger.tables(objects(path, notes, dllogger.PREFIX.encode()))
        yield _run(source, path, name, found, notes, params)
        return
    parts = _whole(path)
    if parts is None:
        table, params = _lines(path, notes)
        if runs := split_runs(table):
            for run in runs:
                yield _run(source, path, f"{name}/{run.name}", [(run.table, None)], notes, params | run.params)
            return
        parts = split_validation(table)
    yield _run(source, path, name, parts, notes, params)


def _run(
    source: Source,
    path: Path,
    name: str,
    parts: Sequence[tuple[Table, Axis | None]],
    notes: Sequence[Note],
    params: dict[str, Any],
) -> Run:
    run = build_run(name, source.path, FORMAT, parts, file=path, notes=notes, params=params)
    if not len(run.columns):
        raise refuse(path, "no number that changes with a step: JSON, but no training log")
    return run


def _lines(path: Path, notes: list[Note]) -> tuple[Table, dict[str, Any]]:
    """Read the rows of JSON lines. Strings of the first row are parameters (env_info, config)."""
    rows = Rows()
    params: dict[str, Any] = {}
    first = True
    for some in batches(objects(path, notes)):
        names = set().union(*some)
        has_settings = "config" in names or any(name.startswith(_CONFIG) for name in names)
        if all(some) and not has_settings and rows.add_numbers(some):
            first = False
            continue
        for row in some:
            numbers, strings = flatten(coco.named(row), "/")
            if has_settings:
                for key in [key for key in numbers if key.startswith(_CONFIG)]:
                    params.setdefault(key.removeprefix(_CONFIG), numbers.pop(key))
            if numbers or any(map(is_quoted, strings.values())):
                rows.add(numbers, {key: word for key, word in strings.items() if len(word) < 80} if strings else None)
            if first and not numbers:
                params |= {key: word for key, word in strings.items() if len(word) < 200}
            first = False
    if not rows.height:
        raise refuse(path, "no line is a JSON object with a number in it")
    return unquoted(rows.table()), params


def _whole(path: Path) -> list[tuple[Table, Axis | None]] | None:
    """A document that is a list of rows or a dictionary of curves; None for lines of objects."""
    text = head(path).lstrip("\ufeff \t\n")
    if path.suffix.lower() not in _LIST_SUFFIXES:
        return None
    if not any(form.match(text) for form in (_EPOCHS, _ROW_LIST, _CURVES)):
        lines = [line for line in text.split("\n") if line.strip()]
        if path.suffix.lower() != ".json" or not lines or not _is_document(lines) or not nested.is_history(path):
            return None
        content = document(path)
        return nested.tables(content) if isinstance(content, dict) else None
    try:
        content = document(path)
    except UnreadableError:
        if not _CURVES.match(text):
            raise
        return None  # lines of objects that begin with a list
    if _EPOCHS.match(text) and isinstance(content, list):
        return skorch.tables([row for row in content if isinstance(row, dict)])
    rows = Rows()
    if isinstance(content, list):
        for row in content:
            if isinstance(row, dict):
                rows.add(*flatten(row, "/"))
    elif isinstance(content, dict):
        if nested.has_inner_curves(content):
            return nested.tables(content)
        curves = {key: curve for key, curve in content.items() if isinstance(curve, list) and len(curve) > 1}
        for at in range(max(map(len, curves.values()), default=0)):
            cells = {key: number(curve[at]) for key, curve in curves.items() if at < len(curve)}
            rows.add({key: value for key, value in cells.items() if value is not None})
    return split_validation(unquoted(rows.table()))
