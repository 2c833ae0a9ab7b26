"""The pages of the tab: its script and styles, the list of runs as JSON, and reports as HTML. All is read-only."""

from __future__ import annotations

import gzip
import html
import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from loglens.errors import LoglensError
from loglens.renderers.html.style import SCHEMES, style_sheet
from loglens.tensorboard_tab.process import Process

#: Status, headers and body of an answer.
Answer = tuple[str, list[tuple[str, str]], bytes]
#: Bytes from which on an answer is packed where the browser takes that.
PACKED_FROM = 1400
#: Runs that may be asked for at once, and how each is named.
MAX_RUNS, KEY = 2000, re.compile(r"[0-9a-f]{16}")
#: What a page without a script may do: nothing.
NOTHING = "default-src 'none'"
#: Where a page says itself what it may do.
_POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]*)"')
REMOTE = "Logs on other machines are not judged here; run `loglens diagnose` on them."
NO_FOLDER = "TensorBoard was started without a folder: tensorboard --logdir FOLDER"


class Site:
    """The answers to all requests on some folders."""

    def __init__(self, folders: list[str]) -> None:
        local = [str(Path(folder).absolute()) for folder in folders if "://" not in folder]
        self._process = Process(local)
        self._why_not = "" if local else REMOTE if folders else NO_FOLDER

    def answer(self, route: str, environ: Mapping[str, Any]) -> Answer:
        """Answer a request for one of the routes."""
        if environ.get("REQUEST_METHOD", "GET") not in ("GET", "HEAD"):
            return _answer("text/plain", "only GET", status="405 Method Not Allowed")
        asked = {name: values[-1] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        routes: dict[str, Callable[[Mapping[str, str]], Answer]] = {
            "index.js": lambda _: _answer("text/javascript", _file("index.js")),
            "tab.css": lambda _: _answer("text/css", _file("tab.css")),
            "style.css": lambda asked: _answer("text/css", style_sheet(_theme(asked))),
            "runs": self._runs,
            "report": self._report,
        }
        return _packed(routes[route](asked), environ.get("HTTP_ACCEPT_ENCODING", ""))

    def _runs(self, asked: Mapping[str, str]) -> Answer:
        if self._why_not:
            return _answer("application/json", json.dumps({"error": self._why_not}))
        since = asked.get("since", "")
        state = self._process.state(int(since) if re.fullmatch(r"\d{1,18}", since) else 0, again="again" in asked)
        return _answer("application/json", json.dumps(state))

    def _report(self, asked: Mapping[str, str]) -> Answer:
        keys = [key for key in asked.get("runs", "").split(",") if key]
        if len(keys) > MAX_RUNS or not all(map(KEY.fullmatch, keys)):
            return _message("There is no such run.", asked, "400 Bad Request")
        try:
            if self._why_not:
                raise LoglensError(self._why_not)
            page = self._process.page(keys, _theme(asked))
        except LoglensError as error:
            return _message(str(error), asked, "503 Service Unavailable")
        found = _POLICY.search(page)
        policy = html.unescape(found[1]) if found else NOTHING
        return _answer("text/html", page, f"{policy}; frame-ancestors 'self'")


def _message(text: str, asked: Mapping[str, str], status: str) -> Answer:
    """A page that says why there is no report."""
    scheme = SCHEMES[_theme(asked)]
    page = f'<!DOCTYPE html><meta name="color-scheme" content="{scheme}"><title>loglens</title><p>{html.escape(text)}'
    return _answer("text/html", page, NOTHING, status)


def _theme(asked: Mapping[str, str]) -> str:
    theme = asked.get("theme", "")
    return theme if theme in SCHEMES else "auto"


def _answer(kind: str, body: str, policy: str = "", status: str = "200 OK") -> Answer:
    headers = [
        ("Content-Type", f"{kind}; charset=utf-8"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
    ]
    return status, headers + ([("Content-Security-Policy", policy)] if policy else []), body.encode()


def _packed(answer: Answer, accepted: str) -> Answer:
    status, headers, body = answer
    if len(body) < PACKED_FROM or not re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\b)", accepted):
        return answer
    return status, [*headers, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")], gzip.compress(body, 3)


@cache
def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
