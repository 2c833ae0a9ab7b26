"""Parameters of a run from the small files that trainers leave beside a log."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

#: Nothing larger is a file of parameters.
MAX_SIZE = 4 << 20
_QUOTED = re.compile(r"""'((?:[^']|'')*)'|"((?:[^"\\]|\\.)*)\"""")
FILES = ("hparams.yaml", "args.yaml", "params.yaml", "params.json", "config.json")


def params_beside(folder: Path) -> dict[str, Any]:
    """Parameters in hparams.yaml (Lightning), args.yaml (ultralytics), params.yaml (DVCLive), params.json (Ray)."""
    found: dict[str, Any] = {}
    for name in FILES:
        path = folder / name
        try:
            if not is_inside(path, folder) or path.stat().st_size > MAX_SIZE:
                continue
            text = path.read_text("utf-8", "replace")
            content = flat(json.loads(text)) if path.suffix == ".json" else flat_yaml(text)
        except (OSError, ValueError, RecursionError):
            continue
        found = content | found
    return found


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path is a file that lies in a folder: a link may lead anywhere."""
    return path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(folder.resolve()))


def flat(content: Any, prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """The scalars in nested dictionaries by path, as "optimizer/lr"."""
    found: dict[str, Any] = {}
    if isinstance(content, dict) and depth < 16:
        for key, value in content.items():
            found |= flat(value, f"{prefix}/{key}" if prefix else str(key), depth + 1)
    elif isinstance(content, str | int | float) and prefix:
        found[prefix] = content
    return found


def flat_yaml(text: str) -> dict[str, Any]:
    """The scalars of block-style YAML by path. Lists, anchors and Python objects are left out."""
    found: dict[str, Any] = {}
    path: list[tuple[int, str]] = []
    for line in text.splitlines():
        bare = line.strip()
        key, mark, value = bare.partition(":")
        if not mark or bare[0] in "#-!{[" or (value and value[0] != " "):
            continue
        indent = len(line) - len(line.lstrip())
        path = [(i, k) for i, k in path if i < indent]
        key, value = key.strip().strip("'\""), value.strip()
        if not value:
            path.append((indent, key))
        elif value[0] not in "!&*[{|>#":
            found["/".join([*(k for _, k in path), key])] = _yaml_scalar(value)
    return found


def _yaml_scalar(word: str) -> Any:
    """The scalar before a comment. A "#" or ":" inside quotes is part of it."""
    if match := _QUOTED.match(word):
        if match[1] is not None:
            return match[1].replace("''", "'")
        try:
            return json.loads(f'"{match[2]}"')
        except ValueError:  # an escape that JSON has not
            return match[2]
    return scalar(word.split(" #", 1)[0])


def scalar(word: str) -> Any:
    """Convert a value that was written as text into a number, boolean or None where it is one."""
    word = word.strip()
    if word[:1] in {"'", '"'}:
        return word.strip("'\"")
    if word.lower() in {"true", "false"}:
        return word.lower() == "true"
    if word.lower() in {"null", "none", "~", ""}:
        return None
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word
