"""The tab's routes as TensorBoard's server calls them: what they send, and what a failure looks like."""

from __future__ import annotations

import gzip
import json
import logging
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from tensorboard.backend.security_validator import SecurityValidatorMiddleware
from werkzeug.test import Client, TestResponse

from loglens.errors import LoglensError
from loglens.model.report import Report
from loglens.renderers.html.page import page
from loglens.renderers.html.style import style_sheet
from loglens.tensorboard_tab import site
from loglens.tensorboard_tab.plugin import ROUTES, Loader, folders
from tests.golden.example import report

RUN = "0123456789abcdef"


class Judged:
    """Stands for the process that judges: it has one run, and remembers what it was asked."""

    def __init__(self, folders: Sequence[str]) -> None:
        self.folders, self.asked, self.report = folders, list[Any](), report()

    def state(self, since: int, *, again: bool) -> dict[str, Any]:
        self.asked.append((since, again))
        return {"keys": [RUN], "rows": [], "error": ""}

    def page(self, keys: Sequence[str], theme: str) -> str:
        self.asked.append((keys, theme))
        if keys == ["f" * 16]:
            raise LoglensError("no <b>such</b> run")
        return page(self.report, theme=theme, framed=True, sections=False)


class Tab:
    """The tab of a TensorBoard behind its security check, and the last stand-in of its process."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.started: list[Judged] = []
        patch.setattr(site, "Process", self._start)

    def _start(self, folders: Sequence[str]) -> Judged:
        self.started.append(Judged(folders))
        return self.started[-1]

    def get(self, address: str, logdir: str = "/logs", method: str = "GET", **headers: str) -> TestResponse:
        context = Namespace(flags=Namespace(logdir_spec=""), logdir=logdir, multiplexer=None)
        apps = Loader().load(context).get_plugin_apps()
        route = "/" + address.partition("?")[0]
        return Client(SecurityValidatorMiddleware(apps[route])).open(f"/{address}", method=method, headers=headers)


@pytest.fixture
def tab(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Tab]:
    """A tab of whose answers TensorBoard's security check complains about none."""
    logging.getLogger("tensorboard").propagate = True
    yield Tab(monkeypatch)
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("logdir", "spec", "found"),
    [
        ("runs", "", ["runs"]),
        ("", "a:/one,b:two, /three", ["/one", "two", "/three"]),
        ("", "gs://bucket/a,far:s3://b", ["gs://bucket/a", "s3://b"]),
        ("", "", []),
        (None, None, []),
    ],
)
def test_the_folders_are_those_of_tensorboard(logdir: str | None, spec: str | None, found: list[str]) -> None:
    assert folders(Namespace(logdir_spec=spec), logdir) == found


def test_loading_it_imports_nothing_that_tensorboard_has_not() -> None:
    code = "import sys; from tensorboard.plugins import base_plugin; before = set(sys.modules)\n"
    code += "import loglens.tensorboard_tab.plugin; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    new = set(done.stdout.split())
    own = {name for name in new if name.partition(".")[0] == "loglens"}
    assert "loglens.tensorboard_tab.plugin" in own and len(own) < 8
    # what any program of this size has in memory before it is up
    common = {"collections", "contextlib", "copyreg", "functools", "importlib", "re", "threading", "types", "typing"}
    assert {name.partition(".")[0].strip("_") for name in new - own} <= common


def test_it_is_active_where_tensorboard_has_runs() -> None:
    runs: dict[str, Any] = {}
    flags = Namespace(logdir_spec="")
    given = Loader().load(Namespace(flags=flags, logdir="x", multiplexer=Namespace(Runs=lambda: runs)))
    assert not given.is_active()
    runs["train"] = {}
    assert given.is_active() and "scalars" in given.data_plugin_names()
    assert not Loader().load(Namespace(flags=flags, logdir="x", multiplexer=None)).is_active()
    assert given.frontend_metadata().es_module_path.strip("/") in ROUTES


def test_nothing_is_started_before_somebody_opens_it(tab: Tab) -> None:
    context = Namespace(flags=Namespace(logdir_spec=""), logdir="/logs", multiplexer=None)
    plugin = Loader().load(context)
    plugin.get_plugin_apps()
    plugin.is_active()
    plugin.frontend_metadata()
    assert tab.started == []


@pytest.mark.parametrize(("route", "kind"), [("index.js", "text/javascript"), ("tab.css", "text/css")])
def test_script_and_style_are_files_of_ours(tab: Tab, route: str, kind: str) -> None:
    answer = tab.get(route)
    assert answer.status_code == 200 and answer.mimetype == kind
    assert int(answer.headers["Content-Length"]) == len(answer.data) > 1000
    assert tab.started[0].asked == []


def test_the_style_is_that_of_reports_in_either_theme(tab: Tab) -> None:
    light, dark = (tab.get(f"style.css?theme={theme}").text for theme in ("light", "dark"))
    assert "@media all {" in dark and "@media not all {" in light and "prefers-color-scheme" not in light + dark
    assert "color-scheme: dark;" in dark.partition("}")[0] and "color-scheme: light;" in light.partition("}")[0]
    assert tab.get("style.css?theme=../x").text == style_sheet()


def test_the_list_of_runs_is_asked_for_by_revision(tab: Tab) -> None:
    answer = tab.get("runs?since=12&again=1")
    assert answer.mimetype == "application/json" and json.loads(answer.data)["keys"] == [RUN]
    assert tab.started[0].asked == [(12, True)] and tab.started[0].folders == ["/logs"]
    tab.get("runs?since=-1;rm")
    assert tab.started[1].asked == [(0, False)]


@pytest.mark.parametrize(("logdir", "said"), [("", "tensorboard --logdir"), ("s3://bucket/runs", "other machines")])
def test_without_a_folder_of_this_machine_the_tab_says_why(tab: Tab, logdir: str, said: str) -> None:
    assert said in tab.get("runs", logdir).text and said in tab.get("report", logdir).text
    assert [started.asked for started in tab.started] == [[], []]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_report_may_run_its_own_script_only_and_be_framed_by_the_tab_only(tab: Tab, theme: str) -> None:
    answer = tab.get(f"report?runs={RUN}&theme={theme}")
    assert answer.status_code == 200 and tab.started[0].asked == [([RUN], theme)]
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy
    assert policy.endswith("frame-ancestors 'self'") and f'name="color-scheme" content="{theme}"' in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and 'class="top"' not in answer.text


@pytest.mark.parametrize(
    "runs", ["../../etc/passwd", "/etc/passwd", RUN.upper(), RUN + "0", f"{RUN},x", ",".join([RUN] * 2001)]
)
def test_what_is_no_key_of_a_run_is_not_even_asked_for(tab: Tab, runs: str) -> None:
    answer = tab.get(f"report?runs={runs}")
    assert answer.status_code == 400 and "passwd" not in answer.text and tab.started[0].asked == []


def test_a_report_that_fails_is_a_message_without_markup(tab: Tab) -> None:
    answer = tab.get(f"report?runs={'f' * 16}&theme=dark")
    assert answer.status_code == 503 and "no &lt;b&gt;such&lt;/b&gt; run" in answer.text
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed(tab: Tab, method: str) -> None:
    assert tab.get("runs", method=method).status_code == 405 and tab.started[0].asked == []
    assert tab.get("report", method="HEAD").data == b""


def test_large_answers_are_packed_where_the_browser_takes_that(tab: Tab) -> None:
    packed = tab.get("index.js", **{"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == tab.get("index.js").data
    assert "Content-Encoding" not in tab.get("index.js", **{"Accept-Encoding": "gzip;q=0"}).headers


@pytest.mark.parametrize("route", ROUTES)
def test_a_failure_is_a_message_in_the_tab(monkeypatch: pytest.MonkeyPatch, tab: Tab, route: str) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError('</script> "quoted" \\ ')

    monkeypatch.setattr(site.Site, "answer", fail)
    answer = tab.get(route)
    assert "RuntimeError" in answer.text and "<" not in answer.text and "\\" not in answer.text
    if route == "index.js":
        assert answer.status_code == 200 and answer.text.count('"') == 2 and "export function render" in answer.text
    else:
        assert answer.status_code == 500 and answer.mimetype == "text/plain"


def test_an_overview_has_a_table_and_no_sections(tab: Tab) -> None:
    whole, overview = page(report()), tab.get("report").text
    assert whole.count('<details class="run ') > 1 and 'id="overview"' in overview
    assert '<details class="run ' not in overview and "shown in full below" not in overview
    assert page(Report((report().runs[0],), ()), sections=False).count('class="hero') == 1
