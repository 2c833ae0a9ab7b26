"""The tab in a real TensorBoard, in a browser; and with the oldest TensorBoard that starts on this Python."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.renderers.test_html import Visit, axe, browser  # noqa: F401 - the fixture is one of this module too

ROOT = Path(__file__).parents[2]
SAMPLES = ("exploding_gradient_rnn", "healthy_lstm", "nan_loss_keras")


@contextmanager
def tensorboard(folder: Path, *before: str) -> Iterator[str]:
    """TensorBoard on some of the samples, with our entry point; yields its address, and fails where it complains.

    before: folders that come before all others in which modules are looked for.
    """
    installed = folder / "site" / "loglens-0.1.0.dist-info"  # goes before the one that is installed
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: loglens\nVersion: 0.1.0\n")
    (installed / "entry_points.txt").write_text(
        "[tensorboard_plugins]\nloglens = loglens.tensorboard_tab.plugin:Loader\n"
    )
    for name in SAMPLES:
        shutil.copytree(ROOT / "sample_logs" / name, folder / "logs" / name)
    words = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder / "logs"), "--port", "0"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join([*before, str(folder / "site"), str(ROOT)])}
    log = folder / "tensorboard.log"
    with log.open("w") as out, subprocess.Popen(words, env=env, cwd=folder, stdout=out, stderr=out) as server:
        try:
            yield address(server, log)
        finally:
            server.terminate()
    said = log.read_text()
    assert "Traceback" not in said and "will become an error" not in said and "failed" not in said, said


def address(server: subprocess.Popen[bytes], log: Path) -> str:
    """Where TensorBoard serves, once it does."""
    while server.poll() is None:
        if found := re.search(r"http://\S+:\d+/", log.read_text()):
            return found[0]
        try:
            server.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(log.read_text())


#: The oldest TensorBoard that starts on Python 3.11, with what it needs of its time; the rest is as new as it may be.
OLDEST = """tensorboard==2.8.0 tensorboard-plugin-wit numpy==1.26.4 protobuf==3.20.3 setuptools<81 six
google-auth google-auth-oauthlib oauthlib pyasn1 pyasn1-modules requests-oauthlib""".split()


def test_the_oldest_tensorboard_has_the_tab(tmp_path: Path) -> None:
    target = tmp_path / "old"
    words = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--target", str(target)]
    env = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}  # which names the newest
    if sys.version_info >= (3, 12) or subprocess.run([*words, *OLDEST], env=env, capture_output=True).returncode:
        pytest.skip("pip finds no such TensorBoard for this Python")
    with tensorboard(tmp_path, str(target)) as url:
        assert get(url, "data/environment")["version"] == "2.8.0"
        listed = get(url, "data/plugins_listing")["loglens"]
        assert (listed["tab_name"], listed["loading_mechanism"]["type"]) == ("Diagnosis", "IFRAME")
        with urlopen(url.rstrip("/") + listed["loading_mechanism"]["module_path"]) as answer:  # noqa: S310 - of our own
            assert b"export async function render" in answer.read()
        assert get(url, "data/plugin/loglens/runs")["error"] == ""


def get(url: str, path: str) -> Any:
    """A JSON answer of the server."""
    with urlopen(url + path) as answer:  # noqa: S310 - our own server
        return json.load(answer)


def frames(page: Any) -> tuple[Any, Any]:
    """The frame of the tab, and in it that of the report, once it is there."""
    page.wait_for_selector("iframe[src*=loglens]")
    tab = next(frame for frame in page.frames if "plugin_entry" in frame.url)
    tab.wait_for_selector(".pane iframe:not(.next)")
    return tab, next(frame for frame in reversed(page.frames) if "/report?" in frame.url)


def test_the_tab_in_light_and_dark(tmp_path: Path, browser: Any) -> None:  # noqa: F811 - as above
    with tensorboard(tmp_path) as url, Visit(browser, f"{url}#loglens&p.loglens.run={SAMPLES[0]}") as visit:
        tab, report = frames(visit.page)
        tab.wait_for_selector("body:not(.busy) .item >> nth=3")
        assert tab.locator(".item .title").all_text_contents() == [SAMPLES[0], SAMPLES[2], SAMPLES[1]]
        chosen = tab.locator(".item[aria-current]")
        assert chosen.locator(".title").text_content() == SAMPLES[0]
        assert "from step 253" in chosen.locator(".chain-of").text_content()

        assert "Exploding gradient from step 253" in report.locator("h1").text_content()
        assert report.locator("path.trace").count() >= 1 and report.locator(".onset").count() >= 1
        report.locator(".copy").first.click()
        assert re.match("Copied|Press", report.locator(".copy").first.text_content())
        assert [ground(frame) for frame in (tab, report)] == ["rgb(246, 247, 249)"] * 2

        # TensorBoard's own switch between light and dark, which the report follows
        visit.page.evaluate("document.body.classList.add('dark-mode')")
        tab.wait_for_selector(".pane iframe:not(.next)[src*='theme=dark']")
        _, report = frames(visit.page)
        assert [ground(frame) for frame in (tab, report)] == ["rgb(17, 21, 27)"] * 2

        # its filter of runs: a regular expression in any case
        tab.locator("input[type=search]").fill("^(NAN|heal)")
        tab.wait_for_function("document.querySelectorAll('.item .title').length === 2")
        tab.locator("input[type=search]").fill("(")
        tab.wait_for_selector("input[aria-invalid]")
        tab.locator("input[type=search]").fill("")
        assert [said for said in visit.complaints if "Three.js" not in said] == []
        tab.evaluate(axe())
        found = tab.evaluate("axe.run(document, {resultTypes: ['violations'], iframes: false})")
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found["violations"]] == []


def ground(frame: Any) -> str:
    """The colour of a page."""
    return str(frame.evaluate("getComputedStyle(document.body).backgroundColor"))
