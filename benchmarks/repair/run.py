"""Put the remedies of loglens to the test: apply the first one, train again, ask again, three times at most.

    python benchmarks/repair/run.py [--corpus FOLDER [--every 3]]... [--keep FOLDER] [--jobs 2]

Needs torch (CPU) and tensorboard beside loglens. The faults are those of benchmarks/diagnosis, some of them once more
with fresh seeds, and, with --corpus, those of a labelled corpus whose generator stands beside it. Writes results.json
beside this file, in which the rows of a part that was not trained this time stay with their date, and prints the table.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date
from pathlib import Path
from typing import Any

import generated
import injected
import loop
import table
import torch


def main() -> None:
    """Treat all patients, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", type=Path, action="append", default=[], help="a labelled corpus; may be repeated")
    parser.add_argument("--every", type=int, default=1, help="of a corpus every so many-th, drawn by their names")
    parser.add_argument("--corpora-only", action="store_true", help="leave out the faults of benchmarks/diagnosis")
    parser.add_argument("--keep", type=Path, help="a folder in which trainings are kept, to continue from")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="patients with this in their name or condition; nothing is written")
    parser.add_argument("-o", type=Path, default=table.RESULTS)
    parser.add_argument("--date", default=date.today().isoformat())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        kept = options.keep or Path(temporary)
        patients = drawn([one for path in options.corpus for one in generated.patients(path, kept)], options.every)
        if not options.corpora_only:
            patients = [*injected.patients(kept), *injected.fresh(kept), *patients]
        rows = []
        with ProcessPoolExecutor(options.jobs) as pool:
            wanted = [one for one in patients if options.only in f"{one.name} {one.condition}"]
            for done in as_completed([pool.submit(treat, one) for one in wanted]):
                rows.append(done.result())
                print(table.line(rows[-1]), flush=True)
    if not options.only:
        made = {"date": options.date, "torch": torch.__version__, "loglens": loop.loglens.__version__}
        table.save(options.o, rows, made)
    for part in sorted({row["set"] for row in rows}):
        print(f"\n{part}:\n{table.by_condition([row for row in rows if row['set'] == part])}")


def drawn(patients: Sequence[Any], every: int) -> list[Any]:
    """Every so many-th patient in an order that has nothing to do with their faults."""
    return sorted(patients, key=lambda one: hashlib.sha1(one.name[::-1].encode(), usedforsecurity=False).digest())[
        ::every
    ]


def treat(patient: loop.Patient) -> dict[str, Any]:
    """One patient's courses: with loglens, and its first remedy on the healthy twin. The blind control for one part."""
    torch.set_num_threads(1)
    log, gap = patient.train(patient.recipe)
    row: dict[str, Any] = {
        "name": patient.name,
        "set": patient.group,
        "condition": patient.condition,
        "gap": min(round(gap, 4), 1e9),
        "said": loop.complaints(log),
    }
    if gap <= loop.TOLERANCE and not row["said"]:
        return row | {"traceless": True}
    course = loop.treat(patient, loop.advice)
    row["loglens"] = course.as_dict()
    row["textbook"] = None if course.healed else loop.by_the_book(patient)
    if patient.group == "injected":
        row["blind"] = loop.treat(patient, loop.blind()).as_dict()
    if patient.group != "generated":
        row["twin"] = by_mistake(patient, [one.action for one in course.tries[:1]])
    return row


def by_mistake(patient: loop.Patient, actions: list[loop.Action]) -> float | None:
    """What the first remedy costs the healthy twin, as a share of its gain; None where it changes nothing there.

    A learning rate is set to the number that the remedy comes to in the sick run, as its title says it.
    """
    if not actions:
        return None
    action = dict(actions[0])
    if action["action"] == "scale_lr":
        action["factor"] *= patient.rate(patient.recipe) / patient.rate(patient.twin)
    changed = patient.apply(patient.twin, action)
    return None if changed is None else min(round(patient.train(changed)[1], 4), 1e9)


if __name__ == "__main__":
    main()
