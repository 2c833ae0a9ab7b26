"""Messages to a server of our own: their form, and that the address is never shown."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from loglens.errors import LoglensError
from loglens.model.finding import Severity
from loglens.watch.event import Event
from loglens.watch.notify import Notifier, payload

HARMFUL = "nan-loss: NaN at \x1b[31m 5, key ghp_" + "a" * 36
EVENT = Event("found", "run <1> @everyone", 1.8e9, HARMFUL, step=5, severity=Severity.ERROR)
SECRET = "T000/B000/secretsecret"  # noqa: S105 - of nobody


class Server(BaseHTTPRequestHandler):
    """Keeps what it gets, and answers with what is asked of it."""

    got: ClassVar[list[tuple[str, str, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, self.headers.get("Priority", ""), body))
        code = int(self.path.rpartition("/")[2]) if self.path[-3:].isdigit() else 200
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    Server.got.clear()
    httpd = HTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def test_each_service_gets_its_form(server: str) -> None:
    for service in ("discord", "slack", "ntfy", "json"):
        assert Notifier(f"{server}/{SECRET}", service).send(EVENT) == ""
    (discord, slack, ntfy, plain) = [body for _, _, body in Server.got]
    assert json.loads(discord)["allowed_mentions"] == {"parse": []}
    assert "run &lt;1&gt;" in json.loads(slack)["text"]
    assert b"nan-loss" in ntfy and Server.got[2][1] == "high"
    assert json.loads(plain)["severity"] == "error"
    assert all(path == f"/{SECRET}" for path, _, _ in Server.got)
    assert not any(b"\x1b" in body or b"ghp_aaaa" in body for _, _, body in Server.got), "what a log holds is made safe"


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("https://discord.com/api/webhooks/1/x", "discord"),
        ("https://hooks.slack.com/services/x", "slack"),
        ("https://ntfy.sh/topic", "ntfy"),
        ("https://example.org/discord.com", "json"),
        ("https://notdiscord.com/x", "json"),
    ],
)
def test_the_service_is_known_by_its_host(url: str, service: str) -> None:
    assert Notifier(url)._service == service


def test_no_redirect_is_followed_and_no_failure_shows_the_address(server: str) -> None:
    for code in (302, 404, 500):
        why = Notifier(f"{server}/{SECRET}/{code}").send(EVENT)
        assert str(code) in why and "secret" not in why
    assert [path.rpartition("/")[2] for path, _, _ in Server.got] == ["302", "404", "500"]
    why = Notifier(f"http://127.0.0.1:1/{SECRET}").send(EVENT)
    assert "cannot be reached" in why and "secret" not in why


@pytest.mark.parametrize(
    "url", [f"ftp://h/{SECRET}", f"file:///{SECRET}", SECRET, f"http:///{SECRET}", f"http://[{SECRET}"]
)
def test_what_is_no_address_of_the_web_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(LoglensError) as error:
        Notifier(url)
    assert "secret" not in str(error.value)


def test_the_address_may_come_from_the_environment(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", f"{server}/{SECRET}")
    assert Notifier("env:HOOK").send(EVENT) == "" and len(Server.got) == 1
    with pytest.raises(LoglensError, match="no environment variable NONE"):
        Notifier("env:NONE")


def test_a_message_is_short_whatever_the_log_says() -> None:
    long = Event("found", "r" * 10_000, 1.8e9, "m" * 10_000)
    for service in ("discord", "slack", "ntfy"):
        assert len(payload(long, service)[0]) < 2000
