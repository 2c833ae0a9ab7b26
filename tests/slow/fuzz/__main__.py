"""A campaign: python -m tests.slow.fuzz --inputs 100000 --reader csv --seed 1. One input: add --only INDEX."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from loglens.readers import READERS
from tests.slow.fuzz.campaign import campaign
from tests.slow.fuzz.check import check
from tests.slow.fuzz.inputs import make
from tests.slow.fuzz.seeds import SMALL, limit_size

#: Every so manieth input is judged and rendered as well.
JUDGED = 20


def main() -> int:
    """Tries the inputs reader by reader; 1 where a fault was found."""
    options = argparse.ArgumentParser(prog="python -m tests.slow.fuzz", description=__doc__)
    options.add_argument("--inputs", type=int, default=1000, help="inputs a reader (default 1000)")
    options.add_argument("--reader", action="append", choices=READERS, help="only this one; may be repeated")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--only", type=int, help="this input alone, with its traceback; written to --keep")
    options.add_argument("--keep", type=Path, help="a folder for the inputs that broke something")
    options.add_argument("--judged", type=int, default=JUDGED, help="judge every so manieth (default %(default)s)")
    options.add_argument("--size", type=int, default=SMALL, help="bytes of most inputs (default %(default)s)")
    told = options.parse_args()
    limit_size(told.size)
    if told.only is not None:
        for reader in told.reader or READERS:
            _once(reader, told.seed, told.only, told.keep)
        return 0
    faults = sum(campaign(reader, told) for reader in told.reader or READERS)
    return 1 if faults else 0


def _once(reader: str, seed: int, index: int, keep: Path | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check(reader, keep or Path(folder) / "run", make(reader, seed, index), judged=True)


if __name__ == "__main__":
    sys.exit(main())
