"""A run in a notebook: every curve is named, a spike is seen, and no name is markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np

from loglens.model.source import Note
from tests.curves import falling, run
from tests.golden.example import HARMFUL, HOSTILE


class Tags(HTMLParser):
    """The elements, all of which must be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.seen.append(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_every_curve_has_a_row_with_its_facts_and_line() -> None:
    loss = falling(5000)
    loss[2500], loss[-1] = 1e3, np.nan
    shown = run({"train/loss": loss, "lr": np.full(5000, 0.1)})._repr_html_()
    page = Tags(shown)
    assert page.seen.count("tr") == 3 and page.seen.count("polyline") == 2
    for said in ("10,000 points", "train/loss", "5,000, 1 not finite", "0 to 4,999", "NaN", "0.1"):
        assert said in page.text
    (line, *_) = re.findall(r'points="([^"]+)"', shown)
    heights = [float(point.split(",")[1]) for point in line.split()]
    assert min(heights) == 1.0 and sorted(heights)[1] > 15, "the spike of one step is there, alone"


def test_nothing_in_a_name_is_markup_or_steers() -> None:
    bad = HOSTILE + '"><img src=x onerror=alert(1)>' + "x" * 10_000
    hostile = replace(run({bad: falling(9), "a": np.full(3, np.nan)}), name=bad, notes=(Note("corrupt", bad),))
    shown = hostile._repr_html_()
    page = Tags(shown)
    assert not set(shown) & set(HARMFUL) and len(shown) < 5000
    assert set(page.seen) <= set("div p b table thead tbody tr th td svg polyline ul li".split())
    assert "<script>" in page.text


def test_many_curves_and_none() -> None:
    page = Tags(run({f"c{i}": falling(3) for i in range(100)})._repr_html_())
    assert page.seen.count("polyline") == 40 and "and 60 more curves" in page.text
    assert "0 points, 0 curves" in Tags(run({})._repr_html_()).text
