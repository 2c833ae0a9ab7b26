"""Half a minute of the campaign, over all readers. Any number of inputs: python -m tests.slow.fuzz."""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from loglens.readers import READERS
from tests.slow.fuzz.seeds import seeds

#: For all readers together.
SECONDS = 30
#: Inputs for each reader at least.
MIN_TRIES = 20


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of time and memory there")
@pytest.mark.parametrize("reader", READERS)
def test_nothing_breaks_a_reader(reader: str, tmp_path: Path) -> None:
    from tests.slow.fuzz.check import check
    from tests.slow.fuzz.inputs import make

    if not seeds(reader):
        assert not find_spec("pyarrow"), "no file to mutate belongs to this reader"
        pytest.skip("nothing to mutate here without the extra parquet")
    end, index, runs = time.monotonic() + SECONDS / len(READERS), 0, 0
    while time.monotonic() < end or index < MIN_TRIES:  # a busy machine takes longer, and tries as much
        runs += check(reader, tmp_path / "run", make(reader, 0, index), judged=index % 10 == 0)
        index += 1
    assert runs > 0
