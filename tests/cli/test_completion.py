"""Completion in the shells themselves, where they are installed, set up by the lines of the documentation."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # it starts programs

ROOT = Path(__file__).parents[2]
LINES = {
    shell: re.search(
        rf"^(.*_LOGLENS_COMPLETE={shell}_source.*?) +#", (ROOT / "docs" / "gate.md").read_text("utf-8"), re.M
    )
    for shell in ("bash", "zsh", "fish")
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "logs of mine").mkdir()
    (tmp_path / "metrics.csv").touch()


def setup(shell: str) -> str:
    """The line that the documentation asks for."""
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    found = LINES[shell]
    assert found
    return found[1]


def bash(line: str) -> list[str]:
    words = line.split(" ")
    script = (
        f"{setup('bash')}\nCOMP_WORDS=({' '.join(words[:-1])} '{words[-1]}'); COMP_CWORD={len(words) - 1}\n"
        "_loglens_completion loglens\nprintf '%s\\n' \"${COMPREPLY[@]}\"\ncomplete -p loglens"
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert done.stderr == "" and "-F _loglens_completion loglens" in done.stdout
    return done.stdout.split("\n")[:-2]


def fish(line: str) -> list[str]:
    script = f"{setup('fish')}\ncomplete -C '{line}'"
    done = subprocess.run(["fish", "-c", script], capture_output=True, text=True)
    assert done.stderr == ""
    return [said.split("\t")[0] for said in done.stdout.splitlines()]


def test_bash() -> None:
    assert bash("loglens dia") == ["diagnose"]
    assert bash("loglens rules nan") == ["nan-loss"]
    assert bash("loglens diagnose --format ht") == ["html"]
    assert "--baseline" in bash("loglens diagnose --ba")
    assert bash("loglens diagnose --fail-on w") == ["warning"]


def test_fish() -> None:
    assert fish("loglens dia") == ["diagnose"]
    assert fish("loglens plot --select nan") == ["nan-loss"]
    assert "--write-baseline" in fish("loglens diagnose --")
    assert "metrics.csv" in fish("loglens diagnose met")


@pytest.mark.parametrize(
    ("shell", "ready"), [(("bash", "--norc", "-i"), ":"), (("zsh", "-f", "-i"), "autoload -Uz compinit && compinit -u")]
)
def test_the_tab_key(shell: tuple[str, ...], ready: str) -> None:
    line = setup(shell[0])
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "PS1": "ready> ", "ZDOTDIR": str(Path.cwd())}
    process = subprocess.Popen(
        shell, stdin=follower, stdout=follower, stderr=follower, env=environment, start_new_session=True
    )
    os.close(follower)
    try:
        os.write(leader, f"{ready}; {line}; echo set''up\n".encode())
        assert "setup\r\n" in said(leader, "setup\r\n")
        os.write(leader, b"loglens dia\t")
        assert "diagnose" in said(leader, "loglens diagnose")
        os.write(leader, b"met\t")
        assert "metrics.csv" in said(leader, "metrics.csv")
    finally:
        process.kill()
        process.wait()
        os.close(leader)


def said(leader: int, until: str) -> str:
    """What the shell writes until this is in it, or for 30 seconds."""
    text, end = "", time.monotonic() + 30
    while until not in text and time.monotonic() < end:
        if select.select([leader], [], [], 0.5)[0]:
            text += os.read(leader, 4096).decode(errors="replace")
    return text
