"""The whole program holds to SECURITY.md: no connection, no code of a log, and the tests that it names are there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Fails at the first attempt to connect, to look up a host, to start a program or to load a pickle. The one program
#: that may be started is Python with the file in which loglens reads Parquet; it is watched by itself below.
WATCH = """
import sys
FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.Popen", "os.system", "os.exec",
             "os.posix_spawn", "pickle.find_class", "urllib.Request", "ftplib.connect", "smtplib.connect")
armed = []
def hook(event, args):
    ours = event == "subprocess.Popen" and args[0] == sys.executable and args[1][3:4] == [WORKER]
    if armed and event in FORBIDDEN and not ours:
        sys.stderr.write(f"{event} {args}\\n")
        import os
        os._exit(99)
sys.addaudithook(hook)
from loglens.cli import main
from loglens.readers.files.parquet_process import _SCRIPT
WORKER = str(_SCRIPT)
armed.append(True)
main(sys.argv[1:])
"""


def watched(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", WATCH, *args], cwd=ROOT, capture_output=True, text=True)


def test_a_diagnosis_connects_to_nothing_and_starts_nothing() -> None:
    done = watched(
        *("diagnose", "sample_logs/exploding_gradient_rnn", "sample_logs/healthy_gan", "tests/readers/data"),
        *("--fail-on", "never", "--jobs", "1", "--no-cache", "-q"),
    )
    assert done.returncode == 0, done.stderr


def test_the_process_that_reads_parquet_does_neither() -> None:
    """Its requests are those of a file, and of one that is damaged."""
    pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    (file,) = (ROOT / "tests" / "readers" / "data" / "neptune").glob("*_part_0.parquet")
    code = WATCH.replace("main(sys.argv[1:])", "import json, runpy; sys.argv[1] = json.dumps(sys.path)\n")
    code += "import pyarrow.parquet, pyarrow.fs, numpy\nrunpy.run_path(WORKER, run_name='__main__')"
    requests = [
        {"path": str(path), "want": want, "columns": ["step"], "room": 0, "rows": 99}
        for path, want in ((file, "footer"), (file, "rows"), (Path(__file__), "footer"))
    ]
    lines = "".join(json.dumps(request) + "\n" for request in requests).encode()
    done = subprocess.run([sys.executable, "-c", code, ""], cwd=ROOT, input=lines, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b'"end"') == 2 and done.stdout.count(b'"error"') == 1


def test_the_watch_notices() -> None:
    code = WATCH.replace("main(sys.argv[1:])", "import socket; socket.socket().connect(('127.0.0.1', 9))")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 99


def test_pickles_are_named_and_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(b"\x80\x04cos\nsystem\n(S'touch owned'\ntR.")
    done = watched("diagnose", str(path))
    assert done.returncode == 2 and not (ROOT / "owned").exists()


def test_every_test_that_the_promises_name_is_there() -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", (ROOT / "SECURITY.md").read_text("utf-8"))
    assert len(named) >= 6 and all((ROOT / path).exists() for path in named)
