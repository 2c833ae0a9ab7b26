"""The generated pages are what the detectors and the measured results say."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from loglens.registry import load as registry
from loglens.roles.from_tags import roles_of_tags

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), ROOT / "benchmarks" / "diagnosis" / "limits.md"])


def test_the_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_page_and_every_link_a_target() -> None:
    assert {path.stem for path in (DOCS / "rules").glob("*.md")} == {"index", *registry.detectors()}


def test_the_names_that_the_page_on_logging_proposes_are_understood() -> None:
    general, _, games = (DOCS / "logging.template.md").read_text("utf-8").partition("### Reinforcement learning")
    for text in (general, games):
        tags = re.findall(r'f?"((?:train|val|rollout)[/_]\w+|(?:grad|weight)_norm(?:/\{name\})?|update_norm|lr)"', text)
        roles = roles_of_tags([tag.format(name="fc1.weight") for tag in tags])
        assert len(tags) >= 5 and [tag for tag, role in roles.items() if role.name is None] == []


def prose(path: Path) -> str:
    """A page without its code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text("utf-8"), flags=re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The ids that GitHub and mkdocs give the headings of a page."""
    heads = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", head).strip().lower()) for head in heads}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_has_a_target(path: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", prose(path))
    for target in (one or other for one, other in targets):
        if re.match(r"https?:", target):
            continue
        file, _, anchor = target.partition("#")
        # the part of a generated page lies elsewhere than the page
        there = (DOCS if path.name == "limits.md" else path.parent) / file if file else path
        assert there.exists(), f"links to {target}"
        assert not anchor or anchor in anchors(there), f"{there.name} has no heading for #{anchor}"
        assert path.parent != DOCS or DOCS in there.resolve().parents, f"{target} is not in the site"


def test_every_page_can_be_reached() -> None:
    linked = {link for path in PAGES for link in re.findall(r"\]\(([^)#\s]+)", prose(path))}
    named = {path.relative_to(DOCS).as_posix() for path in DOCS.glob("*.md") if ".template" not in path.name}
    assert named - {"index.md"} <= linked
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert [name for name in named if name not in navigation] == []


class Loaded(HTMLParser):
    """What a page loads by itself, and the files that it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "img", "iframe", "source", "video"):
            self.loads += [given.get("src") or ""]
        if tag == "link" and given.get("rel") != "canonical":
            self.loads += [given.get("href") or ""]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation built as CI builds it, where mkdocs is installed."""
    if not all(importlib.util.find_spec(name) for name in ("mkdocs", "material")):
        pytest.skip("needs the extra docs")
    target = tmp_path_factory.mktemp("site")
    nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | nowhere)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = [page for page in site.rglob("*.html") if page.name != "404.html"]  # that one knows no folder
    assert len(pages) > len(registry.detectors())
    for page in pages:
        for address in Loaded(page.read_text("utf-8")).loads:
            assert not re.match(r"(https?:)?//", address), f"{page.name} loads {address}"
            assert not address or address.startswith("data:") or (page.parent / address.split("?")[0]).exists()
    assert not list(site.rglob("*.py"))
    for sheet in site.rglob("*.css"):
        assert "fonts.googleapis" not in sheet.read_text("utf-8")


def test_the_search_works_from_disk(site: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("needs chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto((site / "rules" / "nan-loss.html").as_uri())
        page.keyboard.press("/")
        page.keyboard.type("overfitting")
        page.locator(".md-search-result__link").first.click()
        page.wait_for_url("**/rules/overfitting.html*")
        browser.close()


# The pictures


@pytest.fixture(scope="module")
def screenshots() -> Iterator[ModuleType]:
    pytest.importorskip("matplotlib", reason="needs the extra plot")
    spec = importlib.util.spec_from_file_location("screenshots", DOCS / "screenshots.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module


def test_the_picture_of_the_terminal_is_fresh(screenshots: ModuleType) -> None:
    text = (DOCS / "images" / "terminal.svg").read_text("utf-8")
    made = screenshots.report()
    said = screenshots.words(text)
    assert said == screenshots.words(screenshots.picture(made)), "python docs/screenshots.py"
    plain = " ".join(said)
    assert "loglens diagnose sample_logs/exploding_gradient_rnn" in plain and made.runs[0].summary in plain
    assert not re.search(r"https?://(?!www\.w3\.org/)|@import|@font-face|<script", text), "it loads nothing"
    assert sum(path.stat().st_size for path in (DOCS / "images").iterdir()) < 400_000


def test_the_figure_of_the_evidence_is_fresh(screenshots: ModuleType, tmp_path: Path) -> None:
    (job,) = screenshots.plot.jobs(screenshots.report())
    screenshots.plot.draw(job, tmp_path / "x.svg", "svg", width=6.5, version="0")
    fresh, kept = tmp_path / "x.svg", DOCS / "images" / "evidence.svg"
    assert screenshots.words(fresh.read_text("utf-8")) == screenshots.words(kept.read_text("utf-8"))


def test_the_picture_of_the_page_is_fresh(screenshots: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("playwright", reason="needs playwright")
    if not any(map(shutil.which, screenshots.BROWSER)):
        pytest.skip("needs chromium")
    image = pytest.importorskip("PIL.Image", reason="needs pillow")
    screenshots.page(screenshots.report(), tmp_path / "x.png")
    small = []
    for path in (tmp_path / "x.png", DOCS / "images" / "report.png"):
        with image.open(path) as picture:
            width, height = picture.size
            small.append(np.asarray(picture.convert("L").resize((64, 128)), float))
        assert width == 1280 and 1500 < height < 4000
    # fonts differ from machine to machine, the layout does not
    assert np.abs(small[0] - small[1]).mean() < 8, "python docs/screenshots.py"
