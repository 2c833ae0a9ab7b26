"""What TensorBoard loads when it starts. It imports nothing that TensorBoard has not imported; the rest waits.

The interface: https://github.com/tensorflow/tensorboard/blob/master/ADDING_A_PLUGIN.md
"""

from __future__ import annotations

import functools
import os
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any

from tensorboard.plugins import base_plugin

#: The paths below data/plugin/loglens/ that are served.
ROUTES = ("index.js", "tab.css", "style.css", "runs", "report")
#: The page where loglens itself cannot be loaded: a message in the tab.
BROKEN = 'export function render() { document.body.textContent = "The loglens tab cannot be shown: %s"; }'

#: The two arguments of a WSGI application, and what it returns.
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Body = Iterable[bytes]


def folders(flags: Any, logdir: str | None) -> list[str]:
    """The folders that TensorBoard was told to show: its --logdir, or those of "name:folder,..." in --logdir_spec."""
    spec = getattr(flags, "logdir_spec", "") or ""
    named = [logdir] if logdir else [re.sub(r"^[^:/\\]+:(?!//)", "", part.strip()) for part in spec.split(",")]
    return [os.path.expanduser(folder) for folder in named if folder]  # noqa: PTH111 - pathlib costs a start its time


class Tab(base_plugin.TBPlugin):
    """The tab. It judges nothing before somebody opens it."""

    plugin_name = "loglens"

    def __init__(self, context: Any) -> None:
        self._folders = folders(context.flags, context.logdir)
        self._multiplexer = context.multiplexer
        self._site: Any = None
        self._lock = threading.Lock()

    def get_plugin_apps(self) -> dict[str, Callable[[Environ, StartResponse], Body]]:
        """The routes, each a WSGI application."""
        return {f"/{route}": functools.partial(self._serve, route) for route in ROUTES}

    def frontend_metadata(self) -> Any:
        """The name of the tab, and the module that draws it."""
        return base_plugin.FrontendMetadata(es_module_path="/index.js", tab_name="Diagnosis")

    def data_plugin_names(self) -> tuple[str, ...]:
        """The tab is active where TensorBoard has data of one of these."""
        return "scalars", "histograms"

    def is_active(self) -> bool:
        """Whether TensorBoard has found a run; asked where the names above do not tell."""
        return bool(self._multiplexer is not None and self._multiplexer.Runs())

    def _serve(self, route: str, environ: Environ, start_response: StartResponse) -> Body:
        """Answer a request. Whatever fails here is a message in the tab."""
        try:
            from loglens.tensorboard_tab.site import Site  # the first import of all that is not this module

            with self._lock:
                self._site = self._site or Site(self._folders)
            status, headers, body = self._site.answer(route, environ)
        except Exception as error:
            status, headers, body = _failure(route, error)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]


class Loader(base_plugin.TBLoader):
    """What the entry point names."""

    def load(self, context: Any) -> Tab:
        """The tab for this TensorBoard."""
        return Tab(context)


def _failure(route: str, error: Exception) -> tuple[str, list[tuple[str, str]], bytes]:
    """A failure as an answer: of the module as one that shows it, of others as plain text."""
    said = re.sub(r"[^ -!#-;=?-\[\]-~]", " ", f"{type(error).__name__}: {error}")[:500]  # no quote, markup, escape
    script = route.endswith(".js")
    kind = "text/javascript" if script else "text/plain"
    headers = [("Content-Type", f"{kind}; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
    status = "200 OK" if script else "500 Internal Server Error"
    return status, headers, (BROKEN % said if script else said).encode()
