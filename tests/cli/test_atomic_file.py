"""Files are written whole or not at all, and a process that is killed leaves nothing beside them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

#: Kills itself when half of the file is written.
KILLED = """
import os, signal, sys
from pathlib import Path
from loglens.cli.atomic_file import replacing
with replacing(Path(sys.argv[1])) as file:
    with file.open("w") as half:
        half.write("half")
        half.flush()
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="no files without a name on this system")
@pytest.mark.parametrize("before", [None, "old"])
def test_a_killed_process_leaves_nothing(tmp_path: Path, before: str | None) -> None:
    try:
        os.close(os.open(tmp_path, os.O_TMPFILE | os.O_RDWR))
    except OSError:
        pytest.skip("no files without a name on this file system")
    path = tmp_path / "r.json"
    if before:
        path.write_text(before)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == ({"r.json": before} if before else {})
