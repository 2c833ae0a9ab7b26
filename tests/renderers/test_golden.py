"""Every format of one rich report is as it was. After a wanted change: python -m tests.golden, read the diff."""

from __future__ import annotations

import pytest

from tests.golden.example import FOLDER, pages


@pytest.mark.parametrize("name", sorted(pages()))
def test_golden(name: str) -> None:
    expected = (FOLDER / name).read_text(encoding="utf-8")
    assert pages()[name] == expected, "if this is wanted: python -m tests.golden"


def test_no_golden_file_is_left_over() -> None:
    files = {path.name for path in FOLDER.iterdir() if path.is_file() and path.suffix != ".py"}
    assert files - {"report.html"} == set(pages()) - {"report.html"}
