"""Markdown, read back by a CommonMark parser with GitHub's tables: what is said, and that nothing else is."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from loglens.model.finding import Remedy
from loglens.model.report import Report
from loglens.renderers.markdown import render
from loglens.renderers.shared.markdown_text import doc, fenced, html_name, name, prose
from loglens.renderers.shared.summary import say
from tests.findings import changed
from tests.golden.example import HARMFUL, exploding, failed, healthy, report, suspect, unjudged
from tests.renderers.edges import NASTY, SAMPLES, diagnosed, edges, nasty

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
MEBIBYTE = 1024 * 1024

#: The only HTML that may be in a report.
HTML = re.compile(r"</?(details|summary|code|span)>|<!-- -->")

#: Pieces that Markdown, HTML or GitHub would act on.
PIECES = st.sampled_from(
    [*r"|`*_~[]()<>&;\#@$!:-+=.1a {}^\"'/ ", "\n", "://", "www.", "<b>", "&amp;", "```", ":a:", "é"]
)
TEXTS = st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=60)


def tokens(text: str) -> list[Token]:
    """Every token of a document, those inside of lines too."""
    return [part for token in PARSER.parse(text) for part in (token, *(token.children or ()))]


def shown(text: str) -> str:
    """What a reader sees of a line of Markdown."""
    seen = re.sub(r"<!-- -->|</?(p|span|code|td|th)>", "", PARSER.render(text))
    return html.unescape(seen).strip()


def first(text: str) -> str:
    return text.split("\n", 1)[0]


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (
            report(failed()),
            "## ❌ Failed: jump of train/lr at step 410 → exploding gradient from step 412 → NaN loss from step 431",
        ),
        (report(suspect()), "## ⚠️ Suspect: weight growth from epoch 120"),
        (report(healthy()), "## ✅ Healthy: nothing wrong found; 1 of 2 rules had the data to judge"),
        (report(unjudged()), "## ❔ Not judged: needs 20 losses, has 3"),
        (report(), "## ❌ 4 runs: 1 failed, 1 suspect, 1 not judged, 1 healthy"),
        (report(healthy(), healthy()), "## ✅ 2 runs: 2 healthy"),
        (Report((), (), "0"), "## ❌ Not read: nothing could be read as a training log"),
    ],
)
def test_the_first_line_is_the_verdict(made: Report, line: str) -> None:
    assert first(render(made)) == line


def test_expected_strings_where_there_is_nothing_to_tell() -> None:
    assert render(Report((), (), "0")) == "## ❌ Not read: nothing could be read as a training log\n"
    assert "- `photo.png`: a PNG image" in render(edges()["only unread"])
    assert "- `photo.png`: a PNG image" in render(edges()["some unread"])
    assert "###" not in render(report(healthy(), healthy())), "healthy runs stand in the table only"
    assert "What to change" not in render(edges()["a note only"])


def test_the_table_has_every_run_worst_first() -> None:
    rows = [token for token in PARSER.parse(render(report())) if token.type == "tr_open"]
    assert len(rows) == 5
    lines = [line for line in render(report()).splitlines() if line.startswith("| ")]
    assert [line.split("|")[1].split(" ", 2)[2].strip() for line in lines[2:]] == [
        "Failed",
        "Suspect",
        "Not judged",
        "Healthy",
    ]


def test_a_failed_run_in_full() -> None:
    text = render(report(failed()))
    assert "1. ❌ **exploding gradient** (error, high confidence, from step 412 to 430)\\\n" in text
    assert "2. ❌ **NaN loss** (error, high confidence, from step 431)\\\n" in text
    assert "growth per step **1.35** · steps to double **2.31**" in text
    assert "**What to change first:** Clip the gradient norm at 0.9: bounds every update" in text
    code = [token for token in PARSER.parse(text) if token.type == "fence"]
    assert code[0].info == "python" and code[0].content == exploding().remedies[0].snippets["pytorch"] + "\n"
    assert "<summary>Other remedies (3)</summary>" in text and "Adam(params, lr=1e-4)" in text
    assert "- `overfitting`, `underfitting`: no validation loss was logged" in text
    assert "<summary>Clean: 1 rule</summary>" in text and "`divergence`" in text
    assert "❌ **Rule `plateau` crashed:** ValueError: zero-size array" in text
    assert "- `truncated`: file ends inside record 1203 (`runs/lstm-7/events.out.tfevents.1`)" in text


def test_the_chain_is_one_list_and_its_code_is_below_it() -> None:
    parsed = PARSER.parse(render(report(failed())))
    (chain,) = [token for token in parsed if token.type == "ordered_list_open"]
    end = [token.type for token in parsed].index("ordered_list_close")
    assert sum(token.type == "list_item_open" and token.level == chain.level + 1 for token in parsed[:end]) == 2


def test_what_changed_just_before_stands_between_the_chain_and_the_remedies() -> None:
    text = render(report(failed()))
    before = text.index("**Changed just before:**\n\n- likely the cause: train/lr and 1 more curve rise 100-fold")
    assert text.index("**NaN loss**") < before < text.index("**What to change first:**")


def test_an_effect_names_its_cause_where_that_is_not_the_one_before() -> None:
    run = failed()
    third = changed(run.findings[1], "divergence", message="it diverges")
    text = render(report(replace(run, findings=(*run.findings[:2], third))))
    assert "3. ❌ **divergence** (error, high confidence, from step 431, follows from `exploding-gradient`)" in text
    assert text.count("follows from") == 1


def test_a_remedy_asked_for_twice_is_reported_once() -> None:
    run = failed()
    effect = changed(run.findings[1], remedies=run.findings[0].remedies)
    text = render(report(replace(run, findings=(run.findings[0], effect))))
    assert text.count("Clip the gradient norm at 0.9") == 1 and "Other remedies (2)" in text


@pytest.mark.parametrize("made", sorted(edges()))
def test_nothing_but_our_own_markup(made: str) -> None:
    text = render(edges()[made])
    assert not set(HARMFUL) & set(text)
    assert not re.search("::(error|warning|notice|group)", text)
    for token in tokens(text):
        assert token.type not in ("link_open", "image", "em_open", "s_open", "hr", "code_block"), token
        if token.type == "html_inline":
            assert HTML.fullmatch(token.content), token.content
        if token.type == "html_block":
            block = token.content.strip()
            assert block == "</details>" or re.fullmatch(r"<details><summary>[^<>]*</summary>", block), block
    folds = [token.content.strip()[:9] for token in tokens(text) if token.type == "html_block"]
    assert folds == ["<details>", "</details"] * (len(folds) // 2)


@pytest.mark.parametrize("made", sorted(edges()))
def test_the_headings_are_ours(made: str) -> None:
    levels = [token.tag for token in PARSER.parse(render(edges()[made])) if token.type == "heading_open"]
    assert levels[0] == "h2" and set(levels[1:]) <= {"h3"}


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples(sample: str) -> None:
    text = render(diagnosed(sample))
    (run,) = diagnosed(sample).runs
    assert first(text).endswith(run.verdict.capitalize() + ": " + prose(run.summary.replace(" -> ", " → "), 300))
    assert ("What to change first" in text) == (run.verdict in ("failed", "suspect"))
    assert len(text) < 60_000


def test_hostile_names_are_shown_letter_for_letter() -> None:
    assert shown(prose(NASTY)) == say(NASTY)
    assert shown(name(NASTY, 1000)) == say(NASTY)
    runs = render(report(nasty(), nasty()))
    cells = [token for token in PARSER.parse(runs) if token.type == "td_open"]
    assert len(cells) == 2 * 5


@given(TEXTS)
def test_prose_shows_what_was_said_and_is_one_paragraph(text: str) -> None:
    for written in (prose(text), doc(text)):
        if written.strip():
            parsed = PARSER.parse(written)
            assert [token.type for token in parsed] == ["paragraph_open", "inline", "paragraph_close"]
            kinds = {token.type for token in parsed[1].children or ()}
            assert kinds <= {"text", "html_inline", "text_special"}
        assert shown(written) == say(text).strip()


@given(TEXTS, TEXTS)
def test_prose_and_names_stay_in_their_cells(text: str, other: str) -> None:
    table = f"| a | b | c |\n| - | - | - |\n| x {prose(text)} | {name(other)} | end |"
    parsed = PARSER.parse(table)
    cells = [parsed[i + 1] for i, token in enumerate(parsed) if token.type == "td_open"]
    assert len(cells) == 3 and cells[2].content == "end"
    assert shown(cells[0].content) == f"x {say(text)}".strip()
    assert shown(cells[1].content) == say(other, 120).strip()


@given(TEXTS)
def test_names_are_names_in_html_too(text: str) -> None:
    assert html.unescape(html_name(text).removeprefix("<code>").removesuffix("</code>")) == say(text, 120)
    assert not re.search(r"[`|*_<>\[\]@#$]", re.sub(r"&#\d+;", "", html_name(text)[6:-7]))


@given(TEXTS)
def test_code_cannot_leave_its_fence(text: str) -> None:
    parsed = PARSER.parse(fenced(text) + "\n\nafter")
    assert [token.type for token in parsed] == ["fence", "paragraph_open", "inline", "paragraph_close"]


def test_what_github_would_link_is_parted() -> None:
    written = prose("ask @octocat about #12, GH-3 and https://x.org or www.x.org :tada: for $1$")
    assert not re.search(r"@octocat|#12|GH-3|://|www\.|:tada:|\$1\$", written)
    assert prose("step 412: 3 to 4, a:b, e@ 1") == "step 412: 3 to 4, a:b, e@ 1"
    assert prose("train/ce_loss is -3.5 at 1.5") == "train/ce_loss is -3.5 at 1.5"


def test_a_great_report_is_cut_worst_first_and_says_so() -> None:
    bad = [replace(failed(), run=f"bad {i}") for i in range(3000)]
    text = render(Report((*[healthy()] * 3000, *bad), (), "0"))
    assert len(text.encode("utf-8")) <= 1_000_000 < MEBIBYTE
    last = text.rstrip().splitlines()[-1]
    cut = re.fullmatch(r"\*\*Cut here to stay below 1,000,000 bytes: (\d+) of 3,000 runs with trouble .*\*\*", last)
    assert cut and f"### ❌ `bad {int(cut[1]) - 1}`" in text
    assert text.index("`bad 0`") < text.index("`bad 1`") and "… |" in text and "more runs |" in text
    assert text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize("limit", [2_000, 5_000, 65_536])
def test_any_limit_is_kept(limit: int) -> None:
    for made in edges().values():
        assert len(render(made, limit=limit).encode("utf-8")) <= limit


def test_one_monstrous_run_is_cut_too() -> None:
    code = {f"f{i}": "`" * 30_000 + "é" * 30_000 for i in range(40)}
    remedies = [Remedy("x" * 5000, {"p": "é" * 5000}, "$" * 5000, code) for _ in range(40)]
    finding = changed(exploding(), message="$|" * 100_000, remedies=remedies)
    run = replace(failed(), run="|" * 10_000, findings=(finding,) * 50)
    text = render(report(run))
    assert len(text.encode("utf-8")) <= 1_000_000
    assert "Cut here" in text and text.startswith("## ❌ Failed")
