"""Fifteen seconds of the campaign, over all readers. Any number of inputs: python -m tests.slow.fuzz."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest

from loglens.readers import READERS
from tests.slow.fuzz.seeds import Case

ROOT = Path(__file__).parents[3]
#: For all readers together.
SECONDS = 15
#: Inputs for each reader at least.
MIN_TRIES = 20
#: Readers of which pyarrow makes inputs, and how many. It does so in a process of its own: in one that many libraries
#: share it has crashed while it wrote a sound table.
OF_PYARROW, MADE = frozenset({"neptune", "trackio", "wandb.parquet_history"}), 100
#: Prints inputs as JSON, a character for each byte, and ends without pyarrow's own farewell, which may abort.
MAKER = """
import json, os, sys
from tests.slow.fuzz.inputs import make
cases = (make(sys.argv[1], 0, index) for index in range(int(sys.argv[2])))
print(json.dumps([{name: data.decode("latin-1") for name, data in case.items()} for case in cases]), flush=True)
os._exit(0)
"""


def inputs(reader: str) -> Iterator[Case]:
    if reader in OF_PYARROW:
        words = [sys.executable, "-c", MAKER, reader, str(MADE)]
        tries = (subprocess.run(words, cwd=ROOT, capture_output=True, text=True) for _ in range(3))
        made = next(done.stdout for done in tries if not done.returncode)
        yield from ({name: text.encode("latin-1") for name, text in case.items()} for case in json.loads(made))
        return
    from tests.slow.fuzz.inputs import make

    yield from (make(reader, 0, index) for index in count())


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of time and memory there")
@pytest.mark.parametrize("reader", READERS)
def test_nothing_breaks_a_reader(reader: str, tmp_path: Path) -> None:
    from tests.slow.fuzz.check import check

    if reader in OF_PYARROW and not find_spec("pyarrow"):
        pytest.skip("nothing to mutate here without the extra parquet")
    end, runs = time.monotonic() + SECONDS / len(READERS), 0
    for index, case in enumerate(inputs(reader)):
        runs += check(reader, tmp_path / "run", case, judged=index % 10 == 0)
        if index >= MIN_TRIES and time.monotonic() > end:  # a busy machine takes longer, and tries as much
            break
    assert runs > 0
