"""loglens watch in a real terminal (tmux) while two programs train: a line a run, and Ctrl-C ends with the report."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.test_watch import ROOT, SCRIPT

#: A line of a run: mark and verdict, name, step, rate, the last loss, and the curve.
LINE = r"^{mark} {verdict} +{name} +step [\d,]+ +[\d.,e+]+/s +loss {loss} +[▁-█×]+$"


class Terminal:
    """A pane of tmux in which a command runs, on a server of its own."""

    def __init__(self, name: str, command: str) -> None:
        self._name = name
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", command)

    def tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-u", "-L", self._name, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def until(self, holds: Callable[[str], object], seconds: float = 60.0) -> str:
        """The screen, as soon as something holds of it."""
        end = time.monotonic() + seconds
        while not holds(screen := self.tmux("capture-pane", "-p")):
            assert time.monotonic() < end, screen
            time.sleep(0.1)
        return screen


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal with `loglens watch` on two runs that are written, one of which fails at its step 150."""
    if shutil.which("tmux") is None:
        pytest.skip("needs tmux")
    (tmp_path / "train.py").write_text(SCRIPT.replace("0.004", "0.02"))
    (tmp_path / "logs").mkdir()
    training = [
        subprocess.Popen([sys.executable, "train.py", f"logs/{name}.csv", "9999", str(bad)], cwd=tmp_path)
        for name, bad in (("bad", 150), ("good", 9999))
    ]
    watch = f"{sys.executable} -m loglens watch logs --isolated --interval 0.3 -o report.json"
    pane = Terminal(tmp_path.name, f"cd {tmp_path} && PYTHONPATH={ROOT} TERM=xterm-256color {watch}; echo code $?; cat")
    try:
        yield pane
    finally:
        pane.tmux("kill-server")
        for one in training:
            one.kill()
            one.wait()


def test_a_line_a_run_and_a_report_at_the_end(terminal: Terminal, tmp_path: Path) -> None:
    bad = re.compile(LINE.format(mark="✗", verdict="failed", name=r"bad\.csv", loss="NaN"), re.MULTILINE)
    good = re.compile(LINE.format(mark="✓", verdict="healthy", name=r"good\.csv", loss=r"0\.\d+"), re.MULTILINE)
    screen = terminal.until(lambda screen: bad.search(screen) and good.search(screen))
    assert len(re.findall(r"^. \w+ +(?:bad|good)\.csv ", screen, re.MULTILINE)) == 2, "each run has one line"
    assert re.search(r"^\d\d:\d\d:\d\d error: bad\.csv step [\d,]+: nan-loss: ", screen, re.MULTILINE)
    assert bad.search(screen).start() < good.search(screen).start(), "the worst is first"  # type: ignore[union-attr]

    terminal.tmux("send-keys", "C-c")
    ended = terminal.until(lambda screen: "code 130" in screen)
    assert "interrupted" in ended and "What to change" in ended and not bad.search(ended)
    runs = json.loads((tmp_path / "report.json").read_text())["runs"]
    assert {run["run"]: run["verdict"] for run in runs} == {"bad.csv": "failed", "good.csv": "healthy"}
