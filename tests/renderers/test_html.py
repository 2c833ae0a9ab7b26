"""One self-contained page: harmless, small, nothing lost in thinning, and working in a real browser."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

import loglens
from loglens.errors import LoglensError
from loglens.model.histogram_grid import BINS, distributions
from loglens.model.report import Diagnosis, Report, RuleResult, Unread
from loglens.model.series import Series
from loglens.renderers.html import report as html
from loglens.renderers.html.clock import clock, duration, in_words
from loglens.renderers.html.drawing import Heat, spark
from loglens.renderers.html.figures import numbered, panels
from loglens.renderers.html.runs import columns
from loglens.renderers.shared.thinning import points_for_screen
from tests.curves import Floats, falling, series
from tests.findings import changed
from tests.golden.example import HARMFUL, HOSTILE, exploding, failed, healthy, report, suspect, unjudged
from tests.model.test_histogram_grid import histogram

SAMPLES = Path(__file__).parents[2] / "sample_logs"
MEGABYTE = 1_000_000


class Page(HTMLParser):
    """The elements of a page with their attributes, ids and texts."""

    VOID = frozenset("meta link img input br hr wbr".split())

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def data(text: str) -> dict[str, Any]:
    """What the page hands to its script."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    document: dict[str, Any] = json.loads(found[1])
    return document


def steps(curve: dict[str, Any]) -> list[int]:
    return [int(step) for step in np.cumsum(curve["x"])]


def long_curve(n: int = 1_000_000) -> Series:
    """A noisy loss with two spikes a few steps apart, a lone NaN, and a stretch of Inf."""
    value = falling(n)
    value[n // 3], value[n // 3 + 7], value[n // 5] = 9.0, 8.0, 1e-4
    value[n // 2 + 1] = np.nan
    value[-n // 4 : -n // 4 + 100] = np.inf
    return series(value, tag="train/loss")


def long_run(*curves: Series, onset: int = 123_456) -> Diagnosis:
    finding = changed(exploding(), onset_step=onset, end_step=onset + 50_000, series=curves)
    return replace(failed(), findings=(finding,), lead=curves[0], curves=curves, last_step=int(curves[0].step[-1]))


# ---- the document -----------------------------------------------------------------------------------


def test_it_is_registered_and_the_command_writes_it(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    command = [sys.executable, "-m", "loglens", "diagnose", str(SAMPLES / "nan_loss_rnn"), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    text = target.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>") and "Clip the gradient norm" in text


def test_it_is_well_formed_and_has_the_landmarks() -> None:
    page = Page(html.render(report()))
    assert not page.open
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert len(page.named("h1")) == len(page.named("main")) == len(page.named("header")) == 1
    assert page.named("html")[0]["lang"] == "en"
    for attributes in page.named("section"):
        assert set((attributes["aria-labelledby"] or "").split()) <= set(ids)


def test_nothing_is_loaded_from_anywhere() -> None:
    text = html.render(report())
    page = Page(text)
    for tag, attributes in page.tags:
        for name in ("src", "href", "data", "action", "poster", "srcset"):
            value = attributes.get(name) or ""
            assert value.startswith(("data:", "#")) or not value, f"{tag} {name}={value[:80]}"
    assert "url(" not in text.replace("url(#", "") and "@import" not in text
    assert set(re.findall(r"https?://[\w./]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_the_policy_names_the_very_script_and_style_and_nothing_inline_escapes_it() -> None:
    import base64
    import hashlib

    text = html.render(report())
    page = Page(text)
    policy = next(m["content"] or "" for m in page.named("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    for tag in ("script", "style"):
        content = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(content) == 1
        digest = base64.b64encode(hashlib.sha256(content[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    for _, attributes in page.tags:
        assert "style" not in attributes and not any(name.startswith("on") for name in attributes)


def test_hostile_names_add_no_element_and_hide_nothing() -> None:
    bad = "</script><img src=x onerror=alert(1)>\"'`<!--\u2028{{7*7}}{% x %}"
    curve = replace(suspect().findings[0].series[0], tag=bad)
    finding = changed(suspect().findings[0], bad, series=(curve,), message=bad, evidence={bad: bad})
    run = replace(suspect(), run=bad, path=bad, format=bad, findings=(finding,), lead=curve, curves=(curve,))
    for text in (html.render(report(run)), html.render(report(run, failed())), html.render(report())):
        assert not set(text) & (set(HARMFUL) - {"\n"})
        page = Page(text)
        assert len(page.named("script")) == 2 and not page.named("img") and not page.open
        assert "49" not in [piece.strip() for piece in page.text]
    assert "<script>" in "".join(Page(html.render(report())).text)  # shown as text, not run
    assert HOSTILE not in html.render(report())


def test_embedded_data_cannot_end_its_element() -> None:
    text = html.render(report(suspect()))
    block = text.partition('id="data">')[2].partition("</script>")[0]
    assert "<" not in block and block.isascii()
    assert data(text)["r0f0"]["curves"][0]["name"].startswith("evil\\x1b")


def test_a_file_name_that_is_no_utf8_can_be_written() -> None:
    html.render(report()).encode("utf-8")


def test_one_run_says_first_what_happened_then_what_to_do() -> None:
    text = html.render(report(failed()))
    said = " ".join("".join(Page(text).text).split())
    order = [
        "Jump of train/lr at step 410 → exploding gradient from step 412 → NaN loss from step 431",
        "What happened",
        "Changed just before",
        "likely the cause: train/lr and 1 more curve rise 100-fold, from 0.001 to 0.1, 2 points before",
        "Try this first",
        "Clip the gradient norm at 0.9",
        "Curves",
        "Curves recognised",
        "Not checked: ",
        "no activations were logged",
        "Notes on the files",
        "file ends inside record 1203",
    ]
    places = [said.find(piece) for piece in order]
    assert -1 not in places and places == sorted(places)
    assert "The rule plateau crashed" in said and "growth per step" in said


def test_findings_and_their_plots_link_to_each_other() -> None:
    text = html.render(report(failed()))
    targets = {f"#{attributes['id']}" for _, attributes in Page(text).tags if "id" in attributes}
    links = [attributes["href"] for attributes in Page(text).named("a")]
    assert set(links) <= targets and {"#r0n1", "#r0f0"} <= set(links)


def test_parameters_stay_redacted_and_texts_keep_their_lines() -> None:
    params = {"lr": 1e-5, "api_key": "[redacted]", "config": "a: 1\n<b>: 2", "shuffle": True}
    said = "".join(Page(html.render(report(replace(failed(), params=params)))).text)
    assert "4 parameters" in said and "[redacted]" in said and "1e-5" in said and "a: 1\n<b>: 2" in said


def test_every_curve_is_drawn_those_without_use_for_the_verdict_folded() -> None:
    extra = tuple(replace(series(falling(50), tag=f"extra{i}"), role="epoch" if i else None) for i in range(7))
    drawn = panels(replace(failed(), curves=(*failed().curves, *extra)), 1)
    assert {curve.tag for panel in drawn if panel.folded for curve in panel.curves} == {c.tag for c in extra}
    assert max(len(panel.curves) for panel in drawn) <= 5 and not drawn[0].folded


def test_rules_of_other_kinds_of_training_are_not_listed() -> None:
    outcomes = (
        RuleResult("gan-collapse", "skipped", "no GAN", foreign=True),
        RuleResult("overfitting", "skipped", "x"),
    )
    said = "".join(Page(html.render(report(replace(healthy(), outcomes=outcomes)))).text)
    assert "Not checked: 1 rule lacked data" in said and "gan-collapse" not in said


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.5, "0.5 s"), (61, "1 min 1 s"), (7200, "2 h"), (11_100, "3 h 5 min"), (187_000, "2 d 3 h")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_the_clock_tells_the_wall_time_of_each_step() -> None:
    curve = replace(series(falling(10_000)), time=1.7e9 + np.arange(10_000.0) * 0.5)
    steps_known, seconds = clock([curve]) or ([], [])
    assert len(steps_known) <= 256 and (steps_known[-1], seconds[-1]) == (9999, 4999.5)
    assert duration(replace(healthy(), lead=curve, curves=())) == 4999.5
    assert clock([series(falling(9))]) is None


def test_a_log_scale_is_chosen_where_it_helps() -> None:
    steps_of = np.arange(1000)
    growing, cosine = 1.02**steps_of, 1e-3 * (1 + np.cos(np.pi * steps_of / 1000))
    chosen = []
    for value in (growing, cosine, np.full(1000, 3.0)):
        curve = series(value.astype(np.float64))
        figure = data(html.render(report(replace(healthy(), lead=curve, curves=(curve,)))))["r0f0"]
        chosen.append((figure["log"], figure["positive"]))
    assert chosen == [(True, True), (False, True), (False, False)]


def test_several_runs_have_a_table_and_a_section_each() -> None:
    page = Page(html.render(report()))
    sections = {a["id"]: a for a in page.named("details") if (a.get("class") or "").startswith("run ")}
    assert list(sections) == ["r0", "r1", "r2", "r3"]
    assert ["open" in a for a in sections.values()] == [
        True,
        True,
        False,
        False,
    ]
    links = [a["href"] for a in page.named("a")]
    assert all(f"#{name}" in links for name in sections)


@pytest.mark.parametrize(
    "given",
    [
        report(healthy()),
        report(unjudged()),
        Report((), (Unread("x", "a picture"),), "0"),
        Report((), (), "0", fail_on=None),
    ],
    ids=["healthy", "unjudged", "unread", "empty"],
)
def test_reports_with_little_in_them(given: Report) -> None:
    assert not Page(html.render(given)).open


def test_odd_curves_are_drawn() -> None:
    odd: list[Floats] = [
        np.array([]),
        np.array([1.0]),
        np.array([np.nan]),
        np.full(5, np.inf),
        np.zeros(9),
        np.array([-1e308, 1e308, 0.0]),
        np.array([5e-324, 1e308]),
    ]
    for value in odd:
        curve = series(value)
        layers = (replace(curve, layer=f"l{i}", tag=f"t{i}") for i in "abc")
        run = replace(healthy(), lead=curve, curves=(curve, *layers))
        assert not Page(html.render(report(run))).open


# ---- curves -----------------------------------------------------------------------------------------


def test_curves_that_findings_rest_on_come_first_and_whole() -> None:
    part = exploding().series[0].before(440)
    whole = exploding().series[0]
    other = series(falling(500), "lr", None, "lr")
    run = replace(
        failed(),
        findings=(changed(exploding(), series=(part,)),),
        curves=(other, exploding().series[1], whole),
    )
    drawn = panels(run, 1)
    assert [panel.curves[0].tag for panel in drawn] == ["train/grad_norm", "train/ce_loss", "lr"]
    assert [panel.rests for panel in drawn] == [True, False, False]
    assert len(drawn[0].curves[0]) == 500


def test_findings_are_numbered_chain_by_chain_and_marked_with_their_onset() -> None:
    run = failed()
    assert [finding.condition for finding in numbered(run)][:2] == ["exploding-gradient", "nan-loss"]
    figure = data(html.render(report(run)))["r0f0"]
    assert figure["marks"][0] == {
        "n": 1,
        "step": 412,
        "end": 430,
        "name": "exploding gradient",
        "severity": "error",
        "own": True,
    }
    assert figure["log"] and figure["curves"][0]["bad"] == [[440, 499, 60, "NaN"]]


def test_layers_make_a_heat_map_in_which_nothing_is_averaged_away() -> None:
    curves = [series(np.full(1000, 1.0), "grad_norm_layer", tag=f"g{i}") for i in range(4)]
    value = np.full(1000, 1e-3)
    value[500], value[700] = 50.0, np.nan
    curves[2] = replace(curves[2], value=value)
    layers = tuple(replace(curve, layer=curve.tag) for curve in curves)
    heat = Heat.of(list(layers))
    assert (heat.low, heat.high) == (1e-3, 50.0) and np.isinf(heat.cells[2]).sum() == 1
    figures = data(html.render(report(replace(healthy(), curves=layers))))
    drawn = next(figure for figure in figures.values() if figure["kind"] == "heat")
    assert drawn["rows"] == ["g0", "g1", "g2", "g3"] and drawn["bad"] == 1
    assert "not finite" in drawn["cells"][2] and 50.0 in drawn["cells"][2]


def test_histograms_are_drawn_over_steps() -> None:
    rng = np.random.default_rng(0)
    rows = [histogram(step, rng.normal(0, 0.1, 500), tag="evil</script>") for step in range(0, 1000, 10)]
    rows[50] = histogram(500, [np.nan, 1.0], tag="evil</script>")
    drawn = distributions(rows)
    text = html.render(report(replace(failed(), distributions=drawn)))
    (figure,) = [figure for figure in data(text).values() if figure.get("percent")]
    assert figure["rows"][0] == "not finite" and len(figure["rows"]) == BINS + 1
    assert [i for i, cell in enumerate(figure["cells"][0]) if cell == "not finite"] == [50]
    middle = [cell for row in figure["cells"][1:] if isinstance(cell := row[10], float)]
    assert sum(middle) == pytest.approx(1, abs=0.05)
    at = {label: place for place, label in figure["ticks"]}
    zero = int(np.searchsorted(drawn[0].edges, 0))
    assert at["0"] == pytest.approx(len(figure["rows"]) - zero, abs=1) and at["0.5"] < at["0"]
    assert figure["span"] == [0, 999] and [mark["step"] for mark in figure["marks"]] == [412, 431]
    assert "100 histograms; values from" in "".join(Page(text).text)


def test_histograms_of_many_runs_stay_small() -> None:
    rows = [histogram(step, np.linspace(-1, 1, 99), tag=f"w{i}") for step in range(130) for i in range(9)]
    curve = long_curve(100_000)  # is thinned to as many points as one of a million
    run = replace(long_run(curve, onset=12_345), distributions=distributions(rows))
    pages = {n: html.render(report(*[run] * n)) for n in (1, 12, 40)}
    assert max(len(text.encode()) for text in pages.values()) < 8 * MEGABYTE
    assert [text.count(">Histogram<") for text in pages.values()] == [6, 36, 0]


def test_short_curves_are_kept_point_by_point() -> None:
    curve = series(falling(500))
    out = points_for_screen(curve, 1000)
    assert np.array_equal(out.step, curve.step) and np.array_equal(out.value, curve.value) and not out.bad


def test_thinning_keeps_spikes_extremes_bad_values_ends_and_the_onset() -> None:
    curve = long_curve()
    n = len(curve)
    out = points_for_screen(curve, 12_000, [123_456])
    kept = dict(zip(out.step.tolist(), out.value.tolist(), strict=True))
    assert len(kept) < 13_000
    for step in (0, n - 1, n // 3, n // 3 + 7, n // 5, 123_455, 123_456, 123_457):
        assert kept[step] == curve.value[step]
    finite = curve.finite.value
    assert np.nanmin(out.value) == finite.min() and np.nanmax(out.value) == finite.max()
    assert [(part.first, part.last, part.count, part.what) for part in out.bad] == [
        (n // 2 + 1, n // 2 + 1, 1, "NaN"),
        (3 * n // 4, 3 * n // 4 + 99, 100, "Inf"),
    ]
    assert np.isnan(kept[n // 2 + 1])  # the line is interrupted


@pytest.mark.parametrize("seed", range(8))
def test_no_spike_is_lost_wherever_it_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    value = np.exp(-np.arange(200_000) / 20_000) * 5 + 0.01
    value *= rng.lognormal(0, 0.05, len(value))
    places = rng.choice(np.arange(2, len(value) - 2, 5), 40, replace=False)
    value[places] *= rng.choice([0.3, 3.0], 40)
    kept = set(points_for_screen(series(value), 4000).step.tolist())
    assert set(places.tolist()) <= kept


def test_values_that_are_not_finite_are_reported_by_stretches() -> None:
    value = falling(100_000)
    value[::2] = np.nan
    out = points_for_screen(series(value), 5000)
    assert len(out.bad) <= 2001 and sum(part.count for part in out.bad) == 50_000
    assert len(out.step) < 10_000


@pytest.mark.slow
def test_a_million_points_stay_small() -> None:
    one = html.render(report(long_run(long_curve())))
    assert len(one.encode()) < 0.6 * MEGABYTE
    curve = data(one)["r0f0"]["curves"][0]
    assert {123_456, 333_333, 333_340, 500_001} <= set(steps(curve))
    many = tuple(replace(long_curve(), tag=f"loss{i}", axis=f"axis{i}") for i in range(4))
    assert len(html.render(report(long_run(*many), long_run(*many[:1]))).encode()) < 2.7 * MEGABYTE


def sweep(runs: int) -> Report:
    """Runs of a sweep: those with a learning rate above 0.03 exploded, and the accuracy falls with the rate."""
    rng = np.random.default_rng(0)
    found = []
    for i in range(runs):
        rate = float(10 ** rng.uniform(-4, -1))
        n = 500 if runs < 100 else 200
        loss = replace(series(falling(n) + rate, tag="train/loss"), time=1.7e9 + np.arange(float(n)) * (i + 1.0))
        accuracy = replace(series(1 - rate * np.linspace(2, 1, n), "metric_higher", tag="val/acc"), split="val")
        bad = rate > 0.03
        found.append(
            replace(
                failed() if bad else healthy(),
                run=f"run_{i:04d}",
                findings=(changed(exploding(), series=(loss,)),) if bad else (),
                lead=loss,
                curves=(loss, accuracy),
                params={"lr": rate, "optimizer": ("adam", "sgd")[i % 2], "model": "resnet", "seed": i},
            )
        )
    return report(*found)


def test_two_thousand_runs_stay_small_and_quick(browser: Any, tmp_path: Path) -> None:
    text = html.render(sweep(2000))
    assert len(text.encode()) < 4 * MEGABYTE
    assert text.count('<th role="rowheader"') == 2000, "every run has a row"
    assert text.count('<details class="run ') == 30, "the worst in full"
    (tmp_path / "sweep.html").write_text(text, encoding="utf-8")
    with Visit(browser, (tmp_path / "sweep.html").as_uri()) as visit:
        timed = "const begin = performance.now(); %s; document.body.offsetHeight; return performance.now() - begin"
        sort = "document.querySelectorAll('.runs .sort')[2].click()"
        box = "document.querySelector('input[type=search]')"
        find = f"{box}.value = 'lr>0.01'; {box}.dispatchEvent(new Event('input'))"
        for act in (sort, find):
            assert visit.page.evaluate(f"() => {{ {timed % act} }}") < 1500  # an idle machine takes a tenth of it


def test_the_table_has_the_parameters_that_differ_and_the_main_metric() -> None:
    found = {column.title: column for column in columns(sweep(8).runs)}
    assert list(found)[:5] == ["Cause", "val/acc last", "val/acc best", "train/loss last", "train/loss best"]
    assert [name for name in found if name in ("lr", "optimizer", "seed", "model")] == [
        "lr",
        "optimizer",
        "seed",
        "model",
    ]
    assert [found[name].shown for name in ("val/acc last", "train/loss last", "lr", "seed", "model")] == [
        True,
        False,
        True,
        False,
        False,
    ]
    for run, last, best, took in zip(
        sweep(8).runs, found["val/acc last"].values, found["val/acc best"].values, found["Duration"].values, strict=True
    ):
        value = run.curves[1].value
        assert last == pytest.approx(value[-1], rel=1e-5) and best == pytest.approx(value.max(), rel=1e-5)
        assert took == pytest.approx(np.ptp(run.curves[0].time))


def test_runs_with_little_in_common_have_a_table() -> None:
    nan = series(np.full(5, np.nan), tag="loss")
    runs = [
        replace(healthy(), params={"x": 1, "y": "a"}, lead=nan, curves=(nan,)),
        replace(unjudged(), params={"x": "b"}),
    ]
    found = {column.title: column.values for column in columns(runs)}
    assert found["loss last"] == ["NaN", None] and found["x"] == ["1", "b"] and found["y"] == ["a", None]
    assert not Page(html.render(report(*runs))).open


def test_a_sparkline_shows_bad_values_and_the_onset() -> None:
    drawn = str(spark(failed().lead or series(falling(9)), 150, 30, 431))
    assert 'class="rule"' in drawn and re.search(r'class="bad" d="M', drawn)
    assert "nan" not in drawn.lower() and "inf" not in drawn.lower()


# ---- the extra, notebooks ---------------------------------------------------------------------------


def test_without_its_libraries_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['jinja2'] = None\n"
        "from loglens.cli import main\n"
        f"sys.argv = ['loglens', 'diagnose', {str(SAMPLES / 'healthy_lstm')!r}, '-o', {str(tmp_path / 'r.html')!r}]\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines() == ["loglens: HTML needs: pip install jinja2 tsdownsample"]
    assert not (tmp_path / "r.html").exists()


def test_the_other_formats_do_not_load_its_libraries() -> None:
    code = (
        "import sys; from loglens.registry.load import renderers; renderers();"
        "print(sorted({'jinja2', 'tsdownsample'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_notebook_shows_the_page_in_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = loglens.diagnose(SAMPLES / "healthy_lstm")._repr_html_()
    assert shown is not None
    frame = Page(shown).named("iframe")[0]
    assert (frame["srcdoc"] or "").startswith("<!DOCTYPE html>") and frame["title"]
    assert len(Page(shown).tags) == 1

    def missing(report: Report) -> str:
        raise LoglensError(html.MISSING)

    assert replace(report(), renderers={"html": missing})._repr_html_() is None
    assert report()._repr_html_() is None


# ---- a real browser ---------------------------------------------------------------------------------

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of pages on disk."""
    folder = tmp_path_factory.mktemp("pages")
    texts = {
        "failed": html.render(loglens.diagnose(SAMPLES / "nan_loss_rnn")),
        "healthy": html.render(loglens.diagnose(SAMPLES / "healthy_lstm")),
        "many": html.render(report()),
        "sweep": html.render(sweep(150)),
        "small sweep": html.render(sweep(8)),  # axe takes long for each row
        "hostile": html.render(report(suspect())),
        "long": html.render(report(long_run(long_curve()))),
        "histograms": html.render(loglens.diagnose(SAMPLES / "vanishing_gradient_rnn")),
        "compare": loglens.compare(SAMPLES / "healthy_lstm", SAMPLES / "exploding_gradient_rnn").render("html"),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in texts}


class Visit:
    """A page in the browser, with everything that it complains about and asks the network for."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)
        self.page.wait_for_timeout(150)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.context.close()

    def labels(self, plot: int = 0) -> list[str]:
        texts: list[str] = self.page.locator(".plot").nth(plot).locator("svg text").all_text_contents()
        return texts

    def trace(self, plot: int = 0) -> str:
        return str(self.page.locator(".plot").nth(plot).locator("path.trace").first.get_attribute("d"))


@pytest.mark.parametrize("name", ["failed", "healthy", "many", "hostile", "long", "histograms"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_curves_are_drawn_without_a_complaint(browser: Any, pages: dict[str, str], name: str, scheme: str) -> None:
    with Visit(browser, pages[name], color_scheme=scheme) as visit:
        assert visit.page.locator("path.trace").count() >= 1
        assert visit.trace().count("L") > 100
        assert visit.complaints == []
        assert [url[:60] for url in visit.asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("name", ["failed", "many", "sweep", "hostile", "histograms", "compare"])
def test_no_width_makes_the_page_scroll_sideways(browser: Any, pages: dict[str, str], name: str) -> None:
    with Visit(browser, pages[name]) as visit:
        for width in (360, 768, 1920):
            visit.page.set_viewport_size({"width": width, "height": 800})
            visit.page.wait_for_timeout(100)
            assert visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width


def test_dragging_zooms_every_plot_of_the_run_and_a_button_undoes_it(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["failed"]) as visit:
        page, before = visit.page, [visit.trace(0), visit.trace(1)]
        plot = page.locator(".plot").first
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        page.mouse.move(box["x"] + 200, box["y"] + 90)
        page.mouse.down()
        page.mouse.move(box["x"] + 300, box["y"] + 90, steps=4)
        page.mouse.up()
        page.wait_for_timeout(100)
        assert visit.trace(0) != before[0] and visit.trace(1) != before[1]
        assert "0" not in visit.labels(0)  # step 0 is out of view
        page.get_by_role("button", name="Show all steps").click()
        page.wait_for_timeout(100)
        assert [visit.trace(0), visit.trace(1)] == before
        page.keyboard.down("Control")
        page.mouse.move(box["x"] + 200, box["y"] + 90)
        page.mouse.wheel(0, -200)
        page.keyboard.up("Control")
        page.wait_for_timeout(100)
        assert visit.trace(1) != before[1]
        page.mouse.dblclick(box["x"] + 200, box["y"] + 90)
        page.wait_for_timeout(100)
        assert visit.trace(1) == before[1]


def test_hover_tells_step_and_value_and_bad_values_by_name(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["failed"]) as visit:
        plot = visit.page.locator(".plot").first
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        visit.page.mouse.move(box["x"] + 120, box["y"] + 90)
        assert re.search(r"step \d+.*train/grad_norm.*\d", plot.locator(".tip").inner_text(), re.DOTALL)
        visit.page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 90)
        assert "NaN" in plot.locator(".tip").inner_text()
        assert visit.page.locator("path.cursor").count() > 2  # on the linked plots too
        assert visit.page.locator("path.nan").count() > 5 and visit.page.locator("path.onset").count() > 2


def test_the_log_switch(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["failed"]) as visit:
        switch = visit.page.get_by_role("button", name="Log scale").first
        assert switch.get_attribute("aria-pressed") == "true"
        before = visit.trace()
        switch.click()
        assert switch.get_attribute("aria-pressed") == "false" and visit.trace() != before


def test_the_keyboard_reads_and_zooms(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["failed"]) as visit:
        page = visit.page
        page.locator(".plot").first.focus()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        assert page.locator("#live").inner_text().startswith("step 1: train/grad_norm ")
        before = visit.trace()
        page.keyboard.press("+")
        page.wait_for_timeout(100)
        assert visit.trace() != before
        page.keyboard.press("0")
        page.wait_for_timeout(100)
        assert visit.trace() == before
        heat = page.locator(".heat .plot")
        heat.focus()
        page.keyboard.press("ArrowDown")
        assert "rnn." in page.locator("#live").inner_text()


def test_a_histogram_tells_bins_and_shares(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["histograms"]) as visit:
        page = visit.page
        plot = page.locator(".figure", has_text="gradients/fc.weight").locator(".plot")
        plot.scroll_into_view_if_needed()
        labels = plot.locator("svg text").all_text_contents()
        assert "0" in labels and any(label.startswith("1e-") for label in labels)
        plot.focus()
        page.keyboard.press("End")
        said = []
        for _ in range(BINS):
            page.keyboard.press("ArrowDown")
            said.append(page.locator("#live").inner_text())
        shares = [float(found[1]) for text in said if (found := re.search(r" to \S+ ([\d.]+) %$", text))]
        assert sum(shares) == pytest.approx(100, abs=5), said


def test_tabs_and_copy(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["failed"]) as visit:
        page, folded = visit.page, visit.page.locator(".advice .elsewhere").first
        folded.locator("summary").click()
        advice = folded.locator(".snippets")
        visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
        advice.get_by_role("tab", name="Keras").focus()
        page.keyboard.press("End")
        page.keyboard.press("Home")
        assert advice.get_by_role("tab", name="Keras").get_attribute("aria-selected") == "true"
        advice.get_by_role("button", name="Copy the code").click()
        page.wait_for_timeout(100)
        assert page.locator("#live").inner_text() == "Code copied"
        shown = advice.locator(".snippet:not([hidden]) code").first.inner_text()
        assert "keras" in shown and page.evaluate("navigator.clipboard.readText()") == shown


def test_a_link_opens_its_section_and_draws_its_curves(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["many"]) as visit:
        section = visit.page.locator("#r3")
        assert not section.evaluate("node => node.open")
        visit.page.locator('.overview a[href="#r3"]').click()
        visit.page.wait_for_timeout(100)
        assert section.evaluate("node => node.open") and section.locator("path.trace").count() == 1


def test_smoothing_draws_the_average_over_the_raw_curve(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["healthy"]) as visit:
        page, plot = visit.page, visit.page.locator(".plot").first
        before = visit.trace()
        assert plot.locator("path.raw").count() == 0
        slider = page.get_by_role("slider", name="Smoothing")
        slider.focus()
        for _ in range(9):
            page.keyboard.press("PageUp")  # a tenth of the slider each
        page.wait_for_timeout(100)
        assert plot.locator("path.raw").first.get_attribute("d") == before

        def roughness(path: str) -> float:
            heights = np.array([float(y) for y in re.findall(r" ([\d.]+)", path)])
            return float(np.abs(np.diff(heights)).sum())

        assert roughness(visit.trace()) < 0.5 * roughness(before)
        page.keyboard.press("Home")
        page.wait_for_timeout(100)
        assert visit.trace() == before


def test_the_axis_can_be_wall_time(browser: Any, tmp_path: Path) -> None:
    n = 400
    slow = np.where(np.arange(n) < 300, 1.0, 27.0)  # the last quarter takes nine tenths of the time
    curve = replace(series(falling(n)), time=1.7e9 + np.cumsum(slow))
    target = tmp_path / "timed.html"
    target.write_text(html.render(report(replace(healthy(), lead=curve, curves=(curve,)))), encoding="utf-8")
    with Visit(browser, target.as_uri()) as visit:

        def at(step: int) -> float:
            places = [float(x) for x in re.findall(r"[ML]([\d.]+) ", visit.trace())]
            return (places[step] - places[0]) / (places[-1] - places[0])

        assert at(300) == pytest.approx(0.75, abs=0.01) and "300" in visit.labels()
        button = visit.page.get_by_role("button", name="Wall time instead of steps")
        button.click()
        visit.page.wait_for_timeout(100)
        assert button.get_attribute("aria-pressed") == "true"
        assert at(300) == pytest.approx(0.1, abs=0.02)
        assert "40 min" in visit.labels() and "300" not in visit.labels()
        visit.page.locator(".plot").first.focus()
        visit.page.keyboard.press("End")
        assert (
            "step 399" in visit.page.locator(".tip").inner_text() and "min" in visit.page.locator(".tip").inner_text()
        )


def test_the_points_of_a_plot_are_a_table_that_can_be_copied(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["failed"]) as visit:
        page, figure = visit.page, visit.page.locator(".figure").first
        visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
        button = figure.get_by_role("button", name="Table")
        button.click()
        assert button.get_attribute("aria-expanded") == "true"
        assert 100 <= figure.locator(".values tbody tr").count() <= 201
        assert "NaN" in figure.locator(".values tbody tr").last.inner_text()
        figure.get_by_role("button", name="Copy all as CSV").click()
        page.wait_for_timeout(100)
        lines = page.evaluate("navigator.clipboard.readText()").splitlines()
        assert lines[0] == "step,train/grad_norm" and len(lines) > figure.locator(".values tbody tr").count()
        button.click()
        assert figure.locator(".values").count() == 0


def test_a_flat_curve_looks_flat(browser: Any, tmp_path: Path) -> None:
    curve = series(100 + 0.01 * np.sin(np.arange(300)))
    target = tmp_path / "flat.html"
    target.write_text(html.render(report(replace(healthy(), lead=curve, curves=(curve,)))), encoding="utf-8")
    with Visit(browser, target.as_uri()) as visit:
        heights = [float(y) for y in re.findall(r" ([\d.]+)", visit.trace())]
        assert max(heights) - min(heights) < 3


def shown_runs(page: Any) -> list[str]:
    """The names of the runs in the table, in their order."""
    return [str(name) for name in page.locator(".runs tbody th").all_text_contents()]


def test_runs_are_sorted_and_paged(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["sweep"]) as visit:
        page = visit.page
        assert len(shown_runs(page)) == 100 and page.locator(".total").inner_text() == "150 of 150 runs, 100 shown"
        page.get_by_role("button", name="Show 100 more").click()
        assert len(shown_runs(page)) == 150
        before = shown_runs(page)
        rates = next(row["values"] for row in data_of(page)["columns"] if row["title"] == "lr")
        head = page.locator(".runs th", has=page.get_by_role("button", name="lr", exact=True))
        head.get_by_role("button").focus()
        orders = []
        for _ in range(3):
            page.keyboard.press("Enter")
            orders.append((head.get_attribute("aria-sort"), shown_runs(page)))
        assert [said for said, _ in orders] == ["ascending", "descending", None]
        names = [f"run_{i:04d}" for i in range(150)]
        by_rate = sorted(before, key=lambda name: rates[before.index(name)])
        assert orders[0][1] == by_rate and orders[1][1] == by_rate[::-1] and orders[2][1] == before
        assert sorted(before) == names


def data_of(page: Any) -> dict[str, Any]:
    """What the page hands to the script of the table."""
    document: dict[str, Any] = json.loads(page.locator("#data").text_content())["runs"]
    return document


def test_runs_are_searched_and_filtered(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["sweep"]) as visit:
        page, table = visit.page, data_of(visit.page)
        values = {column["title"]: column["values"] for column in table["columns"]}
        search = page.get_by_role("searchbox", name="Search")
        search.fill("run_0007")
        assert shown_runs(page) == ["run_0007"]
        search.fill("lr>0.01 optimizer=sgd")
        wanted = sum(a > 0.01 and b == "sgd" for a, b in zip(values["lr"], values["optimizer"], strict=True))
        assert page.locator(".total").inner_text() == f"{wanted} of 150 runs"
        search.fill("")
        bad = sum(rate > 0.03 for rate in values["lr"])
        page.get_by_role("button", name=f"Failed {bad}").click()
        assert page.locator(".total").inner_text() == f"{bad} of 150 runs"
        search.fill("no such run")
        assert shown_runs(page) == []


def test_runs_are_filtered_by_cause(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["many"]) as visit:
        causes = data_of(visit.page)["columns"][0]
        assert causes["title"] == "Cause"
        wanted = [n for n, cause in enumerate(causes["values"]) if cause == "weight growth"]
        everyone = shown_runs(visit.page)
        visit.page.locator(".filters select").select_option("weight growth")
        assert shown_runs(visit.page) == [everyone[n] for n in wanted] and 0 < len(wanted) < len(everyone)


def test_columns_are_chosen(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["sweep"]) as visit:
        page = visit.page
        page.locator(".columns summary").focus()
        page.keyboard.press("Enter")
        page.get_by_label("model", exact=True).check()
        assert page.get_by_role("button", name="model", exact=True).is_visible()
        assert page.locator(".runs tbody tr").first.get_by_role("cell", name="resnet").count() == 1
        page.get_by_label("lr", exact=True).uncheck()
        assert page.get_by_role("button", name="lr", exact=True).count() == 0
        page.keyboard.press("Escape")
        assert not page.locator(".columns").evaluate("node => node.open")


def test_every_row_has_a_small_curve(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["sweep"]) as visit:
        visit.page.get_by_role("button", name="Show 100 more").click()
        drawn = visit.page.locator(".runs tbody .spark .line")
        assert drawn.count() == 150 and all("L" in str(line.get_attribute("d")) for line in drawn.all()[-3:])


def test_curves_of_chosen_runs_are_overlaid(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["sweep"]) as visit:
        page = visit.page
        boxes = page.locator(".runs tbody input")
        boxes.nth(0).focus()
        page.keyboard.press("Space")
        for i in range(1, 11):
            boxes.nth(i).click()
        assert page.locator(".overlay .figure").count() == 2  # the loss and the accuracy
        assert page.locator(".overlay .figure").first.locator("path.trace").count() == 10
        assert not boxes.nth(10).is_checked() and "At most 10" in page.locator("#live").inner_text()
        page.get_by_role("button", name="Clear").click()
        assert page.locator(".overlay .figure").count() == 0 and not boxes.nth(0).is_checked()
        assert visit.complaints == []


def test_without_a_script_the_page_still_says_all(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["failed"], java_script_enabled=False) as visit:
        assert visit.page.locator(".plot .spark").count() >= 3
        visit.page.locator(".advice .elsewhere summary").first.click()
        assert visit.page.locator(".advice .elsewhere code", has_text="keras").first.is_visible()
        assert visit.page.locator(".params dd").first.is_visible()


def test_it_opens_at_once(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["long"]) as visit:
        taken = visit.page.evaluate("performance.getEntriesByType('navigation')[0].domComplete")
        assert taken < 5000


def test_it_prints(browser: Any, pages: dict[str, str]) -> None:
    with Visit(browser, pages["failed"]) as visit:
        assert visit.page.pdf().startswith(b"%PDF")


def axe() -> str:
    """The script of axe-core: from $AXE_CORE or from the package axe-playwright-python."""
    if path := os.environ.get("AXE_CORE"):
        return Path(path).read_text(encoding="utf-8")
    spec = importlib.util.find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        pytest.skip("needs axe-core: pip install axe-playwright-python, or AXE_CORE=path/to/axe.min.js")
    return Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        *((name, "light", 360) for name in ("failed", "many", "compare")),
        *((name, "dark", 1280) for name in ("failed", "small sweep", "histograms", "compare")),
    ],
)
def test_axe_finds_no_fault(browser: Any, pages: dict[str, str], name: str, scheme: str, width: int) -> None:
    script = axe()
    with Visit(browser, pages[name], color_scheme=scheme, viewport={"width": width, "height": 900}) as visit:
        opened = ".columns" if name == "small sweep" else "details"  # not all runs, which look alike
        visit.page.evaluate(f"for (const d of document.querySelectorAll('{opened}')) d.open = true")
        visit.page.evaluate("document.querySelector('.figure .log[aria-expanded]')?.click()")  # the table of a plot
        visit.page.evaluate("document.querySelector('.runs tbody input')?.click()")  # the overlay
        visit.page.evaluate(script)
        found = visit.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        faults = [f"{v['impact']} {v['id']}: {v['nodes'][0]['html'][:200]}" for v in found["violations"]]
        assert faults == []
