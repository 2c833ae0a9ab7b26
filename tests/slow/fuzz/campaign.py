"""Many inputs of one reader in a process of their own, so that a crash of the interpreter is found as well."""

from __future__ import annotations

import argparse
import tempfile
import time
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from tests.slow.fuzz.check import Fault, check
from tests.slow.fuzz.inputs import make
from tests.slow.fuzz.seeds import limit_size, seeds


def campaign(reader: str, told: argparse.Namespace) -> int:
    """Tries the inputs, names each fault once; how many there were."""
    if not seeds(reader):
        print(f"{reader}: nothing to mutate here without the extra parquet", flush=True)  # noqa: T201
        return 0
    context = get_context("spawn")
    at, faults = context.Value("q", 0), context.Value("q", 0)
    started = time.monotonic()
    while at.value < told.inputs:
        work = context.Process(target=_work, args=(reader, told, at, faults))
        work.start()
        work.join()
        if at.value < told.inputs:  # it died
            _report(reader, told, at.value, f"the interpreter ended with {work.exitcode}")
            with faults.get_lock():
                faults.value += 1
            at.value += 1
    spent = time.monotonic() - started
    print(f"{reader}: {told.inputs} inputs, seed {told.seed}, {spent:.0f} s, {faults.value} faults", flush=True)  # noqa: T201
    return int(faults.value)


def _work(reader: str, told: argparse.Namespace, at: Synchronized[int], faults: Synchronized[int]) -> None:
    limit_size(told.size)
    runs, first = 0, at.value
    seen: set[str] = set()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:  # noqa: S108
        while at.value < told.inputs:
            index = at.value
            case = make(reader, told.seed, index)
            try:
                runs += check(reader, Path(folder) / "run", case, judged=index % told.judged == 0)
            except Fault as fault:
                with faults.get_lock():
                    faults.value += 1
                place = str(fault).rpartition(": ")[2]
                if place not in seen:
                    seen.add(place)
                    _report(reader, told, index, str(fault))
            at.value = index + 1
            if (index + 1) % 5000 == 0:
                print(f"{reader}: {index + 1} inputs, {runs} runs read, {faults.value} faults", flush=True)  # noqa: T201
    print(f"{reader}: {runs} runs read from {told.inputs - first} inputs", flush=True)  # noqa: T201


def _report(reader: str, told: argparse.Namespace, index: int, what: str) -> None:
    print(f"FAULT {reader} --seed {told.seed} --only {index}: {what}", flush=True)  # noqa: T201
    if told.keep:
        for name, data in make(reader, told.seed, index).items():
            path = told.keep / f"{reader}-{told.seed}-{index}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
