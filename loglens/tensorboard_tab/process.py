"""The process that judges, as TensorBoard's process sees it: started when it is first asked, one at a time."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from loglens.errors import LoglensError

#: Seconds that a report is waited for, and how many may be waited for at once.
PATIENCE, MAX_WAITING = 120.0, 8
#: What the judging process runs: it looks for modules where it is told to.
_START = """
import json, sys
sys.path[:] = json.loads(sys.argv[2])
try:
    from loglens.tensorboard_tab.worker import main
except Exception as error:
    print(json.dumps({"error": f"loglens cannot be loaded: {type(error).__name__}: {error}"}))
else:
    main()
"""
DIED = "The process that judges the runs ended with code {}: a lack of memory, or somebody has ended it."
BUSY = "Too many reports are asked for at once; try again."
LATE = "The report is not there yet: another run is being judged. Try again."


class Process:
    """What is known of the runs below some folders, kept up by a process that is started on demand.

    A process that nobody asks for a while ends by itself and is started again by the next request; one that fails
    is started again only when somebody wants that.
    """

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = folders
        self._changed = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._error = ""
        self._status: dict[str, Any] = {"judging": True, "waiting": 0, "unread": []}
        self._revision = int(time.time() * 1000)  # beyond those of an earlier TensorBoard, which a page may know
        self._rows: dict[str, tuple[int, dict[str, Any]]] = {}
        self._pages: dict[int, dict[str, str] | None] = {}
        self._asked = 0

    def state(self, since: int = 0, *, again: bool = False) -> dict[str, Any]:
        """What is known now, with the rows that changed after a revision; and have the folders looked at again.

        again: whether a process that has failed is started once more.
        """
        with self._changed:
            if again:
                self._error = ""
            self._ask({"ask": "look"})
            return {
                **self._status,
                "error": self._error,
                "revision": self._revision,
                "keys": list(self._rows),
                "rows": [row for revision, row in self._rows.values() if revision > since],
            }

    def page(self, keys: Sequence[str], theme: str) -> str:
        """The report on some runs, or on all of them. Raises LoglensError where there is none."""
        with self._changed:
            if len(self._pages) >= MAX_WAITING:
                raise LoglensError(BUSY)
            self._asked += 1
            number = self._asked
            self._pages[number] = None
            try:
                self._ask({"ask": "page", "number": number, "runs": list(keys), "theme": theme})
                process = self._process
                self._changed.wait_for(
                    lambda: self._pages[number] or self._error or self._process is not process, PATIENCE
                )
                page = self._pages[number]
            finally:
                del self._pages[number]
            if page is None:
                raise LoglensError(self._error or LATE)
            if "error" in page:
                raise LoglensError(page["error"])
            return page["html"]

    def end(self) -> None:
        """End the process, if there is one."""
        with self._changed:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
        if self._listener is not None:
            self._listener.join()

    def _ask(self, request: dict[str, Any]) -> None:
        """Send a request, to a new process where there is none. After a failure nothing is sent."""
        for last in (False, True):  # one that has just ended because it was idle is started again
            if self._error:
                return
            try:
                self._process = self._process or self._start()
                stdin = cast(BinaryIO, self._process.stdin)
                stdin.write(json.dumps(request).encode() + b"\n")
                stdin.flush()
                return
            except OSError as error:
                self._process = None
                self._error = f"The process that judges the runs cannot be started: {error}" if last else ""

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603 - this Python with our own code; -P: not the working folder's
            [sys.executable, "-P", "-c", _START, json.dumps(self._folders), json.dumps(_module_path())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for TensorBoard; without it this one ends as well
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._listener = threading.Thread(target=self._listen, args=(process,), daemon=True, name="loglens")
        self._listener.start()
        return process

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Take what the process says until it ends."""
        for line in cast(BinaryIO, process.stdout):
            with self._changed:
                self._take(json.loads(line))
                self._changed.notify_all()
        code = process.wait()
        with self._changed:
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    cast(BinaryIO, pipe).close()
            if process is self._process:
                self._process = None
                if code and not self._error:
                    self._error = DIED.format(code)
            self._changed.notify_all()

    def _take(self, said: dict[str, Any]) -> None:
        if "number" in said:
            if said["number"] in self._pages:
                self._pages[said["number"]] = said
            return
        self._error = said.get("error", "")
        for row in said.get("rows", ()):
            self._revision += 1
            self._rows[row["key"]] = self._revision, row
        if "keys" in said:  # a round is complete: the others are gone
            self._rows = {key: self._rows[key] for key in said["keys"] if key in self._rows}
        self._status.update({name: said[name] for name in self._status if name in said})


def _module_path() -> list[str]:
    """Where this process looks for modules, but for the working folder, which may hold logs; and ours."""
    try:
        here = str(Path.cwd())
    except OSError:
        here = ""
    known = [folder for folder in sys.path if Path(folder).is_absolute() and folder != here]
    return [*known, str(Path(__file__).parents[2])]
