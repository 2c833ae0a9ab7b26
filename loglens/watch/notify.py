"""Send an event to a URL: Discord, Slack, ntfy, or any server that takes JSON. Nothing is sent unless asked for.

The address is a secret with most of these services: no message and no error shows more of it than its host.
"""

from __future__ import annotations

import http.client
import json
import os
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from loglens.errors import LoglensError
from loglens.model.redaction import scrub
from loglens.model.version import __version__
from loglens.watch.event import Event

#: The services whose messages have a form of their own, by the hosts that they have.
HOSTS = {
    "discord.com": "discord",
    "discordapp.com": "discord",
    "hooks.slack.com": "slack",
    "hooks.slack-gov.com": "slack",
    "ntfy.sh": "ntfy",
}
SERVICES = ("discord", "slack", "ntfy", "json")
#: Seconds until a server that does not answer is given up, and what names an environment variable instead of a URL.
TIMEOUT, FROM_ENVIRONMENT = 5.0, "env:"
#: Characters of a message: Discord takes 2000, ntfy 4096 bytes.
MAX_MESSAGE = 1500


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect: what is sent goes to the address that was given and to no other."""


class Notifier:
    """Sends events to one URL. service: one of SERVICES, None is by the host.

    Raises LoglensError for a URL that cannot be used, without showing it.
    """

    def __init__(self, url: str, service: str | None = None) -> None:
        if url.startswith(FROM_ENVIRONMENT):
            name = url.removeprefix(FROM_ENVIRONMENT)
            url = os.environ.get(name, "")
            if not url:
                raise LoglensError(f"--notify {FROM_ENVIRONMENT}{name}: there is no environment variable {name}")
        try:
            parts = urlsplit(url)
            host, known = parts.hostname or "", parts.scheme in ("http", "https")
        except ValueError:
            host, known = "", False
        if not known or not host:
            raise LoglensError("--notify takes a URL that begins with https:// or http://, or env:NAME")
        self.host = host
        self._url = url
        self._service = service or next((HOSTS[name] for name in HOSTS if host in (name, f"ptb.{name}")), "json")

    def send(self, event: Event) -> str:
        """Send an event. Returns why it could not be sent, or nothing where it was."""
        body, headers = payload(event, self._service)
        headers["User-Agent"] = f"loglens/{__version__}"
        try:
            request = Request(self._url, data=body, headers=headers, method="POST")  # noqa: S310 - http or https
            with build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as answer:
                answer.read(1)
        except HTTPError as error:
            return f"--notify: {self.host} answers {error.code}"
        except (URLError, OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            kind = getattr(reason, "strerror", None) or type(reason).__name__
            return f"--notify: {self.host} cannot be reached: {kind}"
        return ""


def payload(event: Event, service: str) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a message, in the form of a service."""
    text = scrub(event.line())[:MAX_MESSAGE]
    kind = {"Content-Type": "application/json"}
    if service == "discord":
        return json.dumps({"content": text, "allowed_mentions": {"parse": []}}).encode(), kind
    if service == "slack":
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return json.dumps({"text": escaped}).encode(), kind
    if service == "ntfy":
        high = event.kind == "found" and str(event.severity) == "error"
        return text.encode(), {"Title": "loglens", "Priority": "high" if high else "default"}
    return scrub(event.as_json()).encode(), kind
