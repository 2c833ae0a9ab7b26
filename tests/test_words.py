"""The whole project says things in the same plain words: those of the word list in CONTRIBUTING.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    *ROOT.glob("docs/rules/*.md"),
    *ROOT.glob("docs/decisions/*.md"),
    *ROOT.glob("benchmarks/**/*.md"),
]


@cache
def word_list() -> dict[str, str]:
    """Old words -> what to say, from the table in CONTRIBUTING.md."""
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("| say | not |")[2].partition("\n\n")[0]
    rows = [re.findall(r"[^|]+", line) for line in table.splitlines()[2:]]
    return {old.strip(): say.strip() for say, olds in rows for old in olds.split(";")}


@cache
def old_words() -> re.Pattern[str]:
    return re.compile("|".join(rf"\b{re.escape(old)}\b".replace(r"\ ", r"\s+") for old in word_list()), re.IGNORECASE)


def texts(path: Path) -> Iterator[str]:
    """The prose of a page without its code; of a module its docstrings and the strings of several words."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        yield re.sub(r"```.*?```|`[^`\n]*`|^\|.*;.*\|$", "", text, flags=re.DOTALL | re.MULTILINE)
    elif any(old in flat for flat in [" ".join(text.lower().split())] for old in word_list()):  # parsing is slow
        strings = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
        yield from (one for one in strings if isinstance(one, str) and " " in one)


def test_the_word_list_is_read() -> None:
    assert len(word_list()) > 15 and word_list()["in place of"] == "instead of"
    assert old_words().search("begins\n    anew") and not old_words().search("autocast, an amendment")


@pytest.mark.parametrize("kind", ["pages", "modules", "tests"])
def test_no_old_word_is_used(kind: str) -> None:
    paths = {"pages": PAGES, "modules": ROOT.glob("loglens/**/*.py"), "tests": ROOT.glob("tests/**/test_*.py")}[kind]
    found = [
        f"{path.relative_to(ROOT)}: say {word_list()[' '.join(old.lower().split())]!r} for {old!r}"
        for path in paths
        if path != Path(__file__)
        for text in texts(path)
        for old in old_words().findall(text)
    ]
    assert found == [], "see the words in CONTRIBUTING.md"


def test_the_titles_of_tests_use_no_old_word() -> None:
    titles = [
        title
        for path in ROOT.glob("tests/**/test_*.py")
        for title in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    ]
    assert [title for title in titles if old_words().search(title.replace("_", " "))] == []


def test_no_page_has_a_placeholder_or_takes_the_package_from_an_index() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in [*PAGES, ROOT / "action.yml", *ROOT.glob("docs/*.py")]
        for line in re.findall(r".*(?:OWNER/|pip install (?:-\S+ )*['\"]?loglens(?![\w\[])).*", path.read_text("utf-8"))
    ]
    assert found == []
