"""The process that judges the runs below TensorBoard's folders while somebody looks at the tab.

A request is a line of JSON on standard input: look at the files, or make a report. What has changed and the reports are
lines of JSON on standard output. It ends with its input, or when it is asked nothing for a while.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loglens.analysis.report_builder import collect
from loglens.config.flags import with_flags
from loglens.config.load import load
from loglens.errors import LoglensError
from loglens.model.plain_text import safe
from loglens.model.report import Diagnosis
from loglens.registry import load as registry
from loglens.tensorboard_tab.rows import key_of, row, stage
from loglens.watch.follow import Watch
from loglens.watch.followed import REST, Followed

#: Seconds between two looks at the files, and without a request after which this process ends.
INTERVAL, IDLE = 5.0, 900.0
#: How much this process gives way to others, such as a training.
NICENESS = 5
#: Paths that cannot be read which are listed.
MAX_UNREAD = 50

Requests = queue.SimpleQueue[dict[str, Any]]
Send = Callable[[dict[str, Any]], None]


@dataclass
class Worker:
    """Follows the runs, and answers requests between two judgements. send: takes what is to be said."""

    folders: list[str]
    watch: Watch
    requests: Requests
    send: Send
    due: float = 0.0
    sent: dict[str, tuple[float | None, str]] = field(default_factory=dict)

    @property
    def runs(self) -> list[tuple[Followed, Diagnosis]]:
        """Every judged run whose files are still there, with the log it is in."""
        return [(one, run) for one, run in self.watch.runs if one.states]

    def serve(self, idle: float = IDLE) -> None:
        """Answer requests until there are none for so many seconds."""
        with suppress(queue.Empty):
            while True:
                self.answer(self.requests.get(timeout=idle))

    def answer(self, request: dict[str, Any]) -> None:
        """Answer one request."""
        if request["ask"] == "page":
            if not self.due:
                self.look()
            self.send({"number": request["number"], **self.page(request["runs"], request["theme"])})
        elif time.monotonic() >= self.due:
            self.look()

    def look(self) -> None:
        """Look at the files, judge what is due, and say what has changed; a fifth of the time at most is spent so."""
        started = time.monotonic()
        self.send({"judging": True})
        for _ in self.watch.look():
            self.say_changes()
            self.answer_pages()
        self.say_changes()
        unread = [{"path": safe(item.path), "why": safe(item.why)} for item in self.watch.unread[:MAX_UNREAD]]
        keys = [key_of(one, run) for one, run in self.runs]
        self.sent = {key: self.sent[key] for key in keys}
        self.send({"judging": False, "keys": keys, "unread": unread})
        self.due = time.monotonic() + max(self.watch.interval, REST * (time.monotonic() - started))

    def say_changes(self) -> None:
        """Send the rows of the runs that were judged since, or stand still, or move again."""
        rows = []
        for one, run in self.runs:
            key, now = key_of(one, run), (one.judged_at, stage(one))
            if self.sent.get(key) != now:
                self.sent[key] = now
                rows.append(row(one, run, self.folders))
        self.send({"rows": rows, "waiting": self.watch.waiting})

    def answer_pages(self) -> None:
        """Make the reports that were asked for meanwhile."""
        with suppress(queue.Empty):
            while True:
                request = self.requests.get_nowait()
                if request["ask"] == "page":
                    self.answer(request)

    def page(self, keys: list[str], theme: str) -> dict[str, str]:
        """The report on the runs with these keys, or on all."""
        from loglens.renderers.html.page import page  # slow to load

        wanted = set(keys)
        runs = [run for one, run in self.runs if not wanted or key_of(one, run) in wanted]
        if wanted and not runs:
            return {"error": "This run is not there any more."}
        try:
            report = collect(runs, registry.detectors(), config=self.watch.config)
            return {"html": page(report, theme=theme, framed=True, sections=False)}
        except Exception as error:  # one report that fails ends nothing
            return {"error": f"loglens itself failed: {type(error).__name__}: {error}; please report"}


def main() -> None:
    """Serve until standard input ends."""
    folders: list[str] = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer

    def send(said: dict[str, Any]) -> None:
        answers.write(json.dumps(said).encode() + b"\n")
        answers.flush()

    requests: Requests = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    try:
        config = with_flags(load(Path.cwd(), None, os.environ), registry.detectors())
        Worker(folders, Watch(folders, config, INTERVAL), requests, send).serve()
    except LoglensError as error:
        send({"error": safe(str(error))})
    except Exception as error:
        send({"error": f"loglens itself failed: {type(error).__name__}: {safe(str(error))}; please report"})


def _listen(requests: Requests) -> None:
    """Take requests from standard input. At its end TensorBoard has ended, and this process with it."""
    for line in sys.stdin.buffer:
        requests.put(json.loads(line))
    os._exit(0)
